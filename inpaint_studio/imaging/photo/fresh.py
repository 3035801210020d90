"""Photos that the program makes itself: an empty canvas, a photo enlarged."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.enlarge import enlarged
from inpaint_studio.imaging.photo.exif import with_size
from inpaint_studio.imaging.photo.model import Photo

LONGEST_PX = 16_384
GREY = 128


def canvas(width: int, height: int, *, path: Path | None = None) -> Photo:
    """Return a grey 8-bit photo to make something on. Raises: BadSetting: no such size."""
    for side in (width, height):
        if not 16 <= side <= LONGEST_PX:
            raise BadSetting(
                f"A canvas is 16 to {LONGEST_PX} px a side, not {width} × {height}; choose others."
            )
    pixels = np.full((height, width, 3), GREY, np.uint8)
    return Photo(pixels=_kept(pixels), path=path, sha256=_sum(pixels))


def bigger(photo: Photo, factor: int, *, path: Path | None = None) -> Photo:
    """Return the photo enlarged plainly; everything that is not its size stays.

    It is no longer the photo of its file: its hash is that of its pixels. Raises: BadSetting.
    """
    pixels = enlarged(photo.pixels, factor)
    height, width = pixels.shape[:2]
    return replace(
        photo,
        pixels=_kept(pixels),
        alpha=enlarged(photo.alpha, factor) if photo.alpha is not None else None,
        exif=with_size(photo.exif, width, height) if photo.exif else photo.exif,
        path=path,
        sha256=_sum(pixels),
        source=replace(photo.source, width=width, height=height),
    )


def _kept(pixels: Pixels) -> Pixels:
    pixels.flags.writeable = False
    return pixels


def _sum(pixels: Pixels) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()
