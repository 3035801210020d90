"""What is drawn over the photo: labels, the split handle, the brush circle, the empty state."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from inpaint_studio.geometry import Box
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas.panes import Pane

GRIP_PX = 9
_SHADOW = (70, 44, 26, 14, 6)


def draw_empty(painter: QPainter, rect: QRect, words: str) -> None:
    painter.setPen(theme.active().color("dim"))
    painter.setFont(theme.font(14))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)


def draw_shadow(painter: QPainter, photo: Box, clip: Box) -> None:
    """A soft edge around the photo, so that a dark one does not melt into the canvas."""
    if photo.contains(clip):
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for distance, alpha in enumerate(_SHADOW):
        painter.setPen(QColor(0, 0, 0, alpha))
        grown = photo.pad(distance + 1)
        painter.drawRect(grown.left, grown.top, grown.width - 1, grown.height - 1)


def tag_size(words: str, ratio: float = 1.0) -> QSizeF:
    """How large `draw_tag` draws a label, in device pixels."""
    metrics = QFontMetricsF(_tag_font(ratio))
    return QSizeF(metrics.horizontalAdvance(words) + 18 * ratio, 20 * ratio)


def _tag_font(ratio: float) -> QFont:
    return theme.font(11 * ratio, QFont.Weight.DemiBold)


def draw_tag(
    painter: QPainter, at: QPointF, words: str, *, right: bool = False, fill: QColor | None = None,
    ratio: float = 1.0, within: Box | None = None,
) -> QRectF:  # fmt: skip
    """Draw a rounded label with its left (or right) upper corner at `at`; return its place.

    within: moved as needed to lie in this box.
    """
    size = tag_size(words, ratio)
    width, height = size.width(), size.height()
    place = QRectF(at.x() - (width if right else 0), at.y(), width, height)
    if within is not None:
        gap = 6 * ratio
        left = min(place.left(), within.right - width - gap)
        top = min(place.top(), within.bottom - height - gap)
        place.moveTo(max(left, within.left + gap), max(top, within.top + gap))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill or QColor(20, 20, 20, 190))
    painter.drawRoundedRect(place, height / 2, height / 2)
    painter.setFont(_tag_font(ratio))
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()
    return place


def draw_label(painter: QPainter, photo: Box, pane: Pane, ratio: float) -> None:
    """BEFORE / AFTER in the corner of the photo, or of the pane when the photo goes beyond."""
    if not pane.label:
        return
    gap = 10 * ratio
    shown = photo.clamp(pane.clip)
    if shown.width < 40 * ratio:
        return
    right = pane.label == "AFTER"
    x = shown.right - gap if right else shown.left + gap
    draw_tag(painter, QPointF(x, shown.top + gap), pane.label, right=right, ratio=ratio)


def draw_split(painter: QPainter, photo: Box, whole: Box, split: float, ratio: float) -> None:
    """The line between before and after at `split` (0..1) of the whole canvas, with its handle."""
    x = round(whole.width * split)
    shown = photo.clamp(whole)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(QRectF(x - ratio, shown.top, 2 * ratio, shown.height), QColor(255, 255, 255))
    middle = QPointF(x, (shown.top + shown.bottom) / 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 60))
    painter.drawEllipse(middle, 14.5 * ratio, 14.5 * ratio)
    painter.setBrush(QColor(255, 255, 255))
    painter.drawEllipse(middle, 13 * ratio, 13 * ratio)
    pen = QPen(QColor(30, 30, 30), 2 * ratio)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for sign in (-1, 1):
        tip = QPointF(middle.x() + sign * 7.5 * ratio, middle.y())
        back = QPointF(-sign * 3.5 * ratio, 3.5 * ratio)
        painter.drawPolyline(QPolygonF([tip + back, tip, tip + QPointF(back.x(), -back.y())]))
    painter.restore()


def draw_circle(painter: QPainter, center: QPointF, radius: float, ratio: float) -> None:
    """The live brush circle, light and dark so that it shows on any ground. Device pixels."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QBrush(Qt.BrushStyle.NoBrush))
    painter.setPen(QPen(QColor(0, 0, 0, 150), 2.4 * ratio))
    painter.drawEllipse(center, radius, radius)
    painter.setPen(QPen(QColor(255, 255, 255), 1.1 * ratio))
    painter.drawEllipse(center, radius, radius)
    if radius < 4 * ratio:
        arm = 7 * ratio
        painter.drawLine(center - QPointF(arm, 0), center - QPointF(arm / 2, 0))
        painter.drawLine(center + QPointF(arm / 2, 0), center + QPointF(arm, 0))
    painter.restore()
