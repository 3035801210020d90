"""Look closer at a line that is about to be taken off: its last letter may have been missed.

The detector weighs what it sees against all of the picture. A letter on another ground than the
rest of its line fades there, and stands out in a close-up of the line alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.chosen import likeness
from inpaint_studio.proposals.unread import alike
from inpaint_studio.vision import plausible
from inpaint_studio.vision.lines import Line, from_heat, scaled
from inpaint_studio.vision.ocr import TextReader

LOOK_PX, LARGEST = 80.0, 3.0
"""How high a line is in its close-up, px, and how far it is enlarged at most."""
ROOM, LONGER = 1.2, 0.2
"""Room around the line, and how much longer it must turn out to be, in heights of the line."""
SAME_TEXT = 0.7


def whole_line(
    rgb: NDArray[np.uint8], line: Line, others: Iterable[Line], reader: TextReader
) -> Line:
    """Return the line as a close-up shows it, where that is longer and reads on; else `line`.

    others: the lines of the photo; a longer line that runs into another is not taken.
    """
    if line.curved:
        return line
    for longer in _in_close_up(rgb, line, reader):
        if any(_share(other, longer) > 0.3 for other in others if other is not line):
            continue
        read = reader.read_line(rgb, longer)
        if plausible.judge(read, rgb.shape).ok and _reads_on(line, read):
            return read
    return line


def _in_close_up(rgb: NDArray[np.uint8], line: Line, reader: TextReader) -> list[Line]:
    """Return the lines of a close-up that hold `line` and are longer, not read yet."""
    box = line.box.pad(round(ROOM * line.thickness_px)).clamp(Box.of_shape(rgb.shape))
    heat = reader.heat(
        np.ascontiguousarray(rgb[box.slices]), scale=min(LARGEST, LOOK_PX / line.thickness_px)
    )
    factor_x, factor_y = box.width / heat.shape[1], box.height / heat.shape[0]
    seen = [scaled(new, factor_x, factor_y, box.left, box.top) for new in from_heat(heat)]
    least = line.length_px + LONGER * line.thickness_px
    return [
        new for new in seen
        if not new.curved and new.length_px >= least
        and alike(line, new) and _share(line, new) > 0.8
    ]  # fmt: skip


def _share(line: Line, other: Line) -> float:
    """The part of `line` that lies in `other`, 0..1."""
    box = line.box.union(other.box)
    one = scaled(line, 1.0, 1.0, -box.left, -box.top).area_mask(box.shape)
    two = scaled(other, 1.0, 1.0, -box.left, -box.top).area_mask(box.shape)
    return float((one & two).sum() / max(1, one.sum()))


def _reads_on(line: Line, longer: Line) -> bool:
    """Whether the longer line says what the shorter did, and more."""
    short, long = plausible.letters_of(line.text), plausible.letters_of(longer.text)
    alike_text = short.casefold() in long.casefold() or likeness(short, long) >= SAME_TEXT
    return len(long) > len(short) and alike_text and longer.score >= 0.85 * line.score
