"""The queue as a list: thumbnail, name, what it is, and the reading against its limit.

100,000 rows are no different from ten: the model holds their numbers only, a page of rows is
read when it is painted, a thumbnail when it is seen.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import PurePath

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from inpaint_studio.errors import InpaintError
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets.gauge import number

PAGE = 64
KEEP_PAGES = 24
KEEP_THUMBS = 400
ROW_PX = 66
THUMB = QSize(72, 52)
Index = QModelIndex | QPersistentModelIndex
ITEM_ROLE = int(Qt.ItemDataRole.UserRole)
WORDS = {
    "accepted": "accepted", "fixed": "fixed", "rejected": "rejected", "escalated": "escalated",
    "superseded": "another attempt", "second": "second look", "disputed": "reviewers differ",
}  # fmt: skip


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


def described(row: ReviewRow) -> str:
    attempt = tr("attempt {n}", n=row.attempt + 1) if row.attempt else row.engine
    return f"{row.kind} · {attempt}"


def is_hidden(row: ReviewRow) -> bool:
    """Whether the gate's evidence is hidden until the person has decided."""
    return row.waiting and bool(row.extra.get("blind"))


def status_words(row: ReviewRow) -> str:
    """The third line of a row: the reading against its limit, or what was decided and when."""
    if not row.waiting:
        words = tr(WORDS.get(row.state, row.state))
        if row.state == "rejected" and row.reason:
            words = f"{words}: {tr(row.reason)}"
        return f"{words} {_clock(row.decided)}".strip()
    if row.state in WORDS:
        return tr(WORDS[row.state])
    if is_hidden(row):
        return tr("evidence hidden")
    if row.skipped:
        return tr("skipped")
    label = str(row.extra.get("label") or row.gate.replace("_", " "))
    if row.value is None:
        return label or tr("look at it")
    sign, limit = "", None
    if row.high is not None and row.value > row.high:
        sign, limit = ">", row.high
    elif row.low is not None and row.value < row.low:
        sign, limit = "<", row.low
    value = number(row.value)
    return f"{label} {value} {sign} {number(limit)}" if limit is not None else f"{label} {value}"


def short_status(row: ReviewRow, fits: Callable[[str], bool]) -> str:
    """The third line cut to its room: a long label gives way, the numbers never do."""
    words = status_words(row)
    label = str(row.extra.get("label") or row.gate.replace("_", " "))
    if fits(words) or not label or not words.startswith(f"{label} "):
        return words
    numbers = words[len(label) :]
    while label and not fits(f"{label}…{numbers}"):
        label = label[:-1]
    return f"{label.rstrip()}…{numbers}"


def _clock(moment: str) -> str:
    from datetime import datetime

    if not moment:
        return ""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone().strftime("%H:%M")


def status_kind(row: ReviewRow) -> str:
    """good, bad, warn or busy: which shape and colour a row has."""
    if not row.waiting:
        return {"rejected": "bad", "superseded": "busy"}.get(row.state, "good")
    if row.state in ("second", "disputed", "escalated") or row.skipped or is_hidden(row):
        return "warn"
    return "bad"


class RowPainter:
    """Paints one row: no boxes, status by shape and colour."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._thumbs: OrderedDict[str, QPixmap] = OrderedDict()

    def paint(
        self, painter: QPainter, place: QRect, row: ReviewRow, *, chosen: bool, hovered: bool
    ) -> None:
        active = theme.active()
        painter.save()
        area = place.adjusted(8, 1, -8, -1)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(active.color("raised"))
            painter.drawRoundedRect(area, 6, 6)
            painter.setBrush(active.color("accent"))
            bar = QRectF(area.left() - 4, area.top() + 14, 3, area.height() - 28)
            painter.drawRoundedRect(bar, 1.5, 1.5)
        elif hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(active.color("hover"))
            painter.drawRoundedRect(area, 6, 6)
        thumb = QRect(area.left() + 8, area.top() + (area.height() - THUMB.height()) // 2,
                      THUMB.width(), THUMB.height())  # fmt: skip
        self._draw_thumb(painter, thumb, row, painter.device().devicePixelRatioF())
        left = thumb.right() + 11
        room = QRect(left, area.top() + 7, area.right() - left - 6, 18)
        self._draw_words(painter, room, row)
        painter.restore()

    def _draw_thumb(self, painter: QPainter, place: QRect, row: ReviewRow, ratio: float) -> None:
        pixmap = self._thumb(row.thumb, ratio)
        if pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.active().color("track"))
            painter.drawRoundedRect(place, 3, 3)
            return
        if not row.waiting:
            painter.setOpacity(0.55)
        painter.drawPixmap(place, pixmap)
        painter.setOpacity(1.0)

    def _thumb(self, sha256: str, ratio: float) -> QPixmap | None:
        if not sha256:
            return None
        if sha256 in self._thumbs:
            self._thumbs.move_to_end(sha256)
            return self._thumbs[sha256]
        try:
            image = QImage.fromData(self._objects.get_bytes(sha256))
        except InpaintError:
            return None
        size = QSize(round(THUMB.width() * ratio), round(THUMB.height() * ratio))
        image = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                             Qt.TransformationMode.SmoothTransformation)  # fmt: skip
        left, top = (image.width() - size.width()) // 2, (image.height() - size.height()) // 2
        pixmap = QPixmap.fromImage(image.copy(QRect(left, top, size.width(), size.height())))
        pixmap.setDevicePixelRatio(ratio)
        self._thumbs[sha256] = pixmap
        while len(self._thumbs) > KEEP_THUMBS:
            self._thumbs.popitem(last=False)
        return pixmap

    def _draw_words(self, painter: QPainter, room: QRect, row: ReviewRow) -> None:
        active = theme.active()
        vertical = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setFont(theme.font(13, QFont.Weight.DemiBold))
        painter.setPen(active.color("text" if row.waiting else "dim"))
        painter.drawText(room, vertical, _cut(painter, PurePath(row.name).name, room.width()))
        room = room.translated(0, 17)
        painter.setFont(theme.font(12))
        painter.setPen(active.color("dim"))
        painter.drawText(room, vertical, _cut(painter, described(row), room.width()))
        room = room.translated(0, 17)
        kind = status_kind(row)
        color = active.color({"busy": "accent"}.get(kind, kind))
        draw_mark(painter, QRectF(room.left(), room.top() + 5, 8, 8), kind)
        painter.setPen(color)
        room = room.adjusted(14, 0, 0, 0)
        metrics = QFontMetricsF(painter.font())
        words = short_status(row, lambda w: metrics.horizontalAdvance(w) <= room.width())
        painter.drawText(room, vertical, _cut(painter, words, room.width()))


def draw_mark(painter: QPainter, place: QRectF, kind: str) -> None:
    """A square for bad, a triangle for warn, a disc for good, a ring for busy."""
    active = theme.active()
    color = active.color({"busy": "accent"}.get(kind, kind))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if kind == "bad":
        painter.drawRect(place)
    elif kind == "warn":
        painter.drawPolygon(QPolygonF([
            QPointF(place.center().x(), place.top()), place.bottomRight(), place.bottomLeft(),
        ]))  # fmt: skip
    elif kind == "busy":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(color)
        painter.drawEllipse(place)
    else:
        painter.drawEllipse(place)


def _cut(painter: QPainter, words: str, width: int) -> str:
    metrics = QFontMetricsF(painter.font())
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)


class QueueList(QAbstractScrollArea):
    """The list itself: paints the rows in sight and nothing else.

    Rejected: QListView, which asks the model for its length twice per row of the whole queue
    each time the selection moves (2 s a key at 100,000).
    """

    clicked = Signal(int)

    def __init__(self, model: QueueModel, objects: ObjectStore) -> None:
        super().__init__()
        self._model = model
        self._painter = RowPainter(objects)
        self._chosen = -1
        self._hovered = -1
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName(tr("Review queue"))
        model.modelReset.connect(self._reset)
        model.rowsInserted.connect(self._reset)
        model.dataChanged.connect(self._changed)
        theme.active().changed.connect(self.viewport().update)

    def mark(self, at: int) -> None:
        """Select a row and keep it and its neighbours in sight."""
        self._update(self._chosen)
        self._chosen = at
        self._update(at)
        bar, height = self.verticalScrollBar(), self.viewport().height()
        top = at * ROW_PX
        if top - ROW_PX < bar.value():
            bar.setValue(top - ROW_PX)
        elif top + 2 * ROW_PX > bar.value() + height:
            bar.setValue(top + 2 * ROW_PX - height)
        row = self._model.row(at)
        if row is not None:
            self.setAccessibleDescription(spoken(row))

    def _update(self, at: int) -> None:
        """Paint one row anew."""
        top = at * ROW_PX - self.verticalScrollBar().value()
        self.viewport().update(QRect(0, top, self.viewport().width(), ROW_PX))

    def _changed(self, first: QModelIndex, last: QModelIndex) -> None:
        for at in range(first.row(), min(last.row(), first.row() + 64) + 1):
            self._update(at)

    @property
    def chosen(self) -> int:
        return self._chosen

    def row_at(self, y: int) -> int:
        """The row under a point of the viewport, -1 below the last."""
        at = (y + self.verticalScrollBar().value()) // ROW_PX
        return at if 0 <= at < self._model.rowCount() else -1

    def _reset(self) -> None:
        self._measure()
        self.viewport().update()

    def _measure(self) -> None:
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._model.rowCount() * ROW_PX - height))
        bar.setPageStep(height)
        bar.setSingleStep(ROW_PX // 2)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._measure()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        offset, width = self.verticalScrollBar().value(), self.viewport().width()
        first = (event.rect().top() + offset) // ROW_PX
        last = min((event.rect().bottom() + offset) // ROW_PX, self._model.rowCount() - 1)
        for at in range(first, last + 1):
            row = self._model.row(at)
            if row is not None:
                place = QRect(0, at * ROW_PX - offset, width, ROW_PX)
                self._painter.paint(
                    painter, place, row, chosen=at == self._chosen, hovered=at == self._hovered
                )
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.row_at(round(event.position().y()))
        if event.button() == Qt.MouseButton.LeftButton and at >= 0:
            self.clicked.emit(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.row_at(round(event.position().y())))

    def leaveEvent(self, _event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, at: int) -> None:
        if at != self._hovered:
            self._update(self._hovered)
            self._hovered = at
            self._update(at)


def spoken(row: ReviewRow) -> str:
    """A row as a sentence for screen readers."""
    return f"{PurePath(row.name).name}, {described(row)}, {status_words(row)}"
