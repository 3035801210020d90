"""A reading as a gauge: the passing band as a lane, the value as a needle."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from inpaint_studio.records import Reading
from inpaint_studio.ui import theme
from inpaint_studio.ui.text import tr

HEIGHT_PX = 46


def gates_failed(readings: Sequence[Reading]) -> tuple[int, int]:
    """Return how many readings lie outside their band, and how many have one."""
    judged = [
        reading for reading in readings if reading.low is not None or reading.high is not None
    ]
    return sum(not reading.passed for reading in judged), len(judged)


def number(value: float) -> str:
    """A reading's value in as few digits as tell it apart: 0.018, 1.25, 14."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if value == round(value) and size < 1e6:
        return f"{value:.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 1:
        return f"{value:.2f}"
    return f"{value:.3f}" if size >= 0.001 else f"{value:.1e}"


def band(reading: Reading) -> str:
    """The band in words: max 0.040, 0.80 – 1.25, min 0.85."""
    low, high = reading.low, reading.high
    if low is not None and high is not None:
        return f"{number(low)} – {number(high)}"
    if high is not None:
        return tr("must be 0") if high == 0 else tr("max {high}", high=number(high))
    return tr("min {low}", low=number(low)) if low is not None else tr("shown, decides nothing")


def spoken(reading: Reading) -> str:
    """The gauge as a sentence for screen readers."""
    state = tr("passed") if reading.passed else tr("failed")
    return f"{title(reading)}: {number(reading.value)}, {band(reading)}, {state}"


def title(reading: Reading) -> str:
    return reading.label or reading.name.replace("_", " ").capitalize()


def axis(reading: Reading) -> tuple[float, float]:
    """The range the gauge shows: the band in the middle of it, the value always inside."""
    low, high, value = reading.low, reading.high, reading.value
    if low is not None and high is not None:
        span = max(high - low, 1e-9)
        start, stop = low - span * 0.9, high + span * 0.8
    elif high is not None:
        start, stop = min(0.0, high), max(high * 2.5, 1e-9)
    elif low is not None:
        stop = 1.0 if 0 <= low <= 1 else low * 1.6
        start = low - (stop - low) * 1.7
    else:
        start, stop = 0.0, max(abs(value) * 1.6, 1.0)
    if low is not None and low >= 0:
        start = max(start, 0.0)
    if math.isfinite(value):
        start, stop = min(start, value), max(stop, value)
    return start, stop


class Gauge(QWidget):
    """One reading. Clicking it (or Enter) asks to be shown where it is worst."""

    pointed = Signal(str)

    def __init__(
        self, reading: Reading, parent: QWidget | None = None, *, alarm: str = "bad"
    ) -> None:
        super().__init__(parent)
        self.reading = reading
        self._role = "good" if reading.passed else alarm
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(spoken(reading))
        self.setToolTip(reading.detail)
        if reading.box is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        reading, active = self.reading, theme.active()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width()
        painter.setFont(theme.font(13, QFont.Weight.DemiBold))
        value = number(reading.value) + (f" {reading.unit}" if len(reading.unit) in (1, 2) else "")
        room = QFontMetricsF(painter.font()).horizontalAdvance(value) + 8
        painter.setPen(active.color("text" if reading.passed else self._role))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, width, 18), right, value)
        painter.setFont(theme.font(13))
        painter.setPen(active.color("text" if reading.decides or not reading.passed else "dim"))
        words = QFontMetricsF(painter.font()).elidedText(
            title(reading), Qt.TextElideMode.ElideRight, width - room
        )
        painter.drawText(QRectF(0, 0, width - room, 18), left, words)
        self._draw_lane(painter, QRectF(0, 22, width, 6))
        painter.setFont(theme.font(11))
        painter.setPen(active.color("dim"))
        painter.drawText(QRectF(0, 31, width, 14), left, band(reading))
        if self.hasFocus():
            painter.setPen(active.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, width - 1, self.height() - 1), 3, 3)
        painter.end()

    def _draw_lane(self, painter: QPainter, track: QRectF) -> None:
        reading, active = self.reading, theme.active()
        start, stop = axis(reading)
        span = max(stop - start, 1e-12)

        def place(value: float) -> float:
            return track.left() + (min(max(value, start), stop) - start) / span * track.width()

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(active.color("track"))
        painter.drawRoundedRect(track, 3, 3)
        if reading.low is not None or reading.high is not None:
            left = place(reading.low if reading.low is not None else start)
            right = place(reading.high if reading.high is not None else stop)
            painter.setBrush(active.color("lane"))
            painter.drawRoundedRect(
                QRectF(left, track.top(), max(3.0, right - left), track.height()), 3, 3
            )
        if math.isfinite(reading.value):
            color = active.color(self._role)
            x = min(max(place(reading.value), track.left() + 1.5), track.right() - 1.5)
            painter.setBrush(color)
            painter.drawRoundedRect(
                QRectF(x - 1.5, track.top() - 3, 3, track.height() + 6), 1.5, 1.5
            )
            if not reading.passed:
                # Shape as well as colour says failed: the needle carries a flag.
                painter.drawEllipse(QPointF(x, track.top() - 3.5), 2.6, 2.6)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.pointed.emit(self.reading.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pointed.emit(self.reading.name)
        else:
            super().keyPressEvent(event)


class GaugeList(QWidget):
    """Readings as a column of gauges: failed ones first, the merely informative ones folded."""

    pointed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Gate readings"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)

    def show_readings(self, readings: Sequence[Reading], *, alarm: str = "bad") -> None:
        """Replace what is shown. alarm: the colour of what failed (warn in an accepted edit)."""
        while (item := self._column.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for reading in sorted(readings, key=lambda r: (r.passed, not r.decides)):
            gauge = Gauge(reading, self, alarm=alarm)
            gauge.pointed.connect(self.pointed)
            self._column.addWidget(gauge)
            gauge.show()
