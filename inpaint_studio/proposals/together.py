"""Measure the effects of the lines of one overlay together, for they wear the same.

One line tells its effects by its own surroundings alone, and a form of the ground that runs along
it may pass for one. Lines set below each other in one ink hardly all have such a form: what a line
shows by itself, and all of them together do not, is left out again. Rejected: growing all of them
as far as they show together (in JPEGs a third more was masked for nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.proposals.glyphs import Glyphs, with_effects
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.vision.lines import Line


def grown_together(
    rgb: NDArray[np.uint8], told: Sequence[tuple[Line, Glyphs]],
    is_mate: Callable[[int, int], bool],
) -> list[Glyphs]:  # fmt: skip
    """Return the strokes of each line, of mates without what is no effect of all of them.

    is_mate: whether the lines of two numbers are of one overlay.
    """
    found = [glyphs for _, glyphs in told]
    for group in _groups(len(told), is_mate):
        if len(group) < 2:
            continue
        box = found[group[0]].box
        for number in group[1:]:
            box = box.union(found[number].box)
        core, room = (np.zeros(box.shape, dtype=np.bool_) for _ in range(2))
        for number in group:
            glyphs = found[number]
            here = glyphs.box.shift(-box.left, -box.top).slices
            core[here] |= glyphs.core
            room[here] |= glyphs.room
        mask, is_past = with_effects(
            to_lab(np.ascontiguousarray(rgb[box.slices])), core, room, _middling(told, group)
        )
        for number in group:
            shared = mask[found[number].box.shift(-box.left, -box.top).slices]
            own = (found[number].mask & shared) | found[number].core
            found[number] = replace(found[number], mask=own, is_past=is_past)
    return found


def _middling(told: Sequence[tuple[Line, Glyphs]], group: Sequence[int]) -> Line:
    """The line of a group of middling height."""
    ranked = sorted(group, key=lambda number: told[number][0].thickness_px)
    return told[ranked[(len(ranked) - 1) // 2]][0]


def _groups(count: int, is_mate: Callable[[int, int], bool]) -> list[list[int]]:
    """The numbers 0 to `count`, each with all that it is a mate of, by way of others too."""
    left, groups = list(range(count)), []
    while left:
        group = [left.pop(0)]
        for number in group:
            more = [other for other in left if is_mate(number, other)]
            group += more
            left = [other for other in left if other not in more]
        groups.append(sorted(group))
    return groups
