"""Next attempts at the riskiest items, computed before anybody has rejected them.

Only while the reviewer pauses, nobody waits for a worker, and memory and cores are free; the
gates say what is tried. A rejection that wants just this finds it done. What is computed lives
in memory alone: an attempt that was never asked for leaves no row in the library.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from inpaint_studio.engines.table import DEAR
from inpaint_studio.jobs.job import Job
from inpaint_studio.pipeline.request import RunResult
from inpaint_studio.records import RunOptions
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.retry import Retry, foreseen
from inpaint_studio.review.room import may_work_ahead
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

WORKER = "inpaint_studio.pipeline.worker:run_job"
AFTER_MS = 2000
KEEP = 12
LAST_OF_ALL = -2
log = logging.getLogger(__name__)


class Candidates(QObject):
    """One at a time, the riskiest waiting item first."""

    def __init__(self, studio: Studio, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._background = background
        self._done: OrderedDict[str, tuple[RunOptions, RunResult] | None] = OrderedDict()
        self._job: Job | None = None
        self._is_looking = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(AFTER_MS)
        self._timer.timeout.connect(self._look)

    @property
    def ready(self) -> list[str]:
        """The items whose next attempt is there."""
        return [name for name, found in self._done.items() if found is not None]

    def later(self) -> None:
        """The reviewer has done something: wait until he pauses again."""
        if int(self._studio.settings["attempts_ahead"]) > 0:
            self._timer.start()

    def give_way(self) -> None:
        """Someone waits for a worker, or the page is left: stop."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def take(self, item_id: str, options: RunOptions) -> RunResult | None:
        """Return the attempt at an item if it was made with just these options."""
        found = self._done.get(item_id)
        return found[1] if found is not None and found[0] == options else None

    def _look(self) -> None:
        if self._is_looking or self._job is not None:
            return
        if not self._studio.pool.is_idle or not may_work_ahead():
            self._timer.start()
            return
        self._is_looking = True
        tried = set(self._done)
        self._background.run(partial(self._next, tried), self._planned, self._unplanned)

    def _next(self, tried: set[str]) -> tuple[list[str], Retry | None]:
        """Return the items nothing can be tried for, and the attempt to make now."""
        from inpaint_studio.pipeline.road import offers

        number = int(self._studio.settings["attempts_ahead"])
        ready = offers()
        hopeless: list[str] = []
        for item in _riskiest(self._studio.queue.list(Filter(), limit=4 * number))[:number]:
            if item.item_id not in tried:
                retry = foreseen(self._studio.library, item, ready)
                if retry is not None and retry.request.options.engine not in DEAR:
                    return hopeless, retry
                hopeless.append(item.item_id)
        return hopeless, None

    def _planned(self, found: tuple[list[str], Retry | None]) -> None:
        self._is_looking = False
        hopeless, retry = found
        for name in hopeless:
            self._keep(name, None)
        if retry is None:
            return
        self._job = self._studio.pool.submit(
            WORKER, retry.request, str(self._studio.library.objects.root), label=retry.item.name,
            priority=LAST_OF_ALL, on_end=partial(self._ended, retry),
        )  # fmt: skip

    def _unplanned(self, error: Exception) -> None:
        self._is_looking = False
        log.info("no attempt could be planned ahead: %s", error)

    def _ended(self, retry: Retry, job: Job) -> None:
        """On the pool's thread."""
        self._background.call(partial(self._told, retry, job))

    def _told(self, retry: Retry, job: Job) -> None:
        self._job = None
        if job.state == "finished":
            self._keep(retry.item.item_id, (retry.request.options, job.result))
        elif job.state == "failed":
            self._keep(retry.item.item_id, None)
        if job.state != "cancelled":
            self._timer.start()

    def _keep(self, item_id: str, found: tuple[RunOptions, RunResult] | None) -> None:
        self._done[item_id] = found
        while len(self._done) > KEEP:
            self._done.popitem(last=False)


def _riskiest(items: Sequence[ReviewRow]) -> list[ReviewRow]:
    """Those a person may well reject: what the gates flagged, before what is audited."""
    return [item for item in items if item.origin == "flagged"]
