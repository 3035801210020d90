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
        request = stream.Request(path=path, max_megapixels=MAX_MEGAPIXELS)
        photo = reading.decode(request, trusted=True)
        rgb, icc = as_pixels(photo.pixels), photo.icc
    scale = min(1.0, px / max(rgb.shape[:2]))
    if scale < 1.0:
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        rgb = as_pixels(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    return color.space_of(icc).to_srgb8(rgb)
