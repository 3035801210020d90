"""Pixels to bytes, one encoder per kind. Every encoder gets upright samples and metadata."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from inpaint_studio.imaging import jpeg_file
from inpaint_studio.imaging.photo import exif_tiff, photoshop, png_file, riff
from inpaint_studio.imaging.photo import tiff_file as t
from inpaint_studio.imaging.photo.model import Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is written beside the pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None


def png_bytes(samples: Samples, meta: Metadata, old: list[png_file.Chunk] | None) -> bytes:
    """Return a PNG of (H, W, 1..4) samples. Other chunks of the `old` file are kept."""
    import imagecodecs

    flat = samples[..., 0] if samples.shape[2] == 1 else samples
    raw = imagecodecs.png_encode(np.ascontiguousarray(flat), level=4)
    return png_around(raw, meta, old)


def png_around(raw: bytes, meta: Metadata, old: list[png_file.Chunk] | None) -> bytes:
    """Put the metadata and what the old file held beside its pixels around a bare PNG."""
    spot = raw.index(b"IDAT") - 4
    before: list[png_file.Chunk] = []
    after: list[png_file.Chunk] = []
    ours = {b"eXIf"} | ({b"iCCP"} if meta.icc else set())
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
    if meta.icc:
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
    if old is not None:
        kept = [_renewed(s, meta) for s in old if s.is_metadata]
        if not any(s.payload.startswith(jpeg_file.XMP) for s in kept) and meta.xmp:
            kept += _xmp_segments(meta.xmp)
    else:
        adobe = [s for s in fresh if s.marker == jpeg_file.APP14]
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


def avif_bytes(samples: Samples, meta: Metadata, *, quality: int) -> bytes:
    """Return an AVIF of uint8 RGB or RGBA samples, 4:4:4."""
    from PIL import Image

    out = BytesIO()
    extra = {"exif": meta.exif} if meta.exif else {}
    Image.fromarray(np.ascontiguousarray(samples)).save(
        out, "AVIF", quality=quality, subsampling="4:4:4", icc_profile=meta.icc,
        xmp=meta.xmp or b"", **extra,
    )  # fmt: skip
    return out.getvalue()


STRIP_BYTES = 1 << 20
_CODES = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "zstd": 50000}


def tiff_strips(samples: Samples, compression: str, *, order: str) -> tuple[int, Iterator[bytes]]:
    """Return (rows per strip, the encoded strips); difference-coded before compression."""
    import imagecodecs

    height, width, channels = samples.shape
    rows = max(1, min(height, STRIP_BYTES // (width * channels * samples.itemsize)))
    level = {"deflate": 6, "zstd": 9}.get(compression)

    def strips() -> Iterator[bytes]:
        for top in range(0, height, rows):
            part = np.ascontiguousarray(samples[top : top + rows])
            if compression in ("lzw", "deflate", "zstd"):
                part = imagecodecs.delta_encode(part, axis=-2)
            raw = part.astype(part.dtype.newbyteorder(order)).tobytes()
            if compression == "none":
                yield raw
            elif compression == "packbits":
                yield b"".join(
                    imagecodecs.packbits_encode(raw[at : at + len(raw) // len(part)])
                    for at in range(0, len(raw), len(raw) // len(part))
                )
            elif compression == "lzw":
                yield imagecodecs.lzw_encode(raw)
            else:
                encode = (
                    imagecodecs.zlib_encode
                    if compression == "deflate"
                    else (imagecodecs.zstd_encode)
                )
                yield encode(raw, level=level)

    return rows, strips()


def describe_pixels(
    directory: t.Directory, maker: t.TiffTree | t.TiffWriter, samples: Samples, *,
    compression: str, rows: int, photometric: int, extra: tuple[int, ...],
) -> None:  # fmt: skip
    """Set the tags of a page that say how its new strips are to be read."""
    height, width, channels = samples.shape
    entries = directory.entries
    for tag in (
        t.TILE_WIDTH, t.TILE_LENGTH, t.TILE_OFFSETS, t.TILE_COUNTS, t.JPEG_TABLES, t.PREDICTOR,
        t.EXTRA_SAMPLES, t.COLOR_MAP, t.SAMPLE_FORMAT, t.STRIP_OFFSETS, t.STRIP_COUNTS,
        266, 292, 293, 513, 514, 529, 530, 531, 532,
    ):  # fmt: skip
        entries.pop(tag, None)

    def put(tag: int, kind: int, *values: int) -> None:
        entries[tag] = maker.entry(tag, kind, values)

    put(t.WIDTH, 4, width)
    put(t.LENGTH, 4, height)
    put(t.BITS, 3, *([8 * samples.itemsize] * channels))
    put(t.COMPRESSION, 3, _CODES[compression])
    put(t.PHOTOMETRIC, 3, photometric)
    put(t.SAMPLES, 3, channels)
    put(t.ROWS_PER_STRIP, 4, rows)
    put(t.PLANAR, 3, 1)
    put(t.ORIENTATION, 3, 1)
    if compression in ("lzw", "deflate", "zstd"):
        put(t.PREDICTOR, 3, 2)
    if extra:
        put(t.EXTRA_SAMPLES, 3, *extra)


def fresh_page(meta: Metadata, writer: t.TiffWriter) -> t.Directory:
    """Return a page with this metadata and no pixels yet."""
    page = t.Directory()
    if meta.exif:
        page = exif_tiff.descriptive_of(meta.exif, writer.order) or page
    if meta.dpi and t.X_RESOLUTION not in page.entries:
        for tag, value in ((t.X_RESOLUTION, meta.dpi[0]), (t.Y_RESOLUTION, meta.dpi[1])):
            data = struct.pack(writer.order + "II", round(value * 10000), 10000)
            page.entries[tag] = t.Entry(tag, 5, 1, data)
        page.entries[t.UNIT] = writer.entry(t.UNIT, 3, (2,))
    set_blobs(page, meta)
    return page


def set_blobs(page: t.Directory, meta: Metadata) -> None:
    """Set profile, XMP and IPTC of a page."""
    for tag, kind, blob in ((t.ICC, 7, meta.icc), (t.XMP, 1, meta.xmp), (t.IPTC, 7, meta.iptc)):
        if blob:
            page.entries[tag] = t.Entry(tag, kind, len(blob), blob)


def write_tiff(
    file: BinaryIO, samples: Samples, meta: Metadata, *, compression: str, photometric: int,
    extra: tuple[int, ...] = (),
) -> None:  # fmt: skip
    """Write a new one-page TIFF."""
    order = exif_tiff.order_of(meta.exif)
    writer = t.TiffWriter(file, order=order, is_big=samples.nbytes > 3_500_000_000)
    page = fresh_page(meta, writer)
    rows, strips = tiff_strips(samples, compression, order=order)
    describe_pixels(
        page, writer, samples, compression=compression, rows=rows, photometric=photometric,
        extra=extra,
    )  # fmt: skip
    writer.page(page, None, lambda: strips)
