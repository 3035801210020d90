"""How letters are told from strokes, and filled from the best of several starts place by place.

Letters are too shallow to be filled by a layout alone (`patch_scene`), which puts into thin strokes
what fits the scene and not their rim. But where one start has lost a ridge or an outline that runs
through a word another has kept it, so letters begin in layers and from a layout that is handed over
at half size, and every place keeps the start whose matches cost least around it: the look index of
66 captions of seven seeds is 0.544, one start for the whole of them 0.553 (s.e. of the difference
0.004), of 36 of three others 0.578 and 0.584; blind by one rater 10 better, 5 worse, 53 alike; 1.03
times the time. The `text` engine, whose groups of letters come here: 24 captions 0.560, without
0.570 (s.e. 0.005). Brush strokes gain nothing (84: 0.582, without 0.580) and are left alone.

Between letters, and between lines of text most of all, hardly any patch is known whole: whole
sources lie elsewhere, and a street was set into the food under a caption. So sources may be known
in part (`patch_asks.Parts`) and near the rim must have the ground's colour (`patch_ground`); each
alone leaves half of the street there. Blind beside whole sources, 96 captions of eight seeds (four
tuned on, one rater; four others, three raters): where a quarter or more of ground lies amid the
letters (`is_open`) 38 votes for and 21 against it, where letters stand close 48 and 51, so these
keep whole sources. The look index does not see it (48 captions 0.576 and 0.575; without the ground
0.572, without its gap 0.584, three times as strong 0.598, at coarser scales alone 0.577; at least
25 known pixels, three times the price of what lacks, a smooth guess as well, a decay of 1.2 and
1.8 0.574 to 0.575). Sharper averages along seams and a price of fragments from the rim on lose 52
of 81 votes. Brush strokes lose (24: 0.592 and 0.595 instead of 0.585), large holes by eye (the
ground alone: 30 of 46 votes against it on object holes).

Tried on the first 66 (before differences of light were spread wide: 0.545, without 0.554): a smooth
start as well 0.543 for 1.17 times the time; the layout alone 0.555 and worse by eye in 9 of 14; the
best start for the whole 0.554, of each connected hole 0.553, of each connected part where starts
differ 0.552; half to four times as far around 0.543 to 0.547; costs of 11 px patches 0.544 to
0.549; more rounds after the choice 0.548 or for the layout 0.548; a decay of 1.2 and at the finest
scale 1.8 0.543, but worse on others, by eye too.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_levels import FloatImage, Level
from inpaint_studio.geometry import Box

LEAST_SCALE = 1
"""The finest scale that letters are laid out at: a half."""
_OUTLINE_LOST = 1.15
_GAP = 1.5
"""A mask is letters where its outline is `_OUTLINE_LOST` times as long as without gaps up to `_GAP`
times as wide as its strokes: 97 of 102 captions are, 7 of 120 brush strokes, 1 of 84 scratches."""
_LEAST_AMID = 0.25
"""Sources may be known in part where at least so much lies amid letters, as a share of them."""
_AROUND_PX = 2.0


def is_lettered(mask: MaskBool) -> bool:
    """Return whether a hole looks like letters: jagged, with gaps hardly wider than its strokes."""
    if not mask.any():
        return False
    near, merged = _merged(mask)
    return _outline(near) > _OUTLINE_LOST * _outline(merged)


def is_open(mask: MaskBool) -> bool:
    """Return whether ground lies amid the letters of a mask that may be copied (`_LEAST_AMID`)."""
    near, merged = _merged(mask)
    return int((merged & ~near).sum()) >= _LEAST_AMID * int(near.sum())


def _merged(mask: MaskBool) -> tuple[MaskBool, MaskBool]:
    """Return what a mask holds, without what is around it, and the same with its gaps closed."""
    near = np.pad(mask[Box.of_mask(mask).slices], 1)
    depth = cv2.distanceTransform(near.astype(np.uint8), cv2.DIST_L2, 5)
    half = 2.0 * float(depth[near].mean())
    near = np.pad(near, int(_GAP * half) + 2)
    return near, _closed(near, _GAP * half)


def _closed(mask: MaskBool, reach: float) -> MaskBool:
    """Return a mask, which touches no border, without gaps narrower than twice `reach`."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    wide = (away <= reach).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(wide, cv2.DIST_L2, 5) > reach)


def _outline(mask: MaskBool) -> int:
    """Return how many sides of pixels lie between a mask and what is around it."""
    return int((mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum())


def best_by_place(levels: list[Level]) -> Level:
    """Return the first level with every match from the level that fits best around that place.

    levels: the same scale, filled from several starts. Only the matches are mixed: the next finer
    scale takes these, not the picture and the costs.
    """
    first = levels[0]
    rows, columns = first.targets[:, 0], first.targets[:, 1]
    around = []
    for level in levels:
        plane: FloatImage = np.zeros(level.hole.shape, np.float32)
        plane[rows, columns] = level.cost
        around.append(cv2.GaussianBlur(plane, (0, 0), _AROUND_PX)[rows, columns])
    best = np.argmin(np.stack(around), axis=0)
    for number, level in enumerate(levels):
        first.found[best == number] = level.found[best == number]
    return first
