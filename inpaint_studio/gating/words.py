"""Say a verdict: one plain sentence for a person, and log lines with the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inpaint_studio.gating.readings.table import row
from inpaint_studio.records import Reading


def blame(readings: Sequence[Reading], shares: Sequence[tuple[str, float]]) -> list[Reading]:
    """Return the failed readings, vetoes first, then by what they add to the risk."""
    weight = dict(shares)
    failed = [reading for reading in readings if not reading.passed]
    return sorted(failed, key=lambda r: (not r.decides, -weight.get(r.name, 0.0), r.name))


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
        if said := sentence(reading):
            return said
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


def log_lines(
    readings: Sequence[Reading],
    blamed: Sequence[Reading],
    *,
    risk: float,
    threshold: float,
    accepted: bool,
) -> tuple[str, ...]:
    """Return what a log shows: every broken bound, then the combined risk."""
    sign = "<=" if accepted else ">"
    if not accepted and risk <= threshold:
        sign = "<="
    return (
        *(log_line(reading) for reading in blamed),
        f"risk={number(risk)} {sign} threshold({number(threshold)})",
    )


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def explained(reading: Reading) -> Reading:
    """Return the reading with its sentence as detail."""
    return reading if reading.passed else replace(reading, detail=sentence(reading))
