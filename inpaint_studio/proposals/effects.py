"""Grow strokes over what belongs to them: soft edges, outline, shadow, glow, JPEG ringing.

One pixel beside a letter tells nothing on a textured ground. But all letters of a line wear
the same effect, so pixels are pooled over the line by their distance and direction from the
nearest stroke: the mean of hundreds of them shows an outline of two levels on any texture. A
direction is followed outward for as long as its pixels differ from the ground behind, or are
rougher than it (ringing).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.proposals.ground import Planes, behind, spread

SECTORS = 8
_CORRELATED_PX = 12.0
"""Neighbouring pixels of a texture say the same; so many count as one sample."""


def grown_to_effects(
    lab: Planes, core: MaskBool, region: MaskBool, thickness_px: float, stroke_px: float
) -> MaskBool:
    """Return `core` (H, W) grown over its soft edge, effects and ringing, within `region`.

    lab: (H, W, 3) CIELAB of the crop. thickness_px: height of the line.
    """
    if not core.any():
        return core.copy()
    base = 1.5 if stroke_px < 6 else 2.0
    reach = int(np.clip(round(0.30 * thickness_px), 4, 28))
    outside = (~core).astype(np.uint8)
    distance, labels = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    sector = _sectors(core, labels)
    far = (distance > reach) & (distance <= 2 * reach + 8)
    ground = behind(lab, distance <= reach)
    delta = lab - ground
    noise = _noise(lab, far)
    limit = np.full(SECTORS, base, dtype=np.float32)
    for k in range(SECTORS):
        limit[k] = _follow(delta, distance, sector == k, noise, reach, base)
    # A direction's neighbours carry half of its reach: letters have round corners.
    eased = np.maximum(limit, 0.5 * np.maximum(np.roll(limit, 1), np.roll(limit, -1)))
    grown = core | (distance <= eased[sector])
    return np.asarray((grown & region) | core, dtype=np.bool_)


def _sectors(core: MaskBool, labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """The direction (0..7) from the nearest stroke to each pixel."""
    rows, columns = np.nonzero(core)
    table = np.zeros((int(labels.max()) + 1, 2), dtype=np.float32)
    table[labels[rows, columns]] = np.stack([rows, columns], axis=1)
    nearest = table[labels]
    height, width = core.shape
    dy = np.arange(height, dtype=np.float32)[:, None] - nearest[..., 0]
    dx = np.arange(width, dtype=np.float32)[None, :] - nearest[..., 1]
    angle = np.arctan2(dy, dx)
    return np.asarray(np.rint(angle / (2 * np.pi / SECTORS)).astype(np.int64) % SECTORS)


def _noise(lab: Planes, far: MaskBool) -> NDArray[np.float32]:
    """Robust deviation of the ground's Lab from its own surroundings."""
    rough = lab - cv2.GaussianBlur(lab, (0, 0), 6)
    values = rough[far]
    return np.array([max(0.6, spread(values[:, c])) for c in range(3)], dtype=np.float32)


def _follow(
    delta: Planes, distance: NDArray[np.float32], here: MaskBool, noise: NDArray[np.float32],
    reach: int, base: float,
) -> float:  # fmt: skip
    """How far one direction differs from the ground behind, px."""
    limit = base
    quiet = 0
    for step in range(1, reach + 1):
        ring = here & (distance > step - 0.5) & (distance <= step + 0.5)
        count = int(ring.sum())
        if count < 12:
            break
        values = delta[ring] / noise
        samples = max(1.0, count / _CORRELATED_PX)
        shift = float(np.linalg.norm(values.mean(axis=0)))
        level = float(np.linalg.norm(delta[ring].mean(axis=0)))
        energy = float(np.median(np.abs(values).max(axis=1)))
        differs = (shift > 0.35 + 3.0 / np.sqrt(samples) and level > 1.5) or energy > 2.6
        if differs:
            limit, quiet = step + 0.6, 0
        else:
            quiet += 1
            if quiet >= 2:
                break
    return max(limit, base)
