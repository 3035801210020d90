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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.exact import exact_inks, never_of, of_exact_ink, other_inks
from inpaint_studio.imaging.mask import grow, usual_stroke_px
from inpaint_studio.proposals.effects import grown_to_effects
from inpaint_studio.proposals.ground import spread, to_lab
from inpaint_studio.proposals.hairlines import hairlines_past
from inpaint_studio.proposals.ink import (
    Work,
    beyond_ends,
    candidates,
    cleaned,
    ink_of,
    locally_inked,
    of_one_ink,
    veiled,
)
from inpaint_studio.proposals.shadows import with_past
from inpaint_studio.vision.lines import Line, scaled, strip
from inpaint_studio.vision.plausible import letters_of

Read: TypeAlias = Callable[[NDArray[np.uint8]], tuple[str, float]]

WORK_PX = 40
"""Lines are enlarged until they are about this high, so that a stroke is some pixels wide."""
LARGEST_PX = 72
"""Lines higher than this are made smaller for the search."""
ENOUGH = 0.93
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


def likeness(one: str, two: str) -> float:
    """Return 0..1, how alike two readings are (letters and digits, case ignored)."""
    first, second = letters_of(one).casefold(), letters_of(two).casefold()
    if not first or not second:
        return 0.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def letters_lost(text: str, again: str) -> int:
    """Return how many letters at the start or the end of `text` a second reading does not have.

    A letter read as another is none of them.
    """
    first, second = letters_of(text).casefold(), letters_of(again).casefold()
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return len(first)
    start, end = blocks[0], blocks[-1]
    after = (len(first) - end.a - end.size) - (len(second) - end.b - end.size)
    return max(0, start.a - start.b, after)


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
    found = _with_exact_ink(found, lab, past)
    core = _of_its_inks(found.core, lab, local, read)
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
    best = _best(work, read, inks)
    if best is None:
        return None
    agreement, way, inner = _refined(best, work, read)
    past = beyond_ends(work, inner) if inner.any() else inner
    inner = inner | past
    core = _shrunk(inner, crop.shape, zoom)
    width = usual_stroke_px(inner) / zoom
    room = work.region_native
    if past.any():
        room = room | grow(_shrunk(past, crop.shape, zoom), round(0.2 * line.thickness_px) + 1)
    lost = letters_lost(line.text, _reading(inner, work, read)[0])
    return _Ink(agreement, way, core, room, width, lost)


def _enlarged(ink: _Ink, crop: NDArray[np.uint8], factor: float) -> _Ink:
    """Return ink found in a crop made smaller by `factor` at the crop's own size."""

    def full(mask: MaskBool) -> MaskBool:
        size = (crop.shape[1], crop.shape[0])
        soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(soft > 0.5, dtype=np.bool_)

    core, room = full(ink.core), full(ink.room)
    return replace(ink, core=core, room=room, width=ink.width / factor)


def _with_exact_ink(ink: _Ink, lab: NDArray[np.float32], bare: MaskBool) -> _Ink:
    """Return the ink with all of its one colour, or of each of its colours, where it has such."""
    core = ink.core
    inks = exact_inks(lab, core)
    for colour in (*inks, *other_inks(lab, inks, core, ink.room)):
        core = core | of_exact_ink(lab, colour, ink.room, bare)
    return replace(ink, core=core)


def _of_its_inks(
    core: MaskBool, lab: NDArray[np.float32], line: Line, read: Read
) -> MaskBool:  # fmt: skip
    """Return the core without the photo's own forms that cannot be of its inks, where these are
    each one colour to the level and what is left reads no worse."""
    inks = exact_inks(lab, core)
    never = never_of(lab, inks, core) if inks else np.zeros_like(core)
    if not never.any() or never.sum() > _MOST_OTHER * core.sum():
        return core
    kept = core & ~never
    one, two = (likeness(_read_alone(part, line, read)[0], line.text) for part in (core, kept))
    return kept if two >= one else core


def _best(
    work: Work, read: Read, inks: Sequence[NDArray[np.float32]]
) -> tuple[float, str, MaskBool] | None:
    """Return (agreement, way, mask) of the candidate that reads alike and looks like strokes."""
    ranked = sorted(
        ((_unlike_strokes(mask, work), number, way, mask)
         for number, (way, mask) in enumerate(candidates(work, inks)) if mask.any()),
        key=lambda item: (round(item[0], 2), item[1]),
    )  # fmt: skip
    best: tuple[float, float, str, MaskBool] | None = None
    for penalty, _, way, mask in ranked:
        agreement = _reads_alike(mask, work, read)
        if best is None or agreement - penalty > best[0] + 0.02:
            best = (agreement - penalty, agreement, way, mask)
        if agreement >= ENOUGH:
            break
    return best[1:] if best else None


def _refined(best: tuple[float, str, MaskBool], work: Work, read: Read) -> tuple[
    float, str, MaskBool
]:  # fmt: skip
    """Look once more with the ink's colour known: letters missed on another ground turn up."""
    agreement, way, mask = best
    if agreement < 0.3 or not mask.any():
        return best
    inked = locally_inked(work, ink_of(work, mask), usual_stroke_px(mask), mask)
    second = cleaned(inked, work)
    penalty = _unlike_strokes(mask, work)
    if second.any():
        again = _reads_alike(second, work, read)
        if again - _unlike_strokes(second, work) >= agreement - penalty - 0.01:
            agreement, way, mask = again, f"{way}, refined", second
    veil = veiled(work, mask)
    if veil is not None:
        agreement, way, mask = _if_as_good((agreement, way, mask), "a veil", cleaned(veil, work),
                                           work, read)  # fmt: skip
    if agreement < ENOUGH:
        joined = _with_missing(mask, work)
        if (joined & ~mask).any():
            again = _reads_alike(joined, work, read)
            if again > agreement + 0.02:
                agreement, mask = again, joined
    pure = of_one_ink(mask, work)
    if (pure != mask).any():
        return _if_as_good((agreement, way, mask), "one ink", pure, work, read)
    return agreement, way, mask


def _if_as_good(
    best: tuple[float, str, MaskBool], how: str, mask: MaskBool, work: Work, read: Read
) -> tuple[float, str, MaskBool]:
    """Return the mask instead of the best when it reads as well and looks more like strokes."""
    if not mask.any():
        return best
    agreement, way, old = best
    again = _reads_alike(mask, work, read)
    if again - _unlike_strokes(mask, work) < agreement - _unlike_strokes(old, work) - 0.01:
        return best
    return again, f"{way}, {how}", mask


def _with_missing(mask: MaskBool, work: Work) -> MaskBool:
    """Add pieces of any candidate that lie apart from the strokes found and are as thick."""
    width = usual_stroke_px(mask)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    joined = mask.copy()
    for _, other in candidates(work):
        count, labels = cv2.connectedComponents(other.astype(np.uint8), connectivity=8)
        hit = np.bincount(labels.ravel(), weights=near.ravel(), minlength=count) > 0
        hit[0] = True
        rest = ~hit[labels]
        if rest.any() and 0.5 * width <= usual_stroke_px(rest) <= 1.8 * width:
            joined |= rest
            near |= cv2.dilate(rest.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return joined


def _unlike_strokes(mask: MaskBool, work: Work) -> float:
    """Return 0 (as strokes are) .. 1: uneven colour, weak borders, too much of the line."""
    contour = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    strong = work.slope[contour]
    weak = float((strong < 0.35 * np.percentile(strong, 75)).mean()) if strong.size else 1.0
    colours = work.lab[mask & ~contour] if (mask & ~contour).sum() > 20 else work.lab[mask]
    uneven = float(np.mean([spread(colours[:, k]) for k in range(3)]))
    share = float(mask[work.inside].mean())
    filled = max(0.0, share - 0.45)
    return 0.5 * weak + 0.015 * min(uneven, 20.0) + filled


def _reads_alike(mask: MaskBool, work: Work, read: Read) -> float:
    """How well the mask alone, black on white, reads like the line, 0..1."""
    share = float(mask[work.region].mean()) if work.region.any() else 0.0
    if not 0.02 <= share <= 0.75:
        return 0.0
    text, score = _reading(mask, work, read)
    return likeness(text, work.line.text) * min(1.0, 0.4 + 0.6 * score / 0.9)


def _reading(mask: MaskBool, work: Work, read: Read) -> tuple[str, float]:
    soft = 255 - mask.astype(np.uint8) * 255
    if work.zoom > 1:
        size = (work.native[1], work.native[0])
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return read(strip(np.repeat(soft[..., None], 3, axis=2), work.line))


def _read_alone(mask: MaskBool, line: Line, read: Read) -> tuple[str, float]:
    soft = 255 - mask.astype(np.uint8) * 255
    return read(strip(np.repeat(soft[..., None], 3, axis=2), line))


def _shrunk(mask: MaskBool, shape: tuple[int, ...], zoom: int) -> MaskBool:
    """Return the mask at native size: pixels covered by more than a third."""
    if zoom == 1:
        return mask
    size = (shape[1], shape[0])
    cover = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cover > 0.34, dtype=np.bool_)
