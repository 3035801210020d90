"""Runs a program with its writes recorded (recorder.c) and reads the record."""

from __future__ import annotations

import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("recorder.c")
_HEAD = struct.Struct("<ciqII")


@dataclass(frozen=True, slots=True)
class Event:
    """op: o(pen) w(rite) t(runcate) s(ync) r(ename) u(nlink) m(ake folder) c(lose)."""

    op: str
    fd: int
    offset: int
    path: str
    data: bytes


@functools.cache
def library() -> Path | None:
    """The recorder as a shared library, built once; None where it cannot be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="recorder-"))
    built = folder / "recorder.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(built), str(_SOURCE), "-ldl"]
    result = subprocess.run([*command, "-lpthread"], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(result.stderr)
    return built


def environment(root: Path, log: Path | None) -> dict[str, str]:
    """What to add to the environment of a program so that its writes are recorded."""
    found = library()
    assert found is not None
    added = {"LD_PRELOAD": str(found), "RECORD_ROOT": str(root)}
    if log is not None:
        added["RECORD_LOG"] = str(log)
    return {**os.environ, **added}


def events(log: Path) -> Iterator[Event]:
    data = log.read_bytes()
    at = 0
    while at < len(data):
        op, fd, offset, path_size, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        path = data[at : at + path_size].decode()
        at += path_size
        yield Event(op.decode(), fd, offset, path, data[at : at + size])
        at += size
