"""Builds the parts of the program once and joins them. No Qt, no terminal.

`Studio` is what command line, window, batch and service hold: a library, settings, the readers,
and the two ways to run the road: here and now (`run`), or in a supervised worker (`submit`).
Whichever it was, `keep` stores the result in one transaction: the run, its edits, and the review
items of what was flagged.
"""

from __future__ import annotations

import getpass
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.imaging.photo import Photo, open_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.request import Delta, RunRequest, RunResult
from inpaint_studio.records import Kind, RunOptions, RunRecord
from inpaint_studio.review.intake import Shares, take_in
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.session.budget import Trimmed, trim_histories
from inpaint_studio.settings import Settings
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import PhotoRow, ReviewRow

if TYPE_CHECKING:
    from inpaint_studio.jobs.pool import WorkerPool
    from inpaint_studio.pipeline.replay import ReplayAnswer
    from inpaint_studio.proposals.base import Proposal
    from inpaint_studio.vision.readers import Readers


@dataclass(frozen=True, slots=True)
class Kept:
    """What `keep` stored: the record with its edits' states, and the items now in the queue."""

    record: RunRecord
    result: RunResult
    items: tuple[ReviewRow, ...]


class Studio:
    """The program without a face. Close it, or use it in a `with` block."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library = library
        self.settings = settings
        self.queue = ReviewQueue(library)

    @classmethod
    def open(cls, folder: Path, *, settings: Settings | None = None, wait_s: float = 0.0) -> Studio:
        """Open the library in `folder` (made when new). Raises: LibraryError, StorageError."""
        return cls(Library.open(folder, wait_s=wait_s), settings or Settings.load())

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers, then close the library. Closing twice is no error."""
        pool = self.__dict__.pop("pool", None)
        if pool is not None:
            pool.close()
        self.library.close()

    @cached_property
    def pool(self) -> WorkerPool:
        """The workers that every page shares (a batch has its own, as many as memory allows)."""
        from inpaint_studio.jobs.pool import WorkerPool

        return WorkerPool()

    @property
    def reviewer(self) -> str:
        """Who decides here: the name in the settings, else the login."""
        name = str(self.settings["reviewer"])
        if name:
            return name
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "reviewer"

    def tidy(self, *, open_photos: frozenset[int] = frozenset()) -> Trimmed:
        """Keep artifacts and histories within their budgets; for a background thread.

        open_photos: rows of photos that are open, whose history stays whole.
        """
        self.library.trim_artifacts(int(float(self.settings["artifact_budget_gb"]) * 1e9))
        budget = int(float(self.settings["history_budget_gb"]) * 1e9)
        return trim_histories(self.library, budget, open_photos=open_photos)

    @cached_property
    def readers(self) -> Readers:
        from inpaint_studio.vision.readers import Readers

        return Readers()

    def open_file(
        self, path: Path, *, page: int = 0, max_megapixels: float | None = None
    ) -> tuple[Photo, PhotoRow]:
        """Decode a photo and remember it in the library. Raises: BadPhoto."""
        limit = float(self.settings["max_megapixels"]) if max_megapixels is None else max_megapixels
        photo = open_photo(path, max_megapixels=limit, page=page)
        row = self.library.photos.remember(path, photo.sha256, shape=photo.shape)
        return photo, row

    def request(
        self,
        photo: Photo,
        mask: MaskBool,
        options: RunOptions,
        *,
        source: MaskBool | None = None,
    ) -> RunRequest:
        """Return the request that runs `options` on a whole photo."""
        return RunRequest(
            pixels=photo.pixels,
            mask=mask,
            options=options,
            icc=photo.icc,
            source=source,
            photo_name=str(photo.path or ""),
            photo_sha256=photo.sha256,
            threads=int(self.settings["threads"]),
        )

    def run(
        self,
        request: RunRequest,
        token: RunToken,
        *,
        photo: PhotoRow | None = None,
        batch_id: str = "",
    ) -> Kept:
        """Run the road in this process and keep the result. Raises: what `pipeline.run` does."""
        from inpaint_studio.pipeline.road import run

        result = run(request, token, self.library.objects, semantic=self.readers)
        return self.keep(result, photo=photo, batch_id=batch_id)

    def keep(
        self,
        result: RunResult,
        *,
        photo: PhotoRow | None = None,
        batch_id: str = "",
        replaces: str = "",
    ) -> Kept:
        """Store a run, its edits and its review items in one transaction, durable on return.

        Flagged edits go to the queue; of the accepted ones the audit's share does too.
        """
        record = result.record
        intake = take_in(
            record,
            result.deltas,
            self.library.objects,
            shares=Shares(audit=float(self.settings["audit_share"])),
            photo_id=photo.photo_id if photo else None,
            folder=str(Path(photo.path).parent) if photo else "",
            batch_id=batch_id,
            replaces=replaces,
        )
        with self.library.database.writing():
            self.library.runs.save(
                record, photo_id=photo.photo_id if photo else None, keep=intake.keep
            )
            self.queue.add(*intake.items)
        return Kept(record, result, intake.items)

    def propose(
        self, photo: Photo, kinds: Sequence[Kind], token: RunToken | None = None
    ) -> list[Proposal]:
        """Return the masks the program suggests for a photo, surest first."""
        from inpaint_studio.imaging.color import space_of
        from inpaint_studio.proposals.table import propose

        srgb = space_of(photo.icc).to_srgb8(photo.pixels)
        return propose(srgb, kinds, self.readers, token or RunToken())

    def replay(self, run_id: str, token: RunToken | None = None) -> ReplayAnswer:
        """Make a run again from its artifacts and compare every stage.

        Raises: LibraryError: no such run, or its artifacts were swept.
        """
        from inpaint_studio.pipeline.replay import replay
        from inpaint_studio.store.objects import ObjectStore

        record = self.library.runs.get(run_id)
        scratch = Path(tempfile.mkdtemp(prefix="replay-"))
        try:
            return replay(
                record,
                self.library.objects,
                token,
                sink=ObjectStore(scratch),
                semantic=self.readers,
            )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def applied(pixels: Pixels, deltas: Sequence[Delta | None]) -> Pixels:
    """Return a copy of the photo with the deltas in it."""
    after = pixels.copy()
    for delta in deltas:
        if delta is not None:
            delta.apply(after)
    after.flags.writeable = False
    return after


def edited(photo: Photo, deltas: Sequence[Delta | None]) -> Photo:
    """Return the photo with other pixels; everything else stays its own."""
    return replace(photo, pixels=applied(photo.pixels, deltas))
