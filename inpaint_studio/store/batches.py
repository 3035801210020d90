"""Batches and their items: what a night's catalogue has done and has left to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.database import Database, now_s
from inpaint_studio.store.rows import BATCH_ITEMS, BATCHES, BatchItemRow, BatchRow

MUTABLE = frozenset({
    "sha256", "state", "attempts", "run_id", "output", "output_sha256", "message", "seconds",
    "data",
})  # fmt: skip


class Batches:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, batch: BatchRow, items: Sequence[BatchItemRow]) -> None:
        """Store a batch and its items in one transaction; paths known already stay as they are.

        A batch that is there takes the options given (those its id does not depend on may differ).
        """
        with self._database.writing() as tx:
            BATCHES.insert(tx, batch, verb="INSERT OR IGNORE")
            tx.execute(
                "UPDATE batches SET options = ? WHERE batch_id = ?",
                (batch.options, batch.batch_id),
            )
            BATCH_ITEMS.insert(tx, *items, verb="INSERT OR IGNORE")

    def get(self, batch_id: str) -> BatchRow | None:
        with self._database.reading() as tx:
            return BATCHES.one(tx, "batch_id = ?", (batch_id,))

    def all(self) -> list[BatchRow]:
        """Return the batches, newest first."""
        with self._database.reading() as tx:
            return BATCHES.select(tx, tail="ORDER BY created DESC")

    def set_state(self, batch_id: str, state: str) -> None:
        with self._database.writing() as tx:
            tx.execute("UPDATE batches SET state = ? WHERE batch_id = ?", (state, batch_id))

    def items(self, batch_id: str, *states: str) -> list[BatchItemRow]:
        """Return the items in order, all or only those in one of `states`."""
        marks = ", ".join("?" * len(states))
        where = "batch_id = ?" + (f" AND state IN ({marks})" if states else "")
        with self._database.reading() as tx:
            return BATCH_ITEMS.select(tx, where, (batch_id, *states), "ORDER BY position")

    def set(self, batch_id: str, position: int, **columns: Any) -> None:
        """Change columns of one item. Raises: LibraryError: no such item."""
        unknown = set(columns) - MUTABLE
        assert not unknown, f"columns that never change: {sorted(unknown)}"
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._database.writing() as tx:
            changed = tx.execute(
                f"UPDATE batch_items SET {names}, updated = ? WHERE batch_id = ? AND position = ?",
                (*columns.values(), now_s(), batch_id, position),
            )
        if not changed:
            raise LibraryError(f"There is no item {position} in batch {batch_id}.")

    def counts(self, batch_id: str) -> dict[str, int]:
        """Return how many items are in which state."""
        with self._database.reading() as tx:
            return dict(
                tx.rows(
                    "SELECT state, count(*) FROM batch_items WHERE batch_id = ? GROUP BY state",
                    (batch_id,),
                )
            )

    def release_running(self, batch_id: str) -> int:
        """Let items wait again whose program died while it worked on them; return how many."""
        with self._database.writing() as tx:
            return tx.execute(
                "UPDATE batch_items SET state = 'waiting' WHERE batch_id = ? AND state = 'running'",
                (batch_id,),
            )
