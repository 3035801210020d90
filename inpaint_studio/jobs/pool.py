"""The queue of jobs and the supervised processes that do them.

    pool = WorkerPool()
    job = pool.submit("inpaint_studio.pipeline:run_job", request, on_end=done)
    job.cancel()          # ends within a second, whatever the engine is doing
    pool.close()

A job is a function named "module:function"; it is called in another process with the given
arguments and then a `RunToken`. The program itself never imports that module. A worker that
crashes, hangs or is killed takes only its job with it and is replaced at once.

Threads: one that supervises (starts, times, kills), one that calls back, one per worker that
listens. Callbacks of all jobs come from the one thread "jobs-callbacks", in order; a window
turns them into its own signals.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from inpaint_studio.errors import JobFailed
from inpaint_studio.jobs import ends, wire
from inpaint_studio.jobs.job import Job, JobKind, JobState
from inpaint_studio.jobs.line import Callbacks, Line
from inpaint_studio.jobs.process import WorkerProcess
from inpaint_studio.jobs.token import Progress

GRACE_S = 0.4
"""How long a cancelled job may take to stop by itself before its worker is killed."""
POISON_AFTER = 3
_TICK_S = 0.05
_SLOW_TICK_S = 0.5
_START_S = 60.0
_MAX_BAD_STARTS = 3

log = logging.getLogger(__name__)


class WorkerPool:
    """Runs jobs in worker processes of two kinds: light ones, and heavy ones that hold torch."""

    def __init__(
        self,
        *,
        light: int = 1,
        heavy: int = 1,
        warm: Mapping[JobKind, Sequence[str]] | None = None,
        grace_s: float = GRACE_S,
        silence_s: float = 60.0,
        stall_s: float = 600.0,
        rest_s: float = 900.0,
    ) -> None:
        """Nothing is started yet; see `start`.

        light, heavy: processes of each kind. warm: modules each kind imports while idle.
        silence_s: no heartbeat for so long means hung (a lock of the interpreter held for ever).
        stall_s: heartbeats, but the job has not once asked its token: hung as well.
        rest_s: heavy workers end after so long without a job and give their memory back.
        """
        self._sizes: dict[JobKind, int] = {"light": light, "heavy": heavy}
        self._warm = dict(warm or {})
        self._grace_s = grace_s
        self._silence_s = silence_s
        self._stall_s = stall_s
        self._rest_s = rest_s
        self._lock = threading.Condition()
        self._waiting: dict[JobKind, Line] = {"light": Line(), "heavy": Line()}
        self._numbers = itertools.count(1)
        self._wanted: set[JobKind] = set()
        self._staff: dict[WorkerProcess, Job | None] = {}
        self._ready: set[WorkerProcess] = set()
        self._bad_starts: dict[JobKind, int] = {"light": 0, "heavy": 0}
        self._deaths: dict[str, int] = {}
        self._closing = False
        self._supervisor: threading.Thread | None = None
        self._listeners: list[threading.Thread] = []
        self._callbacks = Callbacks()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, *kinds: JobKind) -> None:
        """Start the workers of `kinds` now, so that the first job finds them warm."""
        with self._lock:
            self._wanted.update(kinds)
            self._begin()
            self._lock.notify_all()

    def submit(
        self,
        target: str,
        *args: Any,
        kind: JobKind = "light",
        priority: int = 0,
        label: str = "",
        key: str = "",
        attempts: int = 1,
        learns: str = "",
        on_progress: Callable[[Job, Progress], None] | None = None,
        on_end: Callable[[Job], None] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> Job:
        """Queue a job and return it at once.

        target: "module:function", called as `function(*args, token, **kwargs)` in a worker.
        priority: higher goes first; equal ones in the order they came. `to_front` reorders.
        key: what the job is about; a key that has killed its worker three times is set aside.
        attempts: how often the job is started when it kills its worker.
        learns: a keyword of the function. A job that kills its worker while it does something
        new to us (`RunToken.doing`) is started again with all such deeds under this keyword,
        each with the words how the worker died, so that it can go another way.
        on_progress, on_end: called on the thread "jobs-callbacks"; on_end exactly once.
        Arrays in `args` must not change until the job has started.
        """
        job = Job(
            canceller=self.cancel, number=next(self._numbers), target=target, args=args,
            kwargs=dict(kwargs or {}), kind=kind, priority=priority, label=label, key=key,
            attempts=attempts, learns=learns, on_progress=on_progress, on_end=on_end,
        )  # fmt: skip
        with self._lock:
            if self._closing:
                raise RuntimeError("the pool has been closed")
            self._begin()
            if key and self._deaths.get(key, 0) >= POISON_AFTER:
                self._finish(job, "failed", error=JobFailed(ends.set_aside_sentence(POISON_AFTER)))
                return job
            self._wanted.add(kind)
            self._bad_starts[kind] = 0
            self._waiting[kind].push(job)
            self._lock.notify_all()
        return job

    def to_front(self, job: Job) -> None:
        """Let a waiting job be the next one of its kind."""
        with self._lock:
            if self._waiting[job.kind].remove(job):
                self._waiting[job.kind].push_first(job)

    def cancel(self, job: Job) -> None:
        """Stop a job: at once when it waits, within a second when it runs."""
        with self._lock:
            if job.is_ended or job.cancel_asked is not None:
                return
            job.cancel_asked = time.monotonic()
            worker = self._worker_of(job)
            if worker is None:
                self._waiting[job.kind].remove(job)
                self._finish(job, "cancelled")
                return
            worker.send_soon(("cancel", job.number))
            self._lock.notify_all()

    def jobs(self) -> list[Job]:
        """Return the jobs that have not ended: running ones first, then in the order of turn."""
        with self._lock:
            running = [job for job in self._staff.values() if job is not None]
            waiting = [job for line in self._waiting.values() for job in line.jobs()]
        return running + waiting

    @property
    def is_idle(self) -> bool:
        return not self.jobs()

    def ready(self, kind: JobKind) -> bool:
        """Whether a worker of this kind has started and does nothing."""
        with self._lock:
            return any(w.kind == kind and self._staff.get(w) is None for w in self._ready)

    def wait_ready(self, kind: JobKind, timeout_s: float) -> bool:
        """Wait until a worker of this kind is ready. Never call it on the window's thread."""
        with self._lock:
            return self._lock.wait_for(lambda: self.ready(kind), timeout_s)

    def pids(self) -> list[int]:
        """Process ids of the workers that live."""
        with self._lock:
            return [worker.pid for worker in self._staff]

    def close(self) -> None:
        """Cancel everything, end the workers and join all threads. Closing twice is no error."""
        with self._lock:
            self._closing = True
            for line in self._waiting.values():
                for waiting in line.clear():
                    self._finish(waiting, "cancelled")
            for worker, job in self._staff.items():
                if job is not None:
                    job.cancel_asked = job.cancel_asked or time.monotonic()
                worker.kill("closed")
            self._lock.notify_all()
        if self._supervisor is not None:
            self._supervisor.join()
        for thread in self._listeners:
            thread.join()
        self._callbacks.stop()

    # -- the supervising thread -------------------------------------------------------------

    def _begin(self) -> None:
        if self._supervisor is None:
            self._callbacks.start()
            self._supervisor = threading.Thread(
                target=self._supervise, name="jobs-supervisor", daemon=True
            )
            self._supervisor.start()

    def _supervise(self) -> None:
        """Start workers that are missing, and kill those that do not stop or do not answer."""
        while True:
            with self._lock:
                if self._closing:
                    return
                missing = self._missing()
            for kind in missing:
                self._hire(kind)
            with self._lock:
                self._watch(time.monotonic())
                busy = any(job is not None for job in self._staff.values())
                self._lock.wait_for(self._is_urgent, _TICK_S if busy else _SLOW_TICK_S)

    def _is_urgent(self) -> bool:
        return self._closing or bool(self._missing())

    def _missing(self) -> list[JobKind]:
        """The kinds a worker is to be started of, once for each."""
        return [
            kind
            for kind in self._wanted
            if self._bad_starts[kind] < _MAX_BAD_STARTS
            for _ in range(self._sizes[kind] - sum(w.kind == kind for w in self._staff))
        ]

    def _hire(self, kind: JobKind) -> None:
        try:
            worker = WorkerProcess(kind, self._warm.get(kind, ()))
        except OSError as error:
            log.warning("a worker could not be started: %s", error)
            with self._lock:
                self._bad_start(kind, str(error))
            return
        thread = threading.Thread(
            target=self._listen, args=(worker, kind), name=f"jobs-{kind}", daemon=True
        )
        with self._lock:
            self._staff[worker] = None
            self._listeners = [t for t in self._listeners if t.is_alive()]
            self._listeners.append(thread)
            thread.start()
            if self._closing:
                worker.kill("closed")

    def _watch(self, now: float) -> None:
        for worker, job in self._staff.items():
            silent = now - worker.last_word
            if job is None:
                if worker not in self._ready and silent > _START_S:
                    worker.kill("start")
                elif worker in self._ready and not worker.is_alive:
                    worker.kill("idle")
                    self._lock.notify_all()
                elif (
                    worker in self._ready
                    and worker.kind == "heavy"
                    and now - worker.idle_since > self._rest_s
                    and not self._waiting["heavy"]
                ):
                    self._wanted.discard("heavy")
                    worker.kill("rest")
                    self._lock.notify_all()
            elif job.cancel_asked is not None:
                if now - job.cancel_asked > self._grace_s:
                    worker.kill("cancel")
            elif silent > self._silence_s or now - worker.last_tick > self._stall_s:
                worker.kill("hang")

    # -- one thread per worker --------------------------------------------------------------

    def _listen(self, worker: WorkerProcess, kind: JobKind) -> None:
        """Give jobs to one worker and hear it out until it is gone."""
        try:
            worker.receive()
            with self._lock:
                self._ready.add(worker)
                worker.idle_since = time.monotonic()
                self._bad_starts[kind] = 0
                self._lock.notify_all()
            while (job := self._take(worker, kind)) is not None:
                self._serve(worker, job)
        except Exception as error:
            if not isinstance(error, (EOFError, OSError)):
                log.exception("worker %s sent what cannot be read", worker.pid)
            worker.kill("wire")
        self._lay_off(worker, kind)

    def _serve(self, worker: WorkerProcess, job: Job) -> None:
        """Let one worker do one job. Raises: EOFError, OSError: the worker is gone."""
        try:
            body = wire.packed((job.args, job.kwargs))
        except Exception as error:  # Whatever pickling a value may raise.
            text = f"The arguments of a job cannot be sent to a worker ({error})."
            self._hear(worker, job, ("end", job.number, "failed", ("JobFailed", text, "")))
            return
        worker.send(wire.packed(("job", job.number, job.target)))
        worker.send(body)
        if job.cancel_asked is not None:
            worker.send_soon(("cancel", job.number))
        while not self._hear(worker, job, worker.receive()):
            pass

    def _take(self, worker: WorkerProcess, kind: JobKind) -> Job | None:
        """Wait for the next job of `kind`; None when this worker is to end."""
        line = self._waiting[kind]
        with self._lock:
            self._lock.wait_for(lambda: len(line) or self._closing or worker.killed_for)
            if self._closing or worker.killed_for or not worker.is_alive:
                return None
            job = line.pop()
            self._staff[worker] = job
            job.state = "running"
            job.started = worker.last_word = worker.last_tick = time.monotonic()
            self._lock.notify_all()
        return job

    def _hear(self, worker: WorkerProcess, job: Job, message: tuple[Any, ...]) -> bool:
        """Act on one message; return whether the job has ended."""
        what, number = message[0], message[1]
        if number != job.number:
            return False
        if what == "progress":
            worker.last_tick = time.monotonic()
            if job.cancel_asked is None:
                job.progress = message[2]
                if job.on_progress is not None:
                    self._callbacks.call(job.on_progress, job, message[2])
            return False
        if what == "begin":
            job.begun = True
            return False
        if what == "doing":
            job.doing = message[2]
            return False
        if what == "beat":
            if message[2] != worker.ticks:
                worker.ticks = message[2]
                worker.last_tick = time.monotonic()
            job.peak_mb = max(job.peak_mb, message[3])
            return False
        with self._lock:
            self._staff[worker] = None
            worker.idle_since = time.monotonic()
            if job.cancel_asked is not None or message[2] == "cancelled":
                self._finish(job, "cancelled")
            elif message[2] == "finished":
                self._finish(job, "finished", result=message[3])
            else:
                self._finish(job, "failed", error=ends.rebuilt(*message[3]))
            self._lock.notify_all()
        return True

    def _lay_off(self, worker: WorkerProcess, kind: JobKind) -> None:
        """The worker is gone: end or requeue its job, and let another one be started."""
        status = worker.bury()
        words = worker.last_words()
        with self._lock:
            job = self._staff.pop(worker, None)
            was_ready = worker in self._ready
            self._ready.discard(worker)
            if not was_ready and not self._closing:
                self._bad_start(kind, words)
            elif job is not None:
                self._died(job, worker, status, words)
            self._lock.notify_all()

    def _died(self, job: Job, worker: WorkerProcess, status: int, words: str) -> None:
        if self._closing or job.cancel_asked is not None:
            self._finish(job, "cancelled")
            return
        if not job.begun and job.lost < POISON_AFTER:
            # The worker was gone before it had the job: no fault of the job's.
            job.lost += 1
            self._again(job)
            return
        job.deaths += 1
        deaths = job.deaths
        if job.key:
            deaths = self._deaths[job.key] = self._deaths.get(job.key, 0) + 1
        waited = max(self._silence_s, time.monotonic() - worker.last_tick)
        hung = worker.killed_for == "hang"
        if deaths >= POISON_AFTER:
            error = JobFailed(ends.set_aside_sentence(POISON_AFTER))
        elif job.learns and job.doing is not None:
            how = ends.how_it_hung(waited) if hung else ends.how_it_died(status, job.peak_mb)
            job.kwargs[job.learns] = {**job.kwargs.get(job.learns, {}), job.doing: how}
            self._again(job)
            return
        elif job.deaths < job.attempts:
            self._again(job)
            return
        elif hung:
            error = JobFailed(ends.hung_sentence(waited))
        else:
            error = JobFailed(ends.death_sentence(status, job.peak_mb))
        error.trace = words
        self._finish(job, "failed", error=error)

    def _again(self, job: Job) -> None:
        job.state, job.progress, job.begun, job.doing = "waiting", None, False, None
        self._waiting[job.kind].push_first(job)

    def _bad_start(self, kind: JobKind, words: str) -> None:
        """Count a worker that died before it was ready; give up after three in a row."""
        self._bad_starts[kind] += 1
        if self._bad_starts[kind] < _MAX_BAD_STARTS:
            return
        for job in self._waiting[kind].clear():
            error = JobFailed(ends.no_start_sentence(words))
            error.trace = words
            self._finish(job, "failed", error=error)

    # -- ends and callbacks -----------------------------------------------------------------

    def _worker_of(self, job: Job) -> WorkerProcess | None:
        return next((worker for worker, its in self._staff.items() if its is job), None)

    def _finish(
        self, job: Job, state: JobState, *, result: Any = None, error: Exception | None = None
    ) -> None:
        """Give `job` its one end."""
        if job.is_ended:
            return
        job.state, job.result, job.error = state, result, error
        job.ended = time.monotonic()
        job.args, job.kwargs = (), {}
        job._end.set()
        if job.on_end is not None:
            self._callbacks.call(job.on_end, job)
