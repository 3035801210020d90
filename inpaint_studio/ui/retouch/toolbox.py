"""Which tool is in hand, and its settings in the bar above the photo."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor

from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.canvas.tool import Tool
from inpaint_studio.ui.retouch import smart_tools, stroke_tools
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.maskops import MaskCommands
from inpaint_studio.ui.retouch.optionbar import OptionBar
from inpaint_studio.ui.retouch.shape_tools import BoxTool, LassoTool, PolygonTool
from inpaint_studio.ui.retouch.smart_tools import Pins

STROKES: dict[str, type[stroke_tools.StrokeTool]] = {
    "brush": stroke_tools.BrushTool, "eraser": stroke_tools.EraserTool,
    "restore": stroke_tools.RestoreTool, "source": stroke_tools.SourceTool,
    "dropper": stroke_tools.DabTool,
}  # fmt: skip
TOOLS = (
    "hand", "brush", "eraser", "rectangle", "ellipse", "lasso", "polygon", "wand", "object",
    "restore", "source", "dropper", "pick",
)  # fmt: skip
BRUSH_STEP = 1.2


class Toolbox(QObject):
    """Registers itself for the Tools menu."""

    def __init__(
        self, editor: Editor, options: OptionBar, pins: Pins, masks: MaskCommands,
        actions: Actions, parent: QObject,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._editor = editor
        self._options = options
        self._pins = pins
        self._masks = masks
        self._actions = actions
        self.name = ""
        for name in TOOLS:
            actions.on(f"tool.{name}", partial(self.take, name))
        actions.on("tool.keys", self.toggle_keys)
        editor.canvas.keys_toggled.connect(self._keys_toggled)
        actions.on("tool.bigger", partial(self.scale_brush, BRUSH_STEP))
        actions.on("tool.smaller", partial(self.scale_brush, 1 / BRUSH_STEP))
        actions.on("mask.feather_more", partial(self.step_feather, 1))
        actions.on("mask.feather_less", partial(self.step_feather, -1))
        options.combine_chosen.connect(partial(setattr, editor, "combine"))
        options.tolerance_changed.connect(partial(setattr, editor, "tolerance"))
        options.contiguous_changed.connect(partial(setattr, editor, "contiguous"))
        options.step_changed.connect(partial(setattr, editor, "step_px"))
        options.feather_changed.connect(self._feather)
        options.source_chosen.connect(self._source_means)
        options.radius_chosen.connect(editor.set_radius)
        editor.radius_changed.connect(self._show_brush)
        masks.pins_changed.connect(self._pins_changed)

    def take(self, name: str) -> None:
        """Take a tool in hand."""
        self.name = name
        self._editor.canvas.set_tool(self._make(name))
        self._actions.set_checked(f"tool.{name}", True)
        self._options.show_tool(name)
        self._show_brush(self._editor.radius)

    def _make(self, name: str) -> Tool:
        editor = self._editor
        if name in STROKES:
            return STROKES[name](editor)
        if name in ("rectangle", "ellipse"):
            return BoxTool(editor, name)
        if name == "lasso":
            return LassoTool(editor)
        if name == "polygon":
            return PolygonTool(editor)
        if name == "wand":
            return smart_tools.WandTool(editor)
        if name == "object":
            return smart_tools.ObjectTool(editor, self._pins)
        if name == "pick":
            return smart_tools.PickTool(editor, self._pins)
        return Tool()

    def toggle_keys(self) -> None:
        """Let the arrow keys move a pointer over the photo, or stop it."""
        keys = self._editor.canvas.keys
        if not keys.stop():
            keys.start()
        self._actions.set_checked("tool.keys", keys.on)

    def _keys_toggled(self, on: bool) -> None:
        self._actions.set_checked("tool.keys", on)

    def scale_brush(self, factor: float) -> None:
        self._editor.set_radius(self._editor.radius * factor)

    def step_feather(self, step: int) -> None:
        self._options.feather.setValue(self._options.feather.value() + step)

    def _show_brush(self, radius: float) -> None:
        self._options.show_radius(radius)
        document = self._editor.document
        deep = document is not None and document.photo.pixels.dtype.itemsize == 2
        shade = [value >> 8 if deep else value & 255 for value in self._editor.color]
        self._options.show_color(QColor(*shade))

    def _feather(self, px: int) -> None:
        self._editor.feather_px, self._editor.feather_set = px, True

    def _source_means(self, means: str) -> None:
        document = self._editor.document
        if means == "auto":
            self._masks.clear_source()
        elif document is not None:
            document.source_means = means

    def _pins_changed(self) -> None:
        if self._pins.items:
            self.take("pick")
