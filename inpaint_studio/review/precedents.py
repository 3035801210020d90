"""The decided edits whose readings were most like this one's: what people said then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Decided:
    """One edit a person has decided, with the readings it had."""

    item_id: str
    is_good: bool
    readings: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Precedent:
    """A decided edit near this one; `distance` in typical spreads per reading."""

    item_id: str
    is_good: bool
    distance: float


def nearest(
    readings: Mapping[str, float], decided: Sequence[Decided], *, count: int = 2
) -> list[Precedent]:
    """Return the `count` nearest accepted and the `count` nearest rejected edits.

    Distance: root mean square over the readings both have, each scaled by its robust spread
    (half the 16th to 84th percentile range) over all decided edits, so that no unit rules.
    """
    names = sorted({name for d in decided for name in d.readings} & set(readings))
    if not names or not decided:
        return []
    table = np.array(
        [[d.readings.get(name, np.nan) for name in names] for d in decided], np.float64
    )
    spread = _spread(table)
    here = np.array([readings[name] for name in names])
    squares = ((table - here) / spread) ** 2
    known = ~np.isnan(squares)
    counts = known.sum(axis=1)
    total = np.where(known, squares, 0.0).sum(axis=1)
    distances = np.where(counts > 0, np.sqrt(total / np.maximum(counts, 1)), np.inf)
    found: list[Precedent] = []
    for good in (True, False):
        rows = [i for i, d in enumerate(decided) if d.is_good == good and counts[i] > 0]
        rows.sort(key=lambda i: (float(distances[i]), decided[i].item_id))
        found += [Precedent(decided[i].item_id, good, float(distances[i])) for i in rows[:count]]
    return found


def _spread(table: NDArray[np.float64]) -> NDArray[np.float64]:
    filled = np.where(np.isnan(table), np.nanmedian(table, axis=0), table)
    low, high = np.percentile(filled, [16, 84], axis=0)
    spread = (high - low) / 2
    floor = np.maximum(np.abs(filled).max(axis=0), 1e-9)
    return np.asarray(np.where(spread > 1e-12, spread, floor), np.float64)
