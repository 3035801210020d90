"""The colour that the ground under letters has, so that no other ground is copied there.

Between letters little is known whole, and what fits the rim of their strokes lies elsewhere as
often as not: under a caption over food the street beside it was copied. So near the rim the mean
colour of a source must be about the ground's: what is known, carried smoothly into the hole.
Differences up to `GAP` cost nothing, or smooth ground is blotched. What it brings: `patch_letters`.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.engines import membrane
from inpaint_studio.engines.patch_asks import Ground
from inpaint_studio.engines.patch_levels import SIDE, FloatImage, Level, to_bytes

GAP = 20
"""Levels by which a source's mean may be off for nothing."""
_NEAR_PX = 16.0
"""How deep in the hole, px of the photo, the ground has nothing more to say."""


def ground(level: Level, *, scale: int) -> Ground:
    """Return the ground under a level's hole; scale: how often its picture was halved, as 2^n."""
    known = (~level.hole).astype(np.float32)[..., None]
    smooth = membrane.smooth_guess(level.image, level.hole)
    rows, columns = level.targets[:, 0], level.targets[:, 1]
    shown = to_bytes(level.image, level.chroma).astype(np.float32) * known
    mean = _mean(shown) / np.maximum(_mean(known), np.float32(1e-6))[..., None]
    asked = _mean(to_bytes(smooth, level.chroma).astype(np.float32))
    depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_L2, 5)[rows, columns]
    near = np.maximum(0, 1 - depth * (scale / _NEAR_PX))
    return Ground(
        mean=np.rint(mean).astype(np.uint8),
        asked=np.rint(asked[rows, columns]).astype(np.uint8),
        say=np.rint(SIDE * SIDE * near).astype(np.int32),
        gap=np.int32(GAP),
    )


def _mean(plane: FloatImage) -> FloatImage:
    """Return the mean of the patch at every place."""
    there: FloatImage = cv2.blur(plane, (SIDE, SIDE), borderType=cv2.BORDER_REPLICATE)
    return there
