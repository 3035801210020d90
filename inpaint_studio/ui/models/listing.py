"""The list at the left: models on disk, then well-known ones that are not here."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inpaint_studio.ui import theme
from inpaint_studio.ui.text import tr
from inpaint_studio.weights.entries import STATE_TEXT, ModelEntry
from inpaint_studio.weights.families import BY_NAME
from inpaint_studio.weights.known import Known

Index = QModelIndex | QPersistentModelIndex
Row = ModelEntry | Known
ROW_PX = 58
MARKS = {
    "ready": "good", "new": "accent", "missing": "bad", "damaged": "bad", "refused": "bad",
    "memory": "warn",
}  # fmt: skip
KIND_WORDS = {
    "text": "Finds text", "objects": "Finds objects", "erase": "Fills holes",
    "segment": "Selects objects", "diffusion": "Fills by meaning", "upscale": "Enlarges",
}  # fmt: skip


def size_words(count: int) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.2f} {name}" if unit == 1e9 else f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def state_words(row: Row) -> str:
    return tr(STATE_TEXT[row.state]) if isinstance(row, ModelEntry) else tr("Not on this computer")


def family_words(entry: ModelEntry) -> str:
    family = BY_NAME.get(entry.family)
    return family.title if family is not None else (entry.known or entry.family or tr("unknown"))


class ModelRows(QAbstractListModel):
    """Rows in the order they are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def show(self, entries: Sequence[ModelEntry], known: Sequence[Known]) -> None:
        here = {entry.known for entry in entries}
        self.beginResetModel()
        self.rows = [*entries, *(k for k in known if k.name not in here)]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        row = self.rows[index.row()]
        if role == int(Qt.ItemDataRole.UserRole):
            return row
        if role == int(Qt.ItemDataRole.DisplayRole):
            return row.name
        if role == int(Qt.ItemDataRole.AccessibleTextRole):
            return f"{row.name}, {state_words(row)}"
        return None


class ModelDelegate(QStyledItemDelegate):
    """Three lines: the name, what it is, its state as a shape and a word."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(int(Qt.ItemDataRole.UserRole))
        colors = theme.active()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(option.rect).adjusted(8, 1, -8, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.color("raised"))
            painter.drawRoundedRect(room, 6, 6)
        is_here = isinstance(row, ModelEntry)
        left = room.left() + 12
        wide = room.width() - 20
        self._line(painter, QRectF(left, room.top() + 6, wide, 18), row.name,
                   "text" if is_here else "dim", bold=is_here)  # fmt: skip
        if isinstance(row, ModelEntry):
            words = f"{tr(KIND_WORDS[row.kind])} · {size_words(row.bytes)}"
        else:
            words = tr(KIND_WORDS[row.kind])
        self._line(painter, QRectF(left, room.top() + 22, wide, 16), words, "faint")
        role = MARKS[row.state] if isinstance(row, ModelEntry) else "faint"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.color(role))
        mark = QRectF(left, room.top() + 42, 8, 8)
        if role == "bad":
            painter.drawRect(mark)
        else:
            painter.drawEllipse(mark)
        self._line(painter, QRectF(left + 14, room.top() + 38, wide - 14, 16), state_words(row),
                   role if role != "accent" else "dim")  # fmt: skip
        painter.restore()

    @staticmethod
    def _line(
        painter: QPainter, room: QRectF, words: str, role: str, *, bold: bool = False
    ) -> None:
        weight = QFont.Weight.DemiBold if bold else QFont.Weight.Normal
        painter.setFont(theme.font(13 if bold else 12, weight))
        painter.setPen(theme.active().color(role))
        cut = QFontMetricsF(painter.font()).elidedText(
            words, Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, cut)


class ModelList(QListView):
    """The list; it remembers which model was looked at when the rows change."""

    def __init__(self, rows: ModelRows) -> None:
        super().__init__()
        self.setModel(rows)
        self.setItemDelegate(ModelDelegate(self))
        self.setAccessibleName(tr("Models"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)

    def current(self) -> Row | None:
        row = self.currentIndex().data(int(Qt.ItemDataRole.UserRole))
        return row if isinstance(row, (ModelEntry, Known)) else None

    def pick(self, name: str) -> None:
        """Select the row of that id or name, else the first one."""
        rows = self.model()
        if not isinstance(rows, ModelRows) or not rows.rows:
            return
        place = next(
            (
                at
                for at, row in enumerate(rows.rows)
                if name in (row.name, row.id if isinstance(row, ModelEntry) else row.name)
            ),
            0,
        )
        self.setCurrentIndex(rows.index(place, 0))
