"""Decisions reach the output folders a moment after they are made, in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from inpaint_studio.review.deliver import Delivered, deliver, pending
from inpaint_studio.store.library import Library
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.text import count

AFTER_MS = 4000


class Delivery(QObject):
    """Waits until the reviewer has gone on, so that an undo at once costs no file.

    said: the kind and the words of what was done.
    """

    said = Signal(str, str)

    def __init__(self, library: Library, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._library = library
        self._background = background
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._begin)

    def soon(self) -> None:
        self._timer.start()

    def now(self) -> None:
        """Do at once what waits for the timer."""
        if self._timer.isActive():
            self._timer.stop()
            self._begin()

    def stop(self) -> None:
        """The window closes: what is left is done when a batch or a review is next opened."""
        self._timer.stop()

    def _begin(self) -> None:
        self._background.run(self._work, self._done, self._failed, in_order=True)

    def _work(self) -> Delivered:
        return deliver(self._library, pending(self._library))

    def _done(self, done: Delivered) -> None:
        if done.failed:
            self.said.emit("bad", done.failed[0])
        elif done.written:
            self.said.emit("good", count(done.written, "photo delivered", "photos delivered"))

    def _failed(self, error: Exception) -> None:
        self.said.emit("bad", str(error))
