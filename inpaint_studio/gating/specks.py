"""Specks of removed letters in the fill or at its rim: dots and dashes of their inks.

Where a mask ends within a letter's soft edge, the fill goes on from what is left of it there: a row
of dots, a dash, a bit of an outline stands where the letters stood, too small for a piece of ink.
Such a speck differs from the ground right around it towards an ink of the letters (or of their
outline: all colours that many of the removed pixels share) by more than that ground does anywhere
nearby. (`matched` asks the same by what varies little: colours, and ground beside a strong border.)
A photo has such specks, too; so they count where they are many times as common in and beside the
mask as further off, or far longer than any there, each measured by its own ground. On ground as
rough as they are they count where they are plainly mixed with ink and next to nothing elsewhere is.

Of 216 edits of drawn overlays that all else accepted (tuned on) it names 40. Each was looked at at
200 %: 30 show dots, dashes or scraps of letters or of their outlines, or a JPEG's traces of them,
one a glow, five a border of the photo that the letters hid and that was drawn wrongly, four nothing
to be sure of. A mask grown where they lie cleared 24 of the 40, of which all else accepted 22; none
of these shows a rest. Of 382 masks over the bare photo it names 101, where finer things lie under
the letters than around them; a fill seldom draws such. Rejected: any colour, not only the inks'
(more borders of the photo named than rests); the way from the inks as well (no more found); black
and white always (fewer found, as more of the photo counts); what lies within a letter's hole and is
mixed with ink (as many false as found).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.letter_inks import APART, Lab, along, median, shared_colours
from inpaint_studio.gating.matched import matched_specks
from inpaint_studio.gating.readings.base import Measured, found_in
from inpaint_studio.gating.scene import distance, lab_in
from inpaint_studio.geometry import Box

NEAR_PX = 3.0
"""How far from the mask a speck may lie."""
OFTEN = 8.0
"""How many times as common as further off."""
_SPREAD_PX, _AROUND_PX = 10.0, 96
_NO_GROUND = 0.02
_OFF_LAB = 2.0


@dataclass(frozen=True, slots=True)
class _Look:
    """size_px: of the median that is the ground; seen, rougher: Lab, and times what the ground
    varies by, that a speck shows at least; cover, off: its share of ink at least, and how far off
    the way to the ink it may lie, as a part of that; few: so many pixels."""

    size_px: int
    seen: float
    rougher: float
    cover: float
    off: float
    few: int


LOOKS = (
    _Look(5, 5.0, 6.0, 0.12, 0.4, 2),
    _Look(5, 12.0, 0.0, 0.3, 0.35, 3),
    _Look(11, 5.0, 5.0, 0.12, 0.4, 4),
    _Look(21, 5.0, 5.0, 0.12, 0.4, 8),
)
"""Dots, what is plainly ink on rough ground, dashes and scraps."""
LINES = _Look(5, 5.0, 4.0, 0.12, 0.4, 1)
LONG_PX, LONGER = 7, 2.0
"""The length of a line, and how many times as long as any further off it is."""


def specks_left(request: JudgeRequest) -> Measured:
    """Return how many px in the mask and right beside it are specks in the letters' inks."""
    view = Box.of_mask(request.mask).pad(_AROUND_PX).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    before, after = (lab_in(pixels, view) for pixels in (request.before, request.after))
    own = mask & ~request.made_up[view.slices]
    left = _specks(before, after, mask, own)
    return found_in(view, left, request.mask.shape)


def _specks(before: Lab, after: Lab, mask: MaskBool, own: MaskBool) -> MaskBool:
    """own: what was brought back from under an overlay, specks and all."""
    away = distance(~mask)
    near, bare = (away <= NEAR_PX) & ~own, away > NEAR_PX + 1
    inks = shared_colours(before, after, mask)
    left = np.zeros_like(mask)
    if not inks or not bare.any():
        return left
    common = OFTEN * int(near.sum()) / int(bare.sum())
    beside = _Beside(after, bare, LINES.size_px)
    left |= _longest(beside, inks, near)
    for look in LOOKS:
        if look.size_px != beside.size_px:
            beside = _Beside(after, bare, look.size_px)
        asked, each = beside.towards(inks, look)
        # Together many inks tell more, alone one is not drowned by a colour of the photo's.
        for told in (np.any(each, axis=0), *each):
            found, elsewhere = told & near[asked], told & bare[asked]
            if found.sum() >= max(look.few, common * (elsewhere.sum() + 1)):
                left[asked] |= found
    return left | matched_specks(after, mask, near, bare, inks)


class _Beside:
    """How far each pixel lies off what is right around it, and how far bare ground nearby does."""

    def __init__(self, after: Lab, bare: MaskBool, size_px: int) -> None:
        self.size_px, self.bare = size_px, bare
        self.ground = median(after, size_px)
        self.off = after - self.ground
        self.size = np.sqrt((self.off**2).sum(axis=2))
        spread = cv2.GaussianBlur(bare.astype(np.float32), (0, 0), _SPREAD_PX)
        square = cv2.GaussianBlur(self.size**2 * bare, (0, 0), _SPREAD_PX)
        self.rough = np.sqrt(square / np.maximum(spread, _NO_GROUND))
        self.rough[spread < _NO_GROUND] = np.inf

    def towards(self, inks: list[Lab], look: _Look) -> tuple[MaskBool, list[MaskBool]]:
        """The pixels (H, W) that stand out, and which of those, (n,), do so towards each ink."""
        asked = self.size >= look.seen
        if look.rougher:
            asked &= self.size >= look.rougher * self.rough
        off, ground = self.off[asked], self.ground[asked]
        return asked, [_towards(ink, off, ground, look) for ink in inks]


def _longest(beside: _Beside, inks: list[Lab], near: MaskBool) -> MaskBool:
    """The specks that are longer than any further off: there a photo may have many short ones."""
    asked, each = beside.towards(inks, LINES)
    told = np.zeros_like(near)
    told[asked] = np.any(each, axis=0)
    _, further = _pieces(told & beside.bare)
    labels, lengths = _pieces(told & near)
    least = max(LONG_PX, LONGER * further.max(initial=0))
    return np.asarray(np.isin(labels, 1 + np.flatnonzero(lengths >= least)), dtype=np.bool_)


def _pieces(told: MaskBool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The connected pieces, numbered from 1, and the longer side of each one's box, px."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(told.astype(np.uint8), connectivity=8)
    return labels, stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1, initial=0)


def _towards(ink: Lab, off: Lab, ground: Lab, look: _Look) -> MaskBool:
    """Which of the pixels (n,) differ from their ground (n, 3) towards an ink."""
    contrast, shown, rest = along(off, ink - ground)
    is_ink = (contrast > APART) & (shown >= np.maximum(look.seen, look.cover * contrast))
    return np.asarray(is_ink & (rest <= look.off * shown + _OFF_LAB), dtype=np.bool_)
