"""Find the grid that a repeated mark is laid out in, from how well each place follows the mark.

Tools tile a mark in rows that are shifted alike: all places are p + i·a + j·b. Two steps a and b
are right where all places they lead to follow the mark better than places do by chance; none of
them need be sure by itself. True grids come to 15 deviations and more, others to 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane

NEAR_PX = 3
"""How far from its place on the grid a tile may lie."""
SURELY, BESIDES, LEAST_PLACES, MOST_PLACES = 13.0, 5.5, 3, 400
"""By how many deviations all places together follow the mark more than chance, and those besides
the two that the steps lead to; how many there must and may be."""
_LEAST_AREA = 0.8
"""Of a mark's own area: tiles lie beside each other."""


def on_grid(
    score: Plane, here: tuple[int, int], others: Sequence[tuple[int, int]], shape: tuple[int, int]
) -> list[tuple[int, int, float]]:
    """Return (top, left, score) of the places of the surest grid through `here`; [] for none.

    score: (H, W), how well a mark whose upper left corner lies there is followed, -1..1. others:
    places that may be on the grid; shape: (height, width) of the mark, px. `here` is left out;
    places half a mark past the frame are not, with the mean score of the others.
    """
    window = np.ones((2 * NEAR_PX + 1, 2 * NEAR_PX + 1), np.uint8)
    best = cv2.dilate(score, window)
    usual, spread = float(best.mean()), float(best.std()) + 1e-6
    steps = np.array([(top - here[0], left - here[1]) for top, left in others], dtype=np.float64)
    surest, ways, mean = SURELY, (-1, -1), 0.0
    for one, two in combinations(range(len(steps)), 2):
        at = _places(steps[one], steps[two], here, score.shape, shape)
        if not LEAST_PLACES <= len(at) <= MOST_PLACES:
            continue
        follows = best[at[:, 0], at[:, 1]]
        sure = _above(follows, usual, spread)
        # The two places that the steps were taken from speak for themselves alone.
        taken = [(at == others[k]).all(axis=1) for k in (one, two)]
        if sure > surest and _above(follows[~(taken[0] | taken[1])], usual, spread) >= BESIDES:
            surest, ways, mean = sure, (one, two), float(follows.mean())
    if ways[0] < 0:
        return []
    room = (shape[0] // 2, shape[1] // 2)
    at = _places(steps[ways[0]], steps[ways[1]], here, score.shape, shape, room)
    return [_refined(score, int(top), int(left), mean) for top, left in at]


def _above(values: NDArray[np.float32], usual: float, spread: float) -> float:
    """By how many deviations some values together lie above the usual one; 0: there are none."""
    if not len(values):
        return 0.0
    return float((values - usual).sum()) / (spread * float(np.sqrt(len(values))))


def _places(
    one: NDArray[np.float64], two: NDArray[np.float64], here: tuple[int, int],
    frame: tuple[int, ...], shape: tuple[int, int], room: tuple[int, int] = (0, 0),
) -> NDArray[np.int64]:  # fmt: skip
    """All places here + i·one + j·two within the frame and so much room around it but `here`
    (n, 2); none where the steps are too short or alike for tiles to lie beside each other."""
    area = abs(one[0] * two[1] - one[1] * two[0])
    if area < _LEAST_AREA * shape[0] * shape[1]:
        return np.zeros((0, 2), dtype=np.int64)
    reach = float(np.hypot(frame[0], frame[1])) * max(np.hypot(*one), np.hypot(*two)) / area
    count = min(int(reach) + 2, 30)
    i, j = np.mgrid[-count : count + 1, -count : count + 1].reshape(2, -1)
    keep = (i != 0) | (j != 0)
    at = np.rint(np.outer(i[keep], one) + np.outer(j[keep], two) + np.array(here)).astype(np.int64)
    low, high = -np.array(room), np.array(frame[:2]) + np.array(room)
    inside = ((at >= low) & (at < high)).all(axis=1)
    return np.asarray(at[inside], dtype=np.int64)


def _refined(score: Plane, top: int, left: int, usual: float) -> tuple[int, int, float]:
    """The best place within reach of one of the grid; the same and the usual past the frame."""
    if not (0 <= top < score.shape[0] and 0 <= left < score.shape[1]):
        return top, left, usual
    y, x = max(0, top - NEAR_PX), max(0, left - NEAR_PX)
    part = score[y : top + NEAR_PX + 1, x : left + NEAR_PX + 1]
    row, column = np.unravel_index(int(part.argmax()), part.shape)
    return y + int(row), x + int(column), float(part[row, column])
