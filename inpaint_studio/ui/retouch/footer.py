"""The bar under the photo: how to compare, where the pointer is, zoom."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from inpaint_studio.ui.canvas.panes import SHORT_TITLES, TITLES, Mode
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Segmented, Slider, dim, icon_button

MODES = (Mode.AFTER, Mode.SPLIT, Mode.SIDE, Mode.SWIPE, Mode.DIFFERENCE, Mode.ONION, Mode.MASK)
_STEPS = 400


def zoom_of(step: int) -> float:
    """Zoom of a slider step: 1 % to 6400 %."""
    return 0.01 * math.exp(step / _STEPS * math.log(6400))


def step_of_zoom(zoom: float) -> int:
    return round(_STEPS * math.log(max(zoom, 0.01) / 0.01) / math.log(6400))


def percent(zoom: float) -> str:
    value = zoom * 100
    return f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"


class Footer(QWidget):
    """Tells what was chosen; shows what it is told."""

    mode_chosen = Signal(str)
    zoom_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bottombar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(44)
        self.modes = Segmented(
            [(m.value, tr(TITLES[m])) for m in MODES], tr("Compare"),
            short={key: tr(words) for key, words in SHORT_TITLES.items()},
        )  # fmt: skip
        self.modes.chosen.connect(self.mode_chosen)
        self.onion = Slider(0, 100, 50, tr("Onion: share of the result"))
        self.onion.setMaximumWidth(110)
        self.onion.hide()
        out = icon_button("zoom-out", tr("Zoom out"), size=18)
        into = icon_button("zoom-in", tr("Zoom in"), size=18)
        self.zoom_out, self.zoom_in = out, into
        self.zoom = Slider(0, _STEPS, 200, tr("Zoom"))
        self.zoom.valueChanged.connect(self._zoom_moved)
        self._percent = dim("100 %")
        self._percent.setMinimumWidth(50)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._where = dim("")
        self._where.setFixedWidth(84)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 14, 0)
        row.setSpacing(8)
        row.addWidget(self.modes)
        row.addWidget(self.onion)
        row.addStretch(1)
        row.addWidget(self._where)
        row.addWidget(out)
        row.addWidget(self.zoom)
        row.addWidget(into)
        row.addWidget(self._percent)
        self.zoom.setFixedWidth(90)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """In a narrow window the pointer's place goes first, then the zoom, of which keys and
        wheel are left, then the air around the words.
        """
        row = self.layout()
        if row is None:
            return
        margins = row.contentsMargins()
        gap = row.spacing()
        room = self.width() - margins.left() - margins.right()
        room -= self.modes.fit(room) + gap
        if not self.onion.isHidden():
            room -= self.onion.sizeHint().width() + gap
        for parts in (
            (self._percent,),
            (self.zoom_out, self.zoom_in),
            (self.zoom,),
            (self._where,),
        ):
            room -= sum(max(w.sizeHint().width(), w.minimumWidth()) + gap for w in parts)
            for part in parts:
                part.setVisible(room >= 0)

    def minimumSizeHint(self) -> QSize:
        return QSize(480, 44)

    def show_mode(self, mode: str) -> None:
        self.modes.choose(mode)
        self.onion.setVisible(mode == Mode.ONION.value)
        self._fit()

    def show_zoom(self, zoom: float) -> None:
        self.zoom.blockSignals(True)
        self.zoom.setValue(step_of_zoom(zoom))
        self.zoom.blockSignals(False)
        self.zoom.update()
        self._percent.setText(percent(zoom))

    def show_place(self, words: str) -> None:
        self._where.setText(words)

    def _zoom_moved(self, step: int) -> None:
        self.zoom_chosen.emit(zoom_of(step))
