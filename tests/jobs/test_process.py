"""One worker on its own: what it says, and when it says nothing."""

from __future__ import annotations

import select
import sys
from pathlib import Path

import pytest

from inpaint_studio.jobs import wire
from inpaint_studio.jobs.ends import death_sentence
from inpaint_studio.jobs.process import WorkerProcess
from inpaint_studio.jobs.worker import BEAT_S


@pytest.mark.skipif(sys.platform == "win32", reason="select on pipes")
def test_an_idle_worker_says_nothing() -> None:
    """Nobody reads an idle worker's pipe: beats would fill it in two hours, then block both."""
    worker = WorkerProcess("light")
    try:
        assert worker.receive()[0] == "ready"
        heard, _, _ = select.select([worker._from], [], [], 3 * BEAT_S)
        assert heard == []
        worker.send(wire.packed(("job", 1, "tests.jobs.targets:sleeper")))
        worker.send(wire.packed(((2.5 * BEAT_S,), {})))
        words = [worker.receive()]
        while words[-1][0] != "end":
            words.append(worker.receive())
        first, *between, last = (word[0] for word in words)
        assert (first, set(between), last) == ("begin", {"beat"}, "end")
    finally:
        worker.kill("test")
        worker.bury()
        worker.last_words()


def test_a_crash_leaves_its_last_words(tmp_path: Path) -> None:
    worker = WorkerProcess("light")
    worker.receive()
    worker.send(wire.packed(("job", 1, "tests.jobs.targets:segfault")))
    worker.send(wire.packed(((), {})))
    with pytest.raises((EOFError, OSError)):
        while True:
            worker.receive()
    status = worker.bury()
    assert "Segmentation fault" in worker.last_words()
    assert "SIGSEGV" in death_sentence(status, 0)


@pytest.mark.parametrize(
    ("status", "peak_mb", "words"),
    [
        (-9, 8123.4, "at 8123 MB, most likely because memory ran out"),
        (-11, 0.0, "crashed (SIGSEGV)"),
        (-250, 0.0, "crashed (signal 250)"),
        (3, 0.0, "exit code 3"),
    ],
)
def test_every_death_has_a_sentence(status: int, peak_mb: float, words: str) -> None:
    assert words in death_sentence(status, peak_mb)
