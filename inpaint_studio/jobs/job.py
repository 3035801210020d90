"""A job: work in the background with exactly one end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from inpaint_studio.errors import Cancelled
from inpaint_studio.jobs.token import Progress

JobKind: TypeAlias = Literal["light", "heavy"]
JobState: TypeAlias = Literal["waiting", "running", "finished", "failed", "cancelled"]
ENDS: tuple[JobState, ...] = ("finished", "failed", "cancelled")


@dataclass(eq=False)
class Job:
    """What `WorkerPool.submit` returns. Fields are set by the pool; read them from any thread.

    progress: the newest report. error: why it failed, `str(error)` is a sentence.
    peak_mb: most memory its worker was seen to use. deaths: workers this job has killed.
    lost: workers that died before they had it. canceller: what `cancel` asks.
    doing: what it said it was doing (`RunToken.doing`). learns: the keyword by which its next
    start is told what it was doing when a worker died.
    """

    canceller: Callable[[Job], None] = field(repr=False)
    number: int
    target: str
    args: tuple[Any, ...] = field(repr=False)
    kwargs: dict[str, Any] = field(repr=False)
    kind: JobKind = "light"
    priority: int = 0
    label: str = ""
    key: str = ""
    attempts: int = 1
    learns: str = ""
    on_progress: Callable[[Job, Progress], None] | None = field(default=None, repr=False)
    on_end: Callable[[Job], None] | None = field(default=None, repr=False)
    state: JobState = "waiting"
    progress: Progress | None = None
    result: Any = field(default=None, repr=False)
    error: Exception | None = None
    deaths: int = 0
    lost: int = 0
    doing: Any = field(default=None, repr=False)
    begun: bool = field(default=False, repr=False)
    peak_mb: float = 0.0
    submitted: float = field(default_factory=time.monotonic)
    started: float | None = None
    ended: float | None = None
    cancel_asked: float | None = None
    _end: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_ended(self) -> bool:
        return self._end.is_set()

    @property
    def seconds(self) -> float:
        """Seconds since it started to run, or that it ran."""
        if self.started is None:
            return 0.0
        return (self.ended or time.monotonic()) - self.started

    def cancel(self) -> None:
        """Ask to stop; the job ends as cancelled within a second. Returns at once."""
        self.canceller(self)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; return whether it came. Never call it on the window's thread."""
        return self._end.wait(timeout_s)

    def value(self, timeout_s: float | None = None) -> Any:
        """Wait and return what the function returned.

        Raises: the error the job failed with; Cancelled; TimeoutError.
        """
        if not self.wait(timeout_s):
            raise TimeoutError(f"job {self.number} ({self.label}) has not ended yet")
        if self.state == "cancelled":
            raise Cancelled
        if self.error is not None:
            raise self.error
        return self.result
