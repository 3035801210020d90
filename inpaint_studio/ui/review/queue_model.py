"""The queue as a model of any length: it holds numbers, and reads a page of rows when one is asked.

100,000 rows are no different from ten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.review.row_words import spoken

PAGE = 64
KEEP_PAGES = 24
Index = QModelIndex | QPersistentModelIndex
ITEM_ROLE = int(Qt.ItemDataRole.UserRole)


class QueueModel(QAbstractListModel):
    """Rows of the queue by number; pages of them kept as long as they are near."""

    def __init__(self, queue: ReviewQueue) -> None:
        super().__init__()
        self._queue = queue
        self.numbers: list[int] = []
        self._pages: OrderedDict[int, list[ReviewRow]] = OrderedDict()
        self._fresh: dict[int, ReviewRow] = {}

    def show(self, numbers: Sequence[int]) -> None:
        """Show these rows instead."""
        self.beginResetModel()
        self.numbers = list(numbers)
        self._pages.clear()
        self._fresh.clear()
        self.endResetModel()

    def insert(self, at: int, row: ReviewRow) -> None:
        """Put a new row (a next attempt) at a place of the list."""
        self.beginInsertRows(QModelIndex(), at, at)
        self.numbers.insert(at, row.number)
        self._pages.clear()
        self._fresh[row.number] = row
        self.endInsertRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.numbers)

    def row(self, at: int) -> ReviewRow | None:
        """Return the item at a place of the list."""
        if not 0 <= at < len(self.numbers):
            return None
        known = self._fresh.get(self.numbers[at])
        if known is not None:
            return known
        page, inside = divmod(at, PAGE)
        rows = self._pages.get(page)
        if rows is None:
            rows = self._queue.rows(self.numbers[page * PAGE : (page + 1) * PAGE])
            self._pages[page] = rows
            while len(self._pages) > KEEP_PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(page)
        return rows[inside] if inside < len(rows) else None

    def changed(self, rows: Sequence[ReviewRow]) -> None:
        """These items are other ones now: keep them, and paint anew what is seen."""
        for row in rows:
            self._fresh[row.number] = row
            at = self.place(row.number)
            if at >= 0:
                self.dataChanged.emit(self.index(at), self.index(at))

    def place(self, number_: int) -> int:
        """Where an item stands in the list, -1 where it does not."""
        try:
            return self.numbers.index(number_)
        except ValueError:
            return -1

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        row = self.row(index.row())
        if row is None:
            return None
        if role == ITEM_ROLE:
            return row
        if role == int(Qt.ItemDataRole.DisplayRole):
            return PurePath(row.name).name
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return spoken(row)
        return None
