"""Say a verdict: one plain sentence for a person, and log lines with the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inpaint_studio.gating import invented
from inpaint_studio.gating.readings.table import ROWS, faults, row
from inpaint_studio.geometry import Box
from inpaint_studio.records import Reading

NAMED = 3
LIKELY = 1.5
"""How far below its limit (log odds) a sign may lie and still be named as a guess: the largest
quarter at which, of good edits that the risk alone rejects, no more than a tenth get a guess on two
thirds of the photos (held out; 2 to 8 % in each of nine such parts, at 1.75 up to 11.5 %). On other
edits so rejected: 24 % of the bad, 20 % of the true ones get one. Of planted faults that no sign
finds it names three in four rightly. (The sign with the highest odds, wherever its limit, names
letters and things less often.)"""
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
    band, by what it adds to the risk. Where nothing left its band, the readings that add most to
    the risk are named, three at most.
    """
    failed = [reading for reading in readings if not reading.passed]
    if failed:
        return sorted(failed, key=lambda r: (not r.decides, _beyond(r, shares), r.name))
    sayable = [r for r in readings if row(r.name).too_high and shares.get(r.name, 0.0) > 0]
    return sorted(sayable, key=lambda r: (-shares[r.name], r.name))[:NAMED]


def likeliest(readings: Sequence[Reading]) -> Reading | None:
    """Return the fault's sign nearest to its limit where none reached it and nothing else decides.

    None where it is more than `LIKELY` away: then it is not worth a word.
    """
    if any(reading.decides and not reading.passed for reading in readings):
        return None
    signs = {row.name for row in faults()}  # Pictures made anew, and older verdicts, have others.
    near = [(r.high - r.value, r.name, r) for r in readings
            if r.high is not None and r.name in signs]  # fmt: skip
    return min((sign for sign in near if sign[0] <= LIKELY), default=(0.0, "", None))[2]


def surest_first(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings that failed: plain vetoes, signs by how far they are beyond their limit
    (log odds), then what left its band, by how far in units of the bound."""
    signs = {line.name for line in faults()}

    def place(reading: Reading) -> tuple[int, float, str]:
        if reading.decides and reading.name in signs:
            return 1, (reading.high or 0.0) - reading.value, reading.name
        return (0 if reading.decides else 2), -_excess(reading), reading.name

    return sorted((reading for reading in readings if not reading.passed), key=place)


def places_shown(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings whose places a person is shown, the surest first.

    All that decide; where none does the guess, and where there is none what left its band.
    """
    failed = surest_first(readings)
    deciding = [reading for reading in failed if reading.decides]
    if deciding:
        return deciding
    guess = likeliest(readings)
    return failed if guess is None or guess.box is None else [guess]


def _excess(reading: Reading) -> float:
    """Return how far a reading lies outside its band, in units of the limit it breaks."""
    if reading.high is not None and reading.value > reading.high:
        return (reading.value - reading.high) / max(abs(reading.high), 1e-6)
    if reading.low is not None and reading.value < reading.low:
        return (reading.low - reading.value) / max(abs(reading.low), 1e-6)
    return 0.0


def _beyond(reading: Reading, shares: Mapping[str, float]) -> float:
    """Return a sort key: the more it says, the lower. Plain vetoes come before signs."""
    if not reading.decides:
        return -shares.get(reading.name, 0.0)
    if row(reading.name).cost != "fault":
        return -1e9
    return (reading.high or 0.0) - reading.value


def sentence(reading: Reading) -> str:
    """Return the plain sentence of a reading that failed, or that comes nearest to failing."""
    line = row(reading.name)
    if reading.low is None:
        return line.too_high
    middle = reading.low if reading.high is None else (reading.low + reading.high) / 2
    is_low = reading.value < (middle if reading.passed else reading.low)
    return (line.too_low if is_low else "") or line.too_high or line.too_low


def summary(
    *,
    accepted: bool,
    risk: float,
    threshold: float,
    blamed: Sequence[Reading],
    guess: Reading | None = None,
) -> str:
    """Return the sentence a person reads first; `guess`: the sign below its limit to be named."""
    if accepted:
        return f"Looks right (risk {risk:.2f}, limit {threshold:.2f})."
    if guess is not None:
        return (
            f"Most likely: {_in_a_sentence(sentence(guess))} "
            "A guess: no sign alone reached its limit, all readings together did."
        )
    said = next((sentence(r) for r in blamed if sentence(r) and not r.passed), "")
    if said or not blamed:
        return said or "Several small signs together speak against this fill."
    first, *others = blamed
    besides = " and ".join(_in_a_sentence(r.label or row(r.name).label) for r in others)
    weigh = "weighs" if len(others) == 1 else "weigh"
    together = (
        f"{besides} {weigh} with it: only together do they speak against this fill."
        if besides
        else "with several smaller signs it speaks against this fill."
    )
    return f"{sentence(first).removesuffix('.')}; {together}"


def _in_a_sentence(label: str) -> str:
    return label[:1].lower() + label[1:]


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


def guess_line(guess: Reading) -> str:
    """Return the log line of a sign that is named though it lies below its limit."""
    high = number(guess.high or 0.0)
    return f"most likely, a guess: {guess.name}={number(guess.value)} <= threshold({high})"


def log_lines(
    blamed: Sequence[Reading], *, risk: float, threshold: float, guess: Reading | None = None
) -> tuple[str, ...]:
    """Return what a log shows: the guess, every broken bound, then the combined risk."""
    sign = ">" if risk > threshold else "<="
    return (
        *((guess_line(guess),) if guess is not None else ()),
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


def guessed(reading: Reading, place: Box | None) -> Reading:
    """Return the sign that is named as a guess, with its sentence and its place."""
    return replace(reading, detail=f"Most likely, a guess: {sentence(reading)}", box=place)
