"""TIFF out: new strips for the page that was edited, everything else as it was."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
    """Return (rows per strip, the encoded strips); difference-coded before compression.

    Two threads encode ahead of the disk: the coders release the interpreter's lock.
    """
    height, width, channels = samples.shape
    rows = max(1, min(height, STRIP_BYTES // (width * channels * samples.itemsize)))

    def strips() -> Iterator[bytes]:
        tops = range(0, height, rows)
        with ThreadPoolExecutor(2) as pool:
            waiting: deque[Future[bytes]] = deque()
            for top in tops:
                part = samples[top : top + rows]
                waiting.append(pool.submit(_encoded, part, compression, order))
                if len(waiting) > 4:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    return rows, strips()


def _encoded(part: Samples, compression: str, order: str) -> bytes:
    """Return one strip. libdeflate does deflate in half of zlib's time."""
    import imagecodecs

    ready = np.ascontiguousarray(part)
    if compression in ("lzw", "deflate", "zstd"):
        ready = imagecodecs.delta_encode(ready, axis=-2)
    raw = ready.astype(ready.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
    if compression == "none":
        return raw
    if compression == "packbits":
        row = len(raw) // len(ready)
        rows = (raw[at : at + row] for at in range(0, len(raw), row))
        return b"".join(bytes(imagecodecs.packbits_encode(line)) for line in rows)
    if compression == "lzw":
        return bytes(imagecodecs.lzw_encode(raw))
    if compression == "zstd":
        return bytes(imagecodecs.zstd_encode(raw, level=9))
    return bytes(imagecodecs.deflate_encode(raw, level=4))


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
