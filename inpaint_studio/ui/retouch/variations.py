"""Several results of the same mask side by side: best first, the user picks."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from inpaint_studio.geometry import Box
from inpaint_studio.pipeline.request import RunResult
from inpaint_studio.ui.canvas.picture import ToScreen
from inpaint_studio.ui.retouch.inspector import engine_title
from inpaint_studio.ui.retouch.photolist import to_pixmap
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import button, dim
from inpaint_studio.ui.widgets.gauge import number

THUMB = QSize(150, 104)


class VariationStrip(QWidget):
    """A strip under the photo, there while there is something to choose."""

    shown = Signal(int)
    taken = Signal(int)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bottombar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("Variations"))
        self._cards: list[QToolButton] = []
        self.current = -1
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        inner = QWidget()
        inner.setLayout(self._row)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setAccessibleName(tr("Variations"))
        area.setWidget(inner)
        area.setFixedHeight(158)
        take = button(tr("Take this one"), icon="check", primary=True, hint=tr("Return"))
        take.clicked.connect(self._take)
        drop = button(tr("Take none"), icon="close", hint=tr("Esc"))
        drop.clicked.connect(self.dropped)
        side = QVBoxLayout()
        side.addWidget(dim(tr("Best first.  , and . walk")))
        side.addStretch(1)
        side.addWidget(drop)
        side.addWidget(take)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.addWidget(area, 1)
        row.addLayout(side)
        self.hide()

    def show_results(self, results: list[RunResult], box: Box, to_screen: ToScreen) -> None:
        """Show the results' fills of `box` and choose the first."""
        self.clear()
        for index, result in enumerate(results):
            card = self._card(result, index, box, to_screen)
            self._cards.append(card)
            self._row.addWidget(card)
        self._row.addStretch(1)
        self.show()
        self.choose(0)

    def _card(self, result: RunResult, index: int, box: Box, to_screen: ToScreen) -> QToolButton:
        record = result.record
        edit = record.worst if record.edits else None
        card = QToolButton()
        card.setCheckable(True)
        card.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        card.setIconSize(THUMB)
        picture = thumb_of(result, box, to_screen)
        if picture is not None:
            card.setIcon(QIcon(to_pixmap(picture)))
        sign = "●" if record.accepted else "■"
        engine = engine_title(edit.plan.engine) if edit else ""
        seed = edit.plan.recipe.seed if edit else 0
        card.setText(f"{sign} {engine} · {seed} · {tr('risk')} {number(record.risk)}")
        state = tr("accepted") if record.accepted else tr("flagged")
        card.setAccessibleName(f"{tr('Variation')} {index + 1}, {engine}, {seed}, {state}")
        card.clicked.connect(partial(self.choose, index))
        return card

    def choose(self, index: int, _checked: bool = False) -> None:
        """Show one of them in the photo."""
        if not self._cards:
            return
        self.current = index % len(self._cards)
        for number_, card in enumerate(self._cards):
            card.setChecked(number_ == self.current)
        self.shown.emit(self.current)

    def walk(self, step: int) -> None:
        self.choose(self.current + step)

    def _take(self) -> None:
        self.taken.emit(self.current)

    @property
    def is_choosing(self) -> bool:
        return bool(self._cards)

    def clear(self) -> None:
        self._cards = []
        self.current = -1
        while (item := self._row.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.hide()


def thumb_of(result: RunResult, box: Box, to_screen: ToScreen) -> NDArray[np.uint8] | None:
    """The biggest delta of a result, small."""
    import cv2

    deltas = [delta for delta in result.deltas if delta is not None]
    if not deltas:
        return None
    delta = max(deltas, key=lambda d: d.box.area)
    screen = np.ascontiguousarray(to_screen(delta.after))
    height, width = screen.shape[:2]
    scale = min(2 * THUMB.width() / width, 2 * THUMB.height() / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(screen, size, interpolation=cv2.INTER_AREA), np.uint8)
