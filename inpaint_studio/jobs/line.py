"""Who is next, and who is told: the waiting line of one kind of worker, and the callbacks."""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from inpaint_studio.jobs.job import Job

log = logging.getLogger(__name__)


class Line:
    """Waiting jobs, highest priority first, then in the order they came. Not locked."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []
        self._front = itertools.count(-1, -1)

    def __len__(self) -> int:
        return len(self._heap)

    def push(self, job: Job) -> None:
        heapq.heappush(self._heap, (-job.priority, job.number, job))

    def push_first(self, job: Job) -> None:
        """Let `job` be the next one; it takes the priority of the one before which it goes."""
        job.priority = max([job.priority, *(-entry[0] for entry in self._heap)])
        heapq.heappush(self._heap, (-job.priority, next(self._front), job))

    def pop(self) -> Job:
        return heapq.heappop(self._heap)[2]

    def remove(self, job: Job) -> bool:
        """Take `job` out; return whether it was in."""
        left = [entry for entry in self._heap if entry[2] is not job]
        was_in = len(left) < len(self._heap)
        heapq.heapify(left)
        self._heap = left
        return was_in

    def jobs(self) -> list[Job]:
        """The jobs in the order of their turn."""
        return [entry[2] for entry in sorted(self._heap)]

    def clear(self) -> list[Job]:
        """Empty the line; return who stood in it."""
        jobs = self.jobs()
        self._heap = []
        return jobs


class Callbacks:
    """One thread that calls functions in the order in which they were given."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="jobs-callbacks", daemon=True)
        self._thread.start()

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Queue a call. What it raises is logged and stops nothing else."""
        self._calls.put(partial(function, *args))

    def stop(self) -> None:
        """Make the calls that are left, then end the thread (which may itself be asking)."""
        self._calls.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception:
                log.exception("a job's callback broke")
