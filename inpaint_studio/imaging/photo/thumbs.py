"""Small pictures by scaled decode: a JPEG is decoded at 1/2, 1/4 or 1/8 of its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels, as_pixels
from inpaint_studio.imaging import color
from inpaint_studio.imaging.photo import reading, stream
from inpaint_studio.imaging.photo.rows import vips
from inpaint_studio.imaging.photo.turn import upright

MAX_MEGAPIXELS = 1000.0


def small(path: Path, px: int) -> NDArray[np.uint8]:
    """Return an upright sRGB picture that fits in px × px. Raises: BadPhoto, decoder errors."""
    import cv2

    head = stream.read_head(path)
    stream.check_size(path, head.source, MAX_MEGAPIXELS)
    source = head.source
    if source.kind in ("jpeg", "webp") and source.mode in ("L", "RGB", "RGBA"):
        factor = max(source.width, source.height) / px
        name = source.kind + "load_buffer"
        options: dict[str, float]
        if source.kind == "jpeg":
            options = {
                "shrink": 8 if factor >= 8 else 4 if factor >= 4 else 2 if factor >= 2 else 1
            }
        else:
            options = {"scale": min(1.0, 1 / factor)}
        image = getattr(vips().Image, name)(path.read_bytes(), access="sequential", **options)
        stored = np.frombuffer(image.write_to_memory(), np.uint8)
        stored = stored.reshape(image.height, image.width, image.bands)
        rgb: Pixels = np.repeat(stored[..., :1], 3, axis=2) if image.bands < 3 else stored[..., :3]
        rgb = np.ascontiguousarray(upright(rgb, source.orientation))
        icc = head.icc
    else:
        rgb, icc = _shrunk(path, px)
    scale = min(1.0, px / max(rgb.shape[:2]))
    if scale < 1.0:
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        rgb = as_pixels(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    return color.space_of(icc).to_srgb8(rgb)


def _shrunk(path: Path, px: int) -> tuple[Pixels, bytes | None]:
    """Return the picture averaged over squares while it is decoded, upright, and its profile.

    At least twice the size asked for is left, so that a good filter can do the rest; a large
    photo never lies in memory.
    """
    request = stream.Request(path=path, max_megapixels=MAX_MEGAPIXELS)
    with reading.streaming(request, trusted=True) as found:
        source = found.head.source
        step = max(
            1, min(source.width, source.height, max(source.width, source.height) // (2 * px))
        )
        high, wide = -(-source.height // step), -(-source.width // step)
        starts = np.arange(0, source.width, step)
        sums = np.zeros((high, wide, 3), np.float64)
        for rows, band in reading.placed(request, found):
            across = np.add.reduceat(band[..., :3].astype(np.float32), starts, axis=1)
            np.add.at(sums, np.arange(rows.start, rows.stop) // step, across)
        counts = np.minimum(step, source.height - np.arange(0, source.height, step))[:, None]
        counts = counts * np.minimum(step, source.width - starts)[None, :]
        mean = as_pixels(np.rint(sums / counts[..., None]).astype(found.dtype))
        icc = found.head.icc if source.mode not in ("CMYK", "LAB", "RAW") else None
        return as_pixels(np.ascontiguousarray(upright(mean, source.orientation))), icc
