"""Put a fill into the photo: the feather lies outside the core, everything else stays as it was.

The gradient-domain part of the blend happens inside the engines, in their working space, where
the fill's own gradients are known; here only the last step is made, in the photo's own depth.
"""

from __future__ import annotations

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import ShapeMismatch
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import feather


def composite(before: Pixels, fill: Pixels, mask: MaskBool, ring: MaskBool) -> Pixels:
    """Return a new photo that shows `fill` in `mask`, feathered over `ring`.

    Returns: (H, W, 3), dtype and colour space of `before`; equal to `fill` where `mask` is True
        and bit-identical to `before` where neither `mask` nor `ring` is. Over the ring alpha
        falls from 1 at the core to 0 at its outer edge. Never a view of an argument.
    Raises: ShapeMismatch: the arrays do not cover the same pixels in the same depth.
    """
    if before.shape != fill.shape or before.dtype != fill.dtype:
        raise ShapeMismatch(
            f"The fill is {fill.dtype} {fill.shape} but the photo is {before.dtype} "
            f"{before.shape}; both must have the same size and depth."
        )
    if mask.shape != before.shape[:2] or ring.shape != before.shape[:2]:
        raise ShapeMismatch(
            f"The mask is {mask.shape} and its ring {ring.shape}, the photo {before.shape[:2]}."
        )
    after = before.copy()
    after[mask] = fill[mask]
    edge = ring & ~mask
    if edge.any():
        box = Box.of_mask(edge | mask).pad(1).clamp(Box.of_shape(mask.shape)).slices
        part = edge[box]
        alpha = feather(mask[box], part)[part][:, None].astype(np.float64)
        old, new = before[box][part], fill[box][part]
        mixed = np.rint(old + alpha * (new.astype(np.float64) - old))
        after[box][part] = mixed.astype(before.dtype)
    return after
