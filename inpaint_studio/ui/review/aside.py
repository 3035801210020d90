"""What may come a moment after an item: precedents, and the attempt before beside this one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from inpaint_studio.review.attempts import Compared, compare
from inpaint_studio.review.look import DecidedBefore, Look, look_at
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Near:
    """A decided item like this one: its row, its thumbnail's bytes, how far away it is."""

    row: ReviewRow
    thumb: bytes
    distance: float


class Asides(QObject):
    """Finds them in the background. found: item id, precedents with pixmaps, compared readings."""

    found = Signal(str, object, object)

    def __init__(
        self, library: Library, queue: ReviewQueue, background: Background, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._queue = queue
        self._background = background
        self._decided = DecidedBefore(library)

    def find(self, row: ReviewRow, look: Look) -> None:
        self._background.run(
            partial(self._look, row, look), partial(self._arrived, row.item_id), self._missed
        )

    def _missed(self, error: Exception) -> None:
        """What stands aside is not worth a message: the item itself is there."""
        log.debug("nothing found beside an item: %s", error)

    def _look(self, row: ReviewRow, look: Look) -> tuple[list[Near], list[Compared]]:
        near: list[Near] = []
        for precedent in self._decided.like(look):
            other = self._queue.find(precedent.item_id)
            if other is not None:
                near.append(Near(other, self._thumb(other), precedent.distance))
        rows: list[Compared] = []
        old = self._queue.find(row.replaces) if row.replaces else None
        if old is not None and look.edit is not None:
            before = look_at(self._library, old).edit
            if before is not None:
                rows = compare(before.verdict.readings, look.edit.verdict.readings)
        return near, rows

    def _thumb(self, row: ReviewRow) -> bytes:
        objects = self._library.objects
        return objects.get_bytes(row.thumb) if row.thumb and objects.has(row.thumb) else b""

    def _arrived(self, item_id: str, found: tuple[Sequence[Near], Sequence[Compared]]) -> None:
        near = []
        for one in found[0]:
            pixmap = QPixmap()
            pixmap.loadFromData(one.thumb)
            near.append((one.row, pixmap, one.distance))
        self.found.emit(item_id, near, found[1])
