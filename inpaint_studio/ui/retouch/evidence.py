"""Where the gates found fault, drawn in the frame: tints from maps, boxes with a word."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inpaint_studio.errors import UserError
from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, Reading
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas, Stage, chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.widgets.gauge import number, title

if TYPE_CHECKING:
    from inpaint_studio.store.objects import ObjectStore


class EvidenceView(QObject):
    """An overlay of the canvas for one edit: what failed, or the one reading asked for."""

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
        """Show what got an edit flagged, or the one reading called `only`, failed or not."""
        self._asked += 1
        readings = edit.verdict.readings if edit is not None else ()
        calm = edit is not None and edit.verdict.accepted
        wanted = [r for r in readings if (r.name == only if only else not r.passed and not calm)]
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
        taken: list[QRectF] = []
        for reading, place in found:
            at = QPointF(place.left(), place.bottom() + 4 * ratio)
            while any(abs(at.y() - t.y()) < 20 * ratio and at.x() < t.right() for t in taken):
                at += QPointF(0, 23 * ratio)
            words = f"{title(reading)} {number(reading.value)}"
            fill = _color(reading).darker(130)
            tag = chrome.draw_tag(painter, at, words, fill=fill, ratio=ratio, within=pane.clip)
            taken.append(tag)


def _place(box: Box, canvas: Stage, pane: Pane) -> QRectF:
    corners = (box.left, box.top), (box.right, box.bottom)
    return QRectF(*(canvas.to_device(x, y, pane) for x, y in corners))


def _color(reading: Reading) -> QColor:
    return theme.active().color("good" if reading.passed else "bad")


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
