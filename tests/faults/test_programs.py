"""kill -9 of the program, and of its worker in the middle of a run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.app import Studio
from inpaint_studio.background import Background, Finished
from inpaint_studio.errors import JobFailed
from inpaint_studio.records import RunOptions
from tests.faults.programs import kills


def test_a_killed_program_loses_nothing_it_told(tmp_path: Path) -> None:
    """50 of them: `python -m tests.faults.programs`."""
    assert [wrong for wrong in kills(tmp_path, count=1, seed=4) if wrong] == []


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_worker_killed_in_the_middle_of_a_run(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(90, 110, (400, 400, 3), dtype=np.uint8)
    mask = np.zeros((400, 400), bool)
    mask[150:250, 150:250] = True
    ends: list[Finished] = []
    with Studio.open(tmp_path / "library") as studio:
        background = Background(studio)
        try:
            for kill in (True, False):
                begun, ended = threading.Event(), threading.Event()

                def note(finished: Finished, ended: threading.Event = ended) -> None:
                    ends.append(finished)
                    ended.set()

                background.submit_fill(
                    pixels,
                    mask,
                    RunOptions(engine="flat"),
                    on_progress=lambda job, progress, begun=begun: begun.set(),
                    on_done=note,
                )
                assert begun.wait(120)
                if kill:
                    for pid in background.pool.pids():
                        os.kill(pid, 9)
                assert ended.wait(120)
        finally:
            background.close()
        assert isinstance(ends[0].error, JobFailed)
        assert "memory ran out" in str(ends[0].error)
        assert ends[1].error is None and ends[1].kept is not None
        assert [row.run_id for row in studio.library.runs.recent()] == [ends[1].kept.record.run_id]
