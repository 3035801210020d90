"""The batch: a folder through the road, the good to the output, the doubtful to the queue.

Exactly one result per photo, whatever happens: its row, its runs and its review items are
written in one transaction after the worker has written the result's file whole. A photo that
was being worked on when the program died simply waits again.

Attempts are counted at the claim. A photo that killed its worker three times is set aside by
the pool; one that was there when the *program* died several times is done last and alone, so
that it can take no other with it.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from inpaint_studio.errors import BadSetting, Cancelled, JobFailed, UserError
from inpaint_studio.jobs.job import Job
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.request import learns
from inpaint_studio.review import marks, places
from inpaint_studio.review.batch_plan import (
    BatchOptions,
    Stamp,
    batch_id,
    changed_since,
    listed,
    photos_in,
)
from inpaint_studio.review.batch_progress import BatchProgress, Listener, nobody
from inpaint_studio.review.batch_worker import Order, Outcome, data_of
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.room import RESERVE_MB, free_mb, workers_for
from inpaint_studio.store.database import now_s
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BATCH_ITEMS, BatchItemRow, BatchRow

WORKER = "inpaint_studio.review.batch_worker:process"
ALONE_AFTER = 3
SET_ASIDE_AFTER = 8
_WAIT_S = 0.2


@dataclass(slots=True)
class _Session:
    """What one call of `run` keeps in mind."""

    started: float
    ended: int = 0
    active: dict[int, tuple[Job, BatchItemRow]] = field(default_factory=dict)
    finished: queue.SimpleQueue[Job] = field(default_factory=queue.SimpleQueue)
    peak_mb: float = 0.0


class Batch:
    """One batch of a library. Make it with `Batch.plan` or `Batch.load`, then `run`."""

    def __init__(self, library: Library, row: BatchRow) -> None:
        self.library = library
        self.row = row
        self.options = BatchOptions.loads(row.options)
        self._paused = False

    @property
    def batch_id(self) -> str:
        return self.row.batch_id

    # -- making and finding -------------------------------------------------------------------

    @classmethod
    def plan(cls, library: Library, folder: Path, output: Path, options: BatchOptions) -> Batch:
        """List the folder and add what is new or has changed; finds the batch it was before.

        Raises: BadSetting, StorageError.
        """
        folder, output = folder.absolute(), output.absolute()
        options.check()
        photos = photos_in(folder, output, options)
        name = batch_id(folder, output, options)
        row = BatchRow(
            batch_id=name, created=now_s(), folder=str(folder), output=str(output),
            options=options.dumps(),
        )  # fmt: skip
        known = library.batches.items(name)
        rows = list(
            listed(name, photos, folder=folder, output=output, known=known,
                   ours=_ours(library, name))
        )  # fmt: skip
        library.batches.add(row, rows)
        batch = cls(library, library.batches.get(name) or row)
        batch._list_changed(known)
        return batch

    @classmethod
    def load(cls, library: Library, name: str) -> Batch:
        """Return a batch by its id. Raises: UserError: there is none."""
        row = library.batches.get(name)
        if row is None:
            raise UserError(f"There is no batch {name}; `batch --list` shows those there are.")
        return cls(library, row)

    @classmethod
    def latest(cls, library: Library, folder: Path, output: Path | None = None) -> Batch:
        """Return the newest batch of a folder (for `--resume`). Raises: UserError: none."""
        wanted = str(folder.absolute())
        for row in library.batches.all():
            if row.folder == wanted and (output is None or row.output == str(output.absolute())):
                return cls(library, row)
        raise UserError(
            f"No batch of {folder} has been started with this library. To start one, say what is "
            "to go, for example with --propose text, and leave out --resume."
        )

    def items(self, *states: str) -> list[BatchItemRow]:
        return self.library.batches.items(self.batch_id, *states)

    def progress(self) -> BatchProgress:
        counts = self.library.batches.counts(self.batch_id)
        return BatchProgress(total=sum(counts.values()), counts=counts, is_paused=self._paused)

    # -- retrying -----------------------------------------------------------------------------

    def retry_failed(self) -> int:
        """Let the failed and set-aside photos wait again; return how many."""
        rows = self.items("failed", "set aside")
        self._wait_again(rows, engine="")
        return len(rows)

    def retry_flagged(self, *, gate: str = "", engine: str = "") -> int:
        """Let photos wait again whose open items failed `gate` ("" = any), with `engine`.

        Their items stay in the queue until the new result replaces them.
        """
        waiting = ReviewQueue(self.library).list(
            Filter(batch_id=self.batch_id, gate=gate), limit=1 << 31
        )
        runs = {item.run_id for item in waiting}
        rows = [
            row for row in self.items("flagged")
            if runs & set(json.loads(row.data).get("runs", ()))
        ]  # fmt: skip
        if gate and not waiting:
            raise BadSetting(f"Nothing of this batch waits for the reason {gate}.")
        self._wait_again(rows, engine=engine)
        return len(rows)

    # -- running ------------------------------------------------------------------------------

    def pause(self) -> None:
        """Start no more photos; those being worked on end. May be called from any thread."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    @property
    def is_paused(self) -> bool:
        return self._paused

    def run(
        self,
        token: RunToken | None = None,
        listener: Listener = nobody,
        *,
        workers: int = 0,
        pool: WorkerPool | None = None,
    ) -> BatchProgress:
        """Do what waits and return when nothing is left (or it is paused and idle).

        workers: 0 = as many as cores and free memory allow. Cancelling puts the photos being
        worked on back to waiting within a second.
        Raises: Cancelled, StorageError.
        """
        token = token or RunToken()
        self.library.batches.release_running(self.batch_id)
        self.library.batches.set_state(self.batch_id, "running")
        limit = workers or workers_for()
        own = pool is None
        pool = pool or WorkerPool(light=limit)
        session = _Session(time.monotonic())
        try:
            if "watermark" in self.options.propose:
                marks.prepare(self.library, self.items(), pool, token)
            if "blemish" in self.options.propose:
                places.prepare(self.library, self.items(), pool, token)
            self._loop(session, pool, limit, token, listener)
        except Cancelled:
            self._take_back(session)
            raise
        finally:
            if own:
                pool.close()
        left = self.library.batches.counts(self.batch_id).get("waiting", 0)
        self.library.batches.set_state(self.batch_id, "paused" if left else "finished")
        return self._report(session, limit)

    def _loop(
        self,
        session: _Session,
        pool: WorkerPool,
        limit: int,
        token: RunToken,
        listener: Listener,
    ) -> None:
        while True:
            token.check()
            while not self._paused and self._has_room(session, limit):
                row = self._claim(alone_allowed=not session.active)
                if row is None:
                    break
                self._submit(session, pool, row)
            if not session.active:
                return
            try:
                job = session.finished.get(timeout=_WAIT_S)
            except queue.Empty:
                listener(self._report(session, limit), None)
                continue
            row = self._ended(session, job)
            listener(self._report(session, limit), row)
            token.step(min(0.999, self.progress().fraction), f"{Path(row.path).name}")

    def _has_room(self, session: _Session, limit: int) -> bool:
        if not session.active:
            return True
        if any(row.attempts > ALONE_AFTER for _, row in session.active.values()):
            return False
        return len(session.active) < limit and free_mb() > RESERVE_MB

    def _claim(self, *, alone_allowed: bool) -> BatchItemRow | None:
        """Take the next waiting photo; those that saw the program die come last and alone."""
        with self.library.database.writing() as tx:
            found = BATCH_ITEMS.select(
                tx, "batch_id = ? AND state = 'waiting'", (self.batch_id,),
                f"ORDER BY attempts >= {ALONE_AFTER}, position LIMIT 1",
            )  # fmt: skip
            if not found:
                return None
            row = found[0]
            if row.attempts >= ALONE_AFTER and not alone_allowed:
                return None
            state = "set aside" if row.attempts >= SET_ASIDE_AFTER else "running"
            message = "the program ended each time it was tried" if state != "running" else ""
            tx.execute(
                "UPDATE batch_items SET state = ?, attempts = attempts + 1, message = ?, "
                "updated = ? WHERE batch_id = ? AND position = ?",
                (state, message, now_s(), self.batch_id, row.position),
            )
        if state != "running":
            return self._claim(alone_allowed=alone_allowed)
        return replace(row, state=state, attempts=row.attempts + 1)

    def _submit(self, session: _Session, pool: WorkerPool, row: BatchItemRow) -> None:
        order = Order(
            batch_id=self.batch_id, path=row.path, output=row.output, options=self.options,
            engine=json.loads(row.data).get("engine", ""), mark=marks.mark_of(row),
            places=places.places_of(row),
        )  # fmt: skip
        job = pool.submit(
            WORKER, order, str(self.library.objects.root), label=Path(row.path).name,
            key=f"{self.batch_id}/{row.position}", attempts=3, learns=_learns(order),
            on_end=session.finished.put,
        )  # fmt: skip
        session.active[job.number] = (job, row)

    def _ended(self, session: _Session, job: Job) -> BatchItemRow:
        """Write what became of a photo, in one transaction; return its row."""
        _, row = session.active.pop(job.number)
        session.ended += 1
        session.peak_mb = max(session.peak_mb, job.peak_mb)
        if job.state == "finished":
            return self._store(row, job.result)
        if job.state == "cancelled":
            return self._set(row, state="waiting")
        is_poison = job.deaths >= 3
        return self._set(row, state="set aside" if is_poison else "failed", message=why(job.error))

    def _store(self, row: BatchItemRow, outcome: Outcome) -> BatchItemRow:
        library, queue_ = self.library, ReviewQueue(self.library)
        with library.database.writing():
            photo = library.photos.remember(row.path, outcome.sha256, shape=outcome.shape)
            self._withdraw_old(row)
            for part in outcome.parts:
                library.runs.save(part.record, photo_id=photo.photo_id, keep=part.intake.keep)
                queue_.add(*(replace(i, photo_id=photo.photo_id) for i in part.intake.items))
            return self._set(
                row, state=outcome.ending, sha256=outcome.sha256,
                run_id=outcome.parts[-1].record.run_id if outcome.parts else "",
                output_sha256=outcome.output_sha256, message=outcome.message,
                seconds=outcome.seconds, data=data_of(outcome, row.data),
            )  # fmt: skip

    def _withdraw_old(self, row: BatchItemRow) -> None:
        """Close the waiting items of this photo's earlier runs: the new result replaces them."""
        runs = json.loads(row.data).get("runs", ())
        if not runs:
            return
        marks = ", ".join("?" * len(runs))
        old = self.library.reviews.select(f"run_id IN ({marks}) AND waiting = 1", tuple(runs))
        ReviewQueue(self.library).withdraw((item.item_id for item in old), "tried again")

    def _set(self, row: BatchItemRow, **columns: object) -> BatchItemRow:
        self.library.batches.set(row.batch_id, row.position, **columns)
        return replace(row, **columns)  # type: ignore[arg-type]

    def _take_back(self, session: _Session) -> None:
        for job, _ in list(session.active.values()):
            job.cancel()
        for job, row in list(session.active.values()):
            job.wait(5.0)
            if job.state == "finished":
                self._store(row, job.result)
            else:
                # A wish to stop is no fault of the photo: its attempt does not count.
                with self.library.database.writing() as tx:
                    tx.execute(
                        "UPDATE batch_items SET state = 'waiting', attempts = attempts - 1 "
                        "WHERE batch_id = ? AND position = ?",
                        (row.batch_id, row.position),
                    )
        self.library.batches.set_state(self.batch_id, "paused")

    def _wait_again(self, rows: Sequence[BatchItemRow], *, engine: str) -> None:
        with self.library.database.writing():
            for row in rows:
                data = {**json.loads(row.data), "engine": engine}
                self._set(row, state="waiting", attempts=0, message="", data=json.dumps(data))

    def _list_changed(self, known: Iterable[BatchItemRow]) -> None:
        """Let photos wait again whose file is another one now than when it was done."""
        with self.library.database.writing():
            for row in known:
                if row.state != "running" and changed_since(row):
                    stamp = Stamp.of(Path(row.path))
                    data = {**json.loads(row.data), "size": stamp.size}
                    data["mtime_ns"] = stamp.mtime_ns
                    self._set(row, state="waiting", attempts=0, data=json.dumps(data))

    def _report(self, session: _Session, limit: int) -> BatchProgress:
        counts = self.library.batches.counts(self.batch_id)
        minutes = (time.monotonic() - session.started) / 60
        rate = session.ended / minutes if minutes > 0 else 0.0
        left = counts.get("waiting", 0) + counts.get("running", 0)
        return BatchProgress(
            total=sum(counts.values()), counts=counts, per_minute=rate, workers=limit,
            working=tuple(Path(row.path).name for _, row in session.active.values()),
            seconds_left=60 * left / rate if session.ended >= 2 else None,
            peak_mb=session.peak_mb, is_paused=self._paused,
        )  # fmt: skip


def why(error: Exception | None) -> str:
    """Return why a photo failed, for its row: the sentence, and the place of a bug of ours."""
    if error is None:
        return "it failed and its worker did not say why"
    sentence = str(error) or f"it failed ({type(error).__name__})"
    trace = error.trace if isinstance(error, JobFailed) else ""
    frames = [line.strip() for line in trace.splitlines() if line.strip().startswith("File ")]
    if not frames:
        return sentence
    name, line, *_ = frames[-1].removeprefix("File ").split(", ")
    return f"{sentence} ({Path(name.strip(chr(34))).name}, {line})"


def _learns(order: Order) -> str:
    return learns(replace(order.options.run, engine=order.engine or order.options.run.engine))


def _ours(library: Library, name: str) -> list[str]:
    """Files that other batches of this library wrote and nobody has touched since."""
    with library.database.reading() as tx:
        rows = tx.rows(
            "SELECT output, output_sha256 FROM batch_items "
            "WHERE batch_id != ? AND output_sha256 != ''",
            (name,),
        )
    return [output for output, sha256 in rows if Path(output).exists() and (
        _sha256_of(Path(output)) == sha256
    )]  # fmt: skip


def _sha256_of(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
