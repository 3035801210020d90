"""Which pixels right beside the strokes hold some of their ink.

A stroke's edge may lie on the pixel grid or between: then the neighbour outside is part ink. It is
told by how far it stands out towards the stroke from the ground one and two pixels further out, by
itself or in the mean of its neighbours along the edge, which a rough ground hides less.

Rejected: taking all neighbours along (two thirds of all that was masked for nothing), and the
line's own ink instead of the stroke's nearest pixel (an outline has another colour than its fill).
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.proposals.ground import Planes

SEEN = 2.0
"""Lab; about six of 255 levels."""
_FAR_PX = 2.0
"""Ground lies this far from any stroke."""
_ALONG_PX = 5
_CLEARLY = 4.0
T = TypeVar("T", bound=np.generic)
_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def inked_neighbours(
    lab: Planes, core: MaskBool, distance: NDArray[np.float32], *, surely: float | None = None
) -> MaskBool:
    """Return the straight neighbours (H, W) of `core` that show some of its ink, or may: where
    no ground lies past them they are taken along.

    lab: (H, W, 3) CIELAB. distance: (H, W) px from the nearest pixel of `core`.
    surely: ask for so much ink (Lab) in the mean along the edge, next to a pixel that stands out
    `_CLEARLY` times as much: a JPEG's ringing looks like a faint edge everywhere.
    """
    far = distance >= _FAR_PX
    shows = np.zeros_like(core)
    for dy, dx in _WAYS:
        beside = ~core & _from(core, -dy, -dx)
        one, two = _from(far, dy, dx), _from(far, 2 * dy, 2 * dx)
        weight = np.maximum(one.astype(np.float32) + two, 1e-3)[..., None]
        ground = _from(lab, dy, dx) * one[..., None] + _from(lab, 2 * dy, 2 * dx) * two[..., None]
        ground = ground / weight
        way = _from(lab, -dy, -dx) - ground
        length = np.sqrt((way**2).sum(axis=2)) + 1e-3
        towards = ((lab - ground) * way).sum(axis=2) / length
        told = beside & (one | two)
        along = (_ALONG_PX, 1) if dy else (1, _ALONG_PX)
        pooled = _mean(towards, told, along)
        if surely is None:
            shows |= beside & (~told | (towards > SEEN) | (pooled > SEEN))
        else:
            shows |= told & (pooled > surely) & (length > _CLEARLY * surely)
    return np.asarray(shows, dtype=np.bool_)


def _mean(plane: Plane, where: MaskBool, size: tuple[int, int]) -> Plane:
    """Return the mean of `plane` over `where` in a window of (width, height) around each pixel."""
    count = cv2.boxFilter(where.astype(np.float32), -1, size, normalize=False)
    total = cv2.boxFilter(plane * where, -1, size, normalize=False)
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _from(plane: NDArray[T], dy: int, dx: int) -> NDArray[T]:
    """Return at each pixel the value `dy` below and `dx` right of it, 0 past the frame."""
    out = np.zeros_like(plane)
    height, width = plane.shape[:2]
    out[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)] = plane[
        max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)
    ]
    return out
