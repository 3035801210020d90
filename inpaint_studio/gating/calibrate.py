"""Thresholds with a warranty, from audited verdicts.

Two promises exist and are never mixed. *Bad among accepted* (`warrant`): of all edits accepted
without a person at most `limit` are bad, with 95 % confidence; the evidence is the random audit of
accepted edits and nothing else, as labels of flagged edits say nothing about accepted ones. *Bad
and accepted per processed photo* (`controlled`): conformal risk control over a random sample of
all edits; weaker, as it counts the flagged ones in its denominator.

Rejected: the threshold whose *observed* share of bad ones is below the limit. It breaks its word
in more than half of all simulated shops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inpaint_studio.gating.bounds import (
    CONFIDENCE,
    audits_needed,
    chance_of_at_least,
    upper_bound,
)

DRIFT_ALARM = 0.01
LOOKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One edit of which a person said whether it is bad. `group`: photos of one product (SKU)."""

    risk: float
    is_bad: bool
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warranty:
    """What can be promised. `threshold` is None when the evidence carries no promise.

    bound: 95 % upper bound of the share of bad ones at the threshold (at the whole sample when
    refused); more: how many more clean audits would carry the promise (0 when it holds).
    """

    limit: float
    threshold: float | None
    seen: int
    bad: int
    bound: float
    more: int
    sentence: str


def warrant(audits: Sequence[Audited], limit: float, *, confidence: float = CONFIDENCE) -> Warranty:
    """Return the largest threshold whose upper bound of bad among accepted is <= `limit`.

    Candidates are the twentieths of the audited risks: every further look at the same audits is
    a further chance to be lucky. So the promise is broken in <= 3 % of simulated shops (5 % with
    every audited risk as a candidate; 9 % where the risk tells nothing at all).
    Edits of one group are not independent: a group counts once, as bad if any of its accepted
    edits is; the promise is then per group.
    """
    if not 0 < limit < 1:
        raise ValueError("limit must lie between 0 and 1")
    steps = groups_by_risk(audits)
    best: tuple[float, int, int] | None = None
    seen = bad = 0
    looks = {round(len(steps) * (part + 1) / LOOKS) - 1 for part in range(LOOKS)}
    for place, (risk, added, turned_bad) in enumerate(steps):
        seen += added
        bad += turned_bad
        if place in looks and upper_bound(bad, seen, confidence) <= limit:
            best = (risk, seen, bad)
    if best is None:
        return _refused(limit, seen, bad, confidence)
    risk, seen, bad = best
    bound = upper_bound(bad, seen, confidence)
    return Warranty(
        limit=limit, threshold=risk, seen=seen, bad=bad, bound=bound, more=0,
        sentence=(
            f"Of the edits accepted at risk {risk:.3f} or less, at most {100 * bound:.2g} % are "
            f"bad ({100 * confidence:g} % sure; {bad} bad among {seen} audited)."
        ),
    )  # fmt: skip


def groups_by_risk(audits: Sequence[Audited]) -> list[tuple[float, int, int]]:
    """Return (risk, groups that first appear here, groups that turn bad here), by risk."""
    ordered = sorted(audits, key=lambda audit: audit.risk)
    known: set[str] = set()
    spoiled: set[str] = set()
    steps: dict[float, list[int]] = {}
    for number, audit in enumerate(ordered):
        name = audit.group or f"#{number}"
        step = steps.setdefault(audit.risk, [0, 0])
        if name not in known:
            known.add(name)
            step[0] += 1
        if audit.is_bad and name not in spoiled:
            spoiled.add(name)
            step[1] += 1
    return [(risk, added, turned) for risk, (added, turned) in steps.items()]


def _refused(limit: float, seen: int, bad: int, confidence: float) -> Warranty:
    more = max(0, audits_needed(limit, bad, confidence) - seen)
    bound = upper_bound(bad, seen, confidence)
    return Warranty(
        limit=limit, threshold=None, seen=seen, bad=bad, bound=bound, more=more,
        sentence=(
            f"No automatic acceptance can be promised at {100 * limit:g} % bad: {bad} of {seen} "
            f"audited edits are bad. {more} more audits without a bad one would carry it."
        ),
    )  # fmt: skip


def controlled(sample: Sequence[Audited], limit: float) -> float | None:
    """Return the largest threshold with expected bad-and-accepted per photo <= `limit`.

    Conformal risk control (Angelopoulos et al. 2024, arXiv:2208.02814) over a random sample of
    *all* edits, accepted or not. None when the sample is too small for any threshold.
    """
    count = len(sample)
    allowed = limit * (count + 1) - 1
    if allowed < 0:
        return None
    best: float | None = None
    bad = 0
    for audit in sorted(sample, key=lambda audit: (audit.risk, not audit.is_bad)):
        bad += audit.is_bad
        if bad > allowed:
            return best if best is None or best < audit.risk else _below(sample, audit.risk)
        best = audit.risk
    return best


def _below(sample: Sequence[Audited], risk: float) -> float | None:
    lower = [audit.risk for audit in sample if audit.risk < risk]
    return max(lower, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether the audit stream still fits what was promised."""

    alarm: bool
    seen: int
    bad: int
    chance: float
    sentence: str


def drift(bad: int, seen: int, promised: float) -> Drift:
    """Test a stretch of audits (a night's) against the promised share of bad accepted edits.

    Alarm: so many bad ones come in at most 1 % of all nights while the promise holds. 600 audits
    notice a change from 1 % to 3 % with 91 %.
    """
    chance = chance_of_at_least(bad, seen, promised) if seen else 1.0
    alarm = chance <= DRIFT_ALARM
    said = (
        f"{bad} of {seen} audited edits are bad; with {100 * promised:g} % promised that happens "
        f"in {100 * chance:.2g} % of such samples."
    )
    return Drift(
        alarm=alarm, seen=seen, bad=bad, chance=chance,
        sentence=f"Drift: {said} Calibrate again." if alarm else said,
    )  # fmt: skip
