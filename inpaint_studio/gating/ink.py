"""Ink of removed letters that is left beside them: what no reader reads, a lone letter or half one.

Where letters were taken off, before and after tell their ink, the width of their strokes and their
height. A piece beside the mask that is of this ink, as thin, no higher, and that stands out from
its own ground, all round, is one of them left behind; the brightest part of something bright beside
them is not. Where things further off have such ink, too, a piece tells nothing, and much of it
right beside the letters means that nobody can tell. Specks and hairlines, mixed with their ground,
tell together what none of them tells alone: many lie right beside the mask, next to none elsewhere.
Ink that is one colour to the level needs no
form: where the photo has none of it, every pixel of it is a rest. Ink of many colours, or hardly
another than its ground, tells nothing: then nothing is found.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import distance, to_lab, to_rgb8
from inpaint_studio.gating.thin_strokes import thin_strokes
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.around import letter_height
from inpaint_studio.imaging.exact import exact_ink, of_exact_ink
from inpaint_studio.imaging.mask import grow, usual_stroke_px

Lab = NDArray[np.float32]

LEAST_PX = 60
EVEN, APART = 9.0, 14.0
"""Lab: how far the ink may vary, and how far it must lie from what is now in its place."""
NEAR, WITHIN = 0.6, 1.2
"""Heights of a letter: how near a piece begins, and how far it may reach from the mask."""
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
"""Share of what lies right beside the letters that may then be of their ink: seven of 170 clean
edits have more, and three of four whose letters lie on ground of their own colour."""
SPECKS_PX, SPECKS_OFTEN = 10, 10.0
"""Pixels partly of ink right beside the mask, and how many times as often as further off: of 207
accepted edits four, three of which show yellow dots or hairlines, the fourth the light on a
beetle."""
SPECK_COVER, SPECK_SEEN = 0.3, 12.0
"""How much of the ink is in such a pixel, 0..1, and what that changes, Lab."""
SPECK_DEPTH_PX = 2.0
"""How far a speck's inside may lie from its rim: a thing of the ink's colour is no hairline."""
_SPECK_OFF = (0.35, 2.0)
_SPECK_NEAR_PX = 3.0
_THIN = (9.0, 0.4)
"""The same of thin strokes, of which less is enough."""
_BESIDE_PX = 1.5
_RIM_PX = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Ink:
    """colour (3,) Lab; near: how far from it counts as it; stroke_px, height_px of its letters;
    is_exact: whether it is one colour to the level."""

    colour: NDArray[np.float32]
    near: float
    apart: float
    stroke_px: float
    height_px: float
    is_exact: bool


def ink_left(request: JudgeRequest) -> Measured:
    """Return how many px of the removed letters' ink are left as pieces beside the mask."""
    view = Box.of_mask(request.mask).pad(96).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    before, after = (_lab(pixels, view) for pixels in (request.before, request.after))
    ink = _ink_of(before, after, mask)
    if ink is None:
        return Measured(0.0)
    away = distance(~mask)
    room = (away > _RIM_PX) & (away <= WITHIN * ink.height_px)
    bare = (away > WITHIN * ink.height_px) & ~_along(mask)
    ground = _ground(after, ink)
    off, inked = _inked(after, ground, ink)
    left = np.zeros_like(mask)
    if not bare.any() or float(inked[bare].mean()) <= AT_HOME:
        left |= _pieces(off, inked & room, away, ink) | _scraps(off, inked & ~mask, mask, ink)
    else:
        left |= _hidden(off, away, ink)
    left |= _specks(after, ground, away, ink)
    left |= thin_strokes(_mixed(after, ground, ink, *_THIN), away, ink.height_px)
    if ink.is_exact:
        near = ~mask & (away <= min(NEAR * ink.height_px, NEAR_MOST_PX))
        left |= of_exact_ink(after, ink.colour, near, bare)
    if not left.any():
        return Measured(0.0)
    plane = np.zeros(request.mask.shape, dtype=np.float32)
    plane[view.slices] = left
    return Measured(float(left.sum()), plane, Box.of_mask(plane > 0))


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


def _lab(pixels: Pixels, view: Box) -> Lab:
    return to_lab(to_rgb8(pixels[view.slices]))


def _ink_of(before: Lab, after: Lab, mask: MaskBool) -> _Ink | None:
    change = np.sqrt(((before - after) ** 2).sum(axis=2))
    if int(mask.sum()) < LEAST_PX:
        return None
    strokes = mask & (change > 0.6 * np.percentile(change[mask], 90))
    inner = strokes & (cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    core = inner if inner.sum() >= 30 else strokes
    if int(core.sum()) < 30:
        return None
    colour = np.median(before[core], axis=0)
    off = float(np.median(np.sqrt(((before[core] - colour) ** 2).sum(axis=1))))
    apart = float(np.median(np.sqrt(((after[core] - colour) ** 2).sum(axis=1))))
    if off > EVEN or apart < APART:
        return None
    height = letter_height(strokes, longer_side=True, least_px=8)
    if not height:
        return None
    near = min(max(9.0, 3 * off), 0.4 * apart)
    one = exact_ink(before, core)
    return _Ink(
        colour.astype(np.float32) if one is None else one, near, apart,
        usual_stroke_px(strokes, by_area=True), height, is_exact=one is not None,
    )  # fmt: skip


def _pieces(
    off: NDArray[np.float32], found: MaskBool, away: NDArray[np.float32], ink: _Ink
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
    off: NDArray[np.float32], found: MaskBool, mask: MaskBool, ink: _Ink
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


def _hidden(off: NDArray[np.float32], away: NDArray[np.float32], ink: _Ink) -> MaskBool:
    """What of the ink's colour lies right beside the letters, where much of it does: the photo has
    it too, and which of it is letters nobody can tell."""
    beside = (away > _BESIDE_PX) & (away <= NEAR * ink.height_px)
    alike = beside & (off <= ink.near)
    return alike if int(alike.sum()) > BESIDE * int(beside.sum()) else np.zeros_like(alike)


def _specks(after: Lab, ground: Lab, away: NDArray[np.float32], ink: _Ink) -> MaskBool:
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


def _mixed(after: Lab, ground: Lab, ink: _Ink, seen: float, off: float) -> MaskBool:
    """The pixels that are partly of ink: by how much (Lab) they show it at least, and how far they
    may lie off the way from their ground to it, as a part of that."""
    way = ink.colour - ground
    contrast = np.maximum(np.sqrt((way**2).sum(axis=2)), 1e-3)
    cover = ((after - ground) * way).sum(axis=2) / contrast**2
    rest = np.sqrt(((after - ground - cover[..., None] * way) ** 2).sum(axis=2))
    is_mixed = (cover >= SPECK_COVER) & (cover * contrast >= seen)
    return np.asarray(is_mixed & (rest <= off * cover * contrast + _SPECK_OFF[1]), dtype=np.bool_)


def _thick(found: MaskBool) -> MaskBool:
    """The connected pieces that are deeper than a speck or a hairline."""
    _, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    deep = np.unique(labels[distance(found) > SPECK_DEPTH_PX])
    return np.asarray(np.isin(labels, deep[deep > 0]), dtype=np.bool_)


def _ground(after: Lab, ink: _Ink) -> Lab:
    """What lies around each pixel, letters of this ink left out."""
    return _median(after, int(np.clip(round(max(3.2 * ink.stroke_px, ink.height_px)), 7, 61)) | 1)


def _inked(after: Lab, ground: Lab, ink: _Ink) -> tuple[NDArray[np.float32], MaskBool]:
    """How far each pixel is from the ink, Lab, and where it is of it though its ground is not."""
    off = np.sqrt(((after - ink.colour) ** 2).sum(axis=2))
    stands_out = np.sqrt(((ground - ink.colour) ** 2).sum(axis=2)) > 0.6 * ink.apart
    return off, np.asarray((off <= ink.near) & stands_out, dtype=np.bool_)


def _ends_at_once(off: NDArray[np.float32], piece: MaskBool, box: Box, ink: _Ink) -> bool:
    """Whether what lies right around a piece is of another colour than the ink."""
    near = box.pad(round(AROUND_PX[1]) + 1).clamp(Box.of_shape(piece.shape)).slices
    away = distance(~piece[near])
    around = off[near][(away > AROUND_PX[0]) & (away <= AROUND_PX[1])]
    return bool(around.size) and float((around > 0.4 * ink.apart).mean()) >= ALONE


def _median(lab: Lab, size: int) -> Lab:
    """Lab smoothed by a median, in 8 bits, which is plenty for a ground."""
    scale, shift = np.array([2.55, 1, 1]), np.array([0, 128, 128])
    codes = np.clip(lab * scale + shift, 0, 255).astype(np.uint8)
    return np.asarray((cv2.medianBlur(codes, size) - shift) / scale, dtype=np.float32)
