"""Decode in a child process with limits: a hostile file can end the child, never the program.

Children stay warm (starting one costs about half a second) and serve one request at a time;
pixels come through a pipe in bands, straight into the photo's own memory. Time is kept by a
watchdog that kills the child, memory by the child's own limit. Threads may call at once.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import wire
from inpaint_studio.imaging.photo.head import Head
from inpaint_studio.imaging.photo.model import Samples
from inpaint_studio.imaging.photo.stream import Request, Stream, seconds_for

START_S = 30.0
"""How long a fresh child may take to say that it is there (a busy machine, a cold disk)."""
HEAD_S = 9.0
"""How long a child may take to tell what a file says about itself."""
KEPT = 2


class _Child:
    """One decoding process."""

    def __init__(self) -> None:
        environment = dict(os.environ)
        environment |= {
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "VIPS_CONCURRENCY": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "inpaint_studio.imaging.photo.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, bufsize=0, close_fds=True,
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self.asks: Any = self.process.stdin
        self.answers: Any = self.process.stdout
        self.is_fresh = True
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import fcntl

            fcntl.fcntl(self.answers.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.asks, self.answers):
            with contextlib.suppress(OSError):
                pipe.close()


class _Children:
    """The idle children of this process (a forked copy of the program starts its own)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._owner = os.getpid()

    def take(self) -> _Child:
        with self._lock:
            if self._owner != os.getpid():
                self._idle, self._owner = [], os.getpid()
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    return child
                child.end()
        return _Child()

    def put(self, child: _Child) -> None:
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(child)
                return
        child.end()

    def end(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for child in idle:
                child.end()


_children = _Children()
atexit.register(_children.end)


def warm_up() -> None:
    """Start a decoding process now, so that the first photo does not wait for one."""
    _children.put(_children.take())


def end_children() -> None:
    """End the idle decoding processes; the next photo starts a new one."""
    _children.end()


class _Watch:
    """Kills a child that takes too long; remembers that it did."""

    def __init__(self, child: _Child, seconds: float) -> None:
        self.child, self.is_late = child, False
        self._began = time.monotonic()
        self._begin(seconds)

    def _begin(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._late)
        self._timer.daemon = True
        self._timer.start()

    def _late(self) -> None:
        self.is_late = True
        self.child.process.kill()

    def extend(self, seconds: float) -> None:
        """Allow so many seconds in all, counted from the beginning."""
        self.stop()
        self._begin(max(0.0, self._began + seconds - time.monotonic()))

    def restart(self, seconds: float) -> None:
        """Allow so many seconds from now on."""
        self._began = time.monotonic()
        self.extend(seconds)

    def stop(self) -> None:
        self._timer.cancel()
        self._timer.join()


@contextmanager
def _asking(request: Request) -> Iterator[tuple[BinaryIO, _Watch]]:
    """Send a request; the child is kept when all went well, ended when anything did not."""
    child = _children.take()
    watch = _Watch(child, START_S)
    whole = False
    try:
        if child.is_fresh:
            wire.receive(child.answers)
        watch.restart(HEAD_S)
        asked = asdict(request) | {"path": str(request.path.absolute())}
        child.asks.write(json.dumps(asked).encode() + b"\n")
        yield child.answers, watch
        whole = True
    except (EOFError, BrokenPipeError) as error:
        raise BadPhoto(_why(request.path, watch)) from error
    except (ValueError, TypeError, KeyError) as error:
        raise BadPhoto(
            f"{request.path.name} made the decoder answer nonsense; it is damaged or hostile."
        ) from error
    except BadPhoto as error:
        whole = getattr(error, "is_answer", False)
        raise
    finally:
        watch.stop()
        child.is_fresh = False
        if whole and not watch.is_late:
            _children.put(child)
        else:
            child.end()


def _why(path: Path, watch: _Watch) -> str:
    if watch.is_late:
        return f"{path.name} took too long to open; it is damaged or hostile."
    return (
        f"{path.name} ended the decoder (bad data or too much memory); it is damaged or hostile. "
        "Nothing else was touched; take it from its source again."
    )


def _answer(pipe: BinaryIO, wanted: str) -> dict[str, Any]:
    message = wire.receive(pipe)
    if message["type"] == "error":
        error = BadPhoto(str(message["text"]))
        error.is_answer = True  # type: ignore[attr-defined]
        raise error
    if message["type"] not in (wanted, "end"):
        raise ValueError("an unexpected frame")
    return message


@contextmanager
def limited_stream(request: Request) -> Iterator[Stream]:
    """Decode in a limited child. Raises: BadPhoto."""
    with _asking(request) as (pipe, watch):
        message = _answer(pipe, "head")
        head = wire.unpack_head(message, pipe)
        palette = _palette(pipe, int(message["palette"]))
        channels, dtype = int(message["channels"]), wire.dtype_of(message["dtype"])
        source = head.source
        if not 1 <= channels <= 64 or source.width < 1 or source.height < 1:
            raise ValueError("no such picture")
        watch.extend(seconds_for(source.width * source.height / 1e6, source.kind))
        bands = _bands(pipe, head, channels, dtype)
        yield Stream(head, str(message["sha256"]), channels, dtype, bands, palette)
        for _ in bands:
            pass


def _bands(pipe: BinaryIO, head: Head, channels: int, dtype: np.dtype[Any]) -> Iterator[Samples]:
    width, left = head.source.width, head.source.height
    while (message := _answer(pipe, "band"))["type"] == "band":
        rows = int(message["rows"])
        if not 0 <= rows <= left:
            raise ValueError("more rows than the picture has")
        left -= rows
        band = np.empty((rows, width, channels), dtype)
        wire.exactly_into(pipe, band.data.cast("B"))
        yield band


def _palette(pipe: BinaryIO, size: int) -> NDArray[np.uint8] | None:
    if size not in (0, 1024):
        raise ValueError("no such palette")
    raw = wire.exactly(pipe, size)
    return np.frombuffer(raw, np.uint8).reshape(256, 4) if raw else None


def limited_thumbnail(request: Request) -> NDArray[np.uint8]:
    """Return a small picture made in a limited child. Raises: BadPhoto."""
    with _asking(request) as (pipe, watch):
        watch.extend(40.0)
        message = _answer(pipe, "small")
        high, wide, channels = (int(side) for side in message["shape"])
        if not 0 < high <= request.px or not 0 < wide <= request.px or channels != 3:
            raise ValueError("no such picture")
        picture = np.empty((high, wide, 3), np.uint8)
        wire.exactly_into(pipe, picture.data.cast("B"))
        _answer(pipe, "end")
    return picture
