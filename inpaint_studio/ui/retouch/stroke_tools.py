"""Tools that draw: brush, eraser, restore original, sampling area, colour dab."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.strokes import Dab
from inpaint_studio.ui.canvas.tool import Pointer, Tool
from inpaint_studio.ui.retouch.editor import Editor, Painted
from inpaint_studio.ui.retouch.maskdoc import MaskDocument
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.ui.retouch.document import Document

PRESSURE_FLOOR = 0.15


class StrokeTool(Tool):
    """Draws into a mask document between press and release."""

    cursor = Qt.CursorShape.BlankCursor
    pans = False
    label = "Stroke"

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.radius = editor.radius
        self._last: Dab | None = None
        self._adds = True

    def target(self) -> MaskDocument | None:
        """The mask document to draw into."""
        document = self.editor.document
        return document.mask if document is not None else None

    def adds(self, pointer: Pointer) -> bool:
        """Whether this stroke adds or takes away."""
        return not pointer.alt

    def show(self, box: Box) -> None:
        self.editor.canvas.mask_changed(box)

    def finish(self, target: MaskDocument) -> None:
        """The stroke is done."""
        step = target.end(tr(self.label))
        if step is not None:
            self.editor.push_mask(step, shown=True)
            self.editor.stroke_ended.emit()

    def _dab(self, pointer: Pointer) -> Dab:
        share = max(pointer.pressure, PRESSURE_FLOOR)
        return Dab(pointer.x, pointer.y, max(0.5, self.editor.radius * share))

    def press(self, pointer: Pointer) -> None:
        target = self.target()
        if target is None:
            return
        self._adds = self.adds(pointer)
        target.begin()
        dab = self._dab(pointer)
        start = dab
        last = self.editor.last_point
        if pointer.shift and last is not None:
            start = Dab(last[0], last[1], dab.radius)
        self.show(target.draw(start, dab, add=self._adds))
        self._last = dab

    def drag(self, pointer: Pointer) -> None:
        target = self.target()
        if target is None or self._last is None:
            return
        dab = self._dab(pointer)
        self.show(target.draw(self._last, dab, add=self._adds))
        self._last = dab

    def release(self, pointer: Pointer) -> None:
        target = self.target()
        if target is None or self._last is None:
            return
        self.editor.last_point = (self._last.x, self._last.y)
        self._last = None
        self.finish(target)

    def cancel(self) -> bool:
        target = self.target()
        if self._last is None or target is None:
            return False
        self._last = None
        self.show(target.abandon())
        return True

    def leave(self) -> None:
        """Another tool is taken in the middle of a stroke: keep what was drawn."""
        target = self.target()
        if self._last is not None and target is not None:
            self._last = None
            self.finish(target)


class BrushTool(StrokeTool):
    """Adds to the mask; with X swapped, or Alt, takes away."""

    name = "brush"
    label = "Brush stroke"

    def adds(self, pointer: Pointer) -> bool:
        return self.editor.add != pointer.alt


class EraserTool(StrokeTool):
    """Takes away from the mask."""

    name = "eraser"
    label = "Eraser stroke"

    def adds(self, pointer: Pointer) -> bool:
        return pointer.alt


class SourceTool(StrokeTool):
    """Paints where the fill may copy from (Alt: where it may not)."""

    name = "source"

    def target(self) -> MaskDocument | None:
        document = self.editor.document
        if document is None:
            return None
        if document.source is None:
            document.source = MaskDocument(document.shape)
            document.source_plane = MaskPlane(document.source.mask)
            self.editor.canvas.scene.source = document.source_plane
        return document.source

    def press(self, pointer: Pointer) -> None:
        document = self.editor.document
        if document is not None and document.source_means == "auto":
            document.source_means = "exclude" if pointer.alt else "include"
        super().press(pointer)

    def adds(self, pointer: Pointer) -> bool:
        document = self.editor.document
        excludes = document is not None and document.source_means == "exclude"
        return pointer.alt == excludes

    def finish(self, target: MaskDocument) -> None:
        target.end(tr("Sampling area"))
        self.editor.mask_edited.emit()


class PixelTool(StrokeTool):
    """Draws a hint while the button is down, and changes pixels when it is let go."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._scratch: MaskDocument | None = None

    def target(self) -> MaskDocument | None:
        document = self.editor.document
        if document is None:
            return None
        if self._scratch is None or self._scratch.shape != document.shape:
            self._scratch = MaskDocument(document.shape)
            self.editor.canvas.scene.hint = MaskPlane(self._scratch.mask)
        return self._scratch

    def show(self, box: Box) -> None:
        self.editor.canvas.hint_changed(box)

    def finish(self, target: MaskDocument) -> None:
        document = self.editor.document
        step = target.end(tr(self.label))
        if step is None or document is None:
            return
        box = step.box
        drawn = target.mask[box.slices].copy()
        target.mask[box.slices] = False
        self.show(box)
        self.editor.in_order(
            partial(self.paint_pixels, document, box, drawn),
            partial(self._painted, document),
        )

    def _painted(self, document: Document, painted: Painted) -> None:
        if document is self.editor.document:
            self.editor.commit(tr(self.label), (painted,))

    def paint_pixels(self, document: Document, box: Box, drawn: np.ndarray) -> Painted:
        """Return the change; runs in the ordered thread."""
        raise NotImplementedError

    def leave(self) -> None:
        super().leave()
        self.editor.canvas.scene.hint = None
        self._scratch = None


class RestoreTool(PixelTool):
    """Paints the photo as it was opened back in."""

    name = "restore"
    label = "Restore original"

    def paint_pixels(self, document: Document, box: Box, drawn: np.ndarray) -> Painted:
        before = document.history.pixels[box.slices].copy()
        after = before.copy()
        after[drawn] = document.history.original(box)[drawn]
        return Painted(box, before, after)


class DabTool(PixelTool):
    """Paints one colour. Alt+click takes the colour under the pointer."""

    name = "dropper"
    label = "Colour dab"

    def press(self, pointer: Pointer) -> None:
        if pointer.alt:
            self._take(pointer)
        else:
            super().press(pointer)

    def drag(self, pointer: Pointer) -> None:
        if pointer.alt and self._last is None:
            self._take(pointer)
        else:
            super().drag(pointer)

    def _take(self, pointer: Pointer) -> None:
        document = self.editor.document
        x, y = pointer.pixel
        if document is None or not (
            0 <= x < document.bounds.right and 0 <= y < document.bounds.bottom
        ):
            return
        part = document.history.pixels[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        red, green, blue = (round(float(v)) for v in part.reshape(-1, 3).mean(axis=0))
        self.editor.color = (red, green, blue)
        self.editor.radius_changed.emit(self.editor.radius)

    def paint_pixels(self, document: Document, box: Box, drawn: np.ndarray) -> Painted:
        before = document.history.pixels[box.slices].copy()
        after = before.copy()
        after[drawn] = self.editor.color
        return Painted(box, before, after)
