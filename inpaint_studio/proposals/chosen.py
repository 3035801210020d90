"""Which of several masks are the letters of a line: the one that reads like the photo.

Each candidate is given back to the recogniser as black on white. What reads alike and looks like
strokes wins; then it is looked for once more with its ink known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.mask import usual_stroke_px
from inpaint_studio.proposals.ground import spread
from inpaint_studio.proposals.ink import (
    Work,
    candidates,
    cleaned,
    ink_of,
    locally_inked,
    of_one_ink,
    veiled,
)
from inpaint_studio.vision.lines import Line, strip
from inpaint_studio.vision.plausible import letters_of

Read: TypeAlias = Callable[[NDArray[np.uint8]], tuple[str, float]]

ENOUGH = 0.93
"""From this on a mask reads like its line, and no better one is looked for."""


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


def best_candidate(
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


def refined(best: tuple[float, str, MaskBool], work: Work, read: Read) -> tuple[
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
    text, score = reading(mask, work, read)
    return likeness(text, work.line.text) * min(1.0, 0.4 + 0.6 * score / 0.9)


def reading(mask: MaskBool, work: Work, read: Read) -> tuple[str, float]:
    """Return what a mask of the enlarged line reads as, black on white, and how sure."""
    soft = 255 - mask.astype(np.uint8) * 255
    if work.zoom > 1:
        size = (work.native[1], work.native[0])
        soft = cv2.resize(soft, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return _read(soft, work.line, read)


def read_alone(mask: MaskBool, line: Line, read: Read) -> tuple[str, float]:
    """Return what a mask (H, W) at the photo's own size reads as, black on white, and how sure."""
    return _read(255 - mask.astype(np.uint8) * 255, line, read)


def _read(plane: NDArray[np.uint8], line: Line, read: Read) -> tuple[str, float]:
    return read(strip(np.repeat(plane[..., None], 3, axis=2), line))
