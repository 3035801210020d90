"""Predict hole pixels near the ring from the known pixels beside them (ordinary kriging).

The best linear predictor of a pixel from its known neighbours, given the local covariance
(Matheron 1963; the same as Gaussian-process regression). Where it explains the variance (thin
scratches, letter strokes, the rim of a large hole) it beats any copied patch; where it does not,
the synthesised pixel stays: both are mixed by the share of variance explained.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.compiled import kernels

_RADIUS = 5
_MOST = 32
_TILE = 8
_WINDOW = 8
_RIDGE = 0.003

Bands = Callable[[int, Callable[[int, int], None], int], None]


def predict(
    image: NDArray[np.float32], hole: MaskBool, unknown: MaskBool, bands: Bands
) -> NDArray[np.float32]:
    """Return `image` (H, W, 3), already synthesised in `hole`, with the predictable part replaced.

    image: working values x 255. unknown: (H, W) bool, pixels that must not be learnt from as
    neighbours (holds `hole`). bands: runs work over a range in pieces, on any number of threads.
    """
    image = np.ascontiguousarray(image)
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32)
    reach = np.ones((2 * _RADIUS + 1, 2 * _RADIUS + 1), np.uint8)
    near = cv2.dilate((~unknown).astype(np.uint8), reach) > 0
    rows, columns = np.nonzero(hole & near)
    tiles = np.unique(np.stack([rows // _TILE, columns // _TILE], axis=1), axis=0) * _TILE
    out = image.copy()
    compiled = kernels("engines.kriging_kernels")
    bands(
        len(tiles),
        lambda a, b: compiled.blend(
            image, luma, hole, unknown, tiles, _disc(), _TILE, _WINDOW, _RIDGE, _MOST, a, b, out
        ),
        32,
    )
    return out


def _disc() -> NDArray[np.int64]:
    """Offsets within `_RADIUS`, nearest first."""
    span = range(-_RADIUS, _RADIUS + 1)
    found = sorted(
        (dy * dy + dx * dx, dy, dx) for dy in span for dx in span if dy * dy + dx * dx > 0
    )
    kept = [(dy, dx) for square, dy, dx in found if square <= _RADIUS * _RADIUS]
    return np.array(kept, np.int64)
