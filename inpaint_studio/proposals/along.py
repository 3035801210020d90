"""Tell a shadow of letters from a form of the ground that runs along their line.

A horizon, a railing or a hem below a line of text changes the light under all letters alike, as a
shadow does. But it goes on between the letters, where no shadow falls. So what is taken for one is
compared with the bare ground at its own height beside it, part by part along the line.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool

_BARE_PX, _EDGE_PX = 2.2, 1.2
"""How far bare ground lies from letters and from the effect."""
_PART = 1.0
"""Length of a part of the line, in heights of it."""
_LEAST_ROW, _LEAST_PART = 2, 20
"""Pixels that a row, and a part, must have of both to tell."""
_SEEN, _SURELY = 2.5, 1.6
"""By how much Lab lightness an effect differs from the ground beside it, and by how many deviations
of the parts' mean."""


def stands_apart(
    light: NDArray[np.float32], effect: MaskBool, core: MaskBool, *, change: float,
    thickness_px: float, angle_deg: float,
) -> bool:  # fmt: skip
    """Return whether `effect` differs, the way of `change`, from bare ground at the same height.

    light: (H, W) Lab lightness; effect, core: (H, W), the letters' effect and the letters;
    thickness_px, angle_deg: height and direction of the line. False where nothing can be told.
    """
    far = [cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
           for mask in (core, effect)]  # fmt: skip
    here = effect & (far[0] > _EDGE_PX)
    bare = (far[0] > _BARE_PX) & (far[1] > _EDGE_PX)
    part, row = _places(core.shape, angle_deg, _PART * thickness_px)
    rows = int(row.max()) + 1
    size = (int(part.max()) + 1) * rows
    counts, means = [], []
    for mask in (here, bare):
        key = part[mask] * rows + row[mask]
        number = np.bincount(key, minlength=size)
        counts.append(number)
        means.append(np.bincount(key, weights=light[mask], minlength=size) / np.maximum(number, 1))
    weight = np.minimum(*counts).astype(np.float64)
    weight[weight < _LEAST_ROW] = 0
    total = weight.reshape(-1, rows).sum(axis=1)
    told = total >= _LEAST_PART
    if int(told.sum()) < 2:
        return False
    gaps = ((means[0] - means[1]) * weight).reshape(-1, rows).sum(axis=1)[told] / total[told]
    gaps = gaps * np.sign(change)
    middle = float(np.median(gaps))
    error = 1.2533 * 1.4826 * float(np.median(np.abs(gaps - middle))) / np.sqrt(len(gaps))
    return middle >= _SEEN and middle >= _SURELY * error


def _places(
    shape: tuple[int, ...], angle_deg: float, length_px: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The part along a line of that direction, and the row across it, of each pixel, from 0."""
    turn = np.deg2rad(angle_deg)
    y, x = np.mgrid[: shape[0], : shape[1]]
    along = x * np.cos(turn) + y * np.sin(turn)
    across = y * np.cos(turn) - x * np.sin(turn)
    part = ((along - along.min()) // length_px).astype(np.int64)
    return part, np.rint(across - across.min()).astype(np.int64)
