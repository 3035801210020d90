"""Decisions as append-only events, and what they add up to.

Nothing is ever changed or deleted: undo appends an event that names the one it takes back, and
an undone undo is a redo. The state of an item is a pure function of its events (`fold`), so a
library can be checked, rebuilt and audited from them alone. Rejected: a state column written by
every screen on its own, as it says where an item is but not how it came there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from inpaint_studio.routing.onward import Change

Verdict: TypeAlias = Literal[
    "accept", "reject", "fix", "skip", "escalate", "note", "look", "undo", "supersede"
]
State: TypeAlias = Literal[
    "open", "second", "disputed", "escalated", "accepted", "fixed", "rejected", "superseded"
]

VERDICTS: tuple[Verdict, ...] = (
    "accept", "reject", "fix", "skip", "escalate", "note", "look", "undo", "supersede",
)  # fmt: skip
STATES: tuple[State, ...] = (
    "open", "second", "disputed", "escalated", "accepted", "fixed", "rejected", "superseded",
)  # fmt: skip
WAITING: tuple[State, ...] = ("open", "second", "disputed", "escalated")
"""States in which an item still waits for a person."""

CLOSING: tuple[Verdict, ...] = ("accept", "reject", "fix")


@dataclass(frozen=True, slots=True)
class RejectReason:
    """Why an edit was rejected, the key that says so, and what the next attempt changes first."""

    name: str
    key: str
    title: str
    attempt: Change | None


REASONS: tuple[RejectReason, ...] = (
    RejectReason("leftover", "1", "Something is left of what was removed", "wider"),
    RejectReason("blurry", "2", "Smoother or noisier than its surroundings", "engine"),
    RejectReason("seam", "3", "A seam or another colour shows", "softer"),
    RejectReason("invented", "4", "It shows something that was never there", "engine"),
    RejectReason("mask", "5", "The mask covers the wrong thing", None),
    RejectReason("other", "6", "Something else", "seed"),
)
REASON_NAMES = tuple(reason.name for reason in REASONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One event. `seq` orders all events of a library; `version` counts those of one item.

    `undoes` is the `seq` an undo takes back. `group` joins the events of one key press over
    several items. `seen` tells whether this very item was on the screen. `automatic` events
    never become a person's undo step. A `look` says that the item was shown in a terminal: the
    decision that follows is another process and cannot know it otherwise. `ms` is the time the
    person took, `views` the compare modes used. `readings` and `thresholds` are what the gate
    said when the person decided.
    """

    seq: int = 0
    item_id: str
    version: int = 0
    verdict: Verdict
    reason: str = ""
    reviewer: str = ""
    time: str = ""
    ms: int = 0
    views: tuple[str, ...] = ()
    seen: bool = True
    automatic: bool = False
    group: str = ""
    undoes: int | None = None
    note: str = ""
    readings: dict[str, float] = field(default_factory=dict)
    thresholds: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True)
class ItemState:
    """What the events of one item add up to."""

    state: State = "open"
    reason: str = ""
    reviewer: str = ""
    decided: str = ""
    skipped: bool = False
    note: str = ""
    rounds: int = 0

    @property
    def is_waiting(self) -> bool:
        return self.state in WAITING


def standing(events: Sequence[Decision]) -> list[Decision]:
    """Return the events that hold: neither undone nor an undo. Oldest first."""
    undone: set[int] = set()
    for event in sorted(events, key=lambda e: e.seq, reverse=True):
        if event.verdict == "undo" and event.undoes is not None and event.seq not in undone:
            undone.add(event.undoes)
    kept = [e for e in events if e.seq not in undone and e.verdict != "undo"]
    return sorted(kept, key=lambda e: e.seq)


def fold(events: Sequence[Decision], *, reviews_needed: int = 1) -> ItemState:
    """Return the state that `events` (of one item) add up to.

    With two reviews needed the first verdict leaves the item in `second`; two that differ make
    it `disputed`, and the third reviewer's word stands. One person's later verdict replaces
    his earlier one. Accept and fix agree: both say that what is delivered is good.
    """
    held = standing(events)
    note = next((e.note for e in reversed(held) if e.verdict == "note"), "")
    if any(e.verdict == "supersede" for e in held):
        return ItemState(state="superseded", note=note)
    verdicts: dict[str, Decision] = {}
    skipped = escalated = False
    for event in held:
        if event.verdict in CLOSING:
            verdicts.pop(event.reviewer, None)
            verdicts[event.reviewer] = event
            skipped = escalated = False
        elif event.verdict == "skip":
            skipped = True
        elif event.verdict == "escalate":
            escalated = True
    if escalated:
        return ItemState(state="escalated", note=note, rounds=len(verdicts))
    if not verdicts:
        return ItemState(skipped=skipped, note=note)
    last = list(verdicts.values())[-1]
    state = _settled(list(verdicts.values()), reviews_needed)
    return ItemState(
        state=state,
        reason=last.reason if state == "rejected" else "",
        reviewer=last.reviewer,
        decided=last.time,
        skipped=skipped and state in WAITING,
        note=note,
        rounds=len(verdicts),
    )


_CLOSED: dict[str, State] = {"accept": "accepted", "fix": "fixed", "reject": "rejected"}


def _settled(verdicts: Sequence[Decision], needed: int) -> State:
    good = [e for e in verdicts if e.verdict != "reject"]
    bad = [e for e in verdicts if e.verdict == "reject"]
    if needed > 1:
        if len(verdicts) < needed:
            return "second"
        if len(good) == len(bad):
            return "disputed"
    winners = verdicts if needed <= 1 else (good if len(good) > len(bad) else bad)
    return _CLOSED[winners[-1].verdict]


def next_undo(events: Iterable[Decision], reviewer: str) -> Decision | None:
    """Return the newest standing decision of `reviewer` (None: nothing of his to take back).

    Automatic events and notes are passed over: undo takes back what a person decided.
    """
    mine = [
        e for e in standing(list(events))
        if e.reviewer == reviewer and not e.automatic and e.verdict not in ("note", "supersede")
    ]  # fmt: skip
    return mine[-1] if mine else None


def is_repeated(events: Sequence[Decision], verdict: Verdict, reason: str, reviewer: str) -> bool:
    """Return whether `reviewer` has decided just this already, and it still holds.

    A skip or an escalation since then opens the question again.
    """
    held = [e for e in standing(events) if e.verdict in (*CLOSING, "skip", "escalate")]
    while held and held[-1].verdict in CLOSING:
        last = held.pop()
        if last.reviewer == reviewer:
            return (last.verdict, last.reason) == (verdict, reason)
    return False


def last_look(events: Iterable[Decision], reviewer: str) -> Decision | None:
    """Return when `reviewer` last had the item shown to him outside the window, None: never."""
    looks = [e for e in events if e.verdict == "look" and e.reviewer == reviewer]
    return looks[-1] if looks else None


def readings_now(values: Mapping[str, float]) -> dict[str, float]:
    """Return readings rounded to what an event stores (6 significant digits)."""
    return {name: float(f"{value:.6g}") for name, value in values.items()}
