"""Runs in the background: what was asked, how far it is, what came of it.

A task is one job of the worker pool; a batch is what the user asked for at once (one run, some
variations, two engines to compare). Progress is polled ten times a second: no callback of
another thread ever touches the window.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.engines.table import MODELLED
from inpaint_studio.errors import InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.job import Job, JobKind
from inpaint_studio.jobs.token import Progress
from inpaint_studio.pipeline.request import RunRequest, RunResult, learns
from inpaint_studio.records import Kind, RunOptions
from inpaint_studio.routing.onward import LAST_RESORTS
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.retouch.document import Document
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio
    from inpaint_studio.jobs.pool import WorkerPool

WORKER = "inpaint_studio.pipeline.worker"
POLL_MS = 50
MARGIN_PX = 64
HEAVY = ("generative", "learned")


@dataclass(eq=False)
class Task:
    """One job and what it is for. `state` is waiting, running, finished, failed or cancelled."""

    number: int
    kind: str
    title: str
    document: Document
    options: RunOptions = field(default_factory=RunOptions)
    job: Job | None = None
    state: str = "waiting"
    progress: Progress | None = None
    result: Any = None
    error: str = ""
    first: bool = False

    @property
    def is_ended(self) -> bool:
        return self.state in ("finished", "failed", "cancelled")


@dataclass(eq=False)
class Batch:
    """What the user asked for at once; `box`, `mask`: what was masked then."""

    tasks: list[Task]
    document: Document
    box: Box
    mask: MaskBool
    replaces: int = -1
    """Position of the edit in the history that this runs again; -1: a new one."""

    @property
    def is_ended(self) -> bool:
        return all(task.is_ended for task in self.tasks)

    @property
    def results(self) -> list[RunResult]:
        """The finished results, best first: accepted before flagged, then by risk."""
        done = [task.result for task in self.tasks if task.state == "finished"]
        return sorted(done, key=lambda r: (not r.record.accepted, r.record.risk))


class Runner(QObject):
    """Everything that runs in the workers for this page."""

    changed = Signal()
    batch_ended = Signal(object)
    proposed = Signal(object, object)
    planned = Signal(object, object)
    replayed = Signal(object, object)
    trouble = Signal(str)

    def __init__(self, studio: Studio, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._background = background
        self._warmed = False
        self._warming: Job | None = None
        self._numbers = itertools.count(1)
        self.tasks: list[Task] = []
        self.ready: frozenset[str] = frozenset()
        """The engines that can run, once that is known."""
        self._batches: list[Batch] = []
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def offers(self) -> dict[str, str]:
        """The engines that can run; before that is known, those that always can."""
        return dict.fromkeys(self.ready or LAST_RESORTS, "")

    # Asking

    def warm(self) -> None:
        """Start the worker and let it load what the first fill needs."""
        if not self._warmed:
            self._warmed = True
            self._warming = self._workers().submit(f"{WORKER}:warm_job", label="warm")

    def _workers(self) -> WorkerPool:
        return self._studio.pool

    def fill(
        self, document: Document, box: Box, mask: MaskBool, asked: Sequence[RunOptions],
        *, first: bool = False, replaces: int = -1,
    ) -> Batch:  # fmt: skip
        """Run each of `asked` over the same mask (`box`, (box.height, box.width) bool)."""
        tasks = [self._task("fill", _title(options), document, options) for options in asked]
        batch = Batch(tasks, document, box, mask, replaces)
        self._batches.append(batch)
        for task in tasks:
            task.first = first
            self._prepare(task, box, mask, f"{WORKER}:run_job", self._objects())
        return batch

    def plan(self, document: Document, box: Box, mask: MaskBool, options: RunOptions) -> None:
        """Ask what a run would do."""
        for old in self.tasks:
            if old.kind == "plan":
                self.cancel(old)
        task = self._task("plan", tr("Planning"), document, options)
        task.first = True
        self._prepare(task, box, mask, f"{WORKER}:plan_job")

    def propose(self, document: Document, kinds: Sequence[Kind]) -> None:
        """Ask for masks of these kinds."""
        task = self._task("propose", tr("Looking for {kinds}", kinds=", ".join(kinds)), document)
        work = partial(_screen_pixels, document)
        self._background.run(
            work, partial(self._propose_with, task, tuple(kinds)), partial(self._broken, task),
            in_order=True,
        )  # fmt: skip

    def _propose_with(self, task: Task, kinds: tuple[Kind, ...], pixels: Pixels) -> None:
        self._submit(task, f"{WORKER}:propose_job", (pixels, kinds))

    def replay(self, document: Document, run_id: str, scratch: Path) -> None:
        """Ask for the proof that a run gives the same bytes again."""
        record = self._studio.library.runs.get(run_id)
        # Where the fill was made its model may still be warm; two copies need twice the memory.
        engine = next((e.plan.engine for e in record.edits if e.plan.engine in MODELLED), "flat")
        task = self._task("replay", tr("Replaying"), document, RunOptions(engine=engine))
        self._submit(task, f"{WORKER}:replay_job", (record, self._objects(), str(scratch)))

    def _objects(self) -> str:
        return str(self._studio.library.objects.root)

    def _task(
        self, kind: str, title: str, document: Document, options: RunOptions | None = None
    ) -> Task:
        task = Task(next(self._numbers), kind, title, document, options or RunOptions())
        self.tasks.append(task)
        self._timer.start()
        self.changed.emit()
        return task

    def _prepare(self, task: Task, box: Box, mask: MaskBool, target: str, *more: Any) -> None:
        """Copy what the job needs in the ordered thread: after every edit asked for so far."""
        engines = self._may_fill(task)
        work = partial(_request, self._studio, task.document, box, mask, task.options, engines)
        then = partial(self._submit_request, task, target, more)
        self._background.run(work, then, partial(self._broken, task), in_order=True)

    def _submit_request(
        self, task: Task, target: str, more: tuple[Any, ...], request: RunRequest
    ) -> None:
        self._submit(task, target, (request, *more))

    def _submit(self, task: Task, target: str, args: tuple[Any, ...]) -> None:
        if task.state == "cancelled":
            return
        kind: JobKind = "heavy" if self._is_heavy(task) else "light"
        workers = self._workers()
        learning = learns(task.options) if task.kind == "fill" else ""
        task.job = workers.submit(target, *args, kind=kind, label=task.title, learns=learning)
        if task.first:
            workers.to_front(task.job)

    def _is_heavy(self, task: Task) -> bool:
        """Engines that hold torch run apart; `auto` may choose one where it is ready."""
        if task.kind not in ("fill", "replay"):
            return False
        name = task.options.engine
        return name in MODELLED or (name == "auto" and not self.ready.isdisjoint(HEAVY))

    def _may_fill(self, task: Task) -> frozenset[str]:
        """The engines that may fill in this task; a plan looks no further than the road does."""
        if task.kind == "plan":
            return frozenset()
        return self.ready if task.options.engine == "auto" else frozenset({task.options.engine})

    def _broken(self, task: Task, error: Exception) -> None:
        task.state, task.error = "failed", _sentence(error)
        self._poll()

    # Stopping

    def cancel(self, task: Task) -> None:
        """Stop one task; it ends within a second."""
        if task.job is not None:
            task.job.cancel()
        elif not task.is_ended:
            task.state = "cancelled"

    def under_way(self, document: Document) -> list[tuple[Box, MaskBool]]:
        """What is being filled in a photo now, or waits for it."""
        return [
            (batch.box, batch.mask) for batch in self._batches
            if batch.document is document and not batch.is_ended
        ]  # fmt: skip

    def cancel_all(self) -> None:
        for task in list(self.tasks):
            self.cancel(task)

    def cancel_newest(self) -> bool:
        """Stop what was asked for last; False when nothing runs."""
        busy = [task for task in self.tasks if not task.is_ended and task.kind != "plan"]
        if not busy:
            return False
        self.cancel(busy[-1])
        return True

    @property
    def busy(self) -> list[Task]:
        """What the user waits for."""
        return [task for task in self.tasks if not task.is_ended and task.kind != "plan"]

    def close(self) -> None:
        """Cancel everything."""
        self._timer.stop()
        self.cancel_all()

    # Hearing

    def _poll(self) -> None:
        for task in self.tasks:
            job = task.job
            if job is None or task.is_ended:
                continue
            task.progress = job.progress or self._first_time(job)
            # Another thread ends the job: only after `is_ended` its state and result are whole.
            if not job.is_ended:
                task.state = job.state if job.state in ("waiting", "running") else "running"
                continue
            task.state, task.result = job.state, job.result
            if job.error is not None:
                task.error = _sentence(job.error)
        ended = [task for task in self.tasks if task.is_ended]
        self.tasks = [task for task in self.tasks if not task.is_ended]
        for task in ended:
            self._tell(task)
        for batch in [b for b in self._batches if b.is_ended]:
            self._batches.remove(batch)
            self.batch_ended.emit(batch)
        if not self.tasks:
            self._timer.stop()
        self.changed.emit()

    def _first_time(self, job: Job) -> Progress | None:
        """On a new machine the worker compiles for some seconds: say so instead of “waiting”."""
        warming = self._warming
        if warming is None or warming.is_ended or job.state != "waiting":
            return None
        return Progress(0.0, tr("getting ready, the first time only"))

    def _tell(self, task: Task) -> None:
        if task.state == "failed":
            self.trouble.emit(task.error or tr("The run failed."))
        if task.state != "finished":
            return
        signals: dict[str, Callable[[Any, Any], None]] = {
            "propose": self.proposed.emit,
            "plan": self.planned.emit,
            "replay": self.replayed.emit,
        }
        if task.kind in signals:
            signals[task.kind](task, task.result)


def _title(options: RunOptions) -> str:
    engine = tr("automatic") if options.engine == "auto" else options.engine
    return tr("Fill ({engine}, seed {seed})", engine=engine, seed=options.seed)


def _sentence(error: Exception) -> str:
    if isinstance(error, InpaintError):
        return str(error)
    return tr("Something went wrong in the program itself: {error}", error=repr(error))


def context_px(mask: MaskBool, engines: frozenset[str], grow_px: int | None = None) -> int:
    """How far around the mask a run of one of these engines may look."""
    from inpaint_studio.pipeline.planning import reach_px

    return reach_px(mask, engines, grow_px) + MARGIN_PX


def _request(
    studio: Studio, document: Document, box: Box, mask: MaskBool, options: RunOptions,
    engines: frozenset[str],
) -> RunRequest:  # fmt: skip
    """Copy the part of the photo that the run may look at, and no more: it may be a big one."""
    crop = box.pad(context_px(mask, engines, options.grow_px)).clamp(document.bounds)
    pixels = document.history.pixels[crop.slices].copy()
    inside = _zeros(crop)
    inside[box.relative_to(crop).slices] = mask
    source = None
    if document.source is not None and not document.source.is_empty:
        painted = document.source.mask[crop.slices]
        source = painted.copy() if document.source_means == "include" else ~painted
    photo = document.photo
    options = replace(options, time_budget_s=float(studio.settings["fill_budget_s"]))
    things = tuple((place.shift(-crop.left, -crop.top), name) for place, name in document.things)
    return RunRequest(
        pixels=pixels, mask=inside, options=options, origin=crop, icc=photo.icc, source=source,
        photo_name=str(document.path), photo_sha256=photo.sha256,
        threads=int(studio.settings["threads"]), things=things,
    )  # fmt: skip


def _zeros(box: Box) -> MaskBool:
    import numpy as np

    return np.zeros(box.shape, np.bool_)


def _screen_pixels(document: Document) -> Pixels:
    """The whole photo in screen colours, in slices, so that the window stays awake."""
    import numpy as np

    pixels = document.history.pixels
    out = np.empty(pixels.shape, np.uint8)
    for top in range(0, pixels.shape[0], 512):
        out[top : top + 512] = document.to_screen(pixels[top : top + 512])
    return out
