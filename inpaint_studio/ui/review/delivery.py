"""Decisions reach the output folders a moment after they are made, in the background."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from inpaint_studio.review.deliver import Delivered, deliver, pending
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow
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
        self._photos: dict[str, set[str]] = {}
        self._is_first = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._begin)

    def soon(self, items: Iterable[ReviewRow]) -> None:
        """Bring the photos of these to what was decided, a moment later."""
        for item in items:
            if item.batch_id:
                self._photos.setdefault(item.batch_id, set()).add(item.name)
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
        photos, self._photos = self._photos, {}
        is_first, self._is_first = self._is_first, False
        work = self._all if is_first else partial(self._some, photos)
        self._background.run(work, self._done, self._failed, in_order=True)

    def _all(self) -> Delivered:
        """What was left over when the window last closed is done with the first decision."""
        return deliver(self._library, pending(self._library))

    def _some(self, photos: dict[str, set[str]]) -> Delivered:
        tasks = [
            task for name, paths in photos.items() for task in pending(self._library, name, paths)
        ]
        return deliver(self._library, tasks)

    def _done(self, done: Delivered) -> None:
        if done.failed:
            self.said.emit("bad", done.failed[0])
        elif done.written:
            self.said.emit("good", count(done.written, "photo delivered", "photos delivered"))

    def _failed(self, error: Exception) -> None:
        self.said.emit("bad", str(error))
