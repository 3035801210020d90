"""A worker that is killed in a fill: the plan's next engine does it, and the plan says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.errors import JobFailed
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.pipeline.request import RunRequest, RunResult, learns
from inpaint_studio.records import RunOptions
from inpaint_studio.review import batch
from inpaint_studio.review.batch_plan import BatchOptions
from inpaint_studio.store.library import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
RUN = "tests.pipeline.deadly:run"
LONG_S = 300.0


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    with WorkerPool() as made:
        yield made


def _request(coffee: NDArray[np.uint8], engine: str, regions: int = 1) -> RunRequest:
    """Spots in the cup and beside it, whose ground is `patch`'s."""
    mask = np.zeros(coffee.shape[:2], dtype=bool)
    for left in (60, 250)[:regions]:
        mask[100:130, left : left + 40] = True
    return RunRequest(pixels=coffee, mask=mask, options=RunOptions(engine=engine, budget="cheap"))


def test_what_a_killed_worker_was_filling_is_filled_by_the_plans_next_engine(
    coffee: NDArray[np.uint8], tmp_path: Path, pool: WorkerPool
) -> None:
    request = _request(coffee, "auto", regions=2)
    job = pool.submit(RUN, request, str(tmp_path), learns=learns(request.options))
    result: RunResult = job.value(LONG_S)
    assert job.deaths == len(result.record.edits) == 2
    for edit in result.record.edits:
        assert edit.plan.engine == "flat"
        (change,) = edit.plan.changes
        assert change.startswith("patch failed (the system stopped the worker")
        assert "most likely because memory ran out" in change
    assert all(delta is not None for delta in result.deltas)


def test_an_engine_that_was_named_is_not_replaced(
    coffee: NDArray[np.uint8], tmp_path: Path, pool: WorkerPool
) -> None:
    request = _request(coffee, "patch")
    job = pool.submit(RUN, request, str(tmp_path), learns=learns(request.options))
    with pytest.raises(JobFailed, match="choose another engine"):
        job.value(LONG_S)
    assert job.deaths == 1


def test_a_batch_goes_on_with_the_next_engine_too(
    coffee: NDArray[np.uint8], tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _request(coffee, "auto")
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(coffee).save(photos / "a.png")
    Image.fromarray(request.mask).save(tmp_path / "mask.png")
    monkeypatch.setattr(batch, "WORKER", "tests.pipeline.deadly:photo")
    options = BatchOptions(mask=str(tmp_path / "mask.png"), run=request.options)
    with Library.open(tmp_path / "library") as library:
        made = batch.Batch.plan(library, photos, tmp_path / "out", options)
        made.run(pool=pool, workers=1)
        (row,) = made.items()
        assert row.state in ("done", "flagged"), row.message
        edits = library.runs.get(row.run_id).edits
    assert [edit.plan.engine for edit in edits] == ["flat"]
