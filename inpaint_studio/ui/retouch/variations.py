"""Several results of the same mask side by side: best first, the user picks."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from inpaint_studio.geometry import Box
from inpaint_studio.pipeline.request import RunResult
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas.picture import Patched, level_size
from inpaint_studio.ui.retouch.document import Document
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
        area.setFixedHeight(162)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.take = take = button(
            tr("Take this one"), icon="check", primary=True, hint=tr("Return")
        )
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

    def show_results(self, results: list[RunResult], box: Box, document: Document) -> None:
        """Show the results around `box` and choose the first."""
        self.clear()
        engines = {edit.plan.engine for result in results for edit in result.record.edits}
        for index, result in enumerate(results):
            card = self._card(result, index, box, document, name_engine=len(engines) > 1)
            self._cards.append(card)
            self._row.addWidget(card)
        self._row.addStretch(1)
        self.show()
        self.choose(0)

    def _card(
        self, result: RunResult, index: int, box: Box, document: Document, *, name_engine: bool
    ) -> QToolButton:
        record = result.record
        edit = record.worst if record.edits else None
        card = QToolButton()
        card.setCheckable(True)
        card.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        card.setIconSize(THUMB)
        card.setIcon(QIcon(_signed(thumb_of(result, box, document), accepted=record.accepted)))
        sign = "●" if record.accepted else "■"
        engine = engine_title(edit.plan.engine) if edit else ""
        seed = edit.plan.recipe.seed if edit else 0
        what = engine if name_engine else tr("Seed {seed}", seed=seed)
        card.setText(f"{sign} {what} · {tr('risk')} {number(record.risk)}")
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


def _signed(pixels: NDArray[np.uint8], *, accepted: bool) -> QPixmap:
    """The small picture with a line below it that says by colour what the sign says by shape."""
    made = to_pixmap(pixels)
    painter = QPainter(made)
    line = QRect(0, made.height() - 6, made.width(), 6)
    painter.fillRect(line, theme.active().color("good" if accepted else "bad"))
    painter.end()
    return made


def thumb_of(result: RunResult, box: Box, document: Document) -> NDArray[np.uint8]:
    """A result with its surroundings, small, in the shape of a card."""
    import cv2

    side = max(box.width, box.height * THUMB.width() // THUMB.height(), 24)
    x, y = box.center
    width, height = round(side * 1.8), round(side * 1.8 * THUMB.height() / THUMB.width())
    frame = Box(
        round(x - width / 2), round(y - height / 2), round(x + width / 2), round(y + height / 2)
    ).clamp(document.bounds)
    patches = [(delta.box, delta.after) for delta in result.deltas if delta is not None]
    shown = Patched(document.pyramid, patches, document.to_screen)
    level = 0
    while level + 1 < shown.levels and frame.width >> (level + 1) >= 2 * THUMB.width():
        level += 1
    factor = 2**level
    part = Box(
        frame.left // factor, frame.top // factor, -(-frame.right // factor),
        -(-frame.bottom // factor),
    ).clamp(Box(0, 0, *level_size(shown.size, level)))  # fmt: skip
    screen = np.ascontiguousarray(shown.read(level, part))
    size = (2 * THUMB.width(), 2 * THUMB.height())
    return np.asarray(cv2.resize(screen, size, interpolation=cv2.INTER_AREA), np.uint8)
