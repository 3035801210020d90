"""Boxes with a word over the photo: where an edit's verdict says that something is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inpaint_studio.gating.words import places_shown
from inpaint_studio.geometry import Box
from inpaint_studio.records import Reading, Verdict
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas import Stage, chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets.gauge import number, title

TAGS = 3
"""Tags over the photo; the others are named by the gauges, and shown when those are clicked."""
SHARED = 2
"""Readings named on one tag."""


def shown_of(verdict: Verdict | None, only: str = "") -> list[Reading]:
    """Return the readings whose places are drawn, the surest first; or the one called `only`."""
    readings = verdict.readings if verdict is not None else ()
    if only:
        wanted = [reading for reading in readings if reading.name == only]
    else:
        wanted = [] if verdict is None or verdict.accepted else places_shown(readings)
    return [reading for reading in wanted if reading.box is not None]


class PlaceBoxes:
    """An overlay of a canvas: a box for each reading, a tag for the surest places.

    It hangs on the canvas only while there is something to draw (a bare one scrolls faster).
    """

    def __init__(self, canvas: Stage) -> None:
        self._canvas = canvas
        self.readings: list[Reading] = []
        self.visible = True

    def show(self, readings: Sequence[Reading]) -> None:
        """Draw the places of these readings, the surest first, from now on."""
        self.readings = [reading for reading in readings if reading.box is not None]
        overlays = self._canvas.overlays
        if self.readings and self not in overlays:
            overlays.append(self)
        elif not self.readings and self in overlays:
            overlays.remove(self)
        self._canvas.update()

    def paint(self, painter: QPainter, canvas: Stage, pane: Pane) -> None:
        if not self.visible or pane.side == "before":
            return
        ratio = canvas.devicePixelRatioF()
        found = [
            (reading, _place(reading.box, canvas, pane)) for reading in self.readings if reading.box
        ]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for reading, place in found:
            painter.setPen(QPen(QColor(0, 0, 0, 140), 3 * ratio))
            painter.drawRect(place)
            painter.setPen(QPen(_color(reading), 1.4 * ratio))
            painter.drawRect(place)
        self._label(painter, found, pane, ratio)

    def _label(
        self, painter: QPainter, found: list[tuple[Reading, QRectF]], pane: Pane, ratio: float
    ) -> None:
        """A tag for every box, where it covers neither another tag nor another box."""
        taken: list[QRectF] = []
        places = [place for _, place in found]
        for words, reading, place in _tags(found)[:TAGS]:
            size = chrome.tag_size(words, ratio)
            at = _free_place(place, size, pane.clip, [*taken, *places], 4 * ratio)
            fill = _color(reading).darker(130)
            taken.append(chrome.draw_tag(painter, at, words, fill=fill, ratio=ratio))


def _tags(found: list[tuple[Reading, QRectF]]) -> list[tuple[str, Reading, QRectF]]:
    """One tag for each box, the surest first: readings that found the same place share it."""
    tags: dict[tuple[float, ...], tuple[str, Reading, QRectF]] = {}
    for reading, place in found:
        key = (place.x(), place.y(), place.width(), place.height())
        if key in tags:
            words, first, _ = tags[key]
            more = words.count(" · ")
            if more < SHARED - 1:
                tags[key] = (f"{words} · {title(reading)}", first, place)
        else:
            tags[key] = (_tag(reading), reading, place)
    return list(tags.values())


def _tag(reading: Reading) -> str:
    if reading.passed:
        return tr("A guess: {name}", name=_lower(title(reading)))
    return f"{title(reading)} {number(reading.value)}"


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _free_place(place: QRectF, size: QSizeF, clip: Box, taken: list[QRectF], gap: float) -> QPointF:
    """The upper left corner of a tag beside `place` that covers nothing of `taken`, if any."""
    width, height = size.width(), size.height()
    sides = [
        QPointF(place.left(), place.bottom() + gap),
        QPointF(place.left(), place.top() - gap - height),
        QPointF(place.right() + gap, place.top()),
        QPointF(place.left() - gap - width, place.top()),
    ]
    tries = [_inside(side, size, clip, gap) for side in sides]
    below = tries[0]
    tries += [
        _inside(QPointF(below.x(), below.y() + n * (height + gap)), size, clip, gap)
        for n in range(1, 12)
    ]
    for at in tries:
        if not any(QRectF(at, size).intersects(other) for other in taken):
            return at
    return below


def _inside(at: QPointF, size: QSizeF, clip: Box, gap: float) -> QPointF:
    left = max(min(at.x(), clip.right - size.width() - gap), clip.left + gap)
    top = max(min(at.y(), clip.bottom - size.height() - gap), clip.top + gap)
    return QPointF(left, top)


def _place(box: Box, canvas: Stage, pane: Pane) -> QRectF:
    corners = (box.left, box.top), (box.right, box.bottom)
    return QRectF(*(canvas.to_device(x, y, pane) for x, y in corners))


def _color(reading: Reading) -> QColor:
    return theme.active().color("warn" if reading.passed else "bad")
