"""What to try after a rejection: another engine, a wider mask, a softer edge, another seed.

The reason a person gave chooses the first thing to try (`events.REASONS`); what has been tried
before is never tried again. A wrong mask has no automatic next attempt: only a person knows
what was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inpaint_studio.records import EditRecord, Reading, RunOptions
from inpaint_studio.review.events import REASONS

WIDER_PX = 4
SOFTER_PX = 4
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """The options of the next run and the sentence that says what is different."""

    options: RunOptions
    change: str


def tried_key(options: RunOptions, engine: str) -> tuple[str, int, int, int]:
    """What makes two attempts the same: engine, seed, how wide the mask, how soft the edge."""
    grow = -1 if options.grow_px is None else options.grow_px
    feather = -1 if options.feather_px is None else options.feather_px
    return engine, options.seed, grow, feather


def next_attempt(
    edit: EditRecord,
    options: RunOptions,
    reason: str,
    tried: Sequence[tuple[str, int, int, int]] = (),
    *,
    ready: Sequence[str] = (),
) -> Attempt | None:
    """Return what to try after `edit` (made with `options`) was rejected for `reason`.

    tried: `tried_key` of every attempt so far. ready: engines that can run here (empty: all).
    Returns None when a person must do it: the mask is wrong, or nothing new is left to try.
    """
    kind = next((r.attempt for r in REASONS if r.name == reason), "seed")
    if not kind or options.attempt + 1 >= MAX_ATTEMPTS:
        return None
    made = {tried_key(options, edit.plan.engine), *tried}
    made.add((edit.plan.engine, options.seed, _grow(edit, options), _feather(edit, options)))
    order = {
        "wider": ("wider", "engine", "seed"),
        "engine": ("engine", "seed", "wider"),
        "feather": ("feather", "engine", "wider", "seed"),
        "seed": ("seed", "engine", "wider"),
    }[kind]
    for step in order:
        for attempt in _candidates(step, edit, options, ready):
            if tried_key(attempt.options, attempt.options.engine) not in made:
                return attempt
    return None


def _candidates(
    step: str, edit: EditRecord, options: RunOptions, ready: Sequence[str]
) -> list[Attempt]:
    engine = edit.plan.engine
    base = replace(options, engine=engine, attempt=options.attempt + 1, force=False)
    grow, feather = _grow(edit, options), _feather(edit, options)
    if step == "wider":
        wider = grow + WIDER_PX
        return [Attempt(replace(base, grow_px=wider), f"mask grown by {wider} px")]
    if step == "feather":
        softer = feather + SOFTER_PX
        return [Attempt(replace(base, feather_px=softer), f"edge feathered over {softer} px")]
    if step == "engine":
        names = [name for name in _engines(edit) if name != engine]
        return [
            Attempt(replace(base, engine=name), f"engine {name} instead of {engine}")
            for name in names
            if not ready or name in ready
        ]
    seeds = [options.seed + n for n in range(1, MAX_ATTEMPTS)]
    return [Attempt(replace(base, seed=seed), f"seed {seed}") for seed in seeds]


def _engines(edit: EditRecord) -> list[str]:
    plan = edit.plan
    names = [*plan.fallbacks, plan.compare_with]
    return list(dict.fromkeys(name for name in names if name))


def _grow(edit: EditRecord, options: RunOptions) -> int:
    if options.grow_px is not None:
        return options.grow_px
    return int(edit.plan.recipe.parameters.get("grow_px", 0))


def _feather(edit: EditRecord, options: RunOptions) -> int:
    if options.feather_px is not None:
        return options.feather_px
    return int(edit.plan.recipe.parameters.get("feather_px", 2))


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
