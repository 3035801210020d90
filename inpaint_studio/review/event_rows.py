"""Decisions as rows of the library, and back."""

from __future__ import annotations

import json

from inpaint_studio.errors import LibraryError, UserError
from inpaint_studio.review.events import VERDICTS, Decision, Verdict
from inpaint_studio.store.database import Transaction
from inpaint_studio.store.rows import DECISIONS, REVIEW, DecisionRow, ReviewRow


def decision_of(row: DecisionRow) -> Decision:
    return Decision(
        seq=row.seq, item_id=row.item_id, version=row.version, verdict=_verdict(row.verdict),
        reason=row.reason, reviewer=row.reviewer, time=row.time, ms=row.ms,
        views=tuple(json.loads(row.views)), seen=row.seen, automatic=row.automatic,
        group=row.group_name, undoes=row.undoes, note=row.note,
        readings=json.loads(row.readings), thresholds=row.thresholds, program=row.program,
    )  # fmt: skip


def row_of(event: Decision) -> DecisionRow:
    return DecisionRow(
        seq=event.seq, item_id=event.item_id, version=event.version, verdict=event.verdict,
        reason=event.reason, reviewer=event.reviewer, time=event.time, ms=event.ms,
        views=json.dumps(list(event.views)), seen=event.seen, automatic=event.automatic,
        group_name=event.group, undoes=event.undoes, note=event.note,
        readings=json.dumps(event.readings), thresholds=event.thresholds, program=event.program,
    )  # fmt: skip


def _verdict(text: str) -> Verdict:
    for verdict in VERDICTS:
        if verdict == text:
            return verdict
    raise LibraryError(f"A decision in this library has the unknown verdict {text!r}.")


def events_of(tx: Transaction, item_id: str) -> list[Decision]:
    rows = DECISIONS.select(tx, "item_id = ?", (item_id,), "ORDER BY seq")
    return [decision_of(row) for row in rows]


def all_events(tx: Transaction, since: int) -> list[Decision]:
    return [decision_of(r) for r in DECISIONS.select(tx, "seq > ?", (since,), "ORDER BY seq")]


def stands(tx: Transaction, event: Decision) -> bool:
    """Whether no standing undo names `event` (an undone undo does not count)."""
    undos = DECISIONS.select(
        tx, "item_id = ? AND verdict = 'undo' AND undoes = ?", (event.item_id, event.seq)
    )
    return not any(stands(tx, decision_of(undo)) for undo in undos)


def item_of(tx: Transaction, item_id: str) -> ReviewRow:
    found = REVIEW.one(tx, "item_id = ?", (item_id,))
    if found is None:
        raise UserError(
            f"There is no review item {item_id}; `review list` shows those that are there."
        )
    return found
