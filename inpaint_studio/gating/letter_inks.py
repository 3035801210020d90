"""The ink of removed letters: told by before and after, by colour, width of stroke and height.

Most letters have one. Where they have many, each is one colour to the level, or nothing is told.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.around import letter_height
from inpaint_studio.imaging.exact import exact_ink, exact_inks
from inpaint_studio.imaging.mask import usual_stroke_px

Lab = NDArray[np.float32]

LEAST_PX, CORE_PX = 60, 30
EVEN, APART = 9.0, 14.0
"""Lab: how far the ink may vary, and how far it must lie from what is now in its place."""
MANY_SHARE, OF_ONE = 0.015, 20.0
"""Share of many-coloured letters that is exactly of one ink at least (thin ones are mostly edge),
and how far (Lab) what is its letters' lies from it."""
COLOURED = 20.0
"""Chroma of an ink that is no outline's."""
SHARED, SHARE_EACH, SHARED_PX = 6, 0.04, 12
"""How many colours are told apart, and which share and how many of the pixels have each."""
_BIN, _ALIKE, _OTHER = 6.0, 8.0, 20.0
"""Lab: the grid that colours are counted in, how far pixels of one lie from it, others from it."""
_STROKES, _CHANGED, _OF_MOST = 0.6, 10.0, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class LetterInk:
    """colour (3,) Lab; near: how far from it counts as it; apart: how far from it lies what is now
    in its place; stroke_px, height_px of its letters; is_exact: one colour to the level."""

    colour: NDArray[np.float32]
    near: float
    apart: float
    stroke_px: float
    height_px: float
    is_exact: bool


def strokes_of(change: NDArray[np.float32], mask: MaskBool) -> MaskBool:
    """Return the pixels of the mask whose `change` (Lab) is most: the letters themselves."""
    return np.asarray(mask & (change > _STROKES * np.percentile(change[mask], 90)), dtype=np.bool_)


def inks_of(before: Lab, after: Lab, mask: MaskBool) -> list[LetterInk]:
    """Return the ink of the letters, or each of theirs where they have many; [] where none can be
    told.

    before, after: (H, W, 3) CIELAB; mask: (H, W).
    """
    change = np.sqrt(((before - after) ** 2).sum(axis=2))
    if int(mask.sum()) < LEAST_PX:
        return []
    strokes = strokes_of(change, mask)
    inner = strokes & (cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    core = inner if inner.sum() >= CORE_PX else strokes
    height = letter_height(strokes, longer_side=True, least_px=8)
    if int(core.sum()) < CORE_PX or not height:
        return []
    wide = usual_stroke_px(strokes, by_area=True)
    colour = np.median(before[core], axis=0).astype(np.float32)
    off = float(np.median(off_from(before[core], colour)))
    changed = mask & (change > _CHANGED)
    inks = exact_inks(before, changed, share_each=MANY_SHARE)
    # Of many colours one may have most of the strokes that stand out; an outline is black or white.
    if off > EVEN or sum(float(np.hypot(*one[1:])) >= COLOURED for one in inks) > 1:
        return _many(before, after, changed, inks, wide, height)
    apart = float(np.median(off_from(after[core], colour)))
    if apart < APART:
        return []
    near = min(max(9.0, 3 * off), 0.4 * apart)
    one = exact_ink(before, core)
    return [LetterInk(colour if one is None else one, near, apart, wide, height, one is not None)]


def _many(
    before: Lab, after: Lab, changed: MaskBool, colours: list[Lab], stroke_px: float,
    height_px: float,
) -> list[LetterInk]:  # fmt: skip
    inks = []
    for colour in colours:
        own = changed & (off_from(before, colour) <= OF_ONE)
        apart = float(np.median(off_from(after[own], colour)))
        if apart >= APART:
            near = min(9.0, 0.4 * apart)
            inks.append(LetterInk(colour, near, apart, stroke_px, height_px, True))
    return inks


def shared_colours(before: Lab, after: Lab, mask: MaskBool) -> list[Lab]:
    """Return the colours (3,) that many of the removed pixels share, the commonest first: inks,
    outlines, and, of thin letters, what their soft edges have in common.

    before, after: (H, W, 3) CIELAB; mask: (H, W).
    """
    change = np.sqrt(((before - after) ** 2).sum(axis=2))
    if not mask.any():
        return []
    values = before[mask & (change > max(_CHANGED, _OF_MOST * np.percentile(change[mask], 90)))]
    least = max(SHARED_PX, SHARE_EACH * len(values))
    found: list[Lab] = []
    while len(found) < SHARED and len(values) >= least:
        codes = np.rint(values / _BIN).astype(np.int64) @ np.array([1 << 20, 1 << 10, 1])
        names, counts = np.unique(codes, return_counts=True)
        middle = np.median(values[codes == names[counts.argmax()]], axis=0)
        of_it = off_from(values, middle) < _ALIKE
        if int(of_it.sum()) < least:
            break
        found.append(np.median(values[of_it], axis=0).astype(np.float32))
        values = values[off_from(values, found[-1]) > _OTHER]
    return found


def off_from(lab: Lab, colour: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return how far each of (..., 3) lies from a colour (3,), Lab."""
    return np.asarray(np.sqrt(((lab - colour) ** 2).sum(axis=-1)), dtype=np.float32)


def along(
    off: NDArray[np.float32], way: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return how long the way to an ink is, how far along it a pixel lies, and how far beside it.

    off, way: (..., 3) from the pixel's ground, Lab.
    """
    length = np.maximum(np.sqrt((way**2).sum(axis=-1)), np.float32(1e-3))
    shown = (off * way).sum(axis=-1) / length
    rest = np.sqrt(((off - (shown / length)[..., None] * way) ** 2).sum(axis=-1))
    return length, shown, rest


def median(lab: Lab, size_px: int) -> Lab:
    """Return (H, W, 3) Lab smoothed by a median, in 8 bits, which is plenty for a ground."""
    scale, shift = np.array([2.55, 1, 1]), np.array([0, 128, 128])
    codes = np.clip(lab * scale + shift, 0, 255).astype(np.uint8)
    return np.asarray((cv2.medianBlur(codes, size_px) - shift) / scale, dtype=np.float32)
