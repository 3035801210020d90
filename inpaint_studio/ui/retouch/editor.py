"""What the tools work on: the open document, the brush, and the one line of undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.proposals.base import Proposal, things_of
from inpaint_studio.records import Kind
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.retouch.document import Document
from inpaint_studio.ui.retouch.maskdoc import MaskStep
from inpaint_studio.ui.retouch.timeline import Step
from inpaint_studio.ui.text import tr


@dataclass(frozen=True, slots=True)
class Painted:
    """New pixels for a box of the photo (a restore or colour stroke)."""

    box: Box
    before: Pixels
    after: Pixels


class Editor(QObject):
    """Owns the document's changes; everything that alters mask or pixels goes through it."""

    mask_edited = Signal()
    stroke_ended = Signal()
    history_changed = Signal()
    pixels_changed = Signal()
    moved = Signal()
    """Undo or redo has gone over an edit; the photo shows it."""
    radius_changed = Signal(float)
    trouble = Signal(str)

    def __init__(self, canvas: Canvas, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self.canvas = canvas
        self.background = background
        self.document: Document | None = None
        self.radius = 20.0
        self.add = True
        self.combine = "add"
        self.tolerance = 24
        self.contiguous = True
        self.feather_px = 2
        self.feather_set = False
        """Whether the user has chosen the feather (else the plan does)."""
        self.kind: Kind = "painted"
        self.step_px = 2
        self.color: tuple[int, int, int] = (128, 128, 128)
        self.last_point: tuple[float, float] | None = None
        self.last_mask: tuple[Box, MaskBool] | None = None

    def set_radius(self, radius: float) -> None:
        """Set the brush's radius in photo px (half a pixel up to a quarter of a big photo)."""
        self.radius = min(max(radius, 0.5), 4000.0)
        self.canvas.tool.radius = self.radius if self.canvas.tool.radius else 0.0
        self.canvas.update()
        self.radius_changed.emit(self.radius)

    # The mask

    def push_mask(self, step: MaskStep | None, *, shown: bool = False) -> None:
        """Add a mask step to the line of undo and show it (a stroke is `shown` already)."""
        document = self.document
        if step is None or document is None:
            return
        document.timeline.push(Step(step.label, step))
        if not shown:
            self.canvas.mask_changed(*step.boxes)
        self.mask_edited.emit()
        self.history_changed.emit()

    def put_mask(self, label: str, box: Box, shape: MaskBool, how: str = "") -> None:
        """Combine a shape with the mask (as the tool bar says when `how` is empty)."""
        if self.document is not None:
            self.push_mask(self.document.mask.put(label, box, shape, how or self.combine))

    def replace_mask(self, label: str, mask: MaskBool) -> None:
        """Make `mask` (whole photo) the mask."""
        if self.document is not None:
            box = Box.of_shape(mask.shape)
            self.push_mask(self.document.mask.put(label, box, mask, "replace"))

    def clear_mask(self, label: str = "") -> None:
        document = self.document
        if document is None or document.mask.is_empty:
            return
        self.remember_mask()
        box = document.mask.tight_bounds()
        self.replace_part(label or tr("Clear mask"), box)

    def replace_part(self, label: str, box: Box) -> None:
        import numpy as np

        if self.document is not None:
            empty = np.zeros(box.shape, np.bool_)
            self.push_mask(self.document.mask.put(label, box, empty, "replace"))

    def remember_mask(self) -> None:
        """Keep a copy for “use the last mask again”."""
        if self.document is not None and not self.document.mask.is_empty:
            self.last_mask = self.document.mask.copy()

    # Pixels

    def commit(
        self, label: str, changes: Sequence[Any], *, edit_id: str = "", run_id: str = "",
        take: tuple[Box, MaskBool] | None = None, document: Document | None = None,
    ) -> None:  # fmt: skip
        """Make an edit: store and apply the changes in order, then show them.

        take: the part of the mask that the edit has used up; undoing the edit brings it back.
        """
        document = document or self.document
        if document is None:
            return
        work = partial(_commit, document, label, changes, edit_id, run_id)
        done = partial(self._committed, document, label, take)
        self.background.run(work, done, self._failed, in_order=True)

    def take_up(self, proposals: Sequence[Proposal]) -> None:
        """Remember what the proposals that are kept were found as: the plan may ask."""
        self.kind = proposals[0].record.kind
        if self.document is not None:
            self.document.things += things_of(proposals)

    def _committed(
        self, document: Document, label: str, take: tuple[Box, MaskBool] | None,
        made: tuple[Box, int],
    ) -> None:  # fmt: skip
        box, position = made
        if box.is_empty:
            self.trouble.emit(tr("That changed nothing."))
            return
        step: MaskStep | None = None
        if take is not None:
            self.last_mask = take
            self.kind, document.things = "painted", ()
            step = document.mask.put(label, *take, "subtract")
        document.timeline.push(Step(label, step, position))
        entries, cursor = document.history.entries, document.history.cursor
        if not document.timeline.fits(len(entries), cursor) and self.background.pending == 0:
            # An undo overtook the commit: the history is right, the line follows it.
            document.timeline.rebuild([entry.label for entry in entries], cursor)
        document.saved = False
        if document is self.document:
            if step is not None:
                self.canvas.mask_changed(*step.boxes)
            self._show(box)
            self.mask_edited.emit()

    def _show(self, box: Box) -> None:
        self.canvas.photo_changed(box)
        self.pixels_changed.emit()
        self.history_changed.emit()

    def _failed(self, error: Exception) -> None:
        self.trouble.emit(str(error) if isinstance(error, InpaintError) else repr(error))

    # Undo

    def undo(self) -> None:
        self._step(forward=False)

    def redo(self) -> None:
        self._step(forward=True)

    def _step(self, *, forward: bool) -> None:
        document = self.document
        if document is None:
            return
        step = document.timeline.forth() if forward else document.timeline.back()
        if step is None:
            return
        if step.mask is not None:
            self.canvas.mask_changed(*document.mask.apply(step.mask, forward=forward))
        if step.edit >= 0:
            self._move(document, step.edit + 1 if forward else step.edit)
        self.mask_edited.emit()
        self.history_changed.emit()

    def jump(self, cursor: int) -> None:
        """Undo or redo until `cursor` steps of the line are in force."""
        document = self.document
        if document is None:
            return
        line = document.timeline
        target: int | None = None
        while line.cursor != cursor:
            forward = line.cursor < cursor
            step = line.forth() if forward else line.back()
            if step is None:
                break
            if step.mask is not None:
                self.canvas.mask_changed(*document.mask.apply(step.mask, forward=forward))
            if step.edit >= 0:
                target = step.edit + 1 if forward else step.edit
        if target is not None:
            self._move(document, target)
        self.mask_edited.emit()
        self.history_changed.emit()

    def _move(self, document: Document, cursor: int) -> None:
        self.background.run(
            partial(_jump, document, cursor), partial(self._moved, document), self._failed,
            in_order=True,
        )  # fmt: skip

    def _moved(self, document: Document, box: Box) -> None:
        if document is self.document:
            self._show(box)
            self.moved.emit()

    def _hid(self, document: Document, box: Box) -> None:
        if document is self.document:
            self._show(box)

    def hide_edit(self, position: int, hidden: bool) -> None:
        """Take one edit out of the photo, or put it back."""
        document = self.document
        if document is not None:
            self.background.run(
                partial(_hide, document, position, hidden), partial(self._hid, document),
                self._failed, in_order=True,
            )  # fmt: skip

    def in_order(self, work: Callable[[], Any], done: Callable[[Any], object]) -> None:
        """Run something after the edits and undos asked for so far."""
        self.background.run(work, done, self._failed, in_order=True)


def _commit(
    document: Document, label: str, changes: Sequence[Any], edit_id: str, run_id: str
) -> tuple[Box, int]:
    history = document.history
    undone = [entry.edit_id for entry in history.entries[history.cursor :]]
    box = document.session.commit(label, changes, edit_id=edit_id, run_id=run_id)
    _refresh(document, box)
    if not box.is_empty:
        document.withdraw(undone)
    return box, document.history.cursor - 1


def _jump(document: Document, cursor: int) -> Box:
    box = document.history.jump(cursor)
    _refresh(document, box)
    return box


def _hide(document: Document, position: int, hidden: bool) -> Box:
    box = document.history.hide(position, hidden)
    _refresh(document, box)
    return box


def _refresh(document: Document, box: Box) -> None:
    if not box.is_empty:
        document.pyramid.replace(document.history.pixels, box)
