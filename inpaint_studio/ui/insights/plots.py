"""Plots in the window's own colours, over pyqtgraph. A click on a bar tells which one it was."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from inpaint_studio.review.statistics import Latency, Share
from inpaint_studio.ui import theme
from inpaint_studio.ui.widgets import caption, label

HEIGHT_PX = 226
ERROR_WIDTH = 0.12


class PlotCard(QWidget):
    """A titled plot without boxes. clicked: the name of the bar that was clicked."""

    clicked = Signal(str)

    def __init__(self, title: str, note: str = "") -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.names: list[str] = []
        self._axis = _NameAxis(orientation="bottom")
        self.plot: Any = pg.PlotWidget(axisItems={"bottom": self._axis})
        self.plot.setFixedHeight(HEIGHT_PX)
        for part in (self.plot, self.plot.viewport()):
            part.setAccessibleName(title)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.scene().sigMouseClicked.connect(self._mouse_clicked)
        self._title = label(title, "strong")
        self._note = caption(note, wrap=True)
        if not note:
            # Never shown before it has a parent: it would be a window of its own for a moment,
            # and take the keyboard away from this one.
            self._note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._title)
        column.addWidget(self._note)
        column.addWidget(self.plot)
        self.dress()

    def sizeHint(self) -> QSize:
        return QSize(420, HEIGHT_PX + 50)

    def dress(self) -> None:
        """Take the theme's colours."""
        palette = theme.active().palette
        self.plot.setBackground(palette.canvas)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(palette.line))
            axis.setTextPen(pg.mkPen(palette.dim))
            axis.setStyle(tickFont=theme.font(11), tickLength=-4)
        self.plot.showGrid(y=True, alpha=0.12)

    def say(self, note: str) -> None:
        self._note.setText(note)
        self._note.setVisible(bool(note))

    def clear(self) -> None:
        self.plot.clear()
        self.names = []

    def show_shares(self, shares: Sequence[Share], *, good: bool = True) -> None:
        """Bars of shares in per cent, with their 95 % intervals."""
        self.clear()
        self._name([f"{s.name}\n{s.count} of {s.total}" for s in shares], [s.name for s in shares])
        heights = np.array([100 * s.value for s in shares])
        self._bars(heights, "good" if good else "warn")
        if shares:
            top = np.array([100 * s.high for s in shares]) - heights
            bottom = heights - np.array([100 * s.low for s in shares])
            self.plot.addItem(pg.ErrorBarItem(
                x=np.arange(len(shares), dtype=float), y=heights, top=top, bottom=bottom,
                beam=ERROR_WIDTH, pen=pg.mkPen(theme.active().palette.text, width=1.5),
            ))  # fmt: skip
        self.plot.setYRange(0, 105, padding=0)
        self.plot.getAxis("left").setLabel("%")

    def show_counts(
        self,
        rows: Sequence[tuple[str, int]],
        role: str = "accent",
        *,
        words: Callable[[str], str] = str,
    ) -> None:
        """Bars of counts, the largest first. words: what a name is called under its bar."""
        self.clear()
        self._name([_broken(words(name)) for name, _ in rows], [name for name, _ in rows])
        self._bars(np.array([float(n) for _, n in rows]), role)
        self.plot.setYRange(0, max([1, *(n for _, n in rows)]) * 1.1, padding=0)

    def show_latency(self, rows: Sequence[Latency]) -> None:
        """Median seconds as bars, a mark at the 95th percentile."""
        self.clear()
        self._name([f"{r.engine}\n{r.count}" for r in rows], [r.engine for r in rows])
        self._bars(np.array([r.median_s for r in rows]), "accent")
        self.plot.addItem(pg.ScatterPlotItem(
            x=np.arange(len(rows), dtype=float), y=np.array([r.p95_s for r in rows]),
            symbol="t", size=9, pen=None, brush=theme.active().palette.warn,
        ))  # fmt: skip
        self.plot.setYRange(0, max([0.1, *(r.p95_s for r in rows)]) * 1.12, padding=0)

    def show_histogram(
        self, good: Sequence[float], bad: Sequence[float], *, limits: Sequence[float] = ()
    ) -> None:
        """Two histograms over one axis, with the thresholds as lines."""
        self.clear()
        self._axis.names = None
        palette = theme.active().palette
        values = np.array([*good, *bad, *limits], float)
        values = values[np.isfinite(values)]
        if not values.size:
            return
        low, high = float(values.min()), float(np.percentile(values, 99.5))
        high = max([high, *limits]) if limits else high
        edges = np.linspace(low, high if high > low else low + 1, 33)
        for data, color in ((good, palette.good), (bad, palette.bad)):
            counts, _ = np.histogram(np.clip(np.array(data, float), edges[0], edges[-1]), edges)
            soft = theme.active().color("good" if color == palette.good else "bad")
            soft.setAlpha(90)
            self.plot.plot(edges, counts, stepMode="center", fillLevel=0, brush=soft,
                           pen=pg.mkPen(color, width=1.2))  # fmt: skip
        for limit in limits:
            self._line(limit)
        self.plot.enableAutoRange()

    def show_ages(self, hours: Sequence[float]) -> None:
        """How long items have waited."""
        self.clear()
        self._axis.names = None
        if not hours:
            return
        edges = np.linspace(0, max(1.0, max(hours)), 25)
        counts, _ = np.histogram(hours, edges)
        soft = theme.active().color("accent")
        soft.setAlpha(120)
        self.plot.plot(edges, counts, stepMode="center", fillLevel=0, brush=soft,
                       pen=pg.mkPen(theme.active().palette.accent))  # fmt: skip
        self.plot.enableAutoRange()

    def show_curve(
        self, points: Sequence[tuple[float, float]], *, limit: float, threshold: float | None
    ) -> None:
        """The bound of bad ones against the threshold, with the promise as a line."""
        self.clear()
        self._axis.names = None
        palette = theme.active().palette
        if points:
            x, y = np.array(points).T
            self.plot.plot(x, 100 * y, pen=pg.mkPen(palette.accent, width=2))
        self.plot.addItem(pg.InfiniteLine(
            pos=100 * limit, angle=0, pen=pg.mkPen(palette.warn, style=Qt.PenStyle.DashLine)
        ))  # fmt: skip
        if threshold is not None:
            self._line(threshold)
        self.plot.setXRange(0, 1, padding=0.02)
        self.plot.setYRange(0, min(100.0, max(10.0, 500 * limit)), padding=0)

    def _line(self, at: float) -> None:
        pen = pg.mkPen(theme.active().palette.text, style=Qt.PenStyle.DashLine)
        self.plot.addItem(pg.InfiniteLine(pos=at, angle=90, pen=pen))

    def _bars(self, heights: np.ndarray, role: str) -> None:
        if heights.size:
            color = theme.active().color(role)
            self.plot.addItem(pg.BarGraphItem(
                x=np.arange(heights.size, dtype=float), height=heights, width=0.62,
                brush=color, pen=pg.mkPen(None),
            ))  # fmt: skip
        self.plot.setXRange(-0.6, max(heights.size, 3) - 0.4, padding=0)

    def _name(self, words: Sequence[str], names: Sequence[str]) -> None:
        self.names = list(names)
        self._axis.names = list(words)
        lines = max([1, *(text.count("\n") + 1 for text in words)])
        self._axis.setHeight(6 + 15 * lines)
        self._axis.picture = None

    def _mouse_clicked(self, event: Any) -> None:
        where = self.plot.getPlotItem().vb.mapSceneToView(QPointF(event.scenePos()))
        at = round(where.x())
        if 0 <= at < len(self.names) and abs(where.x() - at) <= 0.4:
            self.clicked.emit(self.names[at])


class _NameAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis that shows names instead of numbers where it has some."""

    names: list[str] | None = None

    def tickValues(self, low: float, high: float, size: float) -> Any:
        if self.names is None:
            return super().tickValues(low, high, size)
        return [(1.0, [float(n) for n in range(len(self.names)) if low <= n <= high])]

    def tickStrings(self, values: Any, scale: float, spacing: float) -> Any:
        if self.names is None:
            return super().tickStrings(values, scale, spacing)
        return [self.names[round(v)] if 0 <= round(v) < len(self.names) else "" for v in values]


def _broken(name: str) -> str:
    """A long name on up to three lines, as narrow as one of seven bars."""
    return "\n".join(textwrap.wrap(name, 12, max_lines=3, placeholder=" …"))
