"""The one save routine: a file is replaced whole or not at all.

Space is reserved first, so a full disk is met before anything is written; the draft lies in
the same folder, is synced, checked, and only then takes the place of the old file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from inpaint_studio.errors import StorageError

_CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EACCES: "the folder may not be written to",
    errno.EPERM: "the folder may not be written to",
    errno.EROFS: "the disk is read-only",
    errno.ENOENT: "the folder is not there (any more)",
    errno.EIO: "the disk reports an error",
    errno.ENAMETOOLONG: "the name is too long",
}


def refusal(path: Path, error: OSError, need: int = 0) -> StorageError:
    """Return the sentence for a write to `path` that the disk refused."""
    cause = _CAUSES.get(error.errno or 0, error.strerror or str(error))
    room = ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(path.parent).free
            room = f" {free / 1e6:.1f} MB are free" + (
                f", {need / 1e6:.1f} MB are needed." if need else "."
            )
    return StorageError(
        f"{path} cannot be saved: {cause}.{room} Nothing was changed; "
        "choose another folder or free some space."
    )


def write_whole(
    path: Path,
    fill: Callable[[BinaryIO], object],
    *,
    reserve: int = 0,
    check: Callable[[Path], None] | None = None,
) -> int:
    """Write `path` through `fill(file)` so that it is there whole or as it was before.

    `reserve` bytes are allocated first. `check(draft)` may raise; then nothing is replaced.
    An existing file keeps its permissions. Returns the size in bytes.
    Raises: StorageError.
    """
    target = path.resolve() if path.is_symlink() else path
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        old = target.stat().st_mode if target.exists() else None
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        with open(handle, "w+b") as file:  # noqa: PTH123 - a descriptor, not a path
            if reserve and hasattr(os, "posix_fallocate"):
                _reserve(file.fileno(), reserve)
            fill(file)
            file.flush()
            file.truncate(file.tell())
            os.fsync(file.fileno())
            size = file.tell()
        if check is not None:
            check(draft)
        if old is not None:
            draft.chmod(stat.S_IMODE(old))
        draft.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise refusal(path, error, reserve) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return size


def _reserve(handle: int, size: int) -> None:
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        # Some network drives cannot reserve; the write itself will then meet the full disk.
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; some file systems cannot, and that is no failure."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
