"""Make a picture bigger so that scaled back down it is the picture again.

Lanczos alone does not keep that promise: the mean of the new pixels is not quite the old pixel.
What is missing is put back (iterative back-projection; Irani & Peleg, "Improving resolution by
image registration", 1991), for plain enlarging and for what a model invents alike.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels, as_pixels
from inpaint_studio.errors import BadSetting

Floats = NDArray[np.float32]

FACTORS = (2, 3, 4)
ROUNDS = 8
STRIP_PX = 512
REACH_PX = 48
"""Rows either side of a strip that its pixels may depend on: Lanczos (4) times the rounds."""


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """Return the pixels `factor` times as high and as wide, of the same depth.

    Scaled down again (the mean of each block) they are the given ones to within half a level,
    but for pixels that would have to leave 0..white. Raises: BadSetting: no such factor.
    """
    if factor not in FACTORS:
        raise BadSetting(f"A photo is enlarged 2, 3 or 4 times, not {factor}.")
    height, width = pixels.shape[:2]
    top = float(np.iinfo(pixels.dtype).max)
    out = np.empty((height * factor, width * factor, *pixels.shape[2:]), pixels.dtype)
    for start in range(0, height, STRIP_PX):
        stop = min(height, start + STRIP_PX)
        first, last = max(0, start - REACH_PX), min(height, stop + REACH_PX)
        small = pixels[first:last].astype(np.float32) / np.float32(top)
        big = consistent(grown(small, factor), small, factor)
        inner = big[(start - first) * factor : (stop - first) * factor]
        out[start * factor : stop * factor] = np.rint(inner * np.float32(top))
    return as_pixels(out)


def consistent(answer: Floats, small: Floats, factor: int) -> Floats:
    """Return the answer moved so that scaled down it is `small`; both 0..1."""
    result = answer
    for _ in range(ROUNDS):
        result = np.clip(result + grown(small - shrunk(result, factor), factor), 0.0, 1.0)
    return result.astype(np.float32)


def grown(plane: Floats, factor: int) -> Floats:
    """Return the plane enlarged by Lanczos."""
    size = (plane.shape[1] * factor, plane.shape[0] * factor)
    made: Floats = cv2.resize(plane, size, interpolation=cv2.INTER_LANCZOS4)
    return made


def shrunk(plane: NDArray[Any], factor: int) -> Floats:
    """Return the mean of each `factor` by `factor` block, float32.

    Sides that are no multiple of the factor are filled up with their last pixel.
    """
    below, beside = -plane.shape[0] % factor, -plane.shape[1] % factor
    whole = plane.astype(np.float32)
    if below or beside:
        edges = ((0, below), (0, beside), *((0, 0),) * (plane.ndim - 2))
        whole = np.pad(whole, edges, mode="edge")
    size = (whole.shape[1] // factor, whole.shape[0] // factor)
    made: Floats = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return made
