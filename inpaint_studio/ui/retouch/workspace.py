"""The Retouch page: places its parts and connects them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from inpaint_studio.errors import InpaintError
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.canvas.panes import CYCLE, Mode
from inpaint_studio.ui.canvas.tool import Tool
from inpaint_studio.ui.retouch.document import Document, open_document
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.footer import Footer
from inpaint_studio.ui.retouch.stroke_tools import (
    BrushTool,
    DabTool,
    EraserTool,
    RestoreTool,
    SourceTool,
    StrokeTool,
)
from inpaint_studio.ui.retouch.toolbar import ToolColumn
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio


class RetouchWorkspace(QWidget):
    """Paint, run, look, undo."""

    headline = Signal(str, str)
    status = Signal(str, str)
    notice = Signal(str, str)
    asked = Signal(str, object)

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.studio = studio
        self.actions_ = actions
        self.background = Background(self)
        self.canvas = Canvas()
        self.editor = Editor(self.canvas, self.background, self)
        self.footer = Footer()
        self._wanted: Path | None = None
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.footer)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(ToolColumn(actions))
        row.addLayout(column, 1)
        self.canvas.empty_text = tr("Drop a photo here, or press Ctrl+O")
        self._connect()
        self._register()
        actions.run("tool.brush")
        self.footer.show_radius(self.editor.radius)

    def _connect(self) -> None:
        self.canvas.view_changed.connect(self._view_changed)
        self.canvas.mode_changed.connect(self.footer.show_mode)
        self.canvas.size_dragged.connect(self.editor.set_radius)
        self.editor.radius_changed.connect(self.footer.show_radius)
        self.editor.trouble.connect(self._trouble)
        self.editor.history_changed.connect(self._history_changed)
        self.footer.mode_chosen.connect(self._mode_chosen)
        self.footer.radius_chosen.connect(self.editor.set_radius)
        self.footer.zoom_chosen.connect(self.canvas.zoom_to)

    def _register(self) -> None:
        on = self.actions_.on
        on("edit.undo", self.editor.undo)
        on("edit.redo", self.editor.redo)
        on("view.fit", self.canvas.fit)
        on("mask.clear", self.editor.clear_mask)
        for name in ("hand", "brush", "eraser", "restore", "source", "dropper"):
            on(f"tool.{name}", partial(self._take_tool, name))
        on("view.cycle", self._cycle)
        self.actions_.on_held("view.before", self.canvas.hold_before)

    def _take_tool(self, name: str) -> None:
        kinds: dict[str, type[StrokeTool]] = {
            "brush": BrushTool, "eraser": EraserTool, "restore": RestoreTool,
            "source": SourceTool, "dropper": DabTool,
        }  # fmt: skip
        tool: Tool = kinds[name](self.editor) if name in kinds else Tool()
        self.canvas.set_tool(tool)
        self.actions_.set_checked(f"tool.{name}", True)

    def _cycle(self) -> None:
        at = CYCLE.index(self.canvas.mode)
        self.canvas.set_mode(CYCLE[(at + 1) % len(CYCLE)])

    def _mode_chosen(self, key: str) -> None:
        self.canvas.set_mode(Mode(key))

    def _view_changed(self) -> None:
        self.footer.show_zoom(self.canvas.view.zoom)

    def _trouble(self, words: str) -> None:
        self.notice.emit("bad", words)

    def _history_changed(self) -> None:
        document = self.editor.document
        line = document.timeline if document else None
        self.actions_.set_enabled("edit.undo", bool(line and line.can_undo))
        self.actions_.set_enabled("edit.redo", bool(line and line.can_redo))

    # Workspace

    def enter(self, what: object = None) -> None:
        self._head()

    def leave(self) -> None:
        self.canvas.hold_before(False)

    def open_files(self, paths: Sequence[Path]) -> None:
        if paths:
            self._wanted = paths[0]
            self.status.emit("busy", tr("Opening {name}", name=paths[0].name))
            self.background.run(
                partial(open_document, self.studio, paths[0]), self._opened, self._not_opened
            )

    def _not_opened(self, error: Exception) -> None:
        self.status.emit("bad", tr("Not opened"))
        self.notice.emit("bad", str(error) if isinstance(error, InpaintError) else repr(error))

    def _opened(self, document: Document) -> None:
        self.editor.document = document
        self.canvas.set_pictures(document.pyramid, document.before())
        self.canvas.set_mask(document.plane)
        self.status.emit("good", tr("Ready · offline"))
        self._head()
        self._history_changed()

    def _head(self) -> None:
        document = self.editor.document
        self.headline.emit(document.name if document else "", document.facts if document else "")

    def close_down(self) -> bool:
        document = self.editor.document
        if document is not None:
            document.keep_timeline()
        self.background.close()
        return True


__all__ = ["QSettings", "QSplitter", "Qt", "RetouchWorkspace"]
