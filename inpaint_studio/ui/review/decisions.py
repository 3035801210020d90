"""Decisions made on the Review page: durable first, then what follows from them.

A rejection starts the next attempt, whatever changes a result wakes the delivery, an undo takes
both back. The page shows; this is what it tells the queue, and how fast the reviewer is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from inpaint_studio.errors import InpaintError
from inpaint_studio.records import EditRecord
from inpaint_studio.review.events import Verdict, readings_now
from inpaint_studio.review.fixing import Fix, close_fixed, fixed_by
from inpaint_studio.review.queue import Changed
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.review.attempts import AttemptDesk
from inpaint_studio.ui.review.delivery import Delivery
from inpaint_studio.ui.text import count, tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

CLOSES = ("accept", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How the items were looked at: since when, in which modes, which of them, which edit."""

    since: float
    views: Iterable[str]
    seen: Sequence[str]
    edit: EditRecord | None = None


class Decisions(QObject):
    """Decide, undo and close for one reviewer.

    changed: the rows as they are now. failed: a sentence. repeated: rows this reviewer had
    decided just so already.
    """

    changed = Signal(object)
    failed = Signal(str)
    repeated = Signal(object)

    def __init__(
        self, studio: Studio, attempts: AttemptDesk, delivery: Delivery, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._queue = studio.queue
        self._attempts = attempts
        self._delivery = delivery
        self._decided = 0
        self._started = 0.0
        self.fixing: Fix | None = None

    @property
    def reviewer(self) -> str:
        return self._studio.reviewer

    @property
    def words(self) -> str:
        """How many were decided on this page, how fast, and what is still computed."""
        words = [count(self._decided, "decided", "decided")]
        minutes = (time.monotonic() - self._started) / 60 if self._started else 0.0
        if self._decided > 2 and minutes > 0:
            words.append(tr("{n} a minute", n=round(self._decided / minutes)))
        if self._attempts.waiting:
            words.append(count(self._attempts.waiting, "attempt under way", "attempts under way"))
        return " · ".join(words)

    def decide(
        self, items: Sequence[str], verdict: Verdict, looked: Looked, *, reason: str = ""
    ) -> bool:
        """Decide items together; return whether it is durable."""
        self._started = self._started or time.monotonic()
        edit = looked.edit
        readings = {r.name: r.value for r in edit.verdict.readings} if edit else {}
        changed = self._try(
            lambda: self._queue.decide(
                items, verdict, reviewer=self.reviewer, reason=reason,
                ms=round(1000 * (time.monotonic() - looked.since)), views=sorted(looked.views),
                seen=looked.seen, readings=readings_now(readings) if len(items) == 1 else None,
                thresholds=edit.verdict.version if edit else "",
            )
        )  # fmt: skip
        if changed is None:
            return False
        if verdict in CLOSES:
            self._decided += len(changed.items)
            self._delivery.soon(changed.items)
        if verdict == "reject":
            for item in changed.items:
                self._attempts.begin(item, reason)
        return True

    def note(self, item: ReviewRow, words: str) -> None:
        self._try(
            lambda: self._queue.decide(
                item.item_id, "note", reviewer=self.reviewer, note=words or " "
            )
        )

    def undo(self) -> Sequence[ReviewRow] | None:
        """Take my last decision back; return its items, empty when there is none.

        None: it could not be taken back (`failed` has said why).
        """
        try:
            changed = self._queue.undo(self.reviewer)
        except InpaintError as error:
            self.failed.emit(str(error))
            return None
        if changed is None:
            return ()
        undone = {event.item_id: event.undoes for event in changed.events}
        for item in changed.items:
            # Looking for attempts takes 0.1 s at 100,000 items: only a rejection has any.
            if any(
                event.seq == undone[item.item_id] and event.verdict == "reject"
                for event in self._queue.events(item.item_id)
            ):
                self._attempts.forget(item.item_id)
                self._withdraw_attempts(item)
        self._decided = max(0, self._decided - len(changed.items))
        self._delivery.soon(changed.items)
        self.changed.emit(changed.items)
        return changed.items

    def close_fixed(self) -> bool:
        """Close the item mended in the editor, when an edit was accepted there over its place."""
        fix, library = self.fixing, self._studio.library
        run = fixed_by(library, fix) if fix is not None else None
        if fix is None or run is None:
            return False
        self.fixing = None
        changed = self._try(lambda: close_fixed(library, fix, run, reviewer=self.reviewer))
        if changed is None:
            return False
        self._decided += 1
        self._delivery.soon(changed.items)
        return True

    def _withdraw_attempts(self, item: ReviewRow) -> None:
        """The rejection is undone: attempts that wait in its place leave the queue."""
        later = self._studio.library.reviews.select("replaces = ? AND waiting = 1", (item.item_id,))
        if later and item.waiting:
            names = [row.item_id for row in later]
            self._try(lambda: self._queue.withdraw(names, "rejection undone"))

    def _try(self, work: Callable[[], Changed]) -> Changed | None:
        try:
            changed = work()
        except InpaintError as error:
            self.failed.emit(str(error))
            return None
        if changed.items:
            self.changed.emit(changed.items)
        if changed.repeated:
            self.repeated.emit(changed.repeated)
        return changed
