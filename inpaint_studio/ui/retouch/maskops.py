"""Commands on the whole mask: grow, shrink, holes, invert, files, proposals."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import read_mask, write_mask
from inpaint_studio.records import Kind
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.retouch import shapes
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.runner import Runner, Task
from inpaint_studio.ui.retouch.smart_tools import Pins
from inpaint_studio.ui.text import count, tr

if TYPE_CHECKING:
    from inpaint_studio.proposals.base import Proposal
    from inpaint_studio.ui.retouch.document import Document

KIND_WORDS = {"text": "text", "object": "objects", "blemish": "blemishes", "logo": "logos"}


class MaskCommands(QObject):
    """Registers itself for the Mask menu."""

    notice = Signal(str, str)
    pins_changed = Signal()

    def __init__(
        self, editor: Editor, runner: Runner, pins: Pins, actions: Actions, window: QWidget
    ) -> None:
        super().__init__(window)
        self._editor = editor
        self._runner = runner
        self._pins = pins
        self._window = window
        runner.proposed.connect(self._proposed)
        on = actions.on
        on("mask.grow", self.grow)
        on("mask.shrink", self.shrink)
        on("mask.holes", self.fill_holes)
        on("mask.invert", self.invert)
        on("mask.clear", editor.clear_mask)
        on("mask.last", self.use_last)
        on("mask.import", self.ask_import)
        on("mask.export", self.ask_export)
        on("mask.swap", self.swap)
        on("mask.source_clear", self.clear_source)
        on("mask.keep_all", self.keep_all)
        on("mask.drop_all", self.drop_all)
        on("mask.next_pin", partial(self.walk_pins, 1))
        on("mask.previous_pin", partial(self.walk_pins, -1))
        for kind in ("text", "object", "blemish", "logo"):
            on(f"mask.propose_{kind}", partial(self.propose, kind))

    # The mask as a whole

    def grow(self) -> None:
        self._reshape(tr("Grow mask"), self._editor.step_px)

    def shrink(self) -> None:
        self._reshape(tr("Shrink mask"), -self._editor.step_px)

    def _reshape(self, label: str, px: int) -> None:
        document = self._editor.document
        if document is None or document.mask.is_empty:
            self._no_mask()
            return
        box = document.mask.tight_bounds().pad(max(px, 0) + 2).clamp(document.bounds)
        work = partial(shapes.grown, document.mask.mask[box.slices].copy(), px)
        self._editor.in_order(work, partial(self._put, label, document, box))

    def fill_holes(self) -> None:
        document = self._editor.document
        if document is None or document.mask.is_empty:
            self._no_mask()
            return
        box = document.mask.tight_bounds()
        work = partial(shapes.without_holes, document.mask.mask[box.slices].copy())
        self._editor.in_order(work, partial(self._put, tr("Fill holes"), document, box))

    def invert(self) -> None:
        document = self._editor.document
        if document is not None:
            work = partial(np.logical_not, document.mask.mask)
            done = partial(self._put, tr("Invert mask"), document, document.bounds)
            self._editor.in_order(work, done)

    def _put(self, label: str, document: Document, box: Box, mask: MaskBool) -> None:
        if document is self._editor.document:
            self._editor.put_mask(label, box, mask, "replace")

    def use_last(self) -> None:
        """Put the mask used last (perhaps on another photo) here."""
        last, document = self._editor.last_mask, self._editor.document
        if last is None or document is None:
            self.notice.emit("info", tr("No mask has been used yet; paint one first."))
            return
        box, mask = last
        if box.clamp(document.bounds).is_empty:
            self.notice.emit("warn", tr("The last mask lies outside of this photo."))
            return
        self._editor.put_mask(tr("Last mask again"), box, mask, "add")

    def swap(self) -> None:
        """Brush and shapes take away instead of add, and back."""
        self._editor.add = not self._editor.add
        words = tr("Strokes add now.") if self._editor.add else tr("Strokes take away now.")
        self.notice.emit("info", words)

    def _no_mask(self) -> None:
        self.notice.emit(
            "info", tr("There is no mask yet: paint one (B), or let text be proposed (Shift+T).")
        )

    def clear_source(self) -> None:
        document = self._editor.document
        if document is not None and document.source is not None:
            document.source.mask[...] = False
            document.source = None
            document.source_means = "auto"
            self._editor.canvas.scene.source = None
            self._editor.canvas.refresh()

    # Files

    def ask_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, tr("Import mask"), "", "*.png *.tif *.tiff *.webp *.jpg *.bmp"
        )
        if name:
            self.import_from(Path(name))

    def import_from(self, path: Path) -> None:
        """Take a mask from a file; white means replace."""
        document = self._editor.document
        if document is not None:
            work = partial(read_mask, path, document.shape)
            done = partial(self._put, tr("Imported mask"), document, document.bounds)
            self._editor.in_order(work, done)

    def ask_export(self) -> None:
        document = self._editor.document
        if document is None or document.mask.is_empty:
            self._no_mask()
            return
        start = str(document.path.with_name(f"{document.path.stem}-mask.png"))
        name, _ = QFileDialog.getSaveFileName(self._window, tr("Export mask"), start, "*.png")
        if name:
            self.export_to(Path(name))

    def export_to(self, path: Path) -> None:
        """Write the mask as a black and white PNG."""
        document = self._editor.document
        if document is not None:
            work = partial(write_mask, document.mask.mask.copy(), path)
            self._editor.in_order(work, partial(self._exported, path))

    def _exported(self, path: Path, _answer: Any) -> None:
        self.notice.emit("good", tr("The mask is in {path}.", path=path))

    # Proposals

    def propose(self, kind: Kind) -> None:
        document = self._editor.document
        if document is not None:
            self._runner.propose(document, (kind,))

    def _proposed(self, task: Task, found: list[Proposal]) -> None:
        document = self._editor.document
        if document is not task.document:
            return
        known = [item.record.box for item in self._pins.items]
        self._pins.items += [item for item in found if item.record.box not in known]
        self._editor.canvas.update()
        self.pins_changed.emit()
        if found:
            number = count(len(found), "proposal", "proposals")
            words = tr("{number}: click a pin to keep it, Alt+click to drop it.", number=number)
            if len(self._pins.items) > 1:
                words += " " + tr("Ctrl+Shift+A keeps all.")
            self.notice.emit("info", words)
        else:
            self.notice.emit("info", tr("Nothing of that kind was found; paint it by hand (B)."))

    def walk_pins(self, step: int) -> None:
        """Go to the next (or previous) proposal by key; Space keeps it, Delete drops it."""
        pins = self._pins
        if not pins.items:
            self._no_pins()
            return
        first = 0 if step > 0 else len(pins.items) - 1
        at = (pins.chosen + step) % len(pins.items) if pins.chosen >= 0 else first
        self.pins_changed.emit()
        box = pins.items[at].record.box
        # The corner: another proposal may lie over the middle.
        self._editor.canvas.keys.go(box.left + 0.5, box.top + 0.5)
        pins.chosen = at
        self._editor.canvas.update()

    def _no_pins(self) -> None:
        self.notice.emit("info", tr("There are no proposals; ask for some (Shift+T)."))

    def keep_all(self) -> None:
        """Take every proposal into the mask, as one step."""
        items, self._pins.items = self._pins.items, []
        document = self._editor.document
        if not items or document is None:
            self._no_pins()
            return
        box = Box.around(item.record.box for item in items).clamp(document.bounds)
        whole = np.zeros(box.shape, np.bool_)
        for item in items:
            part = item.record.box.clamp(box)
            inside = part.relative_to(item.record.box).slices
            whole[part.relative_to(box).slices] |= item.mask[inside]
        self._editor.take_up(items)
        number = count(len(items), "proposal", "proposals")
        self._editor.put_mask(tr("Keep {number}", number=number), box, whole, "add")
        words = tr("{number} taken into the mask; Ctrl+Return fills it.", number=number)
        self.notice.emit("info", words)
        self.pins_changed.emit()
        self._editor.canvas.update()

    def drop_all(self) -> None:
        self._pins.items = []
        self._editor.canvas.update()
        self.pins_changed.emit()


__all__ = ["MaskCommands", "MaskPlane"]
