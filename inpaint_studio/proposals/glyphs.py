"""From a line of text to its strokes.

A detector's box holds three to five times the area of the letters. Several ways to tell ink
from ground are tried (brighter, darker, another colour, many colours, a semi-transparent
veil), each gives a mask, and each mask is given back to the recogniser as black on white. The
mask that reads like the photo wins: that is a second, independent witness, for a mask of the
wrong thing reads as nothing.

Rejected: one threshold for all (fails on gradients), k-means colours (fails on veils and on
letters of many colours), and taking the box (destroys what lies between the letters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.exact import exact_inks, never_of, of_exact_ink, other_inks, shown_by
from inpaint_studio.imaging.mask import grow, usual_stroke_px
from inpaint_studio.proposals.chosen import (
    Read,
    best_candidate,
    letters_lost,
    likeness,
    read_alone,
    reading,
    refined,
)
from inpaint_studio.proposals.effects import grown_to_effects
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.hairlines import hairlines_past
from inpaint_studio.proposals.ink import Work, beyond_ends
from inpaint_studio.proposals.shadows import with_past
from inpaint_studio.vision.lines import Line, scaled

WORK_PX = 40
"""Lines are enlarged until they are about this high, so that a stroke is some pixels wide."""
LARGEST_PX = 72
"""Lines higher than this are made smaller for the search."""
_ENDS = 1.4
"""Heights of the line before and after it where ink of one colour to the level is looked for: all
that lies within the crop."""
_NEARLY = 30.0
"""Lab, from an ink: what hangs on it and is so near to it is mixed with it."""
_OTHER = 0.25
"""How many pixels of a further ink there must be, as a part of the rarest ink's."""
_APART = 2
"""How many times as much of a further ink must stand past the line's ends as amid its letters."""
_MOST_OTHER = 0.75
"""Share of the strokes found that may turn out to be no ink."""


@dataclass(frozen=True, slots=True, eq=False)
class Glyphs:
    """Strokes of one line: `mask` (H, W) over `box`, outline, shadow and ringing included.

    core: the ink alone. room: where its effects may lie. agreement: 0..1, how well the core alone
    reads like the photo did. way: how ink was told from ground. stroke_px: median stroke width.
    is_past: whether a shadow or glow may still reach past the mask. lost: letters at an end of the
    line that the core does not read.
    """

    box: Box
    mask: MaskBool
    core: MaskBool
    room: MaskBool
    agreement: float
    way: str
    stroke_px: float
    is_past: bool = False
    lost: int = 0


def ink_colour(rgb: NDArray[np.uint8], glyphs: Glyphs) -> NDArray[np.float32]:
    """Return the Lab colour (3,) that some strokes are written in."""
    return np.asarray(np.median(ink_pixels(rgb, glyphs), axis=0), dtype=np.float32)


def ink_pixels(rgb: NDArray[np.uint8], glyphs: Glyphs) -> NDArray[np.float32]:
    """Return the Lab colours (n, 3) of the strokes' inside, of all of them where they are thin."""
    inner = cv2.erode(glyphs.core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    where = inner if inner.sum() >= 12 else glyphs.core
    return to_lab(np.ascontiguousarray(rgb[glyphs.box.slices]))[where]


def strokes(
    rgb: NDArray[np.uint8], line: Line, read: Read, *, inks: Sequence[NDArray[np.float32]] = (),
    bare: MaskBool | None = None,
) -> Glyphs | None:  # fmt: skip
    """Return the strokes of `line` in an 8-bit sRGB photo; None when none can be told.

    inks: Lab colours that other lines are written in, to be tried as well. bare: (H, W), where no
    line lies; without it all but this one.
    """
    frame = Box.of_shape(rgb.shape)
    box = line.box.pad(round(max(10.0, 1.4 * line.thickness_px))).clamp(frame)
    if box.width < 6 or box.height < 6:
        return None
    crop = rgb[box.slices]
    local = scaled(line, 1.0, 1.0, -box.left, -box.top)
    factor = min(1.0, LARGEST_PX / max(line.thickness_px, 1.0))
    if factor > 0.75:
        found = _strokes_in(crop, local, read, inks)
    else:
        # Large letters carry no more information than middling ones, only more pixels.
        small = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        exact_x, exact_y = small.shape[1] / crop.shape[1], small.shape[0] / crop.shape[0]
        smaller = scaled(local, exact_x, exact_y, 0.0, 0.0)
        found = _strokes_in(np.asarray(small, dtype=np.uint8), smaller, read, inks)
    if found is None:
        return None
    if found.core.shape != crop.shape[:2]:
        found = _enlarged(found, crop, factor)
    lab = to_lab(crop)
    past = ~found.room if bare is None else ~found.room & bare[box.slices]
    found, inks = _with_exact_ink(found, lab, past, local)
    core = _of_its_inks(found.core, inks, lab, local, read)
    mask, is_past = with_effects(lab, core, found.room, line)
    return Glyphs(box, mask, core, found.room, found.agreement, found.way, found.width, is_past,
                  found.lost)  # fmt: skip


def with_effects(
    lab: NDArray[np.float32], core: MaskBool, room: MaskBool, line: Line
) -> tuple[MaskBool, bool]:
    """Return `core` with its soft edges, effects, ringing and hairlines within `room`, all (H, W),
    and whether a shadow or glow may still reach past that; line: tells its height and direction."""
    angle = None if line.curved else line.angle_deg
    mask = grown_to_effects(lab, core, room, line.thickness_px, angle)
    mask, is_past = with_past(lab, core, mask, room, line.thickness_px, angle)
    return mask | hairlines_past(lab, core, mask, room, line.thickness_px), is_past


@dataclass(frozen=True, slots=True, eq=False)
class _Ink:
    """The ink of a line within its crop: `core`, the room that effects may take, and how it was
    told."""

    agreement: float
    way: str
    core: MaskBool
    room: MaskBool
    width: float
    lost: int


def _strokes_in(
    crop: NDArray[np.uint8], line: Line, read: Read, inks: Sequence[NDArray[np.float32]]
) -> _Ink | None:
    zoom = int(np.clip(np.ceil(WORK_PX / max(line.thickness_px, 1.0)), 1, 4))
    work = Work(crop, line, zoom)
    best = best_candidate(work, read, inks)
    if best is None:
        return None
    agreement, way, inner = refined(best, work, read)
    past = beyond_ends(work, inner) if inner.any() else inner
    inner = inner | past
    core = _shrunk(inner, crop.shape, zoom)
    width = usual_stroke_px(inner) / zoom
    room = work.region_native
    if past.any():
        room = room | grow(_shrunk(past, crop.shape, zoom), round(0.2 * line.thickness_px) + 1)
    lost = letters_lost(line.text, reading(inner, work, read)[0])
    return _Ink(agreement, way, core, room, width, lost)


def _enlarged(ink: _Ink, crop: NDArray[np.uint8], factor: float) -> _Ink:
    """Return ink found in a crop made smaller by `factor` at the crop's own size."""

    def full(mask: MaskBool) -> MaskBool:
        size = (crop.shape[1], crop.shape[0])
        soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(soft > 0.5, dtype=np.bool_)

    core, room = full(ink.core), full(ink.room)
    return replace(ink, core=core, room=room, width=ink.width / factor)


def _with_exact_ink(
    ink: _Ink, lab: NDArray[np.float32], bare: MaskBool, line: Line
) -> tuple[_Ink, list[NDArray[np.float32]]]:
    """Return the ink with all of its one colour, or of each of its colours, where it has such, and
    these: a © that stands a space before the line goes with it."""
    core = ink.core
    ends = line.longer_mask(lab.shape, _ENDS) & bare
    known = exact_inks(lab, core)
    inks: list[NDArray[np.float32]] = []
    others = other_inks(lab, known, core, ink.room)
    signs = other_inks(lab, known, core, ink.room | ends, share=_OTHER)
    others += [sign for sign in signs if _is_apart(lab, sign, ends, ink.room & ~ends)]
    for colour in (*known, *others):
        exact = of_exact_ink(lab, colour, ink.room | ends, bare & ~ends)
        core = core | exact | _rest_of_sign(lab, colour, exact, ends, line.thickness_px)
        if exact.any() or len(inks) < len(known):
            inks.append(colour)
    room = ink.room | (grow(core & ~ink.room, round(0.2 * line.thickness_px) + 1) & bare)
    return replace(ink, core=core, room=room), inks


def _is_apart(
    lab: NDArray[np.float32], colour: NDArray[np.float32], ends: MaskBool, amid: MaskBool
) -> bool:
    """Say whether a colour stands before or after the line: one amid its letters, too, is the
    photo's (a night sky, level enough, was taken for an ink)."""
    return shown_by(lab, colour, ends) > _APART * shown_by(lab, colour, amid)


def _rest_of_sign(
    lab: NDArray[np.float32], colour: NDArray[np.float32], exact: MaskBool, ends: MaskBool,
    thickness_px: float,
) -> MaskBool:  # fmt: skip
    """Return what of `ends` is nearly of an ink and hangs on what is exactly of it there: of a
    thin sign few pixels are whole."""
    off = np.sqrt(((lab - colour) ** 2).sum(axis=2))
    nearly = np.asarray((off <= _NEARLY) & ends, dtype=np.uint8)
    joined = cv2.morphologyEx(nearly, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    hangs = np.isin(labels, labels[exact & ends]) & (sides <= _ENDS * thickness_px)[labels]
    return np.asarray(hangs & (labels > 0) & (nearly > 0), dtype=np.bool_)


def _of_its_inks(
    core: MaskBool, inks: list[NDArray[np.float32]], lab: NDArray[np.float32], line: Line,
    read: Read,
) -> MaskBool:  # fmt: skip
    """Return the core without the photo's own forms that cannot be of its inks, where these are
    each one colour to the level and what is left reads no worse."""
    never = never_of(lab, inks, core) if inks else np.zeros_like(core)
    if not never.any() or never.sum() > _MOST_OTHER * core.sum():
        return core
    kept = core & ~never
    one, two = (likeness(read_alone(part, line, read)[0], line.text) for part in (core, kept))
    return kept if two >= one else core


def _shrunk(mask: MaskBool, shape: tuple[int, ...], zoom: int) -> MaskBool:
    """Return the mask at native size: pixels covered by more than a third."""
    if zoom == 1:
        return mask
    size = (shape[1], shape[0])
    cover = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cover > 0.34, dtype=np.bool_)
