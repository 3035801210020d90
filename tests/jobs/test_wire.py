"""The wire carries what it is given and knows when the other end is gone."""

from __future__ import annotations

import os
import threading
from io import FileIO

import numpy as np
import pytest

from inpaint_studio.jobs import wire


@pytest.fixture
def ends():
    source, target = os.pipe()
    reader, writer = FileIO(source, "r"), FileIO(target, "w")
    yield reader, writer
    reader.close()
    writer.close()


def test_a_message_bigger_than_the_pipe(ends) -> None:
    reader, writer = ends
    array = np.arange(3_000_000, dtype=np.uint16).reshape(1000, 1000, 3)
    message = {"pixels": array, "same": array, "words": "x" * 200_000}
    sender = threading.Thread(target=wire.send, args=(writer, message))
    sender.start()
    found = wire.receive(reader)
    sender.join()
    assert (found["pixels"] == array).all()
    assert found["same"].shape == array.shape
    assert found["words"] == message["words"]
    assert not found["pixels"].flags.writeable


def test_an_end_in_the_middle_is_an_eof(ends) -> None:
    reader, writer = ends
    writer.write(b"\x01\0\0\0\x10\0\0")
    writer.close()
    with pytest.raises(EOFError):
        wire.receive(reader)


def test_a_stray_stream_is_refused(ends) -> None:
    reader, writer = ends
    writer.write(b"HTTP/1.1 200 OK\r\n" * 10)
    with pytest.raises(EOFError, match="no message"):
        wire.receive(reader)
