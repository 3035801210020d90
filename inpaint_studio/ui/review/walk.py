"""The way through the queue: which items are listed, which one is in hand, which comes next.

The list keeps decided items in place, so looking back is one key and nothing jumps.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePath

from PySide6.QtCore import QObject, QTimer, Signal

from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.review.bars import FilterBar
from inpaint_studio.ui.review.queue_list import QueueList
from inpaint_studio.ui.review.queue_model import QueueModel

Facets = dict[str, dict[str, int]]
COUNT_AFTER_MS = 250
"""Filters are counted when the item is painted and the reviewer has stopped typing."""
COUNTED_AT_ONCE = 5000


class Walk(QObject):
    """Lists what the filters let through and steps from item to item.

    moved: another item is in hand (or none), and is to be shown.
    """

    moved = Signal()

    def __init__(
        self, library: Library, queue: ReviewQueue, filters: FilterBar, rows: QueueList,
        background: Background, parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._library = library
        self._queue = queue
        self._filters = filters
        self._list = rows
        self._background = background
        self.model: QueueModel = rows.model
        self.at = -1
        self._count_timer = QTimer(self)
        self._count_timer.setSingleShot(True)
        self._count_timer.setInterval(COUNT_AFTER_MS)
        self._count_timer.timeout.connect(self._count_soon)
        filters.changed.connect(self.reload)

    @property
    def row(self) -> ReviewRow | None:
        """The item in hand."""
        return self.model.row(self.at)

    @property
    def total(self) -> int:
        return len(self.model.numbers)

    @property
    def which(self) -> Filter:
        return self._filters.which

    def why_empty(self) -> str:
        return self._queue.why_empty(self.which)

    # Listing

    def reload(self) -> None:
        """Read the queue anew by the filter, and stay at the item in hand where it still is."""
        kept = self.row
        self._read()
        at = self.model.place(kept.number) if kept is not None else -1
        self.go(at if at >= 0 else self.next_waiting(-1))

    def open(self, item_id: str) -> None:
        """Read the queue anew and go to one item, whether the filter lets it through or not."""
        row = self._queue.find(item_id)
        if row is None:
            self.reload()
            return
        self._read()
        self.go_to(row)

    def _read(self) -> None:
        which = self.which
        self.model.show(self._queue.index(which))
        self._filters.show_count(self.total)
        self._count_timer.start()

    def _count_soon(self) -> None:
        """Counting every value takes 0.5 s at 100,000 items: the list does not wait for it."""
        which = self.which
        self._background.run(partial(self._count, which), partial(self._counted, which))

    def _count(self, which: Filter) -> tuple[Facets, dict[str, str]]:
        names = {row.batch_id: PurePath(row.folder).name for row in self._library.batches.all()}
        return self._queue.facets(which, piece=COUNTED_AT_ONCE), names

    def _counted(self, which: Filter, found: tuple[Facets, dict[str, str]]) -> None:
        if which == self.which:
            self._filters.show_facets(found[0], batches=found[1])

    # Going

    def go(self, at: int) -> None:
        """Take the item at a place of the list in hand (-1: none)."""
        self.at = at if 0 <= at < self.total else -1
        if self.at >= 0:
            self._list.mark(self.at)
        self.moved.emit()

    def go_to(self, row: ReviewRow, *, at: int = 0) -> None:
        """Go to an item; put it at a place of the list when it is not in it."""
        place = self.model.place(row.number)
        if place < 0:
            place = at
            self.model.insert(place, row)
        self.go(place)

    def step(self, direction: int) -> None:
        """Look at the neighbour without deciding anything."""
        at = min(max(self.at + direction, 0), self.total - 1)
        if at != self.at and at >= 0:
            self.go(at)

    def go_on(self) -> None:
        """Take the next item that waits in hand."""
        self.go(self.next_waiting(self.at))

    def put_next(self, row: ReviewRow) -> None:
        """Let a new item (a next attempt) be the next one."""
        at = self.at + 1 if self.at >= 0 else self.total
        self.model.insert(at, row)
        if self.row is None:
            self.go(at)

    def next_waiting(self, after: int) -> int:
        """The place of the next item that waits, -1 when none does; wraps once.

        Items skipped or escalated come in turn when no others are left.
        """
        behind = -1
        for offset in range(1, self.total + 1):
            at = (after + offset) % self.total
            row = self.model.row(at)
            if row is None or not row.waiting:
                continue
            if not row.skipped and row.state != "escalated":
                return at
            behind = at if behind < 0 else behind
        return behind

    def ahead(self, number: int) -> list[ReviewRow]:
        """The item in hand and the next `number` that wait after it."""
        found = [row for row in (self.row,) if row is not None]
        at = self.at
        for _ in range(number):
            at = self.next_waiting(at)
            row = self.model.row(at)
            if row is None or row in found:
                break
            found.append(row)
        return found
