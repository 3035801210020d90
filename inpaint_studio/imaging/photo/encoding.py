"""Pixels to bytes, one encoder per kind. Every encoder gets upright samples and metadata."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.photo import photoshop, png_file, riff
from inpaint_studio.imaging.photo.model import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is written beside the pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


def png_bytes(
    samples: Samples,
    meta: Metadata,
    old: list[png_file.Chunk] | None,
    palette: NDArray[np.uint8] | None = None,
) -> bytes:
    """Return a PNG of (H, W, 1..4) samples. Other chunks of the `old` file are kept.

    With a `palette` (256, 4) RGBA the samples are indices.
    """
    import imagecodecs

    if palette is not None:
        return png_around(_indexed_png(samples[..., 0], palette), meta, old)
    flat = samples[..., 0] if samples.shape[2] == 1 else samples
    raw = bytes(imagecodecs.png_encode(np.ascontiguousarray(flat), level=4))
    return png_around(raw, meta, old)


def _indexed_png(indices: Samples, palette: NDArray[np.uint8]) -> bytes:
    """Return a bare 8-bit PNG with a palette (unfiltered rows: indices have no gradients)."""
    height, width = indices.shape
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = indices
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [png_file.Chunk(b"IHDR", head), png_file.Chunk(b"PLTE", palette[:, :3].tobytes())]
    opaque = np.flatnonzero(palette[:, 3] != 255)
    if len(opaque):
        parts.append(png_file.Chunk(b"tRNS", palette[: opaque[-1] + 1, 3].tobytes()))
    parts += [
        png_file.Chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
        png_file.Chunk(b"IEND", b""),
    ]
    return png_file.SIGNATURE + b"".join(part.to_bytes() for part in parts)


def png_around(raw: bytes, meta: Metadata, old: list[png_file.Chunk] | None) -> bytes:
    """Put the metadata and what the old file held beside its pixels around a bare PNG."""
    spot = raw.index(b"IDAT") - 4
    before: list[png_file.Chunk] = []
    after: list[png_file.Chunk] = []
    is_own_icc = bool(old) and png_file.icc_of(old or []) == meta.icc
    ours = {b"eXIf"} | ({b"iCCP", b"sRGB", b"gAMA", b"cHRM"} if not is_own_icc else set())
    is_after = False
    for chunk in old or ():
        if chunk.name == b"IDAT":
            is_after = True
        elif (
            chunk.name in png_file.PIXELS
            or chunk.name in ours
            or _is_xmp(chunk)
            or chunk.name in (b"acTL", b"fcTL", b"fdAT", b"tIME", b"gIFg", b"gIFx")
        ):
            continue
        else:
            (after if is_after else before).append(chunk)
    have = {chunk.name for chunk in before}
    if meta.icc and not is_own_icc:
        before.insert(0, png_file.icc_chunk(meta.icc))
    if meta.exif:
        before.append(png_file.Chunk(b"eXIf", meta.exif))
    if meta.xmp:
        before.append(png_file.xmp_chunk(meta.xmp))
    if meta.dpi and b"pHYs" not in have:
        before.append(png_file.dpi_chunk(meta.dpi))
    end = raw.rindex(b"IEND") - 4
    return b"".join((
        raw[:spot], *(c.to_bytes() for c in before), raw[spot:end],
        *(c.to_bytes() for c in after), raw[end:],
    ))  # fmt: skip


def _is_xmp(chunk: png_file.Chunk) -> bool:
    return chunk.name == b"iTXt" and chunk.data.startswith(png_file.XMP_KEY + b"\0")


def jpeg_bytes(
    samples: Samples,
    meta: Metadata,
    *,
    old: list[jpeg_file.Segment] | None,
    quality: int,
    progressive: bool = False,
) -> bytes:
    """Return a JPEG of uint8 samples with 1, 3 or 4 channels.

    With the `old` file's segments its quantisation tables, sampling and metadata are taken
    over; without them `quality` decides and colours are not subsampled.
    """
    from PIL import Image

    mode = {1: "L", 3: "RGB", 4: "CMYK"}[samples.shape[2]]
    flat = samples[..., 0] if mode == "L" else samples
    picture = Image.fromarray(np.ascontiguousarray(flat), mode)
    options: dict[str, Any] = {"quality": quality, "subsampling": "4:4:4"}
    if old is not None:
        options = _own_tables(old)
    out = BytesIO()
    picture.save(out, "JPEG", optimize=True, progressive=progressive, **options)
    return jpeg_around(out.getvalue(), meta, old)


def _own_tables(old: list[jpeg_file.Segment]) -> dict[str, Any]:
    frame = jpeg_file.frame_of(old)
    tables = jpeg_file.tables_of(old)
    numbers = sorted({component[3] for component in frame.components})
    # Pillow takes tables in natural order; the file holds them in zig-zag order.
    natural = [[tables[n][ZIGZAG.index(i)] for i in range(64)] for n in numbers]
    options: dict[str, Any] = {"qtables": natural}
    options["subsampling"] = frame.sampling if frame.sampling in ("4:2:2", "4:2:0") else "4:4:4"
    return options


ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
"""Natural index of each zig-zag position."""


def jpeg_around(raw: bytes, meta: Metadata, old: list[jpeg_file.Segment] | None) -> bytes:
    """Replace a fresh JPEG's metadata by the old file's, or by `meta` where there is none."""
    fresh, scan = jpeg_file.segments(raw)
    tables = [segment for segment in fresh if not segment.is_metadata]
    adobe = [s for s in fresh if s.marker == jpeg_file.APP14]
    if old is not None:
        # The old Adobe segment says how the old samples were turned; the fresh one is true now.
        gone = (jpeg_file.APP14,)
        kept = [_renewed(s, meta) for s in old if s.is_metadata and s.marker not in gone]
        kept = [s for s in kept if not s.payload.startswith(b"MPF\0")] + adobe
        if not any(s.payload.startswith(jpeg_file.XMP) for s in kept) and meta.xmp:
            kept += _xmp_segments(meta.xmp)
    else:
        kept = [*_fresh_metadata(meta), *adobe]
    parts = [segment.to_bytes() for segment in (*kept, *tables)]
    return b"\xff\xd8" + b"".join(parts) + raw[scan:]


def _renewed(segment: jpeg_file.Segment, meta: Metadata) -> jpeg_file.Segment:
    """Return a metadata segment of the old file, with EXIF and XMP as they are now."""
    if segment.marker == jpeg_file.APP1:
        if segment.payload.startswith(jpeg_file.EXIF) and meta.exif:
            return jpeg_file.Segment(segment.marker, jpeg_file.EXIF + meta.exif)
        whole = meta.xmp and len(meta.xmp) + len(jpeg_file.XMP) <= jpeg_file.LIMIT
        if segment.payload.startswith(jpeg_file.XMP) and whole:
            return jpeg_file.Segment(segment.marker, jpeg_file.XMP + (meta.xmp or b""))
    return segment


def _xmp_segments(xmp: bytes) -> list[jpeg_file.Segment]:
    if len(xmp) + len(jpeg_file.XMP) > jpeg_file.LIMIT:
        return []
    return [jpeg_file.Segment(jpeg_file.APP1, jpeg_file.XMP + xmp)]


def _fresh_metadata(meta: Metadata) -> list[jpeg_file.Segment]:
    made = []
    if meta.exif and len(meta.exif) + 6 <= jpeg_file.LIMIT:
        made.append(jpeg_file.Segment(jpeg_file.APP1, jpeg_file.EXIF + meta.exif))
    else:
        x, y = meta.dpi or (0.0, 0.0)
        density = struct.pack(">BHH", 1 if meta.dpi else 0, round(x) or 1, round(y) or 1)
        made.append(jpeg_file.Segment(jpeg_file.APP0, b"JFIF\0\1\1" + density + b"\0\0"))
    made += _xmp_segments(meta.xmp) if meta.xmp else []
    if meta.iptc:
        block = jpeg_file.PHOTOSHOP + photoshop.block_of(meta.iptc)
        made += [jpeg_file.Segment(jpeg_file.APP13, block)] if len(block) <= jpeg_file.LIMIT else []
    return made + (jpeg_file.icc_segments(meta.icc) if meta.icc else [])


def webp_bytes(samples: Samples, meta: Metadata, *, quality: int, lossless: bool) -> bytes:
    """Return a WebP of uint8 RGB or RGBA samples."""
    from PIL import Image

    out = BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(samples))
    # For lossless pictures "quality" is effort only: 40 takes a quarter of the time of 95.
    effort = 40 if lossless else quality
    picture.save(out, "WEBP", lossless=lossless, exact=True, quality=effort, method=2)
    return riff.with_metadata(out.getvalue(), icc=meta.icc, exif=meta.exif, xmp=meta.xmp)


AVIF_EXIF_LIMIT = 65_000
"""Most bytes of EXIF that libheif's writer (through libexif) can be given, with some room."""


def avif_bytes(
    samples: Samples, meta: Metadata, *, quality: int, lossless: bool, bits: int
) -> bytes:
    """Return an AVIF of RGB or RGBA samples with 8, 10 or 12 bits, 4:4:4."""
    from inpaint_studio.imaging.photo.rows import vips

    library = vips()
    height, width, channels = samples.shape
    deep = samples.dtype == np.uint16
    image = library.Image.new_from_memory(
        np.ascontiguousarray(samples).tobytes(), width, height, channels,
        "ushort" if deep else "uchar",
    )  # fmt: skip
    image = image.copy(interpretation="rgb16" if deep else "srgb")
    fits = meta.exif and len(meta.exif) <= AVIF_EXIF_LIMIT
    exif = jpeg_file.EXIF + meta.exif if meta.exif and fits else None
    room = jpeg_file.EXIF + _room(len(exif) + 64) if exif else None
    for name, blob in (("icc-profile", meta.icc), ("exif", room), ("xmp", meta.xmp)):
        if blob:
            image.set_type(library.GValue.blob_type, f"{name}-data", blob)
    data: bytes = image.heifsave_buffer(
        compression="av1", lossless=lossless, Q=quality, effort=3, bitdepth=bits, keep="all",
        subsample_mode="off",
    )  # fmt: skip
    return _with_own_exif(data, exif) if exif else data


def _room(size: int) -> bytes:
    """Return an EXIF block with a comment of `size` bytes: room for the real one.

    The library parses and renders EXIF anew, which spoils maker notes; so it gets this.
    """
    entry = struct.pack("<HHII", 0x9286, 7, size, 8 + 18 + 18)
    first = struct.pack("<HHHII", 1, 0x8769, 4, 1, 8 + 18) + b"\0\0\0\0"
    text = b"ASCII\0\0\0" + b"x" * (size - 8)
    return b"II*\0\x08\0\0\0" + first + b"\1\0" + entry + b"\0\0\0\0" + text


def _with_own_exif(data: bytes, exif: bytes) -> bytes:
    """Put our EXIF in the room that was made for it; what is left over is zeroed."""
    from PIL import Image

    with Image.open(BytesIO(data), formats=("AVIF",)) as written:
        theirs = written.info.get("exif", b"")
    at = data.find(theirs) if theirs else -1
    if at < 0 or len(theirs) < len(exif):
        return data
    return data[:at] + exif.ljust(len(theirs), b"\0") + data[at + len(theirs) :]
