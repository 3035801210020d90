"""Paints one row of the queue: no boxes, status by shape and colour. Thumbnails are kept."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import PurePath

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPixmap, QPolygonF

from inpaint_studio.errors import InpaintError
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.review.row_words import described, short_status, status_kind

KEEP_THUMBS = 400
THUMB = QSize(72, 52)


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
