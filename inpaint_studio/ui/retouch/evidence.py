"""Where the gates found fault, drawn in the frame: tints from maps, boxes with a word."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from inpaint_studio.errors import UserError
from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, Reading
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.places import PlaceBoxes, shown_of

if TYPE_CHECKING:
    from inpaint_studio.store.objects import ObjectStore


class EvidenceView(QObject):
    """What speaks against one edit, over the canvas: tints of what failed, boxes of what decides
    (where nothing does, of the guess or of what failed), or of the one reading asked for."""

    def __init__(
        self, canvas: Canvas, objects: ObjectStore, background: Background, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._objects = objects
        self._background = background
        self._boxes = PlaceBoxes(canvas)
        self._asked = 0

    def show_edit(self, edit: EditRecord | None, only: str = "") -> None:
        """Show what got an edit flagged or is guessed, or the one reading called `only`."""
        self._asked += 1
        verdict = edit.verdict if edit is not None else None
        self._canvas.set_evidence(())
        self._boxes.show(shown_of(verdict, only))
        readings = () if verdict is None or (verdict.accepted and not only) else verdict.readings
        maps = [r for r in readings if r.map_sha256 and (r.name == only if only else not r.passed)]
        if edit is not None and maps:
            work = partial(_load, self._objects, edit.box, maps)
            self._background.run(work, partial(self._loaded, self._asked), self._nothing)

    def _loaded(self, number_: int, found: tuple[Evidence, ...]) -> None:
        if number_ == self._asked:
            self._canvas.set_evidence(found)

    def _nothing(self, _error: Exception) -> None:
        """The maps have been swept: the boxes still show where."""

    def set_visible(self, on: bool) -> None:
        self._boxes.visible = on
        self._canvas.scene.show_evidence = on
        self._canvas.refresh()


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
