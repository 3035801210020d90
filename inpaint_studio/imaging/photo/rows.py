"""Pixels of a file as bands of rows, in the samples the file stores.

Libraries, chosen for fidelity and tried against each other in the tests: libvips streams JPEG,
PNG and WebP in bands (a 100 MP photo never lies twice in memory); tifffile reads every depth and
compression of TIFF; Pillow knows palettes; libheif and LibRaw read what nothing else does. cv2
never touches a file: it accepts truncated ones and mixes up orientations.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.head import Head
from inpaint_studio.imaging.photo.model import Rows, Samples
from inpaint_studio.imaging.photo.tiff_rows import tiff_rows

BAND_BYTES = 8 << 20


def vips() -> Any:
    """Return pyvips with its caches off and its loaders for untrusted files blocked."""
    os.environ.setdefault("VIPS_CONCURRENCY", "2")
    import pyvips

    pyvips.cache_set_max(0)
    pyvips.block_untrusted_set(True)
    return pyvips


def _vips_rows(image: Any) -> Rows:
    dtype = {"uchar": np.uint8, "ushort": np.uint16}.get(image.format)
    if dtype is None:
        raise BadPhoto(f"The photo's samples ({image.format}) are not 8 or 16 bit; convert it.")
    width, height, channels = image.width, image.height, image.bands
    step = max(16, BAND_BYTES // (width * channels * np.dtype(dtype).itemsize) // 16 * 16)

    def bands() -> Iterator[Samples]:
        region = vips().Region.new(image)
        for top in range(0, height, step):
            rows = min(step, height - top)
            buffer = region.fetch(0, top, width, rows)
            yield np.frombuffer(buffer, dtype).reshape(rows, width, channels)

    return Rows(channels, np.dtype(dtype), bands())


def jpeg_rows(path: Path, data: bytes, head: Head) -> Rows:
    image = vips().Image.jpegload_buffer(data, access="sequential", fail_on="error")
    return _vips_rows(image)


def png_rows(path: Path, data: bytes, head: Head) -> Rows:
    if head.source.mode == "P":
        return _palette_rows(data)
    image = vips().Image.pngload_buffer(data, access="sequential", fail_on="error")
    return _vips_rows(image)


def _palette_rows(data: bytes) -> Rows:
    from PIL import Image

    with _strict_pillow(data) as picture:
        indices = np.asarray(picture)
        rgb = np.zeros((256, 3), np.uint8)
        listed = np.frombuffer(bytes(picture.getpalette("RGB") or ()), np.uint8).reshape(-1, 3)
        rgb[: len(listed)] = listed
        alpha = np.full((256, 1), 255, np.uint8)
        transparency = picture.info.get("transparency")
        if isinstance(transparency, bytes):
            alpha[: len(transparency), 0] = np.frombuffer(transparency, np.uint8)
        elif isinstance(transparency, int):
            alpha[transparency] = 0
    assert picture.mode == "P", Image.__name__
    return Rows(1, np.dtype(np.uint8), iter([indices[..., None]]), np.hstack([rgb, alpha]))


def _strict_pillow(data: bytes) -> Any:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the header limit has been checked already
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def webp_rows(path: Path, data: bytes, head: Head) -> Rows:
    image = vips().Image.webpload_buffer(data, access="sequential", fail_on="error")
    return _vips_rows(image)


def avif_rows(path: Path, data: bytes, head: Head) -> Rows:
    from inpaint_studio.imaging.photo.heif import samples_of

    samples = samples_of(data)
    return Rows(samples.shape[2], samples.dtype, iter([samples]))


def raw_rows(path: Path, data: bytes, head: Head) -> Rows:
    from inpaint_studio.imaging.photo.raw import develop

    pixels = develop(path)
    return Rows(3, pixels.dtype, iter([pixels]))


ROWS: dict[str, Callable[[Path, bytes, Head], Rows]] = {
    "jpeg": jpeg_rows,
    "png": png_rows,
    "webp": webp_rows,
    "avif": avif_rows,
    "heif": avif_rows,
    "tiff": tiff_rows,
    "raw": raw_rows,
}
