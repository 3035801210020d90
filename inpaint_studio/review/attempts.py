"""The readings of two attempts at the same edit, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inpaint_studio.records import Reading


@dataclass(frozen=True, slots=True)
class Compared:
    """One reading of the old attempt beside the new one's; `change` is better, worse or same."""

    name: str
    label: str
    old: float
    new: float
    old_passed: bool
    new_passed: bool
    change: str


def badness(reading: Reading) -> float:
    """Return how far a reading lies outside its band, in band widths; negative inside it."""
    low, high, value = reading.low, reading.high, reading.value
    if low is not None and high is not None:
        half = max((high - low) / 2, 1e-12)
        return abs(value - (low + high) / 2) / half - 1
    if high is not None:
        return (value - high) / max(abs(high), 1e-12)
    if low is not None:
        return (low - value) / max(abs(low), 1e-12)
    return 0.0 if reading.passed else 1.0


def compare(old: Sequence[Reading], new: Sequence[Reading]) -> list[Compared]:
    """Return the readings both attempts have, side by side, the largest change first."""
    before: Mapping[str, Reading] = {reading.name: reading for reading in old}
    rows: list[tuple[float, Compared]] = []
    for reading in new:
        other = before.get(reading.name)
        if other is None:
            continue
        shift = badness(reading) - badness(other)
        bounded = reading.low is not None or reading.high is not None
        change = "same" if abs(shift) < 0.02 else ("worse" if shift > 0 else "better")
        if reading.passed != other.passed:
            change = "better" if reading.passed else "worse"
        elif not bounded:
            change = "same"
        row = Compared(
            reading.name, reading.label or reading.name, other.value, reading.value,
            other.passed, reading.passed, change,
        )  # fmt: skip
        rows.append((abs(shift), row))
    rows.sort(key=lambda pair: (-pair[0], pair[1].name))
    return [row for _, row in rows]
