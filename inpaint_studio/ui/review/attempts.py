"""Next attempts, computed in a worker while the reviewer goes on."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from inpaint_studio.engines.table import MODELLED
from inpaint_studio.errors import InpaintError
from inpaint_studio.jobs.job import Job
from inpaint_studio.review.retry import Retry, keep_retry, retry_of
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.review.candidates import Candidates

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

BEHIND_THE_EDITOR = -1
"""The workers are the editor's too: whoever waits there for a fill goes first."""
BY_HAND = "only you know what the mask should cover; F opens it in the editor"
NOTHING_LEFT = "no other way is left to try; F opens it in the editor"
WORKER = "inpaint_studio.pipeline.worker:run_job"
log = logging.getLogger(__name__)


class AttemptDesk(QObject):
    """Runs the next attempt of each rejected item; tells when its new item is in the queue.

    arrived: the new item and the one it replaces. ended: item id and why nothing came of it
    ("" when the rejection was undone).
    """

    arrived = Signal(object, object)
    ended = Signal(str, str)
    counted = Signal(int)

    def __init__(
        self, studio: Studio, background: Background, candidates: Candidates, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._library = studio.library
        self._background = background
        self._candidates = candidates
        self._jobs: dict[str, Job] = {}
        self._planning: set[str] = set()

    @property
    def waiting(self) -> int:
        return len(self._jobs) + len(self._planning)

    def begin(self, item: ReviewRow, reason: str) -> None:
        """Plan and start the next attempt at an item that was rejected."""
        self._planning.add(item.item_id)
        self._background.run(
            partial(self._plan, item, reason),
            partial(self._planned, item, reason),
            partial(self._unplanned, item),
        )
        self.counted.emit(self.waiting)

    def forget(self, item_id: str) -> None:
        """The rejection was undone: its attempt is not wanted any more."""
        self._planning.discard(item_id)
        job = self._jobs.pop(item_id, None)
        if job is not None:
            job.cancel()
        self.counted.emit(self.waiting)

    def _plan(self, item: ReviewRow, reason: str) -> Retry | None:
        from inpaint_studio.pipeline.road import offers

        return retry_of(self._library, item, reason, offers())

    def _planned(self, item: ReviewRow, reason: str, retry: Retry | None) -> None:
        if item.item_id not in self._planning:
            return
        self._planning.discard(item.item_id)
        if retry is None:
            self.counted.emit(self.waiting)
            self.ended.emit(item.item_id, BY_HAND if reason == "mask" else NOTHING_LEFT)
            return
        result = self._candidates.take(item.item_id, retry.request.options)
        if result is not None:
            self._background.run(
                partial(keep_retry, self._library, retry, result),
                partial(self._kept, item), partial(self._unplanned, item),
            )  # fmt: skip
            return
        self._candidates.give_way()
        needs_model = retry.request.options.engine in MODELLED
        self._jobs[item.item_id] = self._studio.pool.submit(
            WORKER, retry.request, str(self._library.objects.root), label=item.name,
            kind="heavy" if needs_model else "light", priority=BEHIND_THE_EDITOR,
            on_end=partial(self._finished, retry),
        )  # fmt: skip
        self.counted.emit(self.waiting)

    def _kept(self, item: ReviewRow, row: ReviewRow | None) -> None:
        """The attempt had been computed before it was asked for."""
        self._told(item, row, "")

    def _unplanned(self, item: ReviewRow, error: Exception) -> None:
        self._planning.discard(item.item_id)
        self.counted.emit(self.waiting)
        self.ended.emit(item.item_id, str(error))

    def _finished(self, retry: Retry, job: Job) -> None:
        """On the pool's thread: store what came back, then tell the window."""
        row: ReviewRow | None = None
        why = "" if job.state != "failed" else str(job.error)
        if job.state == "finished":
            try:
                row = keep_retry(self._library, retry, job.result)
            except InpaintError as error:
                log.warning("an attempt could not be kept: %s", error)
                why = str(error)
        self._background.call(partial(self._told, retry.item, row, why))

    def _told(self, item: ReviewRow, row: ReviewRow | None, why: str) -> None:
        self._jobs.pop(item.item_id, None)
        self.counted.emit(self.waiting)
        if row is not None:
            self.arrived.emit(row, item)
        else:
            self.ended.emit(item.item_id, why)

    def close(self) -> None:
        """Cancel what is under way."""
        jobs, self._jobs = list(self._jobs.values()), {}
        self._planning.clear()
        for job in jobs:
            job.cancel()
