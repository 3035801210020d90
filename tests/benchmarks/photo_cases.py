"""One photo in every form a user may bring, written by other libraries than ours.

The picture is a real photo that ships with scikit-image; files are made by Pillow, tifffile and
imagecodecs, so that reading them tests us and not our own writer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta '
    b'xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'dc:source="a test"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
IPTC = b"\x1c\x02\x69\x00\x08Headline\x1c\x02\x78\x00\x07Caption"
DPI = (300.0, 300.0)


@dataclass(frozen=True)
class Case:
    """One form of file. `make(path)` writes it."""

    name: str
    suffix: str
    make: Callable[[Path], None]


@cache
def picture(width: int = 240, height: int = 176) -> NDArray[np.uint8]:
    """Return a real photo, (height, width, 3) uint8."""
    from skimage import data

    photo = Image.fromarray(data.coffee()).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(photo)


def deep(array: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return 16-bit samples that use the low byte too."""
    noise = np.random.default_rng(5).integers(0, 257, array.shape)
    return np.clip(array.astype(np.int64) * 257 + noise - 128, 0, 65535).astype(np.uint16)


def alpha_of(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a soft alpha ramp with clear and opaque parts."""
    ramp = np.linspace(-60, 320, shape[1])[None, :] + np.linspace(0, 40, shape[0])[:, None]
    return np.clip(ramp, 0, 255).astype(np.uint8)


def exif_block(orientation: int = 1) -> bytes:
    """Return an EXIF block with camera, time, GPS and an orientation."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model 7", orientation
    exif[0x013B] = "A. Photographer"
    exif.get_ifd(0x8769).update({0x9003: "2021:05:04 03:02:01", 0x829A: (1, 125), 0x8827: 200})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 1.5), 3: "E", 4: (13.0, 24.0, 9.0)})
    return exif.tobytes()[6:]


def profile(name: str) -> bytes:
    """Return a small, valid ICC matrix profile: "Display P3", "Adobe RGB" or "linear"."""
    curve_p3 = struct.pack(">4s4xHH", b"para", 3, 0) + struct.pack(
        ">5i", *(round(v * 65536) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    )
    curves = {
        "Display P3": curve_p3,
        "Adobe RGB": struct.pack(">4s4xIH", b"curv", 1, round(2.19921875 * 256)) + b"\0\0",
        "linear": struct.pack(">4s4xI", b"curv", 0),
    }
    primaries = {
        "Display P3": ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189),
                       (0.15710, 0.06657, 0.78407)),
        "Adobe RGB": ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087),
                      (0.14919, 0.06322, 0.74457)),
        "linear": ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708),
                   (0.14307, 0.06061, 0.71410)),
    }[name]  # fmt: skip

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    text = name.encode() + b"\0"
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    tags = [
        (b"desc", desc), (b"cprt", b"text\0\0\0\0public domain\0"),
        (b"wtpt", xyz((0.96420, 1.0, 0.82491))),
        *((tag, xyz(value)) for tag, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)),
        *((tag, curves[name]) for tag in (b"rTRC", b"gTRC", b"bTRC")),
    ]  # fmt: skip
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for tag, data in tags:
        table += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02400000, b"mntr", b"RGB ",
                       b"XYZ ")  # fmt: skip
    head += struct.pack(">6H", 2021, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 24
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _pillow(mode: str, form: str, **options: Any) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        image = Image.fromarray(picture())
        if mode in ("LA", "RGBA"):
            image.putalpha(Image.fromarray(alpha_of(picture().shape)))
        image = image.convert(mode) if mode not in ("P", "P+tRNS") else image.quantize(120)
        if mode == "P+tRNS":
            options["transparency"] = bytes((0, 64, 128)) + bytes([255]) * 117
        meta = {"exif": exif_block(), "dpi": DPI}
        if form == "PNG":
            from PIL.PngImagePlugin import PngInfo

            info = PngInfo()
            info.add_itxt("XML:com.adobe.xmp", XMP.decode())
            info.add_text("Comment", "kept as well")
            meta["pnginfo"] = info
        elif form in ("JPEG", "WEBP", "AVIF"):
            meta["xmp"] = XMP
        if form == "JPEG":
            meta["exif"] = b"Exif\0\0" + exif_block()
        image.save(path, form, **(meta | options))

    return make


def _tiff(array: Callable[[], NDArray[Any]], **options: Any) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        import tifffile

        extra = [
            (700, "B", len(XMP), XMP, True),
            (33723, "B", len(IPTC), IPTC, True),
            (271, "s", 0, "Maker", True),
            (315, "s", 0, "A. Photographer", True),
        ]
        tifffile.imwrite(
            path, array(), resolution=DPI, resolutionunit="INCH", extratags=extra, software="x",
            metadata=None, **options,
        )  # fmt: skip

    return make


def _pages(path: Path) -> None:
    import tifffile

    with tifffile.TiffWriter(path) as file:
        file.write(picture(), photometric="rgb", compression="lzw", metadata=None)
        file.write(deep(picture()[:90]), photometric="rgb", compression="zlib", metadata=None)
        file.write(picture()[..., 0], photometric="minisblack", metadata=None)


def _png16(
    array: Callable[[], NDArray[np.uint16]], icc: bytes | None = None
) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        import imagecodecs

        data = bytes(imagecodecs.png_encode(np.ascontiguousarray(array())))
        at = data.index(b"IDAT") - 4
        import zlib

        def chunk(name: bytes, body: bytes) -> bytes:
            return (struct.pack(">I", len(body)) + name + body
                    + struct.pack(">I", zlib.crc32(name + body)))  # fmt: skip

        more = chunk(b"iCCP", b"p\0\0" + zlib.compress(icc)) if icc else b""
        more += chunk(b"eXIf", exif_block()) + chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
        more += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        path.write_bytes(data[:at] + more + data[at:])

    return make


def _rgba16() -> NDArray[np.uint16]:
    alpha = deep(alpha_of(picture().shape))
    return np.concatenate([deep(picture()), alpha[..., None]], axis=2)


def _cmyk() -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture()).convert("CMYK"))


def _turned(orientation: int, form: str) -> Callable[[Path], None]:
    prefix = b"Exif\0\0" if form == "JPEG" else b""
    return _pillow("RGB", form, exif=prefix + exif_block(orientation), **(
        {"quality": 90} if form == "JPEG" else {}
    ))  # fmt: skip


P3, ADOBE = "Display P3", "Adobe RGB"

CASES: tuple[Case, ...] = (
    Case("PNG L", ".png", _pillow("L", "PNG")),
    Case("PNG LA", ".png", _pillow("LA", "PNG")),
    Case("PNG 1-bit", ".png", _pillow("1", "PNG")),
    Case("PNG P", ".png", _pillow("P", "PNG")),
    Case("PNG P+tRNS", ".png", _pillow("P+tRNS", "PNG")),
    Case("PNG RGB", ".png", _pillow("RGB", "PNG")),
    Case("PNG RGBA", ".png", _pillow("RGBA", "PNG")),
    Case("PNG I;16", ".png", _png16(lambda: deep(picture())[..., 1])),
    Case("PNG RGB16", ".png", _png16(lambda: deep(picture()))),
    Case("PNG RGBA16", ".png", _png16(_rgba16)),
    Case("PNG RGB Display P3", ".png", _pillow("RGB", "PNG", icc_profile=profile(P3))),
    Case("PNG RGB16 Adobe RGB", ".png", _png16(lambda: deep(picture()), profile(ADOBE))),
    Case("JPEG q75 4:2:0", ".jpg", _pillow("RGB", "JPEG", quality=75, subsampling=2)),
    Case("JPEG q90 4:2:0", ".jpg", _pillow("RGB", "JPEG", quality=90, subsampling=2)),
    Case("JPEG q97 4:2:0", ".jpg", _pillow("RGB", "JPEG", quality=97, subsampling=2)),
    Case("JPEG q75 4:4:4", ".jpg", _pillow("RGB", "JPEG", quality=75, subsampling=0)),
    Case("JPEG q90 4:4:4", ".jpg", _pillow("RGB", "JPEG", quality=90, subsampling=0)),
    Case("JPEG q97 4:4:4", ".jpg", _pillow("RGB", "JPEG", quality=97, subsampling=0)),
    Case("JPEG progressive", ".jpg", _pillow("RGB", "JPEG", quality=88, progressive=True)),
    Case("JPEG L", ".jpg", _pillow("L", "JPEG", quality=90)),
    Case("JPEG CMYK", ".jpg", _pillow("CMYK", "JPEG", quality=92)),
    Case("JPEG Adobe RGB", ".jpg", _pillow("RGB", "JPEG", quality=92, icc_profile=profile(ADOBE))),
    Case("JPEG Display P3", ".jpg", _pillow("RGB", "JPEG", quality=92, icc_profile=profile(P3))),
    Case("WebP lossless", ".webp", _pillow("RGB", "WEBP", lossless=True, exact=True)),
    Case("WebP lossless RGBA", ".webp", _pillow("RGBA", "WEBP", lossless=True, exact=True)),
    Case("WebP lossy", ".webp", _pillow("RGB", "WEBP", quality=90)),
    Case("AVIF", ".avif", _pillow("RGB", "AVIF", quality=90, speed=8)),
    Case("TIFF L", ".tif", _tiff(lambda: picture()[..., 1], photometric="minisblack")),
    Case("TIFF RGB LZW", ".tif", _tiff(picture, photometric="rgb", compression="lzw")),
    Case("TIFF RGB ZIP + ICC", ".tif", _tiff(
        picture, photometric="rgb", compression="zlib", predictor=True, iccprofile=profile(P3))),
    Case("TIFF RGBA", ".tif", _tiff(
        lambda: np.dstack([picture(), alpha_of(picture().shape)]), photometric="rgb",
        extrasamples=["unassalpha"])),
    Case("TIFF RGB16 LZW + ICC", ".tif", _tiff(
        lambda: deep(picture()), photometric="rgb", compression="lzw", predictor=True,
        iccprofile=profile(ADOBE))),
    Case("TIFF RGB16 ZIP big-endian", ".tif", _tiff(
        lambda: deep(picture()), photometric="rgb", compression="zlib", byteorder=">")),
    Case("TIFF RGB16 planar", ".tif", _tiff(
        lambda: np.moveaxis(deep(picture()), -1, 0), photometric="rgb", planarconfig="separate",
        compression="zlib")),
    Case("TIFF RGB16 tiled", ".tif", _tiff(
        lambda: deep(picture()), photometric="rgb", tile=(64, 64), compression="lzw")),
    Case("TIFF I;16", ".tif", _tiff(lambda: deep(picture())[..., 1], photometric="minisblack")),
    Case("TIFF float32", ".tif", _tiff(
        lambda: picture()[..., 1].astype(np.float32) / 255, photometric="minisblack")),
    Case("TIFF CMYK", ".tif", _tiff(_cmyk, photometric="separated", compression="lzw")),
    Case("TIFF BigTIFF", ".tif", _tiff(picture, photometric="rgb", bigtiff=True)),
    Case("TIFF 3 pages", ".tif", _pages),
    *(Case(f"JPEG orientation {n}", ".jpg", _turned(n, "JPEG")) for n in range(1, 9)),
    *(Case(f"PNG orientation {n}", ".png", _turned(n, "PNG")) for n in (3, 6)),
)  # fmt: skip
