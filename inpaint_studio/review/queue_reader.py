"""Looking at the review queue: pages of it, how many of what, what is alike, what was decided."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from inpaint_studio.review.event_rows import all_events, events_of, item_of
from inpaint_studio.review.events import Decision
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.groups import Group, group_of
from inpaint_studio.store.database import Database, now_s
from inpaint_studio.store.rows import REVIEW, ReviewRow

_CHUNK = 500
BREATH_S = 0.002
"""Long enough for a thread that waits for the library to get it."""
Events: TypeAlias = list[Decision]
Rows: TypeAlias = list[ReviewRow]
Counts: TypeAlias = list[tuple[Any, ...]]
FACETS = ("gate", "engine", "kind", "folder", "reviewer", "state", "batch_id")


class HasDatabase(Protocol):
    """What the queue needs of a library."""

    @property
    def database(self) -> Database: ...


class _Member:
    """An item as grouping sees it."""

    __slots__ = ("fingerprint", "item_id", "mask_sha256", "photo_name")

    def __init__(self, row: ReviewRow) -> None:
        extra = row.extra
        self.item_id = row.item_id
        self.photo_name = row.name
        self.mask_sha256 = str(extra.get("mask", ""))
        self.fingerprint = str(extra.get("fingerprint", ""))


class QueueReader:
    """Lists and counts; changes nothing. Every method is safe from any thread of this process."""

    def __init__(self, library: HasDatabase) -> None:
        self._database = library.database

    def index(self, which: Filter | None = None) -> list[int]:
        """Return the numbers of the items in order (light: 100,000 in well under 0.2 s)."""
        which = which or Filter()
        where, values = which.where()
        condition = f"WHERE {where}" if where else ""
        with self._database.reading() as tx:
            found = tx.rows(
                f"SELECT number FROM review_items {condition} ORDER BY {which.order_by()}",
                values,
            )
        return [int(row[0]) for row in found]

    def rows(self, numbers: Sequence[int]) -> list[ReviewRow]:
        """Return the items with these numbers, in the order asked for."""
        found: dict[int, ReviewRow] = {}
        with self._database.reading() as tx:
            for start in range(0, len(numbers), _CHUNK):
                part = tuple(numbers[start : start + _CHUNK])
                marks = ", ".join("?" * len(part))
                for row in REVIEW.select(tx, f"number IN ({marks})", part):
                    found[row.number] = row
        return [found[number] for number in numbers if number in found]

    def list(
        self, which: Filter | None = None, *, limit: int = 200, offset: int = 0
    ) -> list[ReviewRow]:
        """Return a page of items."""
        which = which or Filter()
        where, values = which.where()
        tail = f"ORDER BY {which.order_by()} LIMIT ? OFFSET ?"
        with self._database.reading() as tx:
            return REVIEW.select(tx, where or "1", (*values, limit, offset), tail)

    def count(self, which: Filter | None = None) -> int:
        where, values = (which or Filter()).where()
        with self._database.reading() as tx:
            return REVIEW.count(tx, where, values)

    def facets(self, which: Filter | None = None, *, piece: int = 0) -> dict[str, dict[str, int]]:
        """Return how many items each filter value has, for the whole of `which`.

        piece: count so many rows at a time and let others to the library in between (all of
        100,000 at once hold it for 0.5 s, and with it the reviewer's next key). 0: all at once.
        """
        where, values = (which or Filter()).where()
        counts: dict[str, Counter[str]] = {column: Counter() for column in FACETS}
        for first, last in self._pieces(piece):
            condition = " AND ".join(part for part in (where, _within(first, last)) if part)
            for *names, number in self._facets(condition, values):
                for column, name in zip(FACETS, names, strict=True):
                    if name != "":
                        counts[column][str(name)] += int(number)
            if piece:
                time.sleep(BREATH_S)
        return {column: dict(count.most_common()) for column, count in counts.items()}

    def _pieces(self, piece: int) -> Iterator[tuple[int, int]]:
        """Ranges of item numbers; one that is open on both sides (0, 0) without a piece."""
        if not piece:
            yield 0, 0
            return
        with self._database.reading() as tx:
            ((low, high),) = tx.rows("SELECT min(number), max(number) FROM review_items")
        if low is not None:
            for first in range(int(low), int(high) + 1, piece):
                yield first, first + piece - 1

    def _facets(self, condition: str, values: Sequence[Any]) -> Counts:
        columns = ", ".join(FACETS)
        where = f"WHERE {condition}" if condition else ""
        with self._database.reading() as tx:
            # All at once, in the order of one index: a pass per column took 4 s at 100,000.
            return tx.rows(
                f"SELECT {columns}, count(*) FROM review_items {where} GROUP BY {columns}",
                tuple(values),
            )

    def get(self, item_id: str) -> ReviewRow:
        """Return one item. Raises: UserError: there is none with this id."""
        with self._database.reading() as tx:
            return item_of(tx, item_id)

    def find(self, item_id: str) -> ReviewRow | None:
        with self._database.reading() as tx:
            return REVIEW.one(tx, "item_id = ?", (item_id,))

    def of_edit(self, edit_id: str) -> ReviewRow | None:
        """Return the newest item that shows this edit."""
        with self._database.reading() as tx:
            found = REVIEW.select(tx, "edit_id = ?", (edit_id,), "ORDER BY number DESC LIMIT 1")
        return found[0] if found else None

    def next_after(self, item: ReviewRow | None, which: Filter | None = None) -> ReviewRow | None:
        """Return the first waiting item that is not `item` itself."""
        page = self.list(which, limit=2)
        return next((r for r in page if item is None or r.item_id != item.item_id), None)

    def alike(self, item: ReviewRow, *, limit: int = 400) -> tuple[Group, Rows]:
        """Return the waiting items like this one (itself first), and why they are alike."""
        with self._database.reading() as tx:
            pool = REVIEW.select(
                tx,
                "waiting = 1 AND (group_key = ? OR folder = ?)",
                (item.group_key, item.folder, 20000),
                "ORDER BY group_key = '' , sort LIMIT ?",
            )
        group = group_of(_Member(item), [_Member(row) for row in pool])
        rows = {row.item_id: row for row in pool}
        members = [item.item_id, *(m for m in group.members if m != item.item_id)][:limit]
        return replace(group, members=tuple(members)), [
            item if name == item.item_id else rows[name] for name in members
        ]

    def events(self, item_id: str = "", *, since: int = 0) -> Events:
        """Return the events of one item, or of the whole library after `since`, oldest first."""
        with self._database.reading() as tx:
            return events_of(tx, item_id) if item_id else all_events(tx, since)

    def why_empty(self, which: Filter | None = None) -> str:
        """Say why nothing is left to decide: done, filtered away, or held by someone."""
        with self._database.reading() as tx:
            waiting = REVIEW.count(tx, "waiting = 1")
            leased = tx.rows(
                "SELECT DISTINCT lease_owner FROM review_items "
                "WHERE waiting = 1 AND lease_owner != '' AND lease_until > ?",
                (now_s(),),
            )
        if not waiting:
            return "Everything has been decided."
        if leased:
            return f"{waiting} still wait; open with {', '.join(sorted(r[0] for r in leased))}."
        return f"Nothing matches this filter; {waiting} items wait outside it."


def _within(first: int, last: int) -> str:
    return f"number BETWEEN {first} AND {last}" if last else ""
