"""HEIC and AVIF: colours, depth and rotation as the container says them."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.photo import open_photo, save_statement, thumbnail
from tests.benchmarks.photo_cases import picture

# Real HEIC files, 96 x 64: red, green over blue, yellow; nothing here can encode them.
# The first is of 8 bits, to be turned by a quarter; the second of 10 bits, not turned.
TURNED = (
    "c-muNV30{GsVvAy%}izhg51nBLl8SRGck>UfpKAOYDppk1Sn>t<P<^K3<a6VB@Af5Br_);Y>0~k0}}%yh{bpmLIc4S"
    "pcoJ^&4i1X0kK79W?mYY2a**9a#F#{fNC<zk_{P<1Q|g}Tq`oc%J~X1OL7^YDj6PR78Df#=>wSs$@xIK0;t!Skr^a3"
    "0jx;w1H+%cKYlPU@G~a>bx1fc@-Y7Y4^qGkQo#&Da=Vxu5`mK1PK=CbG7AhES*N}7)LfUxB*nu45;_4QI2@9I>e*cw"
    "4;F1uasXN*oSdIil$V@S0TkwCU~2#hiDVWRq(VKM0K_0=0tJ~BnIHjX4i2Dc44j!o`6WP`7$h<aa$&*E$iT?j$i&Rj"
    "3S>)V7Nw>^#rcv`ij%?N3-mdoP;N>hC?YOsFs^6$@h0k})!YBq-2eaoy2$SI@9GsT@21Ds{1dHzQ}h3S^DCC}lUueb"
    "97&Xac3<Sl^@Bfxa$m`1UC~ZS-6)d0#C^}++=4}qLT5Z**2BEQZ<TWLc?RY0*FF_a?26DxmlK;2y=d>HHUEY7FRnY6"
    "A^%^d!L9UkwrzFdl6wX^pCoQgo|H8$YSPgwmu5-ai&SvD7Ca-g=xk4QA%9SjZ%|`j#hlACa(=&P{{OD!wVZpj#Q*yi"
    "e}1cU%`u)erM9fFYuhjXBd<Rh{F9&g#9*EMzmvxw0R6-UiELkA1}z|ugMo>WADl|qfLM)D2oyKKFkpiOi*I6fY7qkf"
    "oY=&`"
)
DEEP = (
    "c-muNV30{GsVvAy&8%Pmg51nBLl8SRGck>UfiXBYwIq=N0u(b+a*CjAhJwuG5(YG&l$n#C3}U!AFfalk5HOZQXdp-j"
    "V&%-tyfiQmBq|Ezq%uKy8D+_aASPcyW=Sqw$>q#~q5>ejC9@zoA4r!1l{quAZ~&QecYqYhePH<W_t!5527cxQpbl{d"
    "Mjpoh|3M0v!77-6N_H_hBm(6$ofsKWB^DSovfRvDGHKSc2Z{?0G%zsmG=L;pl7On&T^J7*ZBTLm+98~rpHq~VoKpc5"
    "=4D_5s$mexEG|fedMp8mLCORQGAlAc0?b@oTtG@Zvmh51cEI3ZX=Gw%0W$M*QxZWzm#o3Kp5@2eBPDao{=ZiK|NqzX"
    "^3=ckPaG=uUcawtQ~fuY{r?Z8mG28=`nmi^$6x7hT?zkxyyNSYOFsR-t@{6$mDlVx-&|pq$?%(TwlQZ+(L%nf%S$+H"
    "+q&AD-yc2rbnzkATN{c2uU~+7"
)
RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 200, 60), (40, 60, 210), (230, 230, 80)


def written(path: Path, sample: str) -> Path:
    path.write_bytes(zlib.decompress(base64.b85decode(sample)))
    return path


def corners(pixels: NDArray[Any]) -> NDArray[Any]:
    high, wide = pixels.shape[0] // 4, pixels.shape[1] // 4
    return pixels[[high, high, -high, -high], [wide, -wide, wide, -wide]].astype(float)


def test_a_heic_comes_upright_with_its_colours(tmp_path: Path) -> None:
    photo = open_photo(written(tmp_path / "photo.heic", TURNED))
    assert photo.pixels.shape == (96, 64, 3)
    assert photo.pixels.dtype == np.uint8
    assert np.abs(corners(photo.pixels) - (BLUE, RED, YELLOW, GREEN)).max() < 16
    assert photo.exif is not None
    assert b"Maker" in photo.exif


def test_a_heic_of_10_bits_opens_with_16(tmp_path: Path) -> None:
    photo = open_photo(written(tmp_path / "photo.heic", DEEP))
    assert photo.pixels.shape == (64, 96, 3)
    assert photo.pixels.dtype == np.uint16
    assert photo.source.bits == 10
    assert np.abs(corners(photo.pixels) / 257 - (RED, GREEN, BLUE, YELLOW)).max() < 16


def test_a_heic_is_not_written_and_the_program_says_so(tmp_path: Path) -> None:
    photo = open_photo(written(tmp_path / "photo.heic", TURNED))
    with pytest.raises(BadSetting, match="heic cannot be written"):
        save_statement(photo, tmp_path / "other.heic")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_avif_is_turned_as_its_container_says(orientation: int, tmp_path: Path) -> None:
    path, exif = tmp_path / "photo.avif", Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture(96, 64)).save(path, quality=90, exif=exif)
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    photo = open_photo(path)
    assert np.array_equal(photo.pixels, upright)
    small = thumbnail(path, 48)
    assert (small.shape[0] > small.shape[1]) == (orientation >= 5)
