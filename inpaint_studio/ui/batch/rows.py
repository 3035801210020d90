"""The photos of a batch as a table: what became of each, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from inpaint_studio.store.rows import BatchItemRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.review.row_painter import draw_mark
from inpaint_studio.ui.text import tr

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("", "Photo", "What became of it", "Seconds")
WORDS = {
    "waiting": "waiting", "running": "running", "done": "delivered", "clean": "nothing to remove",
    "flagged": "waits for a person", "failed": "failed", "set aside": "set aside",
}  # fmt: skip
KINDS = {
    "waiting": "", "running": "busy", "done": "good", "clean": "good", "flagged": "warn",
    "failed": "bad", "set aside": "bad",
}  # fmt: skip


class BatchModel(QAbstractTableModel):
    """Rows in the batch's order; one of them may change at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[BatchItemRow] = []
        self._place: dict[int, int] = {}

    def show(self, rows: Sequence[BatchItemRow]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self._place = {row.position: at for at, row in enumerate(self.rows)}
        self.endResetModel()

    def changed(self, row: BatchItemRow) -> None:
        at = self._place.get(row.position)
        if at is not None:
            self.rows[at] = row
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == int(Qt.ItemDataRole.DisplayRole):
            return tr(COLUMNS[section]) if COLUMNS[section] else ""
        return None

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        row = self.rows[index.row()]
        if role == int(Qt.ItemDataRole.UserRole):
            return row
        if role == int(Qt.ItemDataRole.ToolTipRole):
            return row.message or row.path
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return f"{PurePath(row.path).name}: {tr(WORDS[row.state])} {row.message}"
        if role != int(Qt.ItemDataRole.DisplayRole):
            return None
        words = tr(WORDS[row.state]) + (f" · {row.message}" if row.message else "")
        seconds = f"{row.seconds:.1f}" if row.seconds else ""
        return ("", PurePath(row.path).name, words, seconds)[index.column()]


class MarkDelegate(QStyledItemDelegate):
    """The state as a shape."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(int(Qt.ItemDataRole.UserRole))
        kind = KINDS.get(row.state, "") if isinstance(row, BatchItemRow) else ""
        if kind:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            middle = option.rect.center()
            draw_mark(painter, QRectF(middle.x() - 4, middle.y() - 4, 8, 8), kind)
            painter.restore()


class WordsDelegate(QStyledItemDelegate):
    """Plain words, cut with an ellipsis, dim where nothing has happened yet."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(int(Qt.ItemDataRole.UserRole))
        words = str(index.data() or "")
        painter.save()
        painter.setFont(theme.font(13))
        waiting = isinstance(row, BatchItemRow) and row.state == "waiting"
        role = "faint" if waiting else ("text" if index.column() == 1 else "dim")
        painter.setPen(theme.active().color(role))
        room = option.rect.adjusted(6, 0, -6, 0)
        cut = QFontMetricsF(painter.font()).elidedText(
            words, Qt.TextElideMode.ElideRight, room.width()
        )
        side = Qt.AlignmentFlag.AlignRight if index.column() == 3 else Qt.AlignmentFlag.AlignLeft
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, cut)
        painter.restore()


class BatchTable(QTableView):
    """The table itself, without boxes."""

    def __init__(self, model: BatchModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setShowGrid(False)
        self.setItemDelegate(WordsDelegate(self))
        self.setItemDelegateForColumn(0, MarkDelegate(self))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        head = self.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setHighlightSections(False)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        head.resizeSection(0, 32)
        head.resizeSection(1, 240)
        head.resizeSection(3, 84)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Photos of the batch"))
