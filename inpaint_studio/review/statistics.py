"""What the decisions say about gates, engines and reviewers. Pure functions of facts and events."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from inpaint_studio.review.bounds import interval, upper_bound
from inpaint_studio.review.events import CLOSING, Decision, standing

BREAK_S = 120.0
"""A pause longer than this is no working time."""

Origin = Literal["flagged", "audit", "planted", "accepted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFact:
    """One edit as statistics see it. `state` is its review item's state, "" without one.

    `passed` is the gate's verdict, `gates` the version of the gate set that gave it; `origin` says
    why a person saw it ("accepted": nobody did).
    """

    item_id: str
    engine: str
    kind: str
    day: str
    passed: bool
    origin: Origin = "accepted"
    state: str = ""
    risk: float = 0.0
    seconds: float = 0.0
    failed: tuple[str, ...] = ()
    readings: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    content: str = ""
    gates: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a total, with its 95 % interval (0..1)."""

    name: str
    count: int
    total: int
    low: float
    high: float
    items: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        return self.count / self.total if self.total else 0.0


def share(name: str, count: int, total: int, items: Sequence[str] = ()) -> Share:
    low, high = interval(count, total) if total else (0.0, 1.0)
    return Share(name, count, total, low, high, tuple(items))


def pass_rate(facts: Iterable[EditFact], by: Literal["engine", "kind", "day"]) -> list[Share]:
    """Return the gate's pass rate per engine, kind or day; `items` are those that failed."""
    groups: dict[str, list[EditFact]] = defaultdict(list)
    for fact in facts:
        if fact.origin != "planted":
            groups[str(getattr(fact, by))].append(fact)
    return [
        share(name, sum(f.passed for f in members), len(members),
              [f.item_id for f in members if not f.passed])
        for name, members in sorted(groups.items())
    ]  # fmt: skip


def failed_readings(facts: Iterable[EditFact]) -> list[tuple[str, tuple[str, ...]]]:
    """Return which readings failed, most frequent first, with the items."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        for name in fact.failed:
            found[name].append(fact.item_id)
    return sorted(
        ((name, tuple(items)) for name, items in found.items()), key=lambda p: (-len(p[1]), p[0])
    )


def reject_reasons(facts: Iterable[EditFact]) -> list[tuple[str, tuple[str, ...]]]:
    """Return why people rejected, most frequent first, with the items."""
    found: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        if fact.state == "rejected":
            found[fact.reason or "other"].append(fact.item_id)
    return sorted(
        ((name, tuple(items)) for name, items in found.items()), key=lambda p: (-len(p[1]), p[0])
    )


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds an engine took per edit."""

    engine: str
    count: int
    median_s: float
    p95_s: float


def latency(facts: Iterable[EditFact]) -> list[Latency]:
    groups: dict[str, list[float]] = defaultdict(list)
    for fact in facts:
        if fact.seconds > 0 and fact.origin != "planted":
            groups[fact.engine].append(fact.seconds)
    return [
        Latency(name, len(values), float(np.median(values)), float(np.percentile(values, 95)))
        for name, values in sorted(groups.items())
    ]


def seam_rate(facts: Iterable[EditFact]) -> list[Share]:
    """Return the share of edits per engine whose `seam` reading lies outside its band."""
    groups: dict[str, list[EditFact]] = defaultdict(list)
    for fact in facts:
        if "seam" in fact.readings and fact.origin != "planted":
            groups[fact.engine].append(fact)
    result = []
    for name, members in sorted(groups.items()):
        bad = [f.item_id for f in members if "seam" in f.failed]
        result.append(share(name, len(bad), len(members), bad))
    return result


@dataclass(frozen=True, slots=True)
class Escape:
    """How many bad edits slip through unseen, from the audit stream alone.

    `bound` is the 95 % upper bound of the share bad among auto-accepted edits; `accepted` how
    many edits were accepted unseen, so `bound * accepted` is the most that may have escaped.
    `catch` is the reviewers' catch rate on planted bad edits (None: none decided); `corrected`
    is the share after dividing by it, as a reviewer who misses one in five sees too few.
    """

    bad: int
    seen: int
    accepted: int
    bound: float
    catch: Share | None = None

    @property
    def share(self) -> float:
        return self.bad / self.seen if self.seen else 0.0

    @property
    def corrected(self) -> float:
        if self.catch is None or self.catch.value == 0:
            return self.share
        return min(1.0, self.share / self.catch.value)


def escape(facts: Iterable[EditFact]) -> Escape:
    """Return the escape estimate. Flagged items are no evidence here and are not counted."""
    bad = seen = accepted = 0
    caught, planted = [], 0
    for fact in facts:
        if fact.origin == "planted":
            if fact.state in ("accepted", "fixed", "rejected"):
                planted += 1
                if fact.state != "accepted":
                    caught.append(fact.item_id)
        elif fact.origin == "audit":
            accepted += 1
            if fact.state in ("accepted", "fixed", "rejected"):
                seen += 1
                bad += fact.state != "accepted"
        elif fact.passed and fact.origin == "accepted":
            accepted += 1
    catch = share("caught", len(caught), planted, caught) if planted else None
    return Escape(bad, seen, accepted, upper_bound(bad, seen), catch)


def items_per_minute(events: Iterable[Decision]) -> float:
    """Return closing decisions per minute of working time (pauses over two minutes left out)."""
    people: dict[str, list[datetime]] = defaultdict(list)
    first_ms: dict[str, int] = {}
    for event in events:
        if event.verdict in CLOSING and not event.automatic and event.time:
            people[event.reviewer].append(_moment(event.time))
            first_ms.setdefault(event.reviewer, event.ms)
    count, working = 0, 0.0
    for reviewer, moments in people.items():
        moments.sort()
        gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(moments)]
        working += sum(gap for gap in gaps if gap <= BREAK_S) + first_ms[reviewer] / 1000
        count += len(moments) - sum(gap > BREAK_S for gap in gaps)
    return 60.0 * count / working if working > 0 else 0.0


def reversal_rate(events: Sequence[Decision]) -> Share:
    """Return the share of a person's closing decisions that were taken back or overruled."""
    by_item: dict[str, list[Decision]] = defaultdict(list)
    for event in events:
        by_item[event.item_id].append(event)
    total, reversed_items = 0, []
    for item_id, members in by_item.items():
        held = standing(members)
        last = next((e for e in reversed(held) if e.verdict in CLOSING), None)
        for event in members:
            if event.verdict not in CLOSING or event.automatic:
                continue
            total += 1
            overruled = last is not None and (last.verdict == "reject") != (
                event.verdict == "reject"
            )
            if event not in held or overruled:
                reversed_items.append(item_id)
    return share("reversed", len(reversed_items), total, reversed_items)


def agreement(events: Iterable[Decision]) -> Share:
    """Return how often two people who saw the same item agreed (first verdict of each)."""
    by_item: dict[str, dict[str, bool]] = defaultdict(dict)
    for event in standing(list(events)):
        if event.verdict in CLOSING and not event.automatic:
            by_item[event.item_id].setdefault(event.reviewer, event.verdict != "reject")
    pairs = {item: list(v.values()) for item, v in by_item.items() if len(v) > 1}
    same = sum(verdicts[0] == verdicts[1] for verdicts in pairs.values())
    differing = [item for item, verdicts in pairs.items() if verdicts[0] != verdicts[1]]
    return share("agreed", same, len(pairs), differing)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
