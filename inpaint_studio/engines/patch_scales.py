"""How the scales of the patch engine connect: pictures shrink, matches are carried over."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_levels import FloatImage, Level, Points

_Kind = TypeVar("_Kind", bound=np.generic)


def carry_over(coarse: Level, fine: Level) -> None:
    """Start the finer level's matches at the coarser level's, twice as far."""
    rows, columns = coarse.hole.shape
    half = (fine.targets - fine.margin) // 2 + coarse.margin
    cy = np.clip(half[:, 0], 0, rows - 1)
    cx = np.clip(half[:, 1], 0, columns - 1)
    # A fine target just outside the coarse ones starts where the nearest of them is.
    at = nearest(coarse.index >= 0, np.stack([cy, cx], axis=1))
    j = coarse.index[at[:, 0], at[:, 1]]
    wanted = fine.targets + 2 * (coarse.found[j] - coarse.targets[j])
    fine.found[:] = nearest(fine.far >= 0, wanted)


def bordered(plane: NDArray[_Kind], margin: int) -> NDArray[_Kind]:
    """Return a picture or mask with its border repeated outwards, `margin` px on every side."""
    sides = ((margin, margin), (margin, margin), (0, 0))[: plane.ndim]
    return np.pad(plane, sides, mode="edge")


def nearest(allowed: MaskBool, wanted: Points) -> Points:
    """Return for each wanted pixel the nearest allowed one (itself where it is allowed)."""
    height, width = allowed.shape
    y = np.clip(wanted[:, 0], 0, height - 1)
    x = np.clip(wanted[:, 1], 0, width - 1)
    result = np.stack([y, x], axis=1).astype(np.int32)
    lost = ~allowed[y, x]
    if lost.any():
        _, labels = cv2.distanceTransformWithLabels(
            (~allowed).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        of_label = np.zeros((int(labels.max()) + 1, 2), np.int32)
        of_label[labels[allowed]] = np.argwhere(allowed)
        result[lost] = of_label[labels[y[lost], x[lost]]]
    return result


def shrink(
    image: FloatImage, hole: MaskBool, source: MaskBool
) -> tuple[FloatImage, MaskBool, MaskBool]:
    """Return picture, hole and source at half size.

    Known pixels are averaged among themselves; a cell is hole when most of it was.
    """
    height, width = hole.shape
    pad = ((0, height % 2), (0, width % 2))
    known = np.pad(~hole, pad).astype(np.float32)[..., None]
    weight = _cells(known)
    padded = np.pad(image, (*pad, (0, 0)), mode="edge")
    mean = _cells(padded * known) / np.maximum(weight, np.float32(1))
    coarse: FloatImage = mean.astype(np.float32, copy=False)
    gap = weight[..., 0] < 2
    allowed = _cells(np.pad(source, pad, mode="edge").astype(np.float32)[..., None])[..., 0] >= 4
    return coarse, np.asarray(gap), np.asarray(allowed & ~gap)


def _cells(plane: FloatImage) -> FloatImage:
    return plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
