"""The photos that are open, as a list with small pictures and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from inpaint_studio.imaging.photo import thumbnail
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.text import tr

THUMB = QSize(76, 57)
ROW_PX = 70


@dataclass
class Shown:
    """One row: file, small picture, a dim line, and a status with its kind."""

    path: Path
    facts: str = ""
    status: str = ""
    kind: str = ""
    pixmap: QPixmap | None = None


class PhotoModel(QAbstractListModel):
    """Rows of `Shown`."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Shown] = []

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.path.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (row.path.name, row.facts, row.status) if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(row.path)
        return None

    def touch(self, row: int) -> None:
        index = self.index(row)
        self.dataChanged.emit(index, index)


class CardDelegate(QStyledItemDelegate):
    """Draws one row: picture, name, facts, status by shape and colour."""

    def __init__(self, parent: QWidget, model: PhotoModel) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:  # fmt: skip
        row = self._model.rows[index.row()]
        active = theme.active()
        rect: QRect = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(active.color("raised" if chosen else "hover"))
            painter.drawRoundedRect(rect.adjusted(8, 1, -8, -1), 6, 6)
        if chosen:
            painter.setBrush(active.color("accent"))
            painter.drawRoundedRect(QRectF(rect.left() + 8, rect.top() + 14, 3, ROW_PX - 28), 1, 1)
        place = QRect(
            rect.left() + 18, rect.top() + (ROW_PX - THUMB.height()) // 2, THUMB.width(),
            THUMB.height(),
        )  # fmt: skip
        _draw_thumb(painter, place, row.pixmap)
        left = place.right() + 11
        width = rect.right() - 14 - left
        _draw_line(painter, left, rect.top() + 8, width, row.path.name, "text", strong=True)
        _draw_line(painter, left, rect.top() + 27, width, row.facts, "dim")
        if row.status:
            sign = {"good": "●", "bad": "■", "warn": "▲", "busy": "◐"}.get(row.kind, "●")
            role = {"busy": "accent"}.get(row.kind, row.kind or "dim")
            _draw_line(painter, left, rect.top() + 45, width, f"{sign} {row.status}", role)
        painter.restore()


def _draw_thumb(painter: QPainter, place: QRect, pixmap: QPixmap | None) -> None:
    path = QPainterPath()
    path.addRoundedRect(QRectF(place), 3, 3)
    painter.setClipPath(path)
    painter.fillRect(place, theme.active().color("field"))
    if pixmap is not None:
        scaled = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
        target = QRect(0, 0, scaled.width(), scaled.height())
        target.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, pixmap)
    painter.setClipping(False)


def _draw_line(
    painter: QPainter, x: int, y: int, width: int, words: str, role: str, *, strong: bool = False
) -> None:
    weight = QFont.Weight.DemiBold if strong else QFont.Weight.Normal
    font = theme.font(13 if strong else 12, weight)
    painter.setFont(font)
    painter.setPen(theme.active().color(role))
    words = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, width)
    painter.drawText(
        QRect(x, y, width, 18), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words
    )


class PhotoList(QListView):
    """Choosing a row asks for the photo."""

    chosen = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self.setAccessibleName(tr("Open photos"))
        self._background = background
        self._model = PhotoModel()
        self.setModel(self._model)
        self.setItemDelegate(CardDelegate(self, self._model))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._picked)
        self.activated.connect(self._picked)

    @property
    def paths(self) -> list[Path]:
        return [row.path for row in self._model.rows]

    def add(self, paths: Sequence[Path]) -> None:
        """Put photos at the end of the list, and fetch their small pictures."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self.paths]
        start = len(self._model.rows)
        self._model.beginInsertRows(QModelIndex(), start, start + len(fresh) - 1)
        self._model.rows += [Shown(path, path.suffix[1:].upper()) for path in fresh]
        self._model.endInsertRows()
        for path in fresh:
            self._background.run(
                partial(thumbnail, path, 2 * THUMB.width()), partial(self._arrived, path),
                self._nothing,
            )  # fmt: skip

    def remove(self, path: Path) -> None:
        if path in self.paths:
            row = self.paths.index(path)
            self._model.beginRemoveRows(QModelIndex(), row, row)
            del self._model.rows[row]
            self._model.endRemoveRows()

    def mark(self, path: Path | None) -> None:
        """Show which photo is open."""
        if path in self.paths:
            self.setCurrentIndex(self._model.index(self.paths.index(path)))

    def say(self, path: Path, *, facts: str = "", status: str = "", kind: str = "") -> None:
        """Change a row's lines."""
        if path in self.paths:
            row = self.paths.index(path)
            shown = self._model.rows[row]
            shown.facts = facts or shown.facts
            shown.status, shown.kind = status, kind
            self._model.touch(row)

    def neighbour(self, path: Path | None, step: int) -> Path | None:
        """The photo before or after one."""
        if path not in self.paths:
            return self.paths[0] if self.paths else None
        at = self.paths.index(path) + step
        return self.paths[at] if 0 <= at < len(self.paths) else None

    def _arrived(self, path: Path, pixels: NDArray[np.uint8]) -> None:
        if path in self.paths:
            row = self.paths.index(path)
            self._model.rows[row].pixmap = to_pixmap(pixels)
            self._model.touch(row)

    def _nothing(self, _error: Exception) -> None:
        """No small picture: opening the photo will say why."""

    def _picked(self, index: QModelIndex) -> None:
        self.chosen.emit(self._model.rows[index.row()].path)


def to_pixmap(pixels: NDArray[np.uint8]) -> QPixmap:
    """Return (h, w, 3) RGB as a pixmap."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.copy())
