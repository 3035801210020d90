"""The canvas with hands: sends pointer events to the tool, pans, zooms, moves the split."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from inpaint_studio.ui.canvas import chrome
from inpaint_studio.ui.canvas.keypointer import KeyPointer
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.canvas.stage import Stage
from inpaint_studio.ui.canvas.tool import Pointer, Tool


class Canvas(Stage):
    """A stage that can be painted on. Tools get `Pointer`s in photo pixels."""

    hovered = Signal(int, int)
    size_dragged = Signal(float)
    """Alt + right-drag: the new brush radius in photo pixels."""
    clicked_empty = Signal()
    keys_toggled = Signal(bool)
    """The arrow keys move a pointer now, or no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tool: Tool = Tool()
        self.keys = KeyPointer(
            self,
            tool=lambda: self.tool,
            moved=self.hovered.emit,
            toggled=self.keys_toggled.emit,
        )
        self._space_held = False
        self._last = QPointF()
        self._circle: QPointF | None = None
        self._size_anchor = (0.0, 0.0)
        self._pen_down = False

    @property
    def is_bare(self) -> bool:
        return self._circle is None and not self.keys.on

    def paint_over(self, painter: QPainter) -> None:
        self.tool.paint(painter, self)
        circle = self.keys.at if self.keys.on else self._circle
        if circle is not None and self.tool.radius > 0:
            ratio = self.devicePixelRatioF()
            chrome.draw_circle(painter, circle * ratio, self.tool.radius * self.view.zoom, ratio)
        self.keys.paint(painter)

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fit:
            self.fit()
        else:
            self._set_view(self.view)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.fit() if self._fit else self._set_view(self.view)
        if event.type() == QEvent.Type.ShortcutOverride and self._takes_key(event):
            event.accept()
            return True
        return super().event(event)

    def _takes_key(self, event: QEvent) -> bool:
        return isinstance(event, QKeyEvent) and self.keys.wants(event)

    def pointer(self, event: QMouseEvent | QTabletEvent, pressure: float = 1.0) -> Pointer:
        x, y = self.to_photo(event.position())
        keys = event.modifiers()
        return Pointer(
            x=x, y=y, pressure=pressure,
            shift=bool(keys & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(keys & Qt.KeyboardModifier.AltModifier),
            control=bool(keys & Qt.KeyboardModifier.ControlModifier),
        )  # fmt: skip

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.keys.stop()
        if not self.has_photo:
            self.clicked_empty.emit()
            return
        self._last = event.position()
        button = event.button()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        left = button == Qt.MouseButton.LeftButton
        if button == Qt.MouseButton.MiddleButton or (
            left and (self._space_held or self.tool.pans) and not self._on_split(event.position())
        ):
            self._begin("pan")
        elif button == Qt.MouseButton.RightButton and alt and self.tool.radius > 0:
            self._size_anchor = (self.tool.radius, event.position().x())
            self._begin("size")
        elif left and self._on_split(event.position()):
            self._begin("split")
        elif left and self.mode is Mode.SWIPE:
            self.swap()
        elif left:
            self._begin("tool")
            self.tool.press(self.pointer(event))

    def _begin(self, drag: str) -> None:
        self._drag = drag
        if drag == "pan":
            self._hide_circle()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._drag == "pan":
            ratio = self.devicePixelRatioF()
            moved = at - self._last
            self.pan_by(round(moved.x() * ratio), round(moved.y() * ratio))
        elif self._drag == "size":
            radius, start = self._size_anchor
            scale = self.devicePixelRatioF() / self.view.zoom
            self.size_dragged.emit(max(0.5, radius + (at.x() - start) * scale))
            self.update()
        elif self._drag == "split":
            self.split = min(max(at.x() / max(1, self.width()), 0.02), 0.98)
            self.update()
        elif self._drag == "tool" and not self._pen_down:
            self.tool.drag(self.pointer(event))
        elif not self._drag and self.has_photo:
            self.tool.hover(self.pointer(event))
            self._point_cursor(at)
        self._last = at
        if self._drag in ("", "tool"):
            self._move_circle(at)
        x, y = self.to_photo(at)
        self.hovered.emit(int(x // 1), int(y // 1))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, ""
        if drag == "tool":
            self.tool.release(self.pointer(event))
        elif drag == "pan":
            self._point_cursor(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.has_photo and not self.tool.pans:
            self.mousePressEvent(event)
            self.tool.double_click(self.pointer(event))

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Pen strokes carry pressure; anything but painting is left to the mouse events."""
        kind = event.type()
        if kind == QEvent.Type.TabletPress and not (self._space_held or self.tool.pans):
            self._pen_down = True
            self._drag = "tool"
            self.tool.press(self.pointer(event, event.pressure()))
        elif kind == QEvent.Type.TabletMove and self._pen_down:
            self.tool.drag(self.pointer(event, event.pressure()))
            self._move_circle(event.position())
        elif kind == QEvent.Type.TabletRelease and self._pen_down:
            self._pen_down, self._drag = False, ""
            self.tool.release(self.pointer(event, event.pressure()))
        else:
            event.ignore()
            return
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.has_photo:
            return
        delta, fine = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_to(self.view.zoom * 2 ** (delta.y() / 480), event.position())
        elif not fine.isNull():
            self.pan_by(fine.x(), fine.y())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan_by(round(delta.y() * 0.8), round(delta.x() * 0.8))
        else:
            self.pan_by(round(delta.x() * 0.8), round(delta.y() * 0.8))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.keys.wants(event):
            self.keys.press(event)
            return
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space_held = True
                self.setCursor(Qt.CursorShape.OpenHandCursor)
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat() and self._space_held:
                self._space_held = False
                self._point_cursor(self._last)
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget held keys: Alt-Tab swallows their release."""
        self._space_held = False
        self.hold_before(False)
        self.keys.lift()
        super().focusOutEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._point_cursor(event.position())
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hide_circle()
        self.tool.leave()
        super().leaveEvent(event)

    def showEvent(self, event: QEvent) -> None:
        self.ants.tend()

    def hideEvent(self, event: QEvent) -> None:
        self.ants.stop()

    # The pointer

    def set_tool(self, tool: Tool) -> None:
        """Take another tool in hand."""
        self.tool.leave()
        self.tool = tool
        self._point_cursor(self._last)
        self.update()

    def _on_split(self, at: QPointF) -> bool:
        if self.mode is not Mode.SPLIT or self._before_held:
            return False
        return abs(at.x() - self.split * self.width()) <= chrome.GRIP_PX

    def _point_cursor(self, at: QPointF) -> None:
        if self._on_split(at):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._space_held:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self.has_photo:
            self.setCursor(self.tool.cursor)
        else:
            self.setCursor(Qt.CursorShape.ArrowCursor)

    def _circle_rect(self, at: QPointF) -> QRect:
        radius = self.tool.radius * self.view.zoom / self.devicePixelRatioF() + 3
        return QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius).toAlignedRect()

    def _move_circle(self, at: QPointF) -> None:
        if self.tool.radius <= 0 or not self.has_photo:
            self._circle = None
            return
        if self._circle is not None:
            self.update(self._circle_rect(self._circle))
        self._circle = QPointF(at)
        self.update(self._circle_rect(at))

    def _hide_circle(self) -> None:
        if self._circle is not None:
            self.update(self._circle_rect(self._circle))
            self._circle = None
