"""The queue as a list: thumbnail, name, what it is, and the reading against its limit."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame

from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.ui import theme
from inpaint_studio.ui.review.queue_model import QueueModel
from inpaint_studio.ui.review.row_painter import RowPainter
from inpaint_studio.ui.review.row_words import spoken
from inpaint_studio.ui.text import tr

ROW_PX = 66


class QueueList(QAbstractScrollArea):
    """The list itself: paints the rows in sight and nothing else.

    Rejected: QListView, which asks the model for its length twice per row of the whole queue
    each time the selection moves (2 s a key at 100,000).
    """

    clicked = Signal(int)

    def __init__(self, model: QueueModel, objects: ObjectStore) -> None:
        super().__init__()
        self.model = model
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
        row = self.model.row(at)
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
        return at if 0 <= at < self.model.rowCount() else -1

    def _reset(self) -> None:
        self._measure()
        self.viewport().update()

    def _measure(self) -> None:
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self.model.rowCount() * ROW_PX - height))
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
        last = min((event.rect().bottom() + offset) // ROW_PX, self.model.rowCount() - 1)
        for at in range(first, last + 1):
            row = self.model.row(at)
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
