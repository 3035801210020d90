"""Tools that make a whole shape at once: rectangle, ellipse, lasso, polygon."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from inpaint_studio.ui.canvas import Stage
from inpaint_studio.ui.canvas.tool import Pointer, Tool
from inpaint_studio.ui.retouch import shapes
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.text import tr


def dashes(painter: QPainter, ratio: float) -> tuple[QPen, QPen]:
    """A dark pen and a dashed light one over it."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    light = QPen(QColor(255, 255, 255), 1.2 * ratio, Qt.PenStyle.CustomDashLine)
    light.setDashPattern([4, 4])
    return QPen(QColor(0, 0, 0, 170), 1.2 * ratio), light


class ShapeTool(Tool):
    """Common to shapes: how they combine with the mask."""

    cursor = Qt.CursorShape.CrossCursor
    pans = False

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self._how = "add"

    def how(self, pointer: Pointer) -> str:
        """Alt takes away, whatever the bar says; X swaps adding and taking away."""
        how = self.editor.combine
        if how == "add" and not self.editor.add:
            how = "subtract"
        return "subtract" if pointer.alt else how

    def done(self) -> None:
        self.editor.stroke_ended.emit()


class BoxTool(ShapeTool):
    """Rectangle or ellipse, from corner to corner; Shift makes it as wide as high."""

    def __init__(self, editor: Editor, name: str) -> None:
        super().__init__(editor)
        self.name = name
        self._start: tuple[float, float] | None = None
        self._end = (0.0, 0.0)
        self._even = False

    def press(self, pointer: Pointer) -> None:
        self._start = self._end = (pointer.x, pointer.y)
        self._how = self.how(pointer)

    def drag(self, pointer: Pointer) -> None:
        self._end, self._even = (pointer.x, pointer.y), pointer.shift
        self.editor.canvas.update()

    def release(self, pointer: Pointer) -> None:
        start, self._start = self._start, None
        self.editor.canvas.update()
        if start is None:
            return
        end, even = (pointer.x, pointer.y), pointer.shift
        if self.name == "rectangle":
            box, shape = shapes.rectangle(start, end, square=even)
        else:
            box, shape = shapes.ellipse(start, end, circle=even)
        if not box.is_empty:
            self.editor.put_mask(tr(self.name.capitalize()), box, shape, self._how)
            self.done()

    def cancel(self) -> bool:
        had, self._start = self._start is not None, None
        self.editor.canvas.update()
        return had

    def paint(self, painter: QPainter, canvas: Stage) -> None:
        if self._start is None:
            return
        shape = QPainter.drawRect if self.name == "rectangle" else QPainter.drawEllipse
        draw_box(painter, canvas, self._start, self._end, square=self._even, shape=shape)


class LassoTool(ShapeTool):
    """A line drawn around it."""

    name = "lasso"

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._points: list[tuple[float, float]] = []

    def press(self, pointer: Pointer) -> None:
        self._points = [(pointer.x, pointer.y)]
        self._how = self.how(pointer)

    def drag(self, pointer: Pointer) -> None:
        self._points.append((pointer.x, pointer.y))
        self.editor.canvas.update()

    def release(self, pointer: Pointer) -> None:
        points, self._points = self._points, []
        self.editor.canvas.update()
        box, shape = shapes.outline(points)
        if not box.is_empty:
            self.editor.put_mask(tr("Lasso"), box, shape, self._how)
            self.done()

    def cancel(self) -> bool:
        had, self._points = bool(self._points), []
        self.editor.canvas.update()
        return had

    def paint(self, painter: QPainter, canvas: Stage) -> None:
        draw_line(painter, canvas, self._points)


class PolygonTool(ShapeTool):
    """Corner by corner; Enter, a double click or a click on the first corner closes it."""

    name = "polygon"

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._points: list[tuple[float, float]] = []
        self._at: tuple[float, float] | None = None

    def press(self, pointer: Pointer) -> None:
        if not self._points:
            self._how = self.how(pointer)
        near = 8 * self.editor.canvas.devicePixelRatioF() / self.editor.canvas.view.zoom
        if len(self._points) > 2:
            x, y = self._points[0]
            if abs(pointer.x - x) < near and abs(pointer.y - y) < near:
                self.confirm()
                return
        self._points.append((pointer.x, pointer.y))
        self.editor.canvas.update()

    def hover(self, pointer: Pointer) -> None:
        self._at = (pointer.x, pointer.y)
        if self._points:
            self.editor.canvas.update()

    def double_click(self, pointer: Pointer) -> None:
        self.confirm()

    def confirm(self) -> bool:
        points, self._points = self._points, []
        self.editor.canvas.update()
        box, shape = shapes.outline(points)
        if box.is_empty:
            return bool(points)
        self.editor.put_mask(tr("Polygon"), box, shape, self._how)
        self.done()
        return True

    def cancel(self) -> bool:
        had, self._points = bool(self._points), []
        self.editor.canvas.update()
        return had

    def paint(self, painter: QPainter, canvas: Stage) -> None:
        if not self._points:
            return
        points = [*self._points, self._at] if self._at is not None else self._points
        draw_line(painter, canvas, points)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255))
        for x, y in self._points:
            painter.drawEllipse(canvas.to_device(x, y), 3.0, 3.0)


def draw_box(
    painter: QPainter, canvas: Stage, start: shapes.Point, end: shapes.Point, *,
    square: bool = False, shape: Callable[[QPainter, QRectF], None] = QPainter.drawRect,
) -> None:  # fmt: skip
    """Draw a dashed rectangle, or what `shape` fits in, from one photo point to another."""
    left, top, right, bottom = shapes.corners(start, end, square=square)
    place = QRectF(canvas.to_device(left, top), canvas.to_device(right, bottom))
    for pen in dashes(painter, canvas.devicePixelRatioF()):
        painter.setPen(pen)
        shape(painter, place)


def draw_line(painter: QPainter, canvas: Stage, points: list[tuple[float, float]]) -> None:
    """Draw a dashed open line through photo points."""
    if len(points) < 2:
        return
    line = QPolygonF([QPointF(canvas.to_device(x, y)) for x, y in points])
    for pen in dashes(painter, canvas.devicePixelRatioF()):
        painter.setPen(pen)
        painter.drawPolyline(line)
