"""Lines that the detector marks and nobody can read: suggested, never taken off unasked.

What cannot be read must not stay in a photo without a word: a caption in a script that the
reader does not know is a caption all the same. On photos without text the detector marks much
too, but what it marks there is a thing: as high as wide, or a good part of the frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.chosen import Read
from inpaint_studio.proposals.glyphs import Glyphs, ink_colour, strokes
from inpaint_studio.proposals.span import places_held
from inpaint_studio.vision.lines import Line

SEEN, MOST_UNREAD = 0.6, 12
"""How sure the detector must be of a line that cannot be read, and how many are suggested."""
LONG, HIGH_MOST, HIGH_LEAST_PX = 2.4, 0.3, 10.0
"""Shape of a line that nobody could read beside: its length by its height at least, its height
by the photo's shorter side at most, and in px at least. Of 41 things marked in 60 photos without
overlays two are shaped so; most are no longer than 2.2 times their height."""
CLEAR, CLEAR_LONG = 0.85, 1.6
"""A word as short as this is suggested where the detector is as sure as this of it."""
CURVED_SEEN = 0.75
"""How sure the detector must be of a line on an arc: rims and branches bow too."""
SPANS = 0.6
OUTLINE_MOST = 0.12
"""Share of the photo: an outline without strokes in it that is larger marks a thing, no line."""


def suggest_unread(
    rgb: NDArray[np.uint8],
    unread: Iterable[Line],
    sure: Sequence[tuple[Line, Glyphs]],
    read: Read,
) -> list[Proposal]:
    """Return suggestions for lines that could not be read, at most `MOST_UNREAD`.

    sure: lines that are taken off, with their strokes. A line that lies like one of them is
    suggested in its ink; any other where it is shaped as a line of letters.
    """
    found: list[Proposal] = []
    for line in unread:
        mate = next((glyphs for other, glyphs in sure if alike(line, other)), None)
        if line.found < SEEN or (mate is None and not is_shaped_like_text(line, rgb.shape)):
            continue
        made = _suggestion(rgb, line, mate, read)
        if made is not None:
            found.append(made)
        if len(found) == MOST_UNREAD:
            break
    return found


def alike(one: Line, two: Line) -> bool:
    """Whether two lines may be of one overlay: about as high, and running the same way."""
    turn = abs(one.angle_deg - two.angle_deg) % 180
    ratio = one.thickness_px / max(two.thickness_px, 1.0)
    return 0.65 <= ratio <= 1.55 and min(turn, 180 - turn) <= 8


def is_shaped_like_text(line: Line, shape: tuple[int, ...]) -> bool:
    """Whether a line's outline alone tells it from the things detectors mark in a scene."""
    if line.curved and line.found < CURVED_SEEN:
        return False
    low = HIGH_LEAST_PX <= line.thickness_px <= HIGH_MOST * min(shape[:2])
    least = CLEAR_LONG if line.found >= CLEAR else LONG
    return low and line.length_px >= least * line.thickness_px


def _suggestion(
    rgb: NDArray[np.uint8], line: Line, mate: Glyphs | None, read: Read
) -> Proposal | None:
    inks = [ink_colour(rgb, mate)] if mate is not None else []
    glyphs = strokes(rgb, line, read, inks=inks)
    said = "looks like a line of letters"
    if mate is not None:
        said = "lies like a line that was read"
    if glyphs is not None and (mate is not None or _spans(glyphs, line)):
        mask, box, what = glyphs.mask, glyphs.box, "check the mask"
    else:
        box = line.box.clamp(Box.of_shape(rgb.shape))
        mask = line.area_mask((rgb.shape[0], rgb.shape[1]))[box.slices]
        what = "the mask is its outline"
        if mask.sum() > OUTLINE_MOST * rgb.shape[0] * rgb.shape[1]:
            return None
    return proposal(
        mask, offset=(box.left, box.top), kind="text", confidence=0.3,
        reason=f"{said}, but could not be read itself; {what}",
    )  # fmt: skip


def _spans(glyphs: Glyphs, line: Line) -> bool:
    """Whether strokes stand along most of the line, and not in a corner of it."""
    return float(places_held(glyphs.core, glyphs.box, line).mean()) >= SPANS
