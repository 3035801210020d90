"""Say a verdict: one plain sentence for a person, and log lines with the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inpaint_studio.gating import invented
from inpaint_studio.gating.readings.table import ROWS, row
from inpaint_studio.records import Reading

_LABELS = invented.LABELS | {line.name: line.label for line in ROWS}


def label_of(name: str) -> str:
    """Return a reading's plain name, the one the panel shows; of an unknown one its own words."""
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def shares_by_reading(
    shares: Sequence[tuple[str, float]], owner: Mapping[str, str]
) -> dict[str, float]:
    """Return what each reading, with all its numbers, adds to the log-odds of a bad edit."""
    total: dict[str, float] = {}
    for name, share in shares:
        reading = owner.get(name, name)
        total[reading] = total.get(reading, 0.0) + share
    return total


def blame(readings: Sequence[Reading], shares: Mapping[str, float]) -> list[Reading]:
    """Return the readings that speak against the edit, the weightiest first.

    Vetoes come first (a fault's signs by how far they are beyond their limit), then what left its
    band, by what it adds to the risk. Where nothing left its band, the reading that adds most to
    the risk is named.
    """
    failed = [reading for reading in readings if not reading.passed]
    if failed:
        return sorted(failed, key=lambda r: (not r.decides, _beyond(r, shares), r.name))
    sayable = [reading for reading in readings if row(reading.name).too_high]
    return sorted(sayable, key=lambda r: (-shares.get(r.name, 0.0), r.name))[:1]


def _beyond(reading: Reading, shares: Mapping[str, float]) -> float:
    """Return a sort key: the more it says, the lower. Plain vetoes come before signs."""
    if not reading.decides:
        return -shares.get(reading.name, 0.0)
    if row(reading.name).cost != "fault":
        return -1e9
    return (reading.high or 0.0) - reading.value


def sentence(reading: Reading) -> str:
    """Return the plain sentence of a failed reading."""
    line = row(reading.name)
    if reading.low is not None and reading.value < reading.low:
        return line.too_low or line.too_high
    return line.too_high


def summary(*, accepted: bool, risk: float, threshold: float, blamed: Sequence[Reading]) -> str:
    """Return the sentence a person reads first."""
    if accepted:
        return f"Looks right (risk {risk:.2f}, limit {threshold:.2f})."
    for reading in blamed:
        said = sentence(reading)
        if said and not reading.passed:
            return said
    for reading in blamed:
        if said := sentence(reading):
            return f"Several small signs together speak against this fill; foremost: {said}"
    return "Several small signs together speak against this fill."


def log_line(reading: Reading) -> str:
    """Return the log line of a reading: name, value and the bound it broke."""
    value = number(reading.value)
    event = row(reading.name).event
    if reading.high is not None and reading.value > reading.high:
        text = f"{reading.name}={value} > threshold({number(reading.high)})"
    elif reading.low is not None and reading.value < reading.low:
        text = f"{reading.name}={value} < threshold({number(reading.low)})"
    else:
        text = f"{reading.name}={value}"
    plain = reading.name in ("reconstruction_mse", "risk")
    return text if plain or not event else f"{event}: {text}"


def log_lines(blamed: Sequence[Reading], *, risk: float, threshold: float) -> tuple[str, ...]:
    """Return what a log shows: every broken bound, then the combined risk."""
    sign = ">" if risk > threshold else "<="
    return (
        *(log_line(reading) for reading in blamed),
        f"risk={number(risk)} {sign} threshold({number(threshold)})",
    )


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def explained(reading: Reading) -> Reading:
    """Return the reading with its sentence as detail."""
    if reading.passed:
        return reading
    said = sentence(reading)
    return replace(reading, detail=f"{said} ({reading.detail})" if reading.detail else said)
