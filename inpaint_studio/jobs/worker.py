"""The worker process: `python -m inpaint_studio.jobs.worker KIND [MODULE...]`.

It reads jobs from standard input and writes progress, heartbeats and results to standard
output (what a job prints goes to standard error). It dies with its parent: on Linux by signal,
everywhere by the end of its input. When memory runs out it is the first to go.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from io import FileIO
from typing import Any

from inpaint_studio.errors import Cancelled, InpaintError
from inpaint_studio.jobs import wire
from inpaint_studio.jobs.token import Progress, RunToken

BEAT_S = 0.5
OOM_SCORE = 800
NICE = 5
_PR_SET_PDEATHSIG = 1


class CountingToken(RunToken):
    """A token that counts how often it was asked: a sign of life finer than a heartbeat.

    told: hears at once what the job says that it does.
    """

    ticks = 0

    def __init__(
        self,
        report: Callable[[Progress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        told: Callable[[Any], None] = lambda _what: None,
    ) -> None:
        super().__init__(report, is_cancelled)
        self._told = told

    def doing(self, what: Any) -> None:
        self._told(what)

    @property
    def is_cancelled(self) -> bool:
        self.ticks += 1
        return super().is_cancelled


class Worker:
    def __init__(self, source: FileIO, target: FileIO) -> None:
        self._source = source
        self._target = target
        self._sending = threading.Lock()
        self._jobs: queue.SimpleQueue[tuple[int, str, tuple[Any, ...], dict[str, Any]] | None]
        self._jobs = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._token = CountingToken()
        self._job_id = -1

    def run(self, warm: list[str]) -> None:
        """Serve jobs until the parent says stop or is gone."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        self.send(("ready", os.getpid()))
        for module in warm:
            # What cannot be imported now will be said by the job that needs it.
            with contextlib.suppress(Exception):
                importlib.import_module(module)
        while (job := self._jobs.get()) is not None:
            end = self._do(*job)
            try:
                self.send(end)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                self.send(("end", job[0], "failed", told(error)))

    def send(self, message: tuple[Any, ...]) -> None:
        with self._sending:
            wire.send(self._target, message)

    def _do(self, job_id: int, target: str, args: Any, kwargs: Any) -> tuple[Any, ...]:
        def report(progress: Progress) -> None:
            self.send(("progress", job_id, progress))

        def tell(what: Any) -> None:
            self.send(("doing", job_id, what))

        self._token = CountingToken(report, lambda: job_id in self._cancelled, tell)
        try:
            module, _, name = target.partition(":")
            function = getattr(importlib.import_module(module), name)
            result = function(*args, self._token, **kwargs)
            return ("end", job_id, "finished", result)
        except Cancelled:
            return ("end", job_id, "cancelled", None)
        except BaseException as error:
            return ("end", job_id, "failed", told(error))
        finally:
            self._job_id = -1
            self._cancelled.discard(job_id)

    def _listen(self) -> None:
        try:
            while True:
                message = wire.receive(self._source)
                if message[0] == "job":
                    self._accept(message[1], message[2])
                elif message[0] == "cancel":
                    self._cancelled.add(message[1])
                else:
                    self._jobs.put(None)
        except (EOFError, OSError):
            os._exit(0)  # The parent is gone: whatever runs here has nobody left to serve.

    def _accept(self, job_id: int, target: str) -> None:
        """Read the arguments, which follow as a message of their own, and queue the job."""
        self.send(("begin", job_id))
        self._job_id = job_id
        try:
            args, kwargs = wire.receive(self._source)
        except (EOFError, OSError):
            raise
        except Exception as error:  # Whatever reading back a value may raise.
            self._job_id = -1
            self.send(("end", job_id, "failed", told(error)))
        else:
            self._jobs.put((job_id, target, args, kwargs))

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_S)
            if self._job_id < 0:  # Nobody reads while nothing is to do; the pipe would fill up.
                continue
            try:
                self.send(("beat", self._job_id, self._token.ticks, _resident_mb()))
            except OSError:
                os._exit(0)


def told(error: BaseException) -> tuple[str, str, str]:
    """Return what the parent needs to raise it again: class name, sentence, traceback."""
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, InpaintError):
        return type(error).__name__, str(error), trace
    if isinstance(error, MemoryError):
        return (
            "JobFailed",
            "There was not enough memory for this job; close other programs, "
            "use a smaller mask, or choose another engine.",
            trace,
        )
    first = (str(error).splitlines() or [""])[0]
    text = f"The job broke on an error of the program's own ({type(error).__name__}: {first})."
    return "JobFailed", text, trace


def _resident_mb() -> float:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def _die_with_parent() -> None:
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # It died before the kernel knew.
            os._exit(0)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write(str(OOM_SCORE))
    if hasattr(os, "nice"):
        # The window comes first where cores are few.
        with contextlib.suppress(OSError):
            os.nice(NICE)


def main() -> None:
    _die_with_parent()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle.
    source = FileIO(os.dup(0), "r")
    target = FileIO(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        Worker(source, target).run(sys.argv[2:])
    sys.stderr.flush()
    os._exit(0)  # Libraries' own threads must not keep a stopped worker alive.


if __name__ == "__main__":
    main()
