"""Ink of removed letters that is left beside them: what no reader reads, a lone letter or half one.

Where letters were taken off, before and after tell their ink, the width of their strokes and their
height. A piece beside the mask that is of this ink, as thin, no higher, and that stands out from
its own ground, all round, is one of them left behind; the brightest part of something bright beside
them is not. Where things further off have such ink, too, a piece tells nothing, unless it lies amid
the mask; and much of that ink right beside the letters means that nobody can tell. Specks and
hairlines, mixed with their ground, tell together what none of them tells alone: many lie right
beside the mask, next to none elsewhere. Ink that is one colour to the level needs no form: where
the photo has none of it, every pixel of it is a rest. Letters of many colours are asked colour by
colour where each is one to the level, and a further colour that is so beside them, and nowhere
else, is theirs as well: the © or the first word may have its own. Ink that varies otherwise, or
hardly differs from its ground, tells nothing: then nothing is found.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.letter_inks import (
    APART,
    Lab,
    LetterInk,
    along,
    inks_of,
    median,
    off_from,
)
from inpaint_studio.gating.readings.base import Measured, found_in
from inpaint_studio.gating.scene import distance, lab_in
from inpaint_studio.gating.thin_strokes import thin_strokes
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.exact import of_exact_ink, other_inks
from inpaint_studio.imaging.mask import grow, usual_stroke_px

NEAR, WITHIN = 0.6, 1.2
"""Heights of a letter: how near a piece begins, and how far it may reach from the mask."""
AHEAD = 2.0
"""The same along the line of ink that is one colour to the level: after a © there is a space."""
NEAR_MOST_PX = 40.0
"""Letters further away may be another region's, and still wait for their own fill."""
HIGHEST = 1.4
"""Heights of a letter: a piece's longer side at most."""
SCRAP_PX, WITHIN_MASK = 10, 0.5
"""Pixels of a scrap amid the mask, and which share of what lies around it is masked."""
ALONE, AROUND_PX = 0.75, (1.5, 3.5)
"""Share of what lies so far around a piece that is another colour: letters end at once, the light
on a cup fades."""
AT_HOME = 0.005
"""Share of what lies further off that is such ink, too: then a piece of it may be anything."""
BESIDE = 0.06
"""Share of what lies right beside the letters that may be of their ink: of 216 edits that all else
accepted two have more, and both show it; of 170 clean ones seven, and three of four whose letters
lie on ground of their own colour."""
SPECKS_PX, SPECKS_OFTEN = 10, 10.0
"""Pixels partly of ink right beside the mask, and how many times as often as further off: of 207
accepted edits four, three of which show yellow dots or hairlines, the fourth the light on a
beetle."""
SPECK_COVER, SPECK_SEEN = 0.3, 12.0
"""How much of the ink is in such a pixel, 0..1, and what that changes, Lab."""
SPECK_DEPTH_PX = 2.0
"""How far a speck's inside may lie from its rim: a thing of the ink's colour is no hairline."""
OTHER_SHARE = 0.25
"""How many pixels of a further ink there must be, as a part of the rarest ink's."""
THIN_COVER, THIN_AT_HOME = 0.45, 0.02
"""How much of an ink of many is in each pixel of a thin letter, and the share of what lies further
off that may be so, too."""
_SPECK_OFF = (0.35, 2.0)
_SPECK_NEAR_PX = 3.0
_THIN = (9.0, 0.4)
"""The same of thin strokes, of which less is enough."""
_BESIDE_PX = 1.5
_RIM_PX = 2.0


def ink_left(request: JudgeRequest) -> Measured:
    """Return how many px of the removed letters' ink are left as pieces beside the mask."""
    view = Box.of_mask(request.mask).pad(96).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    before, after = (lab_in(pixels, view) for pixels in (request.before, request.after))
    away = distance(~mask)
    inks = inks_of(before, after, mask)
    left = np.zeros_like(mask)
    ground = _ground(after, inks[0]) if inks else after
    for ink in inks:
        left |= _left_of(ink, after, ground, mask, away)
        if len(inks) > 1:
            left |= _thin_letters(ink, after, ground, away)
    if len(inks) > 1:
        left |= _of_another(inks, before, after, mask, away)
    return found_in(view, left, request.mask.shape)


def _left_of(
    ink: LetterInk, after: Lab, ground: Lab, mask: MaskBool, away: NDArray[np.float32]
) -> MaskBool:
    """The pixels of one ink that are left beside the mask."""
    room = (away > _RIM_PX) & (away <= WITHIN * ink.height_px)
    bare = (away > WITHIN * ink.height_px) & ~_along(mask)
    off, inked = _inked(after, ground, ink)
    left = _hidden(off, away, ink)
    if not bare.any() or float(inked[bare].mean()) <= AT_HOME:
        left |= _pieces(off, inked & room, away, ink) | _scraps(off, inked & ~mask, mask, ink)
    else:
        left |= _scraps(off, (off <= ink.near) & ~mask, mask, ink)
    left |= _specks(after, ground, away, ink)
    left |= thin_strokes(_mixed(after, ground, ink, *_THIN), away, ink.height_px)
    if ink.is_exact:
        near = ~mask & (away <= min(NEAR * ink.height_px, NEAR_MOST_PX))
        near |= ~mask & _along(mask) & (away <= min(AHEAD * ink.height_px, NEAR_MOST_PX))
        left |= of_exact_ink(after, ink.colour, near, bare)
    return left


def _of_another(
    inks: list[LetterInk], before: Lab, after: Lab, mask: MaskBool, away: NDArray[np.float32]
) -> MaskBool:
    """The pixels beside many-coloured letters of an ink that none of them has."""
    reach = WITHIN * inks[0].height_px
    near, bare = ~mask & (away <= reach), (away > reach) & ~_along(mask)
    left = np.zeros_like(mask)
    colours = [ink.colour for ink in inks]
    for colour in other_inks(before, colours, mask, near, share=OTHER_SHARE):
        left |= of_exact_ink(after, colour, near, bare)
    return left


def _thin_letters(ink: LetterInk, after: Lab, ground: Lab, away: NDArray[np.float32]) -> MaskBool:
    """The pieces beside many-coloured letters that are mixed with an ink of theirs all over: of
    thin letters no pixel is whole. (Letters of one colour are found by its specks.)"""
    off = off_from(after, ink.colour)
    thin = _mixed(after, ground, ink, APART, _SPECK_OFF[0], cover=THIN_COVER)
    reach = WITHIN * ink.height_px
    bare = away > reach
    if not bare.any() or float(thin[bare].mean()) > THIN_AT_HOME:
        return np.zeros_like(thin)
    return _pieces(off, thin & (away > _RIM_PX) & (away <= reach), away, ink)


def _along(mask: MaskBool) -> MaskBool:
    """Where the line of letters would go on: what stands there is perhaps theirs, not the photo's
    own."""
    box = Box.of_mask(mask)
    along = np.zeros_like(mask)
    if box.width >= box.height:
        along[box.top : box.bottom] = True
    else:
        along[:, box.left : box.right] = True
    return along


def _pieces(
    off: NDArray[np.float32], found: MaskBool, away: NDArray[np.float32], ink: LetterInk
) -> MaskBool:
    """The pixels of pieces that look like letters of this ink.

    off: how far each pixel is from the ink, Lab; found: what is of it in reach of the mask.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        found.astype(np.uint8), connectivity=8
    )
    kept = np.zeros(found.shape, dtype=np.bool_)
    for name in range(1, count):
        left, top, wide, high, area = (int(value) for value in stats[name])
        side = max(wide, high)
        if area < max(6.0, 0.5 * ink.stroke_px * 0.35 * ink.height_px):
            continue
        if not 0.35 * ink.height_px <= side <= HIGHEST * ink.height_px:
            continue
        part = (slice(top, top + high), slice(left, left + wide))
        piece = labels[part] == name
        if float(away[part][piece].min()) > min(NEAR * ink.height_px, NEAR_MOST_PX):
            continue
        if not 0.2 * ink.stroke_px <= usual_stroke_px(piece, by_area=True) <= 2.2 * ink.stroke_px:
            continue
        if _ends_at_once(off, labels == name, Box(left, top, left + wide, top + high), ink):
            kept[part] |= piece
    return kept


def _scraps(
    off: NDArray[np.float32], found: MaskBool, mask: MaskBool, ink: LetterInk
) -> MaskBool:  # fmt: skip
    """The pixels of ink that the mask left out in the middle of letters: most of what lies around
    such a scrap is masked, and all of it is of another colour."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        found.astype(np.uint8), connectivity=8
    )
    near = grow(mask, 1)
    kept = np.zeros(mask.shape, dtype=np.bool_)
    for name in range(1, count):
        left, top, wide, high, area = (int(value) for value in stats[name])
        if area < SCRAP_PX or max(wide, high) > HIGHEST * ink.height_px:
            continue
        box = Box(left, top, left + wide, top + high)
        part = box.pad(3).clamp(Box.of_shape(mask.shape)).slices
        away = distance(labels[part] != name)
        around = (away > 1.5) & (away <= 3.0)
        is_within = around.any() and float(near[part][around].mean()) >= WITHIN_MASK
        if is_within and _ends_at_once(off, labels == name, box, ink):
            kept |= labels == name
    return kept


def _hidden(off: NDArray[np.float32], away: NDArray[np.float32], ink: LetterInk) -> MaskBool:
    """What of the ink's colour lies right beside the letters, where much of it does: which of it is
    letters and which is the photo's own nobody can tell."""
    beside = (away > _BESIDE_PX) & (away <= NEAR * ink.height_px)
    alike = beside & (off <= ink.near)
    return alike if int(alike.sum()) > BESIDE * int(beside.sum()) else np.zeros_like(alike)


def _specks(after: Lab, ground: Lab, away: NDArray[np.float32], ink: LetterInk) -> MaskBool:
    """The pixels right beside the mask that are partly of ink, where such are rare elsewhere."""
    is_mixed = _mixed(after, ground, ink, SPECK_SEEN, _SPECK_OFF[0])
    beside = (away > 0) & (away <= _SPECK_NEAR_PX)
    further = away > max(2 * _SPECK_NEAR_PX, NEAR * ink.height_px)
    found = is_mixed & beside & ~_thick(is_mixed & (away > 0))
    often = float(found.sum()) / max(1, int(beside.sum()))
    elsewhere = float(is_mixed[further].mean()) if further.any() else 1.0
    if int(found.sum()) < SPECKS_PX or often <= SPECKS_OFTEN * elsewhere:
        return np.zeros_like(beside)
    return np.asarray(found, dtype=np.bool_)


def _mixed(
    after: Lab, ground: Lab, ink: LetterInk, seen: float, off: float, *, cover: float = SPECK_COVER
) -> MaskBool:  # fmt: skip
    """The pixels that are partly of ink: by how much (Lab) they show it at least, and how far they
    may lie off the way from their ground to it, as a part of that."""
    contrast, shown, rest = along(after - ground, ink.colour - ground)
    is_mixed = (shown >= cover * contrast) & (shown >= seen)
    return np.asarray(is_mixed & (rest <= off * shown + _SPECK_OFF[1]), dtype=np.bool_)


def _thick(found: MaskBool) -> MaskBool:
    """The connected pieces that are deeper than a speck or a hairline."""
    _, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    deep = np.unique(labels[distance(found) > SPECK_DEPTH_PX])
    return np.asarray(np.isin(labels, deep[deep > 0]), dtype=np.bool_)


def _ground(after: Lab, ink: LetterInk) -> Lab:
    """What lies around each pixel, letters of this ink left out."""
    return median(after, int(np.clip(round(max(3.2 * ink.stroke_px, ink.height_px)), 7, 61)) | 1)


def _inked(after: Lab, ground: Lab, ink: LetterInk) -> tuple[NDArray[np.float32], MaskBool]:
    """How far each pixel is from the ink, Lab, and where it is of it though its ground is not."""
    off = off_from(after, ink.colour)
    stands_out = off_from(ground, ink.colour) > 0.6 * ink.apart
    return off, np.asarray((off <= ink.near) & stands_out, dtype=np.bool_)


def _ends_at_once(off: NDArray[np.float32], piece: MaskBool, box: Box, ink: LetterInk) -> bool:
    """Whether what lies right around a piece is of another colour than the ink."""
    near = box.pad(round(AROUND_PX[1]) + 1).clamp(Box.of_shape(piece.shape)).slices
    away = distance(~piece[near])
    around = off[near][(away > AROUND_PX[0]) & (away <= AROUND_PX[1])]
    return bool(around.size) and float((around > 0.4 * ink.apart).mean()) >= ALONE
