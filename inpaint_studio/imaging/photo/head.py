"""What a file says about itself before a single pixel is decoded.

One function per kind, in a table. Size, depth and mode come from here, so that a bomb is
refused before a decoder sees it; profile, EXIF, XMP, IPTC and resolution come from here too,
as the bytes the file holds, because the decoders hand them over altered or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.photo import exif as exif_blocks
from inpaint_studio.imaging.photo import png_file, riff
from inpaint_studio.imaging.photo.model import Source
from inpaint_studio.imaging.photo.photoshop import iptc_of, resolution_of
from inpaint_studio.imaging.photo.tiff_head import tiff_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Everything a file says beside its pixels. `icc` is the profile of the stored samples."""

    source: Source
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def jpeg_head(path: Path, data: bytes, page: int) -> Head:
    found, _ = jpeg_file.segments(data)
    frame = jpeg_file.frame_of(found)
    if frame.precision != 8 or (jpeg_file.FRAMES and frame.marker in (0xC3, 0xC7, 0xCB, 0xCF)):
        raise BadPhoto(
            f"{path.name} is a {frame.precision}-bit or lossless JPEG, which photos are not "
            "stored in; convert it to TIFF first."
        )
    modes = {1: "L", 3: "RGB", 4: "CMYK"}
    if len(frame.components) not in modes:
        raise BadPhoto(f"{path.name} has {len(frame.components)} channels; convert it to RGB.")
    exif = jpeg_file.find(found, jpeg_file.APP1, jpeg_file.EXIF)
    photoshop = jpeg_file.find(found, jpeg_file.APP13, jpeg_file.PHOTOSHOP)
    jfif = jpeg_file.find(found, jpeg_file.APP0, b"JFIF\0")
    dpi = exif_blocks.resolution_of(exif) or resolution_of(photoshop) or _jfif_dpi(jfif)
    icc = jpeg_file.icc_of(found)
    source = Source(
        kind="jpeg",
        mode=modes[len(frame.components)],
        width=frame.width,
        height=frame.height,
        is_lossy=True,
        is_progressive=frame.is_progressive,
        compression=frame.sampling,
        orientation=exif_blocks.orientation_of(exif),
        icc=icc,
    )
    return Head(
        source=source,
        icc=icc,
        exif=exif,
        xmp=jpeg_file.find(found, jpeg_file.APP1, jpeg_file.XMP),
        iptc=iptc_of(photoshop),
        dpi=dpi,
    )


def _jfif_dpi(jfif: bytes | None) -> tuple[float, float] | None:
    if jfif is None or len(jfif) < 7 or jfif[2] not in (1, 2):
        return None
    scale = 1.0 if jfif[2] == 1 else 2.54
    x, y = int.from_bytes(jfif[3:5], "big"), int.from_bytes(jfif[5:7], "big")
    return (x * scale, y * scale) if x and y else None


def png_head(path: Path, data: bytes, page: int) -> Head:
    found = png_file.chunks(data)
    header = png_file.header_of(found)
    names = {chunk.name for chunk in found}
    exif = png_file.exif_of(found)
    icc = png_file.icc_of(found)
    notes = []
    if b"iCCP" in names and icc is None:
        notes.append("The colour profile in the file is damaged; its colours are taken as sRGB.")
    if b"acTL" in names:
        notes.append("The file is an animation; only its first picture is opened.")
    source = Source(
        kind="png",
        mode=header.mode,
        bits=header.bits,
        width=header.width,
        height=header.height,
        has_alpha=header.color in (4, 6) or b"tRNS" in names,
        is_progressive=bool(header.interlace),
        compression="deflate",
        orientation=exif_blocks.orientation_of(exif),
        pages=2 if b"acTL" in names else 1,
        icc=icc,
    )
    return Head(
        source=source, icc=icc, exif=exif, xmp=png_file.xmp_of(found),
        dpi=png_file.dpi_of(found), notes=tuple(notes),
    )  # fmt: skip


def webp_head(path: Path, data: bytes, page: int) -> Head:
    found = riff.chunks(data)
    width, height, alpha, lossless, animated = riff.size_of(found)
    exif = riff.find(found, b"EXIF")
    if exif and exif.startswith(jpeg_file.EXIF):
        exif = exif[len(jpeg_file.EXIF) :]
    icc = riff.find(found, b"ICCP")
    source = Source(
        kind="webp",
        mode="RGBA" if alpha else "RGB",
        width=width,
        height=height,
        has_alpha=alpha,
        is_lossy=not lossless,
        compression="lossless" if lossless else "lossy",
        orientation=exif_blocks.orientation_of(exif),
        pages=2 if animated else 1,
        icc=icc,
    )
    notes = ("The file is an animation; only its first picture is opened.",) if animated else ()
    return Head(
        source=source, icc=icc, exif=exif, xmp=riff.find(found, b"XMP "),
        dpi=exif_blocks.resolution_of(exif), notes=notes,
    )  # fmt: skip


def heif_head(path: Path, data: bytes, page: int) -> Head:
    """HEIC comes upright from its decoder; AVIF says how it is turned (irot, imir)."""
    from inpaint_studio.imaging.photo.heif import info_of

    info = info_of(data)
    kind = "avif" if info.is_av1 else "heif"
    source = Source(
        kind=kind,
        mode="RGBA" if info.has_alpha else "RGB",
        bits=info.bits,
        width=info.width,
        height=info.height,
        has_alpha=info.has_alpha,
        is_lossy=True,
        compression="av1" if info.is_av1 else "hevc",
        pages=info.pages,
        orientation=info.orientation,
        icc=info.icc,
    )
    return Head(
        source=source, icc=info.icc, exif=info.exif, xmp=info.xmp,
        dpi=exif_blocks.resolution_of(info.exif), notes=info.notes,
    )  # fmt: skip


def tiff_page_head(path: Path, data: bytes, page: int) -> Head:
    if data:
        parts = tiff_head(BytesIO(data), path.name, page)
    else:
        with path.open("rb") as file:
            parts = tiff_head(file, path.name, page)
    return Head(**parts)


def raw_head(path: Path, data: bytes, page: int) -> Head:
    from inpaint_studio.imaging.photo.raw import raw_source

    return Head(source=raw_source(path), notes=(
        "The camera RAW was developed with the camera's white balance to 16-bit sRGB; "
        "the RAW file itself is never written to.",
    ))  # fmt: skip


HEADS: dict[str, Callable[[Path, bytes, int], Head]] = {
    "jpeg": jpeg_head,
    "png": png_head,
    "webp": webp_head,
    "avif": heif_head,
    "heif": heif_head,
    "tiff": tiff_page_head,
    "raw": raw_head,
}
