"""Propose the strokes of every line of text, and look again after they were removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.chosen import ENOUGH, likeness
from inpaint_studio.proposals.closer import whole_line
from inpaint_studio.proposals.glyphs import Glyphs, ink_colour, strokes
from inpaint_studio.proposals.laid_over import is_exact, is_laid_over
from inpaint_studio.proposals.span import emptiest, longest_gap
from inpaint_studio.proposals.tiles import Tile, carried, is_one_place, joined, spread
from inpaint_studio.proposals.together import grown_together
from inpaint_studio.proposals.unread import alike, suggest_unread
from inpaint_studio.vision import plausible
from inpaint_studio.vision.lines import Line
from inpaint_studio.vision.readers import Readers, as_rgb8

AGREES = 0.75
"""From this on the strokes alone read like the photo: a second witness for the line."""
LOST, GAP = 1, 1.0
"""Letters at an end of a line that its strokes do not read, and heights of the line without any
stroke: from so much on a part of it may lie on ground of its own colour."""
TILE_LETTERS = 4
"""Letters that a text must have to be a mark when it stands in a photo twice."""
SAME_INK = 9.0
"""Lab, between the inks of two lines of one overlay."""


def propose_text(pixels: Pixels, readers: Readers, token: RunToken) -> list[Proposal]:
    """Return one proposal per line of text, glyph masks and not boxes, best first.

    `automatic` only when three witnesses agree: the reader is sure of the line in the photo, the
    strokes alone, black on white, read the same, and ink and edges are an overlay's and not a
    sign's in the scene.
    """
    rgb = as_rgb8(pixels)
    seen = _whole_lines(rgb, readers.text.lines(rgb, token.within(0.0, 0.55)), readers)
    lines = [line for line in seen if plausible.judge(line, rgb.shape).ok]
    found: list[Proposal] = []
    every = _all_strokes(rgb, lines, readers, token.within(0.6, 0.95))
    told = [(line, glyphs) for line, glyphs in zip(lines, every) if glyphs is not None]
    mates = _mates(rgb, told)
    strokes_of: list[tuple[Line, Glyphs]] = []
    grown = grown_together(rgb, told, mates)
    over, tiled = _laid_over(rgb, told, mates), _of_a_tiled_mark([line for line, _ in told])
    for (line, _), glyphs, is_over, is_tile in zip(told, grown, over, tiled):
        made = _of_line(line, glyphs, rgb, is_over=is_over, is_tile=is_tile)
        if made is not None:
            found.append(made)
            strokes_of.append((line, glyphs))
    unread = [line for line in seen if not any(line is other for other, _ in strokes_of)]
    sure = [both for both, made in zip(strokes_of, found) if made.record.automatic]
    found += suggest_unread(rgb, unread, sure, readers.text.read)
    found += _more_tiles(rgb, found, strokes_of, token)
    token.step(1.0, "finding strokes")
    return sorted(found, key=lambda item: (-item.record.confidence, item.record.box))


def _whole_lines(rgb: NDArray[np.uint8], seen: list[Line], readers: Readers) -> list[Line]:
    """Return the lines, those that may be taken off unasked looked at closer once more."""
    return [
        whole_line(rgb, line, seen, readers.text) if plausible.judge(line, rgb.shape).sure else line
        for line in seen
    ]


def _more_tiles(
    rgb: NDArray[np.uint8], found: list[Proposal], strokes_of: list[tuple[Line, Glyphs]],
    token: RunToken,
) -> list[Proposal]:  # fmt: skip
    """Return the tiles of a repeated mark that could not be read, as suggestions.

    A mark is taken for repeated when it was read at least twice; its best-read line is what the
    others are looked for with.
    """
    repeated = [
        (line, glyphs) for line, glyphs in strokes_of
        if glyphs.agreement >= AGREES and len(line.text) >= 4
        and any(other is not line and _repeats(line, other) for other, _ in strokes_of)
    ]  # fmt: skip
    if not repeated:
        return []
    repeated.sort(key=lambda item: -item[1].agreement * len(item[0].text))
    line, glyphs = repeated[0]
    taken = np.zeros(rgb.shape[:2], dtype=np.bool_)
    for item in found:
        taken[item.record.box.slices] |= item.mask
    tiles = spread(rgb, glyphs.core, glyphs.mask, glyphs.box, token)
    every = [(line.text, tile) for tile in tiles]
    # Each tile may have been read in part, and not each the same part.
    for part, other in strokes_of:
        if part is not line and other.agreement >= AGREES and alike(line, part):
            carried_on = carried(other.mask, other.box, tiles, rgb.shape)
            every += [(part.text, tile) for tile in carried_on]
    more: list[tuple[str, Tile]] = []
    for text, tile in every:
        fresh = tile.mask & ~taken[tile.box.slices]
        if fresh.sum() < 0.5 * tile.mask.sum():
            continue
        taken[tile.box.slices] |= fresh
        own = replace(tile, mask=fresh)
        same = next((n for n, (_, t) in enumerate(more) if is_one_place(t.box, own.box)), None)
        if same is None:
            more.append((text, own))
        else:
            more[same] = (more[same][0], joined(more[same][1], own))
    made = (
        proposal(
            tile.mask, offset=(tile.box.left, tile.box.top), kind="text", text=text,
            confidence=0.4 + 0.4 * tile.alike,
            reason=f"follows the strokes of “{text}” elsewhere in the photo "
            f"({tile.alike:.2f}), but could not be read here",
        )
        for text, tile in more
    )  # fmt: skip
    return [item for item in made if item is not None]


def _repeats(one: Line, two: Line) -> bool:
    """Whether two lines may be the same mark twice."""
    text, other = one.text.casefold(), two.text.casefold()
    return alike(one, two) and (likeness(text, other) >= 0.6 or other in text or text in other)


def _of_a_tiled_mark(lines: list[Line]) -> list[bool]:
    """Return for each line whether it may be a tile of a mark that stands all over the photo: of a
    height and direction in which one text stands twice. Others of its tiles were perhaps not found,
    and what is left of the mark no reading tells then."""
    long = [n for n in lines if len(plausible.letters_of(n.text)) >= TILE_LETTERS]
    twice = [n for n in long if any(other is not n and _repeats(n, other) for other in long)]
    return [any(alike(line, tile) for tile in twice) for line in lines]


def _all_strokes(
    rgb: NDArray[np.uint8], lines: list[Line], readers: Readers, token: RunToken
) -> list[Glyphs | None]:
    """Return the strokes of each line; doubtful lines are tried again in the sure ones' ink.

    The lines of one overlay are written alike, and some of them lie on kinder ground.
    """
    found: list[Glyphs | None] = []
    bare = _bare(lines, (rgb.shape[0], rgb.shape[1]))
    for number, line in enumerate(lines):
        token.step(0.8 * number / max(1, len(lines)), "finding strokes")
        found.append(strokes(rgb, line, readers.text.read, bare=bare))
    sure = [
        (line, glyphs) for line, glyphs in zip(lines, found)
        if glyphs is not None and glyphs.agreement >= ENOUGH and glyphs.core.sum() >= 40
    ]  # fmt: skip
    for number, (line, glyphs) in enumerate(zip(lines, found)):
        if glyphs is not None and glyphs.agreement >= ENOUGH:
            continue
        token.step(0.8 + 0.2 * number / len(lines), "finding strokes")
        inks = [ink_colour(rgb, other) for mate, other in sure if alike(line, mate)][:2]
        again = strokes(rgb, line, readers.text.read, inks=inks, bare=bare) if inks else None
        if again is not None and (glyphs is None or again.agreement > glyphs.agreement):
            found[number] = again
    return found


def _bare(lines: list[Line], shape: tuple[int, int]) -> MaskBool:
    """Return where in a photo of that shape no line lies, (H, W)."""
    held = np.zeros(shape, dtype=np.bool_)
    for line in lines:
        held |= line.area_mask(shape)
    return ~held


def _mates(
    rgb: NDArray[np.uint8], told: list[tuple[Line, Glyphs]]
) -> Callable[[int, int], bool]:  # fmt: skip
    """Return what says whether two lines are of one overlay, set below each other: of one height,
    direction and ink, a line's height apart at most."""
    inks = [ink_colour(rgb, glyphs) if glyphs.core.any() else None for _, glyphs in told]

    def is_mate(one: int, two: int) -> bool:
        first, second, ink, other = told[one][0], told[two][0], inks[one], inks[two]
        if ink is None or other is None or not alike(first, second):
            return False
        near = first.box.pad(round(first.thickness_px)).overlaps(second.box)
        return near and float(np.linalg.norm(ink - other)) <= SAME_INK

    return is_mate


def _laid_over(
    rgb: NDArray[np.uint8], told: list[tuple[Line, Glyphs]], is_mate: Callable[[int, int], bool]
) -> list[bool]:
    """Return for each line whether it is laid over the photo, by itself or by a mate."""
    alone = [is_laid_over(line, glyphs, rgb) for line, glyphs in told]
    numbers = range(len(told))
    return [
        alone[one] or any(alone[two] and is_mate(one, two) for two in numbers if two != one)
        for one in numbers
    ]


def _of_line(
    line: Line, glyphs: Glyphs, rgb: NDArray[np.uint8], *, is_over: bool, is_tile: bool = False
) -> Proposal | None:
    verdict = plausible.judge(line, rgb.shape)
    confidence = line.score * (0.45 + 0.55 * glyphs.agreement)
    agrees = glyphs.agreement >= AGREES
    gap = max(measure(glyphs.core, glyphs.box, line) for measure in (longest_gap, emptiest))
    whole = glyphs.lost < LOST and gap < GAP
    # What two letters leave open, ink of one colour to the level tells.
    sure = verdict.sure or (verdict.few and is_exact(rgb, glyphs))
    automatic = sure and agrees and is_over and whole and not glyphs.is_past and not is_tile
    said = f"reads “{line.text}” ({line.score:.2f})"
    if automatic:
        reason = f"{said}, and its strokes alone read the same"
    elif agrees and not whole:
        reason = f"{said}; a part of it shows no strokes: look first"
    elif agrees and glyphs.is_past:
        reason = f"{said}; a shadow or glow may reach past the mask: look first"
    elif agrees and not is_over:
        confidence *= 0.8
        reason = f"{said}; ink and edges are those of a sign in the scene: look first"
    elif agrees and is_tile:
        reason = f"{said}; the mark stands in several places: look whether all are found"
    elif agrees:
        reason = f"may read “{line.text}” ({line.score:.2f}); look before removing it"
    else:
        reason = f"{said}, but its strokes could not be confirmed; check the mask"
    shape = rgb.shape
    full = np.zeros(shape[:2], dtype=np.bool_)
    full[glyphs.box.slices] = glyphs.mask
    return proposal(
        full, kind="text", confidence=confidence, reason=reason, text=line.text,
        automatic=automatic,
    )  # fmt: skip
