"""What may wait until the window is there: nothing of it may delay the first picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from inpaint_studio.ui.background import Background

if TYPE_CHECKING:
    from inpaint_studio.review.queue import ReviewQueue

LOOK_AGAIN_MS = 2000
LOOK_SOON_MS = 150
IDLE_AFTER_S = 1.2
IDLE_EVERY_MS = 250
_TOUCHES = {
    QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress, QEvent.Type.Wheel,
    QEvent.Type.TabletMove, QEvent.Type.TabletPress, QEvent.Type.DragMove,
}  # fmt: skip


class AfterPaint(QObject):
    """Calls a function once, as soon as the window of `widget` has been painted."""

    def __init__(self, widget: QWidget, then: Callable[[], object]) -> None:
        super().__init__(widget)
        self._then = then
        self._window = widget.window()
        self._window.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._call)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            self._timer.start(0)
        return super().eventFilter(watched, event)

    def _call(self) -> None:
        self._then()


class Idle(QObject):
    """Runs steps one by one while nobody touches the window and nothing runs in it.

    What a later click would wait for is made ahead this way, in bites: the pages not yet seen.
    """

    def __init__(
        self, steps: Iterable[Callable[[], object]], is_busy: Callable[[], bool], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._steps = iter(steps)
        self._is_busy = is_busy
        self._touched = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(IDLE_EVERY_MS)
        self._timer.timeout.connect(self._step)

    def begin(self) -> None:
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)
            self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _TOUCHES:
            self._touched = time.monotonic()
        return False

    def _step(self) -> None:
        if time.monotonic() - self._touched < IDLE_AFTER_S or self._is_busy():
            return
        step = next(self._steps, None)
        if step is None:
            self.stop()
        else:
            step()

    def stop(self) -> None:
        self._timer.stop()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)


class Waiting(QObject):
    """Counts what waits for a person, off the window's thread, and tells when it changes."""

    changed = Signal(int)

    def __init__(self, queue: ReviewQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = queue
        self._background = Background(self)
        self._number = -1
        self._looking = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._look)

    def begin(self) -> None:
        """Count now, and from now on every two seconds."""
        self._look()

    def look_soon(self) -> None:
        """Something may have changed."""
        self._soon.start(LOOK_SOON_MS)

    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self._background.run(self._queue.count, self._counted, self._failed)

    def _counted(self, number: int) -> None:
        self._looking = False
        if number != self._number:
            self._number = number
            self.changed.emit(number)
        if not self._soon.isActive():
            self._soon.start(LOOK_AGAIN_MS)

    def _failed(self, _error: Exception) -> None:
        self._looking = False

    def close(self) -> None:
        self._soon.stop()
        self._background.close()
