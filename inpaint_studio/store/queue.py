"""Rows of the review queue and its append-only decisions.

The meaning of verdicts and states lives in `inpaint_studio.review`; here is only what must be
written together and found fast among 100,000 items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.database import Database, Transaction
from inpaint_studio.store.rows import DECISIONS, REVIEW, DecisionRow, ReviewRow

MUTABLE = frozenset({
    "sort", "group_key", "reviews_needed", "thumb", "state", "waiting", "skipped", "rounds",
    "reason", "reviewer", "decided", "note", "lease_owner", "lease_until", "lease_epoch", "data",
})  # fmt: skip
"""Columns of an item that may change after it has been queued."""


class Reviews:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, *rows: ReviewRow) -> None:
        """Queue items in one transaction. An item that is there already stays as it is."""
        with self._database.writing() as tx:
            REVIEW.insert(tx, *rows, verb="INSERT OR IGNORE")

    def get(self, item_id: str) -> ReviewRow | None:
        with self._database.reading() as tx:
            return REVIEW.one(tx, "item_id = ?", (item_id,))

    def select(
        self, where: str = "", values: tuple[Any, ...] = (), tail: str = ""
    ) -> list[ReviewRow]:
        """Return items. `where` is SQL with `?`; `tail` is ORDER BY, LIMIT and the like."""
        with self._database.reading() as tx:
            return REVIEW.select(tx, where, values, tail)

    def count(self, where: str = "", values: tuple[Any, ...] = ()) -> int:
        with self._database.reading() as tx:
            return REVIEW.count(tx, where, values)

    def set(self, item_id: str, **columns: Any) -> None:
        """Change columns of one item. Raises: LibraryError: no such item."""
        with self._database.writing() as tx:
            _update(tx, item_id, columns)

    def decide(
        self, decisions: Sequence[DecisionRow], states: Mapping[str, Mapping[str, Any]]
    ) -> list[DecisionRow]:
        """Append events and set what they add up to, in one durable transaction.

        decisions: in order; `seq` and `version` are given here. states: item -> columns.
        Return: the events as stored. Raises: LibraryError: no such item.
        """
        with self._database.writing() as tx:
            stored = [_append(tx, decision) for decision in decisions]
            for item_id, columns in states.items():
                _update(tx, item_id, columns)
        return stored

    def decisions(
        self, where: str = "", values: tuple[Any, ...] = (), tail: str = "ORDER BY seq"
    ) -> list[DecisionRow]:
        """Return events, oldest first."""
        with self._database.reading() as tx:
            return DECISIONS.select(tx, where, values, tail)

    def events_of(self, item_id: str) -> list[DecisionRow]:
        return self.decisions("item_id = ?", (item_id,))


def _append(tx: Transaction, decision: DecisionRow) -> DecisionRow:
    version = tx.value(
        "SELECT coalesce(max(version), 0) + 1 FROM decisions WHERE item_id = ?",
        (decision.item_id,),
    )
    decision = replace(decision, seq=0, version=int(version))
    seq = DECISIONS.insert(tx, decision)
    changed = tx.execute(
        "UPDATE review_items SET version = ? WHERE item_id = ?", (version, decision.item_id)
    )
    if not changed:
        raise LibraryError(f"There is no review item {decision.item_id} in this library.")
    return replace(decision, seq=seq)


def _update(tx: Transaction, item_id: str, columns: Mapping[str, Any]) -> None:
    unknown = set(columns) - MUTABLE
    assert not unknown, f"columns that never change: {sorted(unknown)}"
    if not columns:
        return
    names = ", ".join(f"{name} = ?" for name in columns)
    if not tx.execute(
        f"UPDATE review_items SET {names} WHERE item_id = ?", (*columns.values(), item_id)
    ):
        raise LibraryError(f"There is no review item {item_id} in this library.")
