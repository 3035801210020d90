"""The relief of a removed mark that still stands beside its mask.

What is embossed has no colour of its own, so neither the ink nor the colours of what was removed
tell that some of it is left. On an even surface (cloth, wood, metal, skin) its rim does: beside
the mask the fill's picture is steeper than the surface is anywhere else. Where the surface itself
is uneven, nothing is said.

Of 154 masks that left 20 px and more of a logo of 14 levels and more standing (made surfaces, whose
masks were shrunk, moved or cut) 152 are seen, of 88 that covered it none is (tuned on); of the same
at three times the size with grain 50 of 52, none of 28. In 474 photos with a sticker or a logo of
one colour drawn in and taken out again to the pixel something is said of five.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured, found_in
from inpaint_studio.gating.scene import distance, to_lab, to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.relief import relief

BESIDE_PX, AWAY_PX, AROUND_PX = 8.0, 12.0, 96
"""Where a rest is looked for, and where the surface is; px of the mask drawn `LONGEST_PX` long."""
EVEN, MOST = 3.0, 0.02
"""A surface is even where no more than `MOST` of it stands out further than that."""
SEEN = 3.5
"""From how many deviations on a place beside the mask is a rest (goes up to 3.2 without one)."""
LONGEST_PX = 160
"""A larger mask is looked at smaller: its relief is as much softer."""


def relief_left(request: JudgeRequest) -> Measured:
    """Return how far, in px, a relief that stands beside the mask reaches (0: none is seen)."""
    hole = Box.of_mask(request.mask)
    scale = min(1.0, LONGEST_PX / max(hole.width, hole.height))
    view = hole.pad(round(AROUND_PX / scale)).clamp(Box.of_shape(request.mask.shape))
    after, mask = to_rgb8(request.after[view.slices]), request.mask[view.slices]
    if scale < 1:
        after = cv2.resize(after, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        size = after.shape[1], after.shape[0]
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    outside = distance(~mask)
    surface, beside = outside > AWAY_PX, (outside > 0) & (outside <= BESIDE_PX)
    if not surface.any() or not beside.any():
        return Measured(0.0)
    stands_out = relief(to_lab(np.ascontiguousarray(after))[..., 0])
    left = beside & (stands_out > SEEN)
    if float(np.quantile(stands_out[surface], 1 - MOST)) > EVEN or not left.any():
        return Measured(0.0)
    _, parts = cv2.connectedComponents((~mask & (stands_out > SEEN)).astype(np.uint8))
    rest = np.isin(parts, np.unique(parts[left]))
    reach = float(np.ceil(outside[rest].max() / scale))
    size = view.width, view.height
    rest = cv2.resize(rest.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return found_in(view, rest, request.mask.shape, reach)
