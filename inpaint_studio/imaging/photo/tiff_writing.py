"""TIFF out: new strips for the page that was edited, everything else as it was."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from inpaint_studio.imaging.photo import exif_tiff
from inpaint_studio.imaging.photo import tiff_file as t
from inpaint_studio.imaging.photo.encoding import Metadata
from inpaint_studio.imaging.photo.model import Photo, Samples
from inpaint_studio.imaging.photo.planning import Plan

STRIP_BYTES = 1 << 20
_CODES = {"none": 1, "lzw": 5, "deflate": 8, "packbits": 32773, "zstd": 50000}


def tiff_strips(samples: Samples, compression: str, *, order: str) -> tuple[int, Iterator[bytes]]:
    """Return (rows per strip, the encoded strips); difference-coded before compression."""
    import imagecodecs

    height, width, channels = samples.shape
    rows = max(1, min(height, STRIP_BYTES // (width * channels * samples.itemsize)))
    level = {"deflate": 6, "zstd": 9}.get(compression, 6)

    def strips() -> Iterator[bytes]:
        for top in range(0, height, rows):
            part = np.ascontiguousarray(samples[top : top + rows])
            if compression in ("lzw", "deflate", "zstd"):
                part = imagecodecs.delta_encode(part, axis=-2)
            raw = part.astype(part.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
            if compression == "none":
                yield raw
            elif compression == "packbits":
                yield b"".join(
                    imagecodecs.packbits_encode(raw[at : at + len(raw) // len(part)])
                    for at in range(0, len(raw), len(raw) // len(part))
                )
            elif compression == "lzw":
                yield bytes(imagecodecs.lzw_encode(raw))
            else:
                encode = (
                    imagecodecs.zlib_encode
                    if compression == "deflate"
                    else (imagecodecs.zstd_encode)
                )
                yield bytes(encode(raw, level=level))

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


CLASSIC_LIMIT = 3_500_000_000
"""Above this many bytes a BigTIFF is written: a classic one ends at 4 GB."""
_PHOTOMETRIC = {"L": 1, "LA": 1, "RGB": 2, "RGBA": 2, "CMYK": 5}


def write_tiff(file: BinaryIO, photo: Photo, plan: Plan, samples: Samples, meta: Metadata) -> None:
    """Write a TIFF: the old one with one page renewed, or a new one of one page."""
    if plan.is_same_kind and plan.original is not None:
        with plan.original.path.open("rb") as old:
            _write_again(file, t.TiffTree(old), photo, plan, samples, meta)
        return
    order = exif_tiff.order_of(meta.exif)
    writer = t.TiffWriter(file, order=order, is_big=samples.nbytes > CLASSIC_LIMIT)
    page = fresh_page(meta, writer)
    _write_page(page, None, writer, plan, samples, extra=())


def _write_again(
    file: BinaryIO, tree: t.TiffTree, photo: Photo, plan: Plan, samples: Samples, meta: Metadata
) -> None:
    is_big = tree.is_big or tree.size + samples.nbytes > CLASSIC_LIMIT
    writer = t.TiffWriter(file, order=tree.order, is_big=is_big)
    for index, page in enumerate(tree.pages):
        if index != photo.source.page:
            writer.page(page, tree)
            continue
        entry = page.entries.get(t.EXTRA_SAMPLES)
        extra = tree.numbers(entry) if entry else ()
        page.entries.pop(t.LAYERS, None)
        set_blobs(page, Metadata(icc=meta.icc, xmp=meta.xmp))
        _write_page(page, tree, writer, plan, samples, extra=extra)


def _write_page(
    page: t.Directory, tree: t.TiffTree | None, writer: t.TiffWriter, plan: Plan,
    samples: Samples, *, extra: tuple[int, ...],
) -> None:  # fmt: skip
    colors = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3, "CMYK": 4}[plan.mode]
    more = samples.shape[2] - colors
    extra = (extra + (2,) * more)[:more] if len(extra) != more else extra
    rows, strips = tiff_strips(samples, plan.compression, order=writer.order)
    describe_pixels(
        page, writer, samples, compression=plan.compression, rows=rows,
        photometric=_PHOTOMETRIC[plan.mode], extra=extra,
    )  # fmt: skip
    writer.page(page, tree, lambda: strips)
