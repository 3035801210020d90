"""Fills, proposals and replays in the background, for faces that must never wait.

Only a crop around the mask crosses to the worker, so the cost does not grow with the photo.
What comes back is kept (one transaction) before anybody is told that it is done.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_studio.app import Kept, Studio
from inpaint_studio.arrays import MaskBool, Pixels, as_pixels
from inpaint_studio.errors import Cancelled
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import validate
from inpaint_studio.jobs.job import Job, JobKind
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import Progress
from inpaint_studio.pipeline.replay import ReplayAnswer
from inpaint_studio.pipeline.request import RunRequest, RunResult
from inpaint_studio.pipeline.road import offers
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.records import Kind, RunOptions
from inpaint_studio.store.rows import PhotoRow

CROP_PAD_PX = 512
HEAVY = ("generative", "learned")
_WORKER = "inpaint_studio.pipeline.worker"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a job ended: with what was kept, with an error, or cancelled (both None)."""

    job: Job
    kept: Kept | None = None
    error: Exception | None = None

    @property
    def is_cancelled(self) -> bool:
        return self.kept is None and self.error is None


OnProgress = Callable[[Job, Progress], None]


class Background:
    """Jobs of one studio. Callbacks come from the thread "jobs-callbacks", never from a face's."""

    def __init__(self, studio: Studio, pool: WorkerPool | None = None) -> None:
        self.studio = studio
        self.pool = pool or WorkerPool(warm={"light": (_WORKER,), "heavy": (_WORKER, "torch")})

    def start(self) -> None:
        """Start the light worker and let it compile what the first fill would wait for."""
        self.pool.start("light")
        self.pool.submit(f"{_WORKER}:warm_job", priority=-100, label="warming up")

    def close(self) -> None:
        self.pool.close()

    def submit_fill(
        self,
        pixels: Pixels,
        mask: MaskBool,
        options: RunOptions,
        *,
        photo: PhotoRow | None = None,
        icc: bytes | None = None,
        source: MaskBool | None = None,
        replaces: str = "",
        front: bool = False,
        on_progress: OnProgress | None = None,
        on_done: Callable[[Finished], None] | None = None,
    ) -> Job:
        """Run the road over a whole photo in a worker; the deltas come back in photo pixels.

        Raises at once: BadMask.
        """
        core = validate(mask, pixels.shape)
        box = crop_box(core)
        request = RunRequest(
            pixels=as_pixels(np.ascontiguousarray(pixels[box.slices])),
            mask=np.ascontiguousarray(core[box.slices]),
            options=options,
            origin=box,
            icc=icc,
            source=None if source is None else np.ascontiguousarray(source[box.slices]),
            photo_name=photo.path if photo else "",
            photo_sha256=photo.sha256 if photo else "",
            threads=int(self.studio.settings["threads"]),
        )

        def ended(job: Job) -> None:
            finished = self._keep(job, photo, replaces)
            if on_done is not None:
                on_done(finished)

        job = self.pool.submit(
            f"{_WORKER}:run_job",
            request,
            str(self.studio.library.objects.root),
            kind=kind_for(options),
            label=Path(photo.path).name if photo else "photo",
            on_progress=on_progress,
            on_end=ended,
        )
        if front:
            self.pool.to_front(job)
        return job

    def _keep(self, job: Job, photo: PhotoRow | None, replaces: str) -> Finished:
        if job.state != "finished":
            return Finished(job, error=job.error if job.state == "failed" else None)
        result: RunResult = job.result
        try:
            return Finished(job, self.studio.keep(result, photo=photo, replaces=replaces))
        except Exception as error:
            log.exception("the result of %s could not be kept", job.label)
            return Finished(job, error=error)

    def submit_proposals(
        self,
        pixels: Pixels,
        kinds: Sequence[Kind],
        *,
        on_done: Callable[[list[Proposal], Exception | None], None],
        on_progress: OnProgress | None = None,
    ) -> Job:
        """Propose masks for a photo (sRGB, 8 bit) in a worker."""

        def ended(job: Job) -> None:
            on_done(job.result if job.state == "finished" else [], _error(job))

        return self.pool.submit(
            f"{_WORKER}:propose_job",
            pixels,
            tuple(kinds),
            label="looking",
            on_progress=on_progress,
            on_end=ended,
        )

    def submit_replay(
        self, run_id: str, *, on_done: Callable[[ReplayAnswer | None, Exception | None], None]
    ) -> Job:
        """Replay a run in a worker. Raises at once: LibraryError (no such run)."""
        record = self.studio.library.runs.get(run_id)
        scratch = Path(tempfile.mkdtemp(prefix="replay-"))

        def ended(job: Job) -> None:
            shutil.rmtree(scratch, ignore_errors=True)
            on_done(job.result if job.state == "finished" else None, _error(job))

        return self.pool.submit(
            f"{_WORKER}:replay_job",
            record,
            str(self.studio.library.objects.root),
            str(scratch),
            kind="heavy" if any(edit.plan.engine in HEAVY for edit in record.edits) else "light",
            label="replay",
            on_end=ended,
        )


def _error(job: Job) -> Exception | None:
    if job.state == "cancelled":
        return None
    return job.error if not isinstance(job.error, Cancelled) else None


def crop_box(core: MaskBool) -> Box:
    """What of the photo a worker needs: the mask with context that grows with it."""
    box = Box.of_mask(core)
    pad = max(CROP_PAD_PX, max(box.width, box.height))
    return box.pad(pad).clamp(Box.of_shape(core.shape))


def kind_for(options: RunOptions) -> JobKind:
    """Engines that hold torch run in the heavy worker; `auto` may choose one where it is ready."""
    if options.engine in HEAVY:
        return "heavy"
    if options.engine == "auto" and any(not why for n, why in offers().items() if n in HEAVY):
        return "heavy"
    return "light"
