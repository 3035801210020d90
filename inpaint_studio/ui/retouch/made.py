"""What makes a new photo to work on: an empty canvas, an enlarged copy; and detail in a region.

Each ends in an ordinary photo with an ordinary edit, so that history, gates and review need to
know nothing of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from inpaint_studio.engines.upscale import UpscaleEngine
from inpaint_studio.errors import InpaintError
from inpaint_studio.imaging.photo import Photo, SaveOptions, bigger, canvas, save_photo
from inpaint_studio.records import RunOptions
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.dialogs.fresh import CanvasDialog, EnlargeDialog
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.inspector import Inspector
from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.ui.background import Background
    from inpaint_studio.ui.retouch.desk import Desk
    from inpaint_studio.ui.retouch.document import Document

IN_PLACE = 2


class MadePhotos(QObject):
    """Registers itself for the File and Run menus."""

    notice = Signal(str, str)
    status = Signal(str, str)

    def __init__(
        self, editor: Editor, runner: Runner, inspector: Inspector, desk: Desk, actions: Actions,
        background: Background, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._editor = editor
        self._runner = runner
        self._inspector = inspector
        self._desk = desk
        self._actions = actions
        self._background = background
        self._window = window
        self._wanted: dict[Path, int] = {}
        """Photos on their way to the desk: the factor to add detail for, 0 for a new canvas."""
        actions.on("file.canvas", self.ask_canvas)
        actions.on("file.enlarge", self.ask_enlarge)
        actions.on("run.detail", self.add_detail)

    def listen(self) -> None:
        """Hear of opened photos; after those who put them on the screen."""
        self._desk.opened.connect(self._opened)

    def why_plain(self) -> str:
        """Why no model can add detail here; "" when one can."""
        engine = UpscaleEngine()
        if engine.models():
            return ""
        state = engine.availability()
        return f"{state.why} {state.how}"

    # A new canvas

    def ask_canvas(self) -> None:
        dialog = CanvasDialog(self._window)
        if dialog.exec():
            name = self._ask_name(tr("New canvas"), Path("canvas.png"))
            if name is not None:
                self.make_canvas(name, dialog.size_px)

    def make_canvas(self, path: Path, size_px: tuple[int, int]) -> None:
        """Write an empty canvas of (width, height) px and open it, all masked."""
        self._make(path, 0, partial(canvas, *size_px))

    # An enlarged copy

    def ask_enlarge(self) -> None:
        document = self._editor.document
        if document is None:
            self.notice.emit("info", tr("Open a photo first."))
            return
        height, width = document.shape
        dialog = EnlargeDialog((width, height), self.why_plain(), self._window)
        if not dialog.exec():
            return
        old = document.path
        name = self._ask_name(
            tr("Enlarged copy"), old.with_name(f"{old.stem}-{dialog.factor}x{old.suffix}")
        )
        if name is not None:
            self.enlarge(document, name, dialog.factor, detail=dialog.detail.isChecked())

    def enlarge(self, document: Document, path: Path, factor: int, *, detail: bool) -> None:
        """Write the photo with its edits `factor` times as big, open it, add detail."""
        self._make(path, factor if detail else -1, partial(_enlarged, document, factor))

    # Detail in a region

    def add_detail(self) -> None:
        """Let the upscaler model make the detail of what is masked anew, in place."""
        document, why = self._editor.document, self.why_plain()
        if document is None or document.mask.is_empty:
            self.notice.emit("info", tr("Paint first where detail shall be added."))
        elif why:
            self.notice.emit("warn", why)
        else:
            box, mask = document.mask.copy()
            self._runner.fill(document, box, mask, [self._options(IN_PLACE)])

    def _options(self, factor: int) -> RunOptions:
        wish = self._inspector.run.options()
        return RunOptions(
            engine="upscale", intent="upscale", seed=wish.seed, parameters={"factor": factor}
        )

    # To the desk

    def _ask_name(self, title: str, proposed: Path) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(proposed))
        return Path(name).absolute() if name else None

    def _make(self, path: Path, factor: int, work: Any) -> None:
        self.status.emit("busy", tr("Making {name}", name=path.name))
        self._background.run(
            partial(_written, work, path), partial(self._made, path, factor), self._failed,
            in_order=True,
        )  # fmt: skip

    def _made(self, path: Path, factor: int, _answer: Any) -> None:
        if factor >= 0:
            self._wanted[path] = factor
        self._desk.open([path])

    def _failed(self, error: Exception) -> None:
        self.status.emit("bad", tr("Failed"))
        self.notice.emit("bad", str(error) if isinstance(error, InpaintError) else repr(error))

    def _opened(self, document: Document) -> None:
        factor = self._wanted.pop(document.path, -1)
        if factor == 0:
            self._inspector.run.choose_intent("generate")
            if document.mask.is_empty:
                self._actions.run("mask.invert")
            self._inspector.run.prompt.setFocus()
        elif factor > 0:
            every = np.ones(document.shape, dtype=bool)
            self._runner.fill(document, document.bounds, every, [self._options(factor)])


def _enlarged(document: Document, factor: int) -> Photo:
    return bigger(replace(document.photo, pixels=document.history.pixels), factor)


def _written(work: Any, path: Path) -> None:
    save_photo(work(), path, SaveOptions(overwrite=True))
