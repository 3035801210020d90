"""A reading of the contour's worst stretch: where the fill does not take up what arrives there.

A line that ends at the contour leaves a border along it, on one side at least; one that steps aside
leaves a short one; a thing cut off by the mask leaves its own. Every pixel of the contour is
compared with its most alike neighbour across it, so that what goes on at any slant is no step. The
same on lines moved outwards and inwards says what this photo shows where nothing was done.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.seam import signed_distance
from inpaint_studio.gating.scene import Scene, blur, squared, worst_box
from inpaint_studio.geometry import Box

POOL_PX = 1.5
OUTWARDS, INWARDS = range(2, 9), range(-7, -2)
NEAR_PX = 9
LEAST_PX = 12
FLOOR_DE = 1.5
BAND_PX = 14
ALSO = ("rim_usual", "rim_local", "rim_share", "rim_size")
_NEIGHBOURS = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x)
_BEYOND = 1 << 14

Levels = NDArray[np.int32]


def rim_break(scene: Scene) -> Measured:
    """Return how much the contour's worst stretch exceeds the worst beside it, in octaves.

    Stretch: the mean ΔE (σ 1.5 px along the contour) from each pixel to the most alike of its
    neighbours across; against the strongest of twelve lines moved 2 to 8 px outwards and 3 to 7
    inwards. `rim_usual` is the same against the median line, `rim_local` against what lies within
    9 px of the spot, `rim_share` the share of the contour above that, `rim_size` the stretch's own
    ΔE, log2. A feather that was really changed is stepped over.
    """
    nothing = Measured(0.0, also=dict.fromkeys(ALSO, 0.0))
    ring = (scene.outside > 0) & (scene.outside <= scene.ring_px)
    gap = 0
    if (scene.before != scene.after).any(axis=2)[ring].any():
        gap = scene.ring_px
    frame = Box.of_shape(scene.mask.shape)
    view = Box.of_mask(scene.mask).pad(BAND_PX + gap).clamp(frame).slices
    level = np.ceil(signed_distance(scene)[view]).astype(np.int32)
    inward, outward = _across(scene.lab[view], level, gap + 1)
    own, contour = _pooled(inward, outward, level, 0, gap + 1)
    tops: list[float] = []
    near = np.zeros_like(own)
    for line in (*(n + gap for n in OUTWARDS), *INWARDS):
        usual, where = _pooled(inward, outward, level, line, gap + 1)
        if np.count_nonzero(where) >= LEAST_PX:
            tops.append(float(usual.max()))
            near = np.maximum(near, usual)
    most = float(own.max(initial=0.0))
    if not tops or most <= 0:
        return nothing
    side = 2 * (NEAR_PX + gap) + 1
    local = cv2.dilate(near, np.ones((side, side), np.uint8))
    beyond = np.log2((own[contour] + FLOOR_DE) / (local[contour] + FLOOR_DE))
    also = {
        "rim_usual": _octaves(most, float(np.median(tops))),
        "rim_local": float(beyond.max()),
        "rim_share": float((beyond > 0).mean()),
        "rim_size": float(np.log2(most + FLOOR_DE)),
    }
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    plane[view] = np.where(own > local / 2, own, 0)
    box = worst_box(plane, plane > 0, sigma=2.0) if plane.any() else None
    return Measured(_octaves(most, max(tops)), plane, box, also)


def _octaves(one: float, other: float) -> float:
    return float(np.log2((one + FLOOR_DE) / (other + FLOOR_DE)))


def _across(lab: NDArray[np.float32], level: Levels, step: int) -> tuple[Plane, Plane]:
    """Return each pixel's ΔE to its most alike neighbour `step` lines further in, and out."""
    height, width = level.shape
    padded = cv2.copyMakeBorder(lab, *(step,) * 4, cv2.BORDER_REPLICATE)
    lines = np.pad(level, step, constant_values=_BEYOND)
    inward = np.full(level.shape, np.inf, dtype=np.float32)
    outward = inward.copy()
    for y, x in _NEIGHBOURS:
        at = (slice(step * (1 + y), step * (1 + y) + height),
              slice(step * (1 + x), step * (1 + x) + width))  # fmt: skip
        apart, other = squared(lab - padded[at]), lines[at]
        known = other != _BEYOND
        np.minimum(inward, apart, out=inward, where=known & (other <= level - step))
        np.minimum(outward, apart, out=outward, where=known & (other >= level + step))
    return np.sqrt(inward), np.sqrt(outward)


def _pooled(
    inward: Plane, outward: Plane, level: Levels, line: int, step: int
) -> tuple[Plane, NDArray[np.bool_]]:
    """Return the mean step along a line, on the pixels either side of it (0 elsewhere), and them.

    line: how far the contour is moved outwards, px.
    """
    outer = (level == line + step) & np.isfinite(inward)
    inner = (level == line) & np.isfinite(outward)
    where = outer | inner
    step_of = np.where(outer, inward, np.where(inner, outward, 0)).astype(np.float32)
    weight = blur(where.astype(np.float32), POOL_PX)
    pooled = blur(step_of, POOL_PX) / np.maximum(weight, np.float32(1e-6))
    return np.where(where, pooled, 0).astype(np.float32), where
