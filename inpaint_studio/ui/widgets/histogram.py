"""The histogram of the photo as it is: three channels, added where they overlap."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from inpaint_studio.ui import theme
from inpaint_studio.ui.text import tr

BINS = 128
_COLORS = (QColor(214, 84, 80), QColor(74, 176, 100), QColor(78, 122, 226))


def counts(screen: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (3, BINS) shares 0..1 of (h, w, 3) RGB, cut at the 99th percentile of the bins."""
    made = np.stack(
        [cv2.calcHist([screen], [channel], None, [BINS], [0, 256])[:, 0] for channel in range(3)]
    )
    top = float(np.percentile(made[:, 1:-1], 99)) or 1.0
    shares: NDArray[np.float32] = np.clip(made / (top * 1.15), 0.0, 1.0).astype(np.float32)
    return shares


class Histogram(QWidget):
    """Draws what `counts` gave; an empty field without a photo."""

    def __init__(self) -> None:
        super().__init__()
        self._shares: NDArray[np.float32] | None = None
        self.setAccessibleName(tr("Histogram"))
        self.setFixedHeight(78)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(240, 78)

    def show_shares(self, shares: NDArray[np.float32] | None) -> None:
        self._shares = shares
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = theme.active()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(active.color("track"))
        painter.drawRoundedRect(self.rect(), 4, 4)
        if self._shares is not None:
            self._draw_shares(painter, self._shares)
        painter.end()

    def _draw_shares(self, painter: QPainter, channels: NDArray[np.float32]) -> None:
        dark = theme.active().name == "dark"
        mode = QPainter.CompositionMode
        painter.setCompositionMode(
            mode.CompositionMode_Screen if dark else mode.CompositionMode_Multiply
        )
        width, height = self.width(), self.height() - 4
        for shares, color in zip(channels, _COLORS):
            line = [
                QPointF(i * width / (BINS - 1), self.height() - float(share) * height)
                for i, share in enumerate(shares)
            ]
            polygon = QPolygonF([QPointF(0, self.height()), *line, QPointF(width, self.height())])
            painter.setBrush(QColor(color.red(), color.green(), color.blue(), 215))
            painter.drawPolygon(polygon)
