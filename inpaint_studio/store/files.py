"""Files that survive a power cut: write aside, fsync, rename, fsync the folder.

The order matters and is proved by `tests/faults`: a name may appear only after the bytes
behind it are on the disk, and a row in the database only after the name is.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inpaint_studio.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


def sync_folder(folder: Path) -> None:
    """Make names made, changed or removed in `folder` durable."""
    if os.name == "nt":  # Windows has no handle to sync a folder; NTFS journals the names.
        return
    descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` and its missing parents durably. Raises: StorageError."""
    missing = []
    current = folder
    while not current.exists():
        missing.append(current)
        current = current.parent
    with storage_errors(folder):
        for part in reversed(missing):
            part.mkdir(exist_ok=True)
            sync_folder(part.parent)


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Put `data` at `path` so that a crash leaves the old file or the new one, never a mix.

    Raises: StorageError: nothing half-written is left.
    """
    with storage_errors(path, needed=len(data)):
        draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            try:
                view = memoryview(data).cast("B")
                while len(view):
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def file_sha256(path: Path) -> str:
    """SHA-256 of a whole file. Raises: OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def storage_errors(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn an OSError about `path` into a StorageError whose sentence says what to do."""
    try:
        yield
    except OSError as error:
        raise StorageError(sentence(error, path, needed)) from error


def sentence(error: OSError, path: Path, needed: int = 0) -> str:
    """Say in one sentence what went wrong at `path` and what to do."""
    if error.errno in _FULL:
        want = f", {needed / 1e6:.1f} MB are needed" if needed else ""
        return (
            f"The disk that holds {path.parent} is full ({free_mb(path):.1f} MB free{want}); "
            "free some space and try again."
        )
    if error.errno in _READ_ONLY:
        return (
            f"{path.parent} cannot be written to ({error.strerror}); "
            "make the folder writable or choose another library."
        )
    if error.errno == errno.ENOENT:
        return f"{path} is not there any more; reconnect its disk or choose another library."
    return f"{path} cannot be used ({error.strerror}); check the disk or choose another library."


def free_mb(path: Path) -> float:
    """Free space in MB on the disk of `path`, 0 where that cannot be told."""
    for folder in (path, *path.parents):
        try:
            return shutil.disk_usage(folder).free / 1e6
        except OSError:
            continue
    return 0.0
