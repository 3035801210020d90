"""Messages between the program and its workers: length-prefixed pickles, pixels beside them.

Arrays travel as pickle protocol 5 out-of-band buffers: written from where they lie and read
into fresh memory by system calls that do not hold the interpreter, so that a 24 MP photo
crosses while the window goes on. Rejected: `multiprocessing` queues (a feeder thread copies
under the interpreter's lock), shared memory (leaks when a worker is killed, and saves only the
60 ms of one copy). Both ends are this program; nothing else may write to these pipes.
"""

from __future__ import annotations

import pickle
import struct
from io import FileIO
from typing import Any, TypeAlias

import numpy as np

_COUNT = struct.Struct("<I")
_SIZE = struct.Struct("<Q")
_MAX_PARTS = 1 << 16
PIPE_BYTES = 1 << 20

Packed: TypeAlias = list[memoryview]
"""A message as it is written: sizes and pickle, then the arrays where they lie."""


def packed(message: object) -> Packed:
    """Return a message ready to be written. Raises: what pickling it raises."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [memoryview(body), *(buffer.raw() for buffer in buffers)]
    head = _COUNT.pack(len(views)) + b"".join(_SIZE.pack(view.nbytes) for view in views)
    return [memoryview(head + body), *views[1:]]


def write(stream: FileIO, message: Packed) -> None:
    """Write a packed message. Raises: OSError: the other end is gone."""
    for view in message:
        while view.nbytes:
            view = view[stream.write(view) :]


def send(stream: FileIO, message: object) -> None:
    """Pack a message and write it. Raises: OSError: the other end is gone."""
    write(stream, packed(message))


def receive(stream: FileIO) -> Any:
    """Read one message; its arrays are read-only. Raises: EOFError: the other end is gone."""
    (count,) = _COUNT.unpack(_read(stream, _COUNT.size))
    if not 0 < count < _MAX_PARTS:
        raise EOFError("the stream holds no message")
    head = _read(stream, _SIZE.size * count)
    sizes = [size for (size,) in _SIZE.iter_unpack(head)]
    body, *buffers = [_read(stream, size) for size in sizes]
    return pickle.loads(body, buffers=buffers)


def _read(stream: FileIO, size: int) -> memoryview:
    # np.empty, as bytearray would fill the memory with zeros first, holding the interpreter.
    whole = np.empty(size, np.uint8).data
    rest = whole
    while rest.nbytes:
        read = stream.readinto(rest)
        if not read:
            raise EOFError("the other end is gone")
        rest = rest[read:]
    return whole.toreadonly()
