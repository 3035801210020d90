"""Like items side by side, decided by one key press, each of them excludable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import PurePath

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from inpaint_studio.errors import InpaintError
from inpaint_studio.review.groups import Group
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import button, dim, label

TILE = QSize(176, 156)
MOST = 400


class Tile(QWidget):
    """One member: its picture, its name, and whether it takes part."""

    toggled = Signal(str, bool)

    def __init__(self, row: ReviewRow) -> None:
        super().__init__()
        self.row = row
        self.is_in = True
        self.was_seen = False
        self.image: QImage | None = None
        self.setFixedSize(TILE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._name()

    def _name(self) -> None:
        words = tr("takes part") if self.is_in else tr("left out")
        self.setAccessibleName(f"{PurePath(self.row.name).name}, {words}")

    def toggle(self) -> None:
        self.is_in = not self.is_in
        self._name()
        self.update()
        self.toggled.emit(self.row.item_id, self.is_in)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.toggle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggle()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        active = theme.active()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(4, 4, self.width() - 8, 118)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(active.color("track"))
        painter.drawRoundedRect(place, 4, 4)
        if self.image is not None:
            self.was_seen = True
            size = self.image.size().scaled(
                place.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio
            )
            spot = QRectF(
                place.center().x() - size.width() / 2, place.center().y() - size.height() / 2,
                size.width(), size.height(),
            )  # fmt: skip
            painter.setOpacity(1.0 if self.is_in else 0.25)
            painter.drawImage(spot, self.image)
            painter.setOpacity(1.0)
        color = "accent" if self.is_in else "line"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = 2.0 if self.is_in or self.hasFocus() else 1.0
        painter.setPen(QPen(active.color("text" if self.hasFocus() else color), width))
        painter.drawRoundedRect(place, 4, 4)
        painter.setFont(theme.font(12))
        painter.setPen(active.color("text" if self.is_in else "faint"))
        words = PurePath(self.row.name).name if self.is_in else tr("left out")
        words = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, self.width() - 8
        )
        painter.drawText(QRectF(6, 126, self.width() - 10, 20), words)


class GroupPage(QWidget):
    """The members of a group. Keys are the page's own: accept, reject and skip mean all of them."""

    closed = Signal()
    decided = Signal(str)

    def __init__(self, objects: ObjectStore, background: Background) -> None:
        super().__init__()
        self._objects = objects
        self._background = background
        self._tiles: list[Tile] = []
        self._why = label("", "strong")
        self._words = dim("", wrap=True)
        self._grid_holder = QWidget()
        self._grid = QGridLayout(self._grid_holder)
        self._grid.setContentsMargins(20, 8, 20, 20)
        self._grid.setSpacing(10)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(self._grid_holder)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        back = button(tr("Back to one"), hint=tr("G"))
        back.clicked.connect(self.closed)
        reject = button(tr("Reject these"), icon="close", hint=tr("X, then 1 to 6"))
        accept = button(tr("Accept these"), icon="check", primary=True, hint=tr("Space or A"))
        for made, what in ((reject, "reject"), (accept, "accept")):
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(partial(self._pressed, what))
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 20, 4)
        words = QVBoxLayout()
        words.addWidget(self._why)
        words.addWidget(self._words)
        head.addLayout(words, 1)
        for made in (back, reject, accept):
            head.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self._area, 1)

    def _pressed(self, what: str) -> None:
        self.decided.emit(what)

    def show_group(self, group: Group, rows: Sequence[ReviewRow]) -> None:
        """Show the members, all of them taking part."""
        self._why.setText(f"{tr(group.title)} · {count(len(rows), 'item', 'items')}")
        for tile in self._tiles:
            tile.hide()
            tile.deleteLater()
        self._tiles = [Tile(row) for row in rows[:MOST]]
        columns = max(1, (max(self.width(), 700) - 40) // (TILE.width() + 10))
        for number, tile in enumerate(self._tiles):
            tile.toggled.connect(self._counted)
            self._grid.addWidget(tile, number // columns, number % columns)
            if tile.row.thumb:
                self._background.run(
                    partial(self._read, tile.row.thumb), partial(self._arrived, tile)
                )
        self._grid.setRowStretch(len(self._tiles) // columns + 1, 1)
        self._grid.setColumnStretch(columns, 1)
        self._counted("", True)
        if self._tiles:
            self._tiles[0].setFocus()

    def _counted(self, _item: str, _on: bool) -> None:
        chosen = len(self.chosen)
        self._words.setText(
            tr("{n} take part. Enter or a click leaves one out; Tab goes on.", n=chosen)
        )

    def _read(self, sha256: str) -> QImage:
        try:
            return QImage.fromData(self._objects.get_bytes(sha256))
        except InpaintError:
            return QImage()

    def _arrived(self, tile: Tile, image: QImage) -> None:
        if tile in self._tiles and not image.isNull():
            tile.image = image
            tile.update()

    @property
    def chosen(self) -> list[str]:
        """The members that take part."""
        return [tile.row.item_id for tile in self._tiles if tile.is_in]

    @property
    def seen(self) -> list[str]:
        """The members whose picture was really painted."""
        return [tile.row.item_id for tile in self._tiles if tile.was_seen]
