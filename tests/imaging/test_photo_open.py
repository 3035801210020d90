"""Opening: every form of file gives the pixels other decoders give, or a sentence."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import (
    estimate_open_mb,
    limited,
    open_photo,
    thumbnail,
)
from tests.benchmarks import photo_cases
from tests.benchmarks.photo_cases import CASES, Case

EIGHT_BIT = [
    case for case in CASES
    if "16" not in case.name and "CMYK" not in case.name and "float" not in case.name
]  # fmt: skip


def by_name(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


@pytest.mark.parametrize("case", EIGHT_BIT, ids=lambda case: case.name)
def test_pixels_are_those_of_another_decoder(case: Case, tmp_path: Path) -> None:
    path = tmp_path / f"photo{case.suffix}"
    case.make(path)
    photo = open_photo(path)
    with Image.open(path) as image:
        seen = ImageOps.exif_transpose(image).convert("RGBA")
    want = np.asarray(seen)
    assert photo.pixels.dtype == np.uint8
    assert np.array_equal(photo.pixels, want[..., :3])
    if photo.alpha is not None:
        assert np.array_equal(photo.alpha, want[..., 3])
    else:
        assert want[..., 3].min() == 255


@pytest.mark.parametrize("name", ["PNG RGB16", "TIFF RGB16 planar", "TIFF RGB16 ZIP big-endian"])
def test_sixteen_bits_stay_sixteen_bits(name: str, tmp_path: Path) -> None:
    case = by_name(name)
    path = tmp_path / f"photo{case.suffix}"
    case.make(path)
    photo = open_photo(path)
    assert photo.pixels.dtype == np.uint16
    assert np.array_equal(photo.pixels, photo_cases.deep(photo_cases.picture()))


def test_alpha_of_sixteen_bits_is_a_plane_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    by_name("PNG RGBA16").make(path)
    photo = open_photo(path)
    alpha = photo_cases.deep(photo_cases.alpha_of(photo_cases.picture().shape))
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, alpha)


def test_fields_carry_what_the_file_said(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    by_name("TIFF RGB16 LZW + ICC").make(path)
    photo = open_photo(path)
    assert photo.icc == photo_cases.profile("Adobe RGB")
    assert photo.xmp == photo_cases.XMP
    assert photo.iptc == photo_cases.IPTC
    assert photo.dpi == (300.0, 300.0)
    assert photo.format == "tiff"
    assert len(photo.sha256) == 64


def test_orientation_is_applied_once_and_reset(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    by_name("JPEG orientation 6").make(path)
    photo = open_photo(path)
    assert photo.shape == (240, 176)
    assert photo.source.orientation == 6
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (photo.exif or b""))
    assert exif[0x0112] == 1
    assert exif[0x0110] == "Model 7"


def test_arrays_are_read_only(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    by_name("PNG RGBA").make(path)
    photo = open_photo(path)
    with pytest.raises(ValueError, match="read-only"):
        photo.pixels[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        photo.alpha[0, 0] = 0  # type: ignore[index]


def test_page_is_chosen_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    by_name("TIFF 3 pages").make(path)
    assert open_photo(path).source.pages == 3
    assert open_photo(path, page=1).pixels.dtype == np.uint16
    assert open_photo(path, page=2).source.mode == "L"
    with pytest.raises(BadPhoto, match="page 4"):
        open_photo(path, page=3)


def test_cmyk_and_float_are_opened_with_a_note(tmp_path: Path) -> None:
    for name, word in (("TIFF CMYK", "CMYK"), ("TIFF float32", "floating-point")):
        path = tmp_path / "photo.tif"
        by_name(name).make(path)
        assert word in " ".join(open_photo(path).notes)


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("name", ["PNG RGB", "JPEG q90 4:2:0", "JPEG progressive", "WebP lossless",
                                  "TIFF RGB LZW", "TIFF RGB16 tiled", "AVIF"])  # fmt: skip
def test_truncated_is_refused(name: str, tmp_path: Path, trusted: bool) -> None:
    case = by_name(name)
    path = tmp_path / f"photo{case.suffix}"
    case.make(path)
    data = path.read_bytes()
    for share in (0.02, 0.4, 0.9):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(BadPhoto):
            open_photo(path, trusted=trusted)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "no photo"),
        (b"GIF89a" + b"\0" * 60, "no photo"),
        (b"\xff\x0a" + b"\0" * 60, "JPEG XL"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "no pixels"),
    ],
)
def test_what_is_no_photo_gets_a_sentence(content: bytes, word: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(BadPhoto, match=word):
        open_photo(path)


def test_missing_and_folder_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto, match="no file"):
        open_photo(tmp_path / "nothing.jpg")
    with pytest.raises(BadPhoto, match="folder"):
        open_photo(tmp_path)


def bomb(width: int, height: int) -> bytes:
    """Return a valid PNG of one colour that claims to be large: 1 bit per pixel."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000, 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(1_000_000, 1_000_000), (65_000, 4_000)])
def test_bombs_are_refused_by_their_header(width: int, height: int, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(bomb(width, height))
    with pytest.raises(BadPhoto, match="claims"):
        open_photo(path)


def test_large_photos_open_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    by_name("PNG RGB").make(path)
    with pytest.raises(BadPhoto, match="allow"):
        open_photo(path, max_megapixels=0.01)
    assert open_photo(path, max_megapixels=1).shape == (176, 240)


def test_extension_does_not_decide(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    by_name("PNG RGB").make(path)
    assert open_photo(path).format == "png"


def test_names_that_are_no_ascii_and_long(tmp_path: Path) -> None:
    folder = tmp_path / ("übergroß " * 12) / "写真"
    folder.mkdir(parents=True)
    path = folder / "фото ☂.png"
    by_name("PNG RGB").make(path)
    assert open_photo(path).shape == (176, 240)
    assert thumbnail(path, 50).shape == (37, 50, 3)


def test_a_hanging_decoder_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    by_name("PNG RGB").make(path)
    start = subprocess.Popen
    limited.end_children()

    def hanging(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        endless = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        return start(endless, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", hanging)
    monkeypatch.setattr(limited, "START_S", 0.5)
    with pytest.raises(BadPhoto, match="too long"):
        open_photo(path)
    monkeypatch.undo()
    assert open_photo(path).shape == (176, 240)


def test_a_dying_decoder_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    by_name("PNG RGB").make(path)
    open_photo(path)
    child = limited._children.take()
    child.process.kill()
    child.process.wait()
    limited._children.put(child)
    assert open_photo(path).shape == (176, 240)


def test_a_decoder_cannot_take_all_memory() -> None:
    code = (
        "from inpaint_studio.imaging.photo import child\n"
        "child.limit(200, 10)\n"
        "try:\n    bytearray(400_000_000)\nexcept MemoryError:\n    print('limited')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "limited"


@pytest.mark.parametrize(
    "name", ["JPEG orientation 8", "PNG RGB16 Adobe RGB", "WebP lossless RGBA"]
)
def test_thumbnails_are_upright_and_small(name: str, tmp_path: Path) -> None:
    case = by_name(name)
    path = tmp_path / f"photo{case.suffix}"
    case.make(path)
    small = thumbnail(path, 64)
    whole = open_photo(path)
    assert small.dtype == np.uint8
    assert max(small.shape[:2]) == 64
    ratio = whole.shape[0] / whole.shape[1]
    assert small.shape[0] / small.shape[1] == pytest.approx(ratio, rel=0.05)


def test_a_thumbnail_looks_like_its_photo(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    by_name("JPEG q97 4:4:4").make(path)
    small = thumbnail(path, 60).astype(float)
    want = Image.fromarray(open_photo(path).pixels).resize(
        (small.shape[1], small.shape[0]), Image.Resampling.BOX
    )
    assert np.abs(small - np.asarray(want, float)).mean() < 4


def test_the_estimate_grows_with_the_photo(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    by_name("TIFF RGB16 LZW + ICC").make(path)
    small = estimate_open_mb(path)
    Image.new("RGB", (4000, 3000)).save(path)
    assert estimate_open_mb(path) > small + 30


def test_lab_is_shown_as_pillow_shows_it(tmp_path: Path) -> None:
    import tifffile
    from PIL import ImageCms

    lab = np.zeros((4, 6, 3), np.uint8)
    lab[..., 0] = np.linspace(30, 220, 6)
    lab[..., 1] = np.array([0, 20, 40, 236])[:, None]
    lab[..., 2] = np.array([0, 30, 226, 20])[:, None]
    tifffile.imwrite(tmp_path / "a.tif", lab, photometric="cielab")
    photo = open_photo(tmp_path / "a.tif")
    assert photo.pixels.dtype == np.uint16
    with Image.open(tmp_path / "a.tif") as image:
        transform = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )  # fmt: skip
        want = np.asarray(ImageCms.applyTransform(image, transform)).astype(float)
    inside = (want > 2).all(axis=2) & (want < 253).all(axis=2)
    assert inside.sum() > 5
    assert np.abs(photo.pixels[inside] / 257 - want[inside]).max() < 4
