"""A pointer moved by the arrow keys, so that every tool can be used without a mouse.

Arrows move it, Space puts the tool down and lifts it again (or clicks, where a tool only
clicks), Delete does what Alt+click does. The photo scrolls along when the pointer meets the
canvas's edge. Qt's own mouse keys were no way out: they exist on X11 alone and move by pixels.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from inpaint_studio.ui.canvas import chrome
from inpaint_studio.ui.canvas.stage import Stage
from inpaint_studio.ui.canvas.tool import Pointer, Tool
from inpaint_studio.ui.text import tr

STEP_PX = 8
LONG_PX = 40
EDGE_PX = 16
ARM_PX = 9
_MOVES = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_PRESS = (Qt.Key.Key_Space,)
_OTHER = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class KeyPointer:
    """Stands in for the mouse while it is `on`. `at`: its place in the canvas's own pixels."""

    def __init__(
        self,
        canvas: Stage,
        *,
        tool: Callable[[], Tool],
        moved: Callable[[int, int], object],
        toggled: Callable[[bool], object],
    ) -> None:
        """tool: the one in hand now. moved: told the photo pixel; toggled: told on and off."""
        self._canvas = canvas
        self._tool = tool
        self._told_move = moved
        self._told_toggle = toggled
        self.on = False
        self.at = QPointF()
        self._down = False
        self._alt = False
        self._repeats = 0

    # On and off

    def start(self) -> None:
        """Show the pointer, in the middle of what is seen or where it was."""
        canvas = self._canvas
        if not canvas.has_photo:
            return
        if not canvas.rect().contains(self.at.toPoint()) or self.at.isNull():
            self.at = QPointF(canvas.rect().center())
        self.on = True
        canvas.setFocus()
        self._moved()
        self._told_toggle(True)

    def stop(self) -> bool:
        """Hide it; a stroke under way is kept. True when it was there."""
        if not self.on:
            return False
        self.lift()
        self.on = False
        self._tool().leave()
        self._canvas.update()
        self._told_toggle(False)
        return True

    def go(self, x: float, y: float) -> None:
        """Put the pointer over a photo point, brought into sight if need be."""
        canvas = self._canvas
        self.at = QPointF(canvas.to_widget(x, y))
        if not canvas.rect().contains(self.at.toPoint()):
            view = canvas.view
            width, height = canvas.device_size()
            canvas.pan_by(
                round(width / 2 - x * view.zoom - view.left),
                round(height / 2 - y * view.zoom - view.top),
            )
            self.at = QPointF(canvas.to_widget(x, y))
        self.start()

    # Keys

    def wants(self, event: QKeyEvent) -> bool:
        """Whether a key is the pointer's, whatever else it may mean."""
        if not self.on or event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        return event.key() in _MOVES or event.key() in _PRESS or event.key() in _OTHER

    def press(self, event: QKeyEvent) -> None:
        """Do what a key means (one that `wants` has claimed)."""
        key = Qt.Key(event.key())
        if key in _MOVES:
            self._repeats = self._repeats + 1 if event.isAutoRepeat() else 0
            self._move(*_MOVES[key], event.modifiers())
        elif not event.isAutoRepeat():
            self._button(alt=key in _OTHER)

    def _move(self, dx: int, dy: int, keys: Qt.KeyboardModifier) -> None:
        step = min(STEP_PX * (1 + self._repeats // 8), LONG_PX)
        if keys & Qt.KeyboardModifier.ControlModifier:
            step = 1
        elif keys & Qt.KeyboardModifier.ShiftModifier:
            step = LONG_PX
        wanted = self.at + QPointF(dx * step, dy * step)
        canvas = self._canvas
        room = canvas.rect().adjusted(EDGE_PX, EDGE_PX, -EDGE_PX, -EDGE_PX)
        kept = QPointF(
            min(max(wanted.x(), room.left()), room.right()),
            min(max(wanted.y(), room.top()), room.bottom()),
        )
        over = kept - wanted
        if not over.isNull():
            ratio = canvas.devicePixelRatioF()
            canvas.pan_by(round(over.x() * ratio), round(over.y() * ratio))
        self.at = kept
        self._moved()

    def _moved(self) -> None:
        canvas = self._canvas
        pointer = self._pointer()
        if self._down:
            self._tool().drag(pointer)
        else:
            self._tool().hover(pointer)
        self._told_move(*pointer.pixel)
        canvas.update()

    def _button(self, *, alt: bool) -> None:
        """Put the tool down, or lift it; a tool that only clicks is down for no time."""
        if self._down:
            self.lift()
            return
        self._alt = alt
        tool = self._tool()
        if tool.pans:
            return
        tool.press(self._pointer())
        self._down = tool.is_held
        self._canvas.update()

    def lift(self) -> None:
        """Take the tool off the photo; what was drawn stays."""
        if self._down:
            self._down = False
            self._tool().release(self._pointer())
        self._alt = False

    def cancel(self) -> bool:
        """Drop what is being drawn. True when there was something."""
        if not self._down:
            return False
        self._down = self._alt = False
        self._tool().cancel()
        return True

    def _pointer(self) -> Pointer:
        x, y = self._canvas.to_photo(self.at)
        return Pointer(x=x, y=y, alt=self._alt)

    # Drawing

    def paint(self, painter: QPainter) -> None:
        """A cross, light on dark, filled in the middle while the tool is down. Device pixels."""
        if not self.on:
            return
        ratio = self._canvas.devicePixelRatioF()
        at = self.at * ratio
        arm, gap = ARM_PX * ratio, 3 * ratio
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for color, width in ((QColor(0, 0, 0, 190), 3.6), (QColor(255, 255, 255), 1.6)):
            painter.setPen(QPen(color, width * ratio))
            for x, y in _MOVES.values():
                way = QPointF(x, y)
                painter.drawLine(at + way * gap, at + way * arm)
        if self._down:
            painter.setPen(QPen(QColor(0, 0, 0, 190), 1.2 * ratio))
            painter.setBrush(QColor(255, 255, 255))
            painter.drawEllipse(at, 2.6 * ratio, 2.6 * ratio)
        painter.restore()
        width, height = self._canvas.device_size()
        words = tr("Arrows move · Space draws or clicks · Delete takes away · K ends")
        size = chrome.tag_size(words, ratio)
        corner = QPointF((width - size.width()) / 2, height - size.height() - 12 * ratio)
        chrome.draw_tag(painter, corner, words, ratio=ratio)
