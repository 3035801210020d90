"""A slider with a thin track, a filled part and a round knob; and one with name and value."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractSlider, QHBoxLayout, QSizePolicy, QWidget

from inpaint_studio.ui import theme
from inpaint_studio.ui.widgets.basics import dim

_KNOB_PX = 6.0


class Slider(QAbstractSlider):
    """Whole numbers between two bounds; keys and wheel come with QAbstractSlider."""

    def __init__(self, low: int, high: int, value: int, name: str) -> None:
        super().__init__()
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(low, high)
        self.setValue(value)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(20)
        self.setMinimumWidth(60)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(110, 20)

    def paintEvent(self, _event: QPaintEvent) -> None:
        active = theme.active()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        start, stop = _KNOB_PX + 1, self.width() - _KNOB_PX - 1
        span = max(1, self.maximum() - self.minimum())
        x = start + (self.value() - self.minimum()) / span * (stop - start)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(active.color("line"))
        painter.drawRoundedRect(QRectF(start, middle - 1.5, stop - start, 3), 1.5, 1.5)
        painter.setBrush(active.color("accent" if self.isEnabled() else "faint"))
        painter.drawRoundedRect(QRectF(start, middle - 1.5, x - start, 3), 1.5, 1.5)
        painter.setBrush(active.color("dim" if not self.isEnabled() else "text"))
        painter.drawEllipse(QPointF(x, middle), _KNOB_PX, _KNOB_PX)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(active.color("accent"))
            painter.drawEllipse(QPointF(x, middle), _KNOB_PX + 2.5, _KNOB_PX + 2.5)
        painter.end()

    def _set_from(self, x: float) -> None:
        room = max(1.0, self.width() - 2 * _KNOB_PX - 2)
        share = min(max((x - _KNOB_PX - 1) / room, 0.0), 1.0)
        self.setValue(round(self.minimum() + share * (self.maximum() - self.minimum())))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._set_from(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._set_from(event.position().x())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self.setSliderDown(False)

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        super().sliderChange(change)
        self.update()


class NamedSlider(QWidget):
    """Name, slider, value in its own words."""

    changed = Signal(int)

    def __init__(
        self, name: str, low: int, high: int, value: int, words: Callable[[int], str] = str
    ) -> None:
        super().__init__()
        self._words = words
        self._name = dim(name)
        self.slider = Slider(low, high, value, name)
        self.slider.valueChanged.connect(self._moved)
        self._value = dim(words(value))
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance(words(high)) + 2)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self.slider, 1)
        row.addWidget(self._value)

    def value(self) -> int:
        return int(self.slider.value())

    def set_value(self, value: int) -> None:
        """Move the slider without telling anyone."""
        self.slider.blockSignals(True)
        self.slider.setValue(value)
        self.slider.blockSignals(False)
        self.slider.update()
        self._value.setText(self._words(self.value()))

    def _moved(self, value: int) -> None:
        self._value.setText(self._words(value))
        self.changed.emit(value)
