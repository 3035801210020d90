"""What a canvas tool is: it gets pointer events in photo pixels and paints its own preview."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from inpaint_studio.ui.canvas.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Mouse or pen at (x, y) in photo pixels (pixel centres at .5). pressure: 0..1, mouse 1."""

    x: float
    y: float
    pressure: float = 1.0
    shift: bool = False
    alt: bool = False
    control: bool = False

    @property
    def pixel(self) -> tuple[int, int]:
        return int(self.x // 1), int(self.y // 1)


class Tool:
    """A tool that does nothing: the hand. The others override what they need."""

    name = "hand"
    cursor = Qt.CursorShape.OpenHandCursor
    pans = True
    radius = 0.0
    """Radius of the live circle, in photo pixels; 0: none."""

    @property
    def is_held(self) -> bool:
        """Whether it works from press to release; the others click."""
        return type(self).release is not Tool.release

    def press(self, pointer: Pointer) -> None: ...

    def drag(self, pointer: Pointer) -> None: ...

    def release(self, pointer: Pointer) -> None: ...

    def hover(self, pointer: Pointer) -> None: ...

    def double_click(self, pointer: Pointer) -> None: ...

    def leave(self) -> None: ...

    def confirm(self) -> bool:
        """Enter: finish what is being drawn. True when there was something."""
        return False

    def cancel(self) -> bool:
        """Esc: drop what is being drawn. True when there was something."""
        return False

    def paint(self, painter: QPainter, canvas: Stage) -> None:
        """Draw the preview, in device pixels (use `canvas.to_device`)."""
