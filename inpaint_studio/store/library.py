"""A library: a folder with `studio.db`, `objects/` and `backups/`.

    with Library.open(folder) as library:
        library.runs.save(record)
        library.photos.remember(path, sha256, shape=(height, width))
        with library.database.writing() as tx: ...

One program holds a library at a time; within it any thread may call. The order that keeps a
power cut harmless is always: objects first (`library.objects`), then the row that names them.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType

from inpaint_studio.errors import InpaintError, LibraryError
from inpaint_studio.store import backups
from inpaint_studio.store.batches import Batches
from inpaint_studio.store.database import Database, damaged_sentence
from inpaint_studio.store.edits import Edits
from inpaint_studio.store.files import make_folder
from inpaint_studio.store.holder import Hold
from inpaint_studio.store.migrations import MIGRATIONS, REFERENCES, check_version, migrate
from inpaint_studio.store.objects import SWEEP_AFTER_S, ObjectStore
from inpaint_studio.store.photos import Photos
from inpaint_studio.store.queue import Reviews
from inpaint_studio.store.runs import Runs

DATABASE = "studio.db"
OBJECTS = "objects"
_CHECK_AFTER_CRASH_MB = 64

log = logging.getLogger(__name__)


class Library:
    """An open library. Close it, or use it in a `with` block."""

    def __init__(self, folder: Path, hold: Hold, database: Database) -> None:
        """Use `Library.open`."""
        self.folder = folder
        self.database = database
        self.objects = ObjectStore(folder / OBJECTS)
        self.photos = Photos(database)
        self.runs = Runs(database, self.objects)
        self.edits = Edits(database)
        self.reviews = Reviews(database)
        self.batches = Batches(database)
        self._hold = hold
        self._backed_up = time.monotonic()
        self._backup_thread: threading.Thread | None = None
        self._closed = False
        database.on_commit = self._after_commit

    @classmethod
    def open(cls, folder: Path | str, *, wait_s: float = 0.0) -> Library:
        """Open the library in `folder`, making it when there is none.

        wait_s: how long to wait for another program to let go of it.
        Raises: LibraryError: held by another program (named), newer, or damaged (with the way
        back); StorageError: the folder cannot be made or written.
        """
        folder = Path(folder).absolute()
        make_folder(folder)
        hold = Hold(folder)
        hold.take(wait_s=wait_s)
        database = None
        try:
            database = _opened(folder, after_crash=not hold.was_clean)
            return cls(folder, hold, database)
        except BaseException:
            if database is not None:
                database.close()
            hold.release()
            raise

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and let other programs in. Closing twice is no error."""
        if self._closed:
            return
        self._closed = True
        self.database.on_commit = None
        thread = self._backup_thread
        if thread is not None:
            thread.join()
        self.database.close()
        self._hold.release()

    def backup(self, why: str = "asked") -> Path:
        """Write a checked backup now (before a bulk operation, say); return its path."""
        path = backups.backup(self.database, why)
        self._backed_up = time.monotonic()
        return path

    def wanted_objects(self) -> set[str]:
        """Every object that some row names."""
        with self.database.reading() as tx:
            return {str(row[0]) for query in REFERENCES for row in tx.rows(query)}

    def sweep(self, *, older_than_s: float = SWEEP_AFTER_S) -> int:
        """Delete objects that no row names; return the bytes freed.

        Call it from a background thread: it looks at every object.
        """
        return self.objects.sweep(self.wanted_objects(), older_than_s=older_than_s)

    def trim_artifacts(self, budget_bytes: int) -> int:
        """Let the oldest runs forget their artifacts until the rest fits; return bytes freed.

        Records and readings stay, such a run can only not be replayed any more. Runs whose
        edits wait for a person or stand in a photo's history keep everything.
        """
        with self.database.writing() as tx:
            total = int(tx.value("SELECT coalesce(sum(bytes), 0) FROM artifacts"))
            oldest = tx.rows(
                "SELECT a.run_id, sum(a.bytes) FROM artifacts a JOIN runs r USING (run_id)"
                " WHERE a.run_id NOT IN (SELECT run_id FROM review_items WHERE waiting)"
                " AND a.run_id NOT IN (SELECT run_id FROM history)"
                " GROUP BY a.run_id ORDER BY r.created"
            )
            for run_id, size in oldest:
                if total <= budget_bytes:
                    break
                tx.execute("DELETE FROM artifacts WHERE run_id = ?", (run_id,))
                total -= int(size)
        return self.sweep()

    def _after_commit(self) -> None:
        if time.monotonic() - self._backed_up < backups.EVERY_S or self._closed:
            return
        self._backed_up = time.monotonic()
        thread = threading.Thread(target=self._back_up_quietly, name="library-backup")
        self._backup_thread = thread
        thread.start()

    def _back_up_quietly(self) -> None:
        try:
            backups.backup(self.database)
        except InpaintError as error:
            log.warning("%s", error)


def restore(folder: Path | str, backup: Path | None = None) -> Path:
    """Put the newest sound backup of a closed library in place; return the backup used.

    Raises: LibraryError: held by another program, or no sound backup is there.
    """
    folder = Path(folder).absolute()
    hold = Hold(folder)
    hold.take()
    try:
        return backups.restore(folder, backup)
    finally:
        hold.release()


def _opened(folder: Path, *, after_crash: bool) -> Database:
    path = folder / DATABASE
    is_new = not path.exists()
    database = Database(path)
    try:
        version = check_version(database)
        small = not is_new and path.stat().st_size < _CHECK_AFTER_CRASH_MB * 1e6
        if after_crash and small and database.check():
            raise LibraryError(damaged_sentence(path))
        if version < len(MIGRATIONS):
            if version:
                backups.backup(database, f"before-v{len(MIGRATIONS)}")
            migrate(database)
        return database
    except BaseException:
        database.close()
        raise
