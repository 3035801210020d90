"""Where the gates found fault, drawn in the frame: tints from maps, boxes with a word."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inpaint_studio.errors import UserError
from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, Reading
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas, Stage, chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets.gauge import number, title

if TYPE_CHECKING:
    from inpaint_studio.store.objects import ObjectStore

TAGS = 2
"""Tags over the photo; the others are named by the gauges, and shown when those are clicked."""
SHARED = 2
"""Readings named on one tag."""


class EvidenceView(QObject):
    """An overlay of the canvas for one edit: what failed, is guessed, or is asked for."""

    def __init__(
        self, canvas: Canvas, objects: ObjectStore, background: Background, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._objects = objects
        self._background = background
        self._shown: list[Reading] = []
        self._asked = 0
        self.visible = True
        canvas.overlays.append(self)

    def show_edit(self, edit: EditRecord | None, only: str = "") -> None:
        """Show what got an edit flagged or is guessed, or the one reading called `only`."""
        self._asked += 1
        readings = edit.verdict.readings if edit is not None else ()
        calm = edit is not None and edit.verdict.accepted
        wanted = [r for r in readings if (r.name == only if only else _is_shown(r) and not calm)]
        self._shown = [r for r in wanted if r.box is not None]
        self._canvas.set_evidence(())
        maps = [r for r in wanted if r.map_sha256]
        if edit is not None and maps:
            work = partial(_load, self._objects, edit.box, maps)
            self._background.run(work, partial(self._loaded, self._asked), self._nothing)
        self._canvas.update()

    def _loaded(self, number_: int, found: tuple[Evidence, ...]) -> None:
        if number_ == self._asked:
            self._canvas.set_evidence(found)

    def _nothing(self, _error: Exception) -> None:
        """The maps have been swept: the boxes still show where."""

    def set_visible(self, on: bool) -> None:
        self.visible = on
        self._canvas.scene.show_evidence = on
        self._canvas.refresh()

    def paint(self, painter: QPainter, canvas: Stage, pane: Pane) -> None:
        if not self.visible or pane.side == "before":
            return
        ratio = canvas.devicePixelRatioF()
        found = [
            (reading, _place(reading.box, canvas, pane)) for reading in self._shown if reading.box
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
    """One tag for each box, the worst first: readings that found the same place share it."""
    found = sorted(found, key=lambda pair: -_excess(pair[0]))
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


def _excess(reading: Reading) -> float:
    """How far beyond its limit a reading lies, as a factor."""
    low, high, value = reading.low, reading.high, abs(reading.value)
    over = value / high if high else (math.inf if high is not None and value else 0.0)
    under = low / value if low and value else 0.0
    return max(over, under)


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


def _is_shown(reading: Reading) -> bool:
    """A reading that passed has a place only where the verdict names it as a guess."""
    return not reading.passed or reading.box is not None


def _color(reading: Reading) -> QColor:
    return theme.active().color("warn" if reading.passed else "bad")


def _load(objects: ObjectStore, box: Box, readings: list[Reading]) -> tuple[Evidence, ...]:
    """The readings' maps as tints over the crop they were measured in."""
    made = []
    for reading in readings:
        try:
            plane = np.asarray(objects.get_array(reading.map_sha256), np.float32)
        except (UserError, ValueError):
            continue
        if plane.ndim != 2 or plane.shape != box.shape:
            continue
        plane = np.nan_to_num(np.abs(plane))
        top = float(np.percentile(plane[plane > 0], 98)) if (plane > 0).any() else 0.0
        if top > 0:
            made.append(Evidence(box=box, plane=np.clip(plane / top, 0, 1)))
    return tuple(made[:3])
