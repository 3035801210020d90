"""Find where an edit changed a photo, for pairs that come without a mask."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import BadMask
from inpaint_studio.gating.scene import to_rgb8

SAVED_ANEW = 0.3
LEAST_LEVELS = 1
MOST_LEVELS = 24.0
NOISE_FACTOR = 4.0
JOIN_PX = 4
LEAST_PX = 12
MOST = 0.5


def changed_mask(before: Pixels, after: Pixels) -> MaskBool:
    """Return where two pictures differ, as the mask of the edit.

    before, after: (H, W, 3) of one size. Where hardly anything else differs, one level counts;
    where the whole photo was saved anew (JPEG), what stands out from that noise does: four times
    the 90th percentile of all differences, 24 levels at most. Gaps of up to 8 px are closed, holes
    filled, specks of under 12 px dropped.
    Raises: BadMask: nothing, or more than half of the photo, was changed.
    """
    apart = np.abs(to_rgb8(before).astype(np.int16) - to_rgb8(after)).max(axis=2)
    level = float(LEAST_LEVELS)
    if (apart > 0).mean() > SAVED_ANEW:
        level = max(level, min(NOISE_FACTOR * float(np.quantile(apart, 0.9)), MOST_LEVELS))
        apart = cv2.medianBlur(apart.astype(np.uint8), 3)
    found = (apart >= level).astype(np.uint8)
    side = 2 * JOIN_PX + 1
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    outlines, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    mask = np.zeros_like(found)
    cv2.drawContours(mask, outlines, -1, 1, -1)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    keep = stats[:, cv2.CC_STAT_AREA] >= LEAST_PX
    keep[0] = False
    core: MaskBool = keep[labels] if count > 1 else np.zeros(mask.shape, dtype=bool)
    if not core.any():
        raise BadMask("The two pictures do not differ; there is no edit to judge without a mask.")
    if core.mean() > MOST:
        raise BadMask(
            f"The two pictures differ over {100 * core.mean():.0f} % of their area, which is no "
            "local edit; give the mask of the edit with --mask."
        )
    return core
