"""View commands: fit, zoom, compare, peek at the original, panels."""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import QObject, Signal

from inpaint_studio.geometry import Box
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.canvas.panes import CYCLE, Mode
from inpaint_studio.ui.retouch.editor import Editor

TAP_S = 0.25
MODE_COMMANDS = {
    "view.split": Mode.SPLIT, "view.side": Mode.SIDE, "view.swipe": Mode.SWIPE,
    "view.difference": Mode.DIFFERENCE, "view.onion": Mode.ONION, "view.masked": Mode.MASK,
    "view.after": Mode.AFTER,
}  # fmt: skip


class ViewCommands(QObject):
    """Registers itself for the View menu."""

    before_wanted = Signal()
    evidence_toggled = Signal(bool)

    def __init__(self, canvas: Canvas, editor: Editor, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._editor = editor
        self._actions = actions
        self._pressed_at = 0.0
        self._stays = False
        on = actions.on
        on("view.fit", canvas.fit)
        on("view.actual", partial(canvas.zoom_to, 1.0))
        on("view.in", partial(canvas.zoom_step, 1))
        on("view.out", partial(canvas.zoom_step, -1))
        on("view.edit", self.zoom_to_edit)
        on("view.cycle", self.cycle)
        on("view.mask", self.toggle_mask)
        on("view.evidence", self.toggle_evidence)
        for name, mode in MODE_COMMANDS.items():
            on(name, partial(self.set_mode, mode))
        actions.on_held("view.before", self.hold_before)
        actions.set_checked("view.mask", True)
        actions.set_checked("view.evidence", True)
        canvas.mode_changed.connect(self._mode_changed)
        self._mode_changed(canvas.mode.value)

    def set_mode(self, mode: Mode) -> None:
        if mode is not Mode.AFTER:
            self.before_wanted.emit()
        self._canvas.set_mode(mode)
        self._mode_changed(mode.value)

    def cycle(self) -> None:
        """The next way of comparing."""
        self.set_mode(CYCLE[(CYCLE.index(self._canvas.mode) + 1) % len(CYCLE)])

    def _mode_changed(self, key: str) -> None:
        for name, mode in MODE_COMMANDS.items():
            self._actions.set_checked(name, mode.value == key)

    def toggle_mask(self) -> None:
        scene = self._canvas.scene
        scene.show_mask = not scene.show_mask
        self._actions.set_checked("view.mask", scene.show_mask)
        self._canvas.refresh()

    def toggle_evidence(self) -> None:
        on = not self._canvas.scene.show_evidence
        self._actions.set_checked("view.evidence", on)
        self.evidence_toggled.emit(on)

    def hold_before(self, down: bool) -> None:
        """Held: show the original until let go. Tapped: keep it until the next tap."""
        if down:
            self._pressed_at = time.monotonic()
            self.before_wanted.emit()
            self._canvas.hold_before(not self._stays)
            return
        tapped = time.monotonic() - self._pressed_at < TAP_S
        self._stays = tapped and not self._stays
        self._canvas.hold_before(self._stays)

    def zoom_to_edit(self, box: Box | None = None) -> None:
        """Frame the edit in hand, else the mask."""
        document = self._editor.document
        if document is None:
            return
        if box is None or not isinstance(box, Box):
            entries = document.history.entries[: document.history.cursor]
            box = entries[-1].box if entries else document.mask.tight_bounds()
        if not box.is_empty:
            self._canvas.frame(box)

    def see(self, box: Box) -> None:
        """Bring a box into sight when it is not, or is too small to judge."""
        width, height = self._canvas.device_size()
        left, top = self._canvas.view.to_photo(0, 0)
        right, bottom = self._canvas.view.to_photo(width, height)
        seen = Box(int(left), int(top), int(right), int(bottom))
        share = max(box.width / max(1, seen.width), box.height / max(1, seen.height))
        if not seen.contains(box) or share < 0.12:
            self._canvas.frame(box)
