"""kill -9 of the program, and of its worker in the middle of a run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.app import Studio
from inpaint_studio.errors import JobFailed
from inpaint_studio.jobs.job import Job
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import Progress
from inpaint_studio.pipeline.request import RunRequest
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
    request = RunRequest(pixels=pixels, mask=mask, options=RunOptions(engine="flat"))
    jobs: list[Job] = []
    with Studio.open(tmp_path / "library") as studio, WorkerPool() as pool:
        for kill in (True, False):
            begun, ended = threading.Event(), threading.Event()

            def begins(job: Job, progress: Progress, begun: threading.Event = begun) -> None:
                begun.set()

            def ends(job: Job, ended: threading.Event = ended) -> None:
                ended.set()

            jobs.append(
                pool.submit(
                    "inpaint_studio.pipeline.worker:run_job",
                    request,
                    str(studio.library.objects.root),
                    on_progress=begins,
                    on_end=ends,
                )
            )
            assert begun.wait(120)
            if kill:
                for pid in pool.pids():
                    os.kill(pid, 9)
            assert ended.wait(120)
        assert isinstance(jobs[0].error, JobFailed)
        assert "memory ran out" in str(jobs[0].error)
        assert jobs[1].state == "finished"
        kept = studio.keep(jobs[1].result)
        assert [row.run_id for row in studio.library.runs.recent()] == [kept.record.run_id]
