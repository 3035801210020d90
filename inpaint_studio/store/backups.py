"""Backups of the database: made aside, opened and checked, thinned with age."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.database import Database
from inpaint_studio.store.files import make_folder, storage_errors, sync_folder

FOLDER = "backups"
EVERY_S = 30 * 60.0
_DAY_S = 86400.0
# (younger than, keep one per)
_THINNING = ((4 * 3600.0, 0.0), (2 * _DAY_S, 3600.0), (30 * _DAY_S, _DAY_S))
_OLDEST_PER_S = 30 * _DAY_S


def backup(database: Database, why: str = "regular", *, at: float | None = None) -> Path:
    """Write a checked copy to `backups/` and thin the old ones; return its path.

    Raises: StorageError: disk full (no half backup is left); LibraryError: the copy is bad.
    """
    folder = database.path.parent / FOLDER
    make_folder(folder)
    at = time.time() if at is None else at
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(at))
    final = folder / f"{stamp}-{int(at * 1000) % 1000:03d}-{why}.db"
    draft = folder / f".{final.name}.part"
    try:
        database.copy_to(draft)
        wrong = problem(draft)
        if wrong:
            raise LibraryError(
                f"A backup of {database.path.parent} came out damaged ({wrong}); "
                "check the disk, your work itself is untouched."
            )
        with storage_errors(final):
            descriptor = os.open(draft, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            draft.replace(final)
            sync_folder(folder)
    finally:
        draft.unlink(missing_ok=True)
    thin(folder, now=at)
    return final


def problem(path: Path) -> str:
    """Return "" when `path` is a sound database, else what is wrong."""
    try:
        connection = sqlite3.connect(f"file:{quote(path.as_posix())}?mode=ro", uri=True)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            connection.execute("SELECT count(*) FROM meta").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def backups(library: Path) -> list[Path]:
    """Return the backups of a library folder, newest first."""
    folder = library / FOLDER
    return sorted(folder.glob("[0-9]*.db"), reverse=True) if folder.is_dir() else []


def thin(folder: Path, *, now: float) -> list[Path]:
    """Delete backups the ages no longer ask for; return them.

    All of the last 4 hours stay, then one an hour for 2 days, one a day for 30 days, one per
    30 days after that. The newest always stays.
    """
    removed = []
    kept: set[tuple[float, int]] = set()
    found = sorted(folder.glob("[0-9]*.db"), reverse=True)
    for path in found[1:]:
        made = _made(path)
        per = next((per for limit, per in _THINNING if now - made < limit), _OLDEST_PER_S)
        slot = (per, int(made // per)) if per else (0.0, len(kept))
        if per and slot in kept:
            path.unlink(missing_ok=True)
            removed.append(path)
        kept.add(slot)
    return removed


def restore(library: Path, source: Path | None = None) -> Path:
    """Put the newest sound backup (or `source`) in place; return the backup used.

    The library must be closed. The damaged database stays beside it as `studio.db.damaged-*`.
    Raises: LibraryError: there is no sound backup.
    """
    from inpaint_studio.store.files import write_durably

    candidates = [source] if source is not None else backups(library)
    chosen = next((path for path in candidates if not problem(path)), None)
    if chosen is None:
        raise LibraryError(
            f"There is no sound backup in {library / FOLDER}; "
            "nothing was changed, keep the folder and start another library."
        )
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    target = library / "studio.db"
    with storage_errors(target):
        for suffix in ("-wal", "-shm", ""):
            old = target.with_name(target.name + suffix)
            if old.exists():
                old.replace(target.with_name(f"studio.db.damaged-{stamp}{suffix}"))
        sync_folder(library)
        write_durably(target, chosen.read_bytes())
    return chosen


def _made(path: Path) -> float:
    try:
        parsed = time.strptime(path.name[:15] + " UTC", "%Y%m%d-%H%M%S %Z")
    except ValueError:
        return path.stat().st_mtime
    import calendar

    return float(calendar.timegm(parsed))
