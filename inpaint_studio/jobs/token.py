"""The token that long work takes: it reports progress and carries the wish to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inpaint_studio.errors import Cancelled, TookTooLong

REPORT_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `fraction` 0..1, the stage's name, seconds left (None: not known yet)."""

    fraction: float
    stage: str
    seconds_left: float | None = None


class RunToken:
    """Handed down the road. Work calls `step` often; it reports at most every 0.1 s.

    `cancel` may be called from any thread. `within` narrows the token to a part of the work,
    so that a stage can count from 0 to 1 without knowing what surrounds it.
    """

    def __init__(
        self,
        report: Callable[[Progress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._report = report
        self._ask = is_cancelled
        self._event = threading.Event()
        self._started = time.monotonic()
        self._last = float("-inf")

    def cancel(self) -> None:
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        return self._event.is_set() or (self._ask is not None and self._ask())

    def check(self) -> None:
        """Raise `Cancelled` when the user has asked to stop."""
        if self.is_cancelled:
            raise Cancelled

    def step(self, fraction: float, stage: str = "") -> None:
        """Report progress and raise `Cancelled` when the user has asked to stop."""
        self.check()
        now = time.monotonic()
        if self._report is None or (now - self._last < REPORT_EVERY_S and fraction < 1.0):
            return
        self._last = now
        elapsed = now - self._started
        left = elapsed * (1 - fraction) / fraction if fraction > 0.02 and elapsed > 0.5 else None
        self._report(Progress(min(max(fraction, 0.0), 1.0), stage, left))

    def doing(self, what: Any) -> None:
        """Say what is begun that could take the whole process down, or that it is done (None).

        It outlives the process: a job that is started again can be told (`WorkerPool.submit`).
        """

    def within(self, start: float, stop: float, stage: str = "") -> RunToken:
        """Return a token whose 0..1 is this token's start..stop; it shares the wish to stop."""
        return _PartToken(self, start=start, stop=stop, stage=stage)

    def at_most(self, seconds: float, who: str) -> RunToken:
        """Return a token that raises `TookTooLong` when it is asked after so many seconds."""
        return _TimedToken(self, seconds, who)


class _PartToken(RunToken):
    def __init__(self, parent: RunToken, *, start: float, stop: float, stage: str) -> None:
        super().__init__()
        self._parent = parent
        self._start = start
        self._span = stop - start
        self._stage = stage

    def cancel(self) -> None:
        self._parent.cancel()

    @property
    def is_cancelled(self) -> bool:
        return self._parent.is_cancelled

    def check(self) -> None:
        self._parent.check()

    def doing(self, what: Any) -> None:
        self._parent.doing(what)

    def step(self, fraction: float, stage: str = "") -> None:
        self._parent.step(self._start + self._span * fraction, stage or self._stage)


class _TimedToken(_PartToken):
    def __init__(self, parent: RunToken, seconds: float, who: str) -> None:
        super().__init__(parent, start=0.0, stop=1.0, stage="")
        self._limit_s = seconds
        self._who = who

    def check(self) -> None:
        super().check()
        if time.monotonic() - self._started > self._limit_s:
            raise TookTooLong(
                f"{self._who} was stopped after {self._limit_s:.0f} s; mask a smaller part "
                "or allow the region more time."
            )

    def step(self, fraction: float, stage: str = "") -> None:
        self.check()
        super().step(fraction, stage)
