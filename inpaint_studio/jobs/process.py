"""One worker process as its parent sees it: started, spoken to, listened to, killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from io import FileIO
from typing import Any, cast

from inpaint_studio.jobs import wire

_OFFLINE = {
    # Set before any of these libraries loads: no network, no code from model files.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1",
}
_TAIL_BYTES = 4000


class WorkerProcess:
    """A running worker. Start it from a thread that lives as long as it should.

    (Linux kills it when the thread that started it ends.)
    """

    def __init__(self, kind: str, warm: Sequence[str] = ()) -> None:
        """Start the process. Raises: OSError."""
        self.kind = kind
        self.killed_for = ""
        self.last_word = time.monotonic()
        self.last_tick = time.monotonic()
        self.idle_since = time.monotonic()
        self.ticks = -1
        self._writing = threading.Lock()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        command = [sys.executable, "-P", "-m", "inpaint_studio.jobs.worker", kind, *warm]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env=_environment(),
        )
        self._to = cast(FileIO, self._process.stdin)
        self._from = cast(FileIO, self._process.stdout)
        for stream in (self._to, self._from):
            _widen(stream)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def send(self, packed: wire.Packed) -> None:
        """Write a message, however long it takes. Raises: OSError: the worker is gone."""
        with self._writing:
            wire.write(self._to, packed)

    def send_soon(self, message: tuple[Any, ...]) -> bool:
        """Write a short message if that cannot block; return whether it was written."""
        if not self._writing.acquire(blocking=False):
            return False
        try:
            if not _can_write(self._to):
                return False
            wire.send(self._to, message)
            return True
        except (OSError, ValueError):
            return False
        finally:
            self._writing.release()

    def receive(self) -> tuple[Any, ...]:
        """Wait for the next message. Raises: EOFError, OSError: the worker is gone."""
        message: tuple[Any, ...] = wire.receive(self._from)
        self.last_word = time.monotonic()
        return message

    def kill(self, why: str) -> None:
        """End the process now; the thread that listens gets EOFError."""
        self.killed_for = self.killed_for or why
        with contextlib.suppress(OSError):
            self._process.kill()

    def bury(self) -> int:
        """Wait for the end of the process; return its exit status (negative: a signal)."""
        try:
            status = self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        for stream in (self._to, self._from):
            with contextlib.suppress(OSError):
                stream.close()
        return status

    def last_words(self) -> str:
        """The end of what the process wrote to standard error. Call it once, after `bury`."""
        try:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - _TAIL_BYTES))
            return self._errors.read().decode(errors="replace")
        finally:
            self._errors.close()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, **_OFFLINE, "PYTHONPATH": path}


def _widen(stream: FileIO) -> None:
    """Make the pipe 1 MB where the system lets us: fewer switches for a photo."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, wire.PIPE_BYTES)


def _can_write(stream: FileIO) -> bool:
    if os.name == "nt":
        return True
    import select

    poll = select.poll()
    poll.register(stream.fileno(), select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))
