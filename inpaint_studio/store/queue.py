"""Rows of the review queue, as everybody may look at them.

Items are queued and decided by `inpaint_studio.review.queue` alone, which knows what verdicts
and states mean; the rows and their indexes are the store's.
"""

from __future__ import annotations

from typing import Any

from inpaint_studio.store.database import Database
from inpaint_studio.store.rows import REVIEW, ReviewRow


class Reviews:
    def __init__(self, database: Database) -> None:
        self._database = database

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
