"""How colour changes with the distance from the strokes, and where it stops changing alike.

Pixels are pooled by cell along the line and by ring around the strokes. From one ring to the next
an effect changes colour in most cells alike, a ground in each cell its own way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.proposals.ground import Planes

SOFT_EDGE_PX = 1.6
"""How far the diagonal neighbours reach, which hold a letter's soft edge."""
_LEAST = 4
"""Pixels a cell needs at a distance before its mean says anything."""
_GAP = 2


class Profile:
    """Colours around the strokes by cell and distance; `step` counts rings from the stroke."""

    def __init__(
        self, lab: Planes, distance: NDArray[np.float32], cells: NDArray[np.int64], last: int
    ) -> None:
        self.lab = lab
        # Straight neighbours hold a stroke's soft edge, diagonal ones hardly: a ring each.
        self.step = np.where(
            distance <= 1.2, 1, np.where(distance <= 1.7, 2, np.maximum(np.rint(distance), 2) + 1)
        ).astype(np.int64)
        self.cells = np.unique(cells, return_inverse=True)[1].ravel()
        self.count = int(self.cells.max()) + 1 if self.cells.size else 0
        self.last = last + 1

    def change_past(self, here: MaskBool, end: int) -> NDArray[np.float64] | None:
        """Return by how much Lab (3,) differs past the ring `end` from the rings within it, median
        over the cells of the pixels `here`; None when too few tell."""
        total, number = self._sums(here)
        means = _within_and_past(total, number, end)
        return None if means is None else np.median(means[1] - means[0], axis=0)

    def ends_at(self, here: MaskBool, least: float, least_at_edge: float) -> float:
        """Return how far the strokes' effect reaches among the pixels `here`, px.

        least: change of Lab from one ring to the next that counts; least_at_edge: for the
        diagonal neighbours, which every soft edge touches a little.
        """
        if self.count < 3 or not here.any():
            return 0.0
        total, number = self._sums(here)
        mean = np.asarray(total / np.maximum(number, 1)[..., None], dtype=np.float64)
        ends: list[int] = []
        missed = 0
        changes: dict[int, NDArray[np.float64]] = {}
        for step in range(2, self.last):
            both = (number[:, step] >= _LEAST) & (number[:, step + 1] >= _LEAST)
            if int(both.sum()) < 3:
                if step == 2:
                    continue
                break
            change = changes[step] = mean[both, step + 1] - mean[both, step]
            # The diagonal neighbours hold the letter's edge, which may lie either way.
            goes_on = not missed or not ends or ends[-1] == 2
            goes_on = goes_on or _same_way(changes[ends[-1]], change)
            if goes_on and _is_shared(change, least_at_edge if step == 2 else least):
                ends.append(step)
                missed = 0
            else:
                missed += 1
                if missed > _GAP:
                    break
        while ends and not _stands_out(total, number, ends[-1]):
            ends.pop()
        if not ends:
            return 0.0
        end = ends[-1] if len(ends) < 3 else _faded(changes, ends)
        return SOFT_EDGE_PX if end == 2 else end - 0.4

    def _sums(self, here: MaskBool) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The pixels `here` summed (cells, rings, 3) and counted (cells, rings)."""
        width = self.last + 1
        key = self.cells[here] * width + np.minimum(self.step[here], self.last)
        size = self.count * width
        number = np.bincount(key, minlength=size).reshape(self.count, width)
        sums = [np.bincount(key, weights=self.lab[here, c], minlength=size) for c in range(3)]
        total = np.stack(sums, axis=-1).reshape(self.count, width, 3).astype(np.float64)
        return total, number


def _same_way(one: NDArray[np.float64], two: NDArray[np.float64]) -> bool:
    """Whether two changes (cells, 3) go the same way of colour: past a gap no effect turns back."""
    return float(np.median(one, axis=0) @ np.median(two, axis=0)) > 0


def _faded(changes: dict[int, NDArray[np.float64]], ends: list[int]) -> int:
    """Return the step where an effect that grows weaker outwards is gone, `ends[-1]` or later.

    What fades goes on fading, half as far again at most: less proof is asked of its faint end than
    of an effect by itself.
    An outline is strongest where it ends, and nothing follows.
    """
    sizes = [float(np.linalg.norm(np.median(changes[step], axis=0))) for step in ends]
    last = np.median(changes[ends[-1]], axis=0)
    end = ends[-1]
    if sizes[-1] > 0.9 * max(sizes):
        return end
    for step in range(end + 1, end + 1 + end // 2):
        change = changes.get(step)
        if change is None or float(np.median(change, axis=0) @ last) <= 0:
            break
        if not _is_shared(change, 0.35, surely=1.5, mostly=0.6):
            break
        end = step
    return end


def _stands_out(total: NDArray[np.float64], number: NDArray[np.int64], end: int) -> bool:
    """Whether all between the strokes and `end` differs alike from what lies past it.

    A step that some cells share by chance has no such whole behind it.
    """
    means = _within_and_past(total, number, end)
    if means is None:
        return False
    if _is_shared(means[1] - means[0], 2.0):
        return True
    # An opaque outline has one colour, whatever lies past it.
    within, past = (float(np.median(np.abs(m - np.median(m, axis=0)).sum(axis=1))) for m in means)
    return past > 6.0 and within < 0.4 * past


def _within_and_past(
    total: NDArray[np.float64], number: NDArray[np.int64], end: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the mean Lab (cells, 3) of the rings up to `end` and of three past it; None: fewer
    than three cells have enough of both."""
    inner, outer = slice(2, end + 1), slice(end + 1, end + 4)
    enough = (number[:, inner].sum(axis=1) >= _LEAST) & (number[:, outer].sum(axis=1) >= _LEAST)
    if int(enough.sum()) < 3:
        return None
    within, past = (
        total[enough, part].sum(axis=1) / number[enough, part].sum(axis=1)[:, None]
        for part in (inner, outer)
    )
    return within, past


def _is_shared(
    change: NDArray[np.float64], least: float, *, surely: float = 3.5, mostly: float = 0.72
) -> bool:
    """Whether the cells change alike, by more than `least` and by so many deviations."""
    middle = np.median(change, axis=0)
    scatter = 1.4826 * np.median(np.abs(change - middle), axis=0)
    error = 1.2533 * scatter / np.sqrt(len(change))
    size = float(np.linalg.norm(middle))
    if size < least:
        return False
    direction = middle / size
    # Error of the change along its own direction.
    along = float(np.sqrt(((direction * error) ** 2).sum()))
    alike = float((change @ direction > 0).mean())
    return size > surely * along and alike >= mostly
