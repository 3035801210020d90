"""Who holds the library: one program at a time, and the other one is told its name.

A lock of the operating system on `studio.lock` is freed when its holder dies, however it dies;
the text inside names the holder for the sentence. (A lock file that is merely *there* was
rejected: a crash leaves it behind and locks the user out.)
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.files import storage_errors

LOCK_NAME = "studio.lock"
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The program that has the library open. `since` is in seconds since 1970."""

    pid: int
    program: str
    host: str
    since: float

    @staticmethod
    def me() -> Holder:
        words = [Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python", *sys.argv[1:2]]
        return Holder(
            pid=os.getpid(), program=" ".join(words), host=socket.gethostname(), since=time.time()
        )


class Hold:
    """The lock itself, held from `take` to `release`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._descriptor = -1
        self.was_clean = True
        """Whether the holder before us closed the library properly."""

    def take(self, *, wait_s: float = 0.0) -> None:
        """Take the lock, waiting for its holder up to `wait_s`.

        Raises: LibraryError: another program keeps it; StorageError.
        """
        with storage_errors(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        until = time.monotonic() + wait_s
        while not _lock(descriptor):
            if time.monotonic() >= until:
                os.close(descriptor)
                raise LibraryError(self._held())
            time.sleep(_POLL_S)
        self._descriptor = descriptor
        self.was_clean = os.fstat(descriptor).st_size == 0
        text = json.dumps(asdict(Holder.me())).encode()
        # A full disk must not keep anyone from opening what is there.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, text)

    def release(self) -> None:
        if self._descriptor < 0:
            return
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1

    def _held(self) -> str:
        try:
            holder = Holder(**json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            who = "another program"
        else:
            since = time.strftime("%H:%M", time.localtime(holder.since))
            place = "" if holder.host == socket.gethostname() else f" on {holder.host}"
            who = f"{holder.program}{place} (process {holder.pid}, since {since})"
        return (
            f"The library {self._path.parent} is open in {who}; "
            "close it there, or name another folder with --library."
        )


def _lock(descriptor: int) -> bool:
    if os.name == "nt":
        import msvcrt

        try:
            # Far past the text, so that the other program can still read who holds it.
            os.lseek(descriptor, 1 << 30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
