"""The whole road with a model: plan, fill, blend, gate, replay; and what happens when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_studio import api
from inpaint_studio.engines import generative_run
from inpaint_studio.errors import Missing
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, replay, run
from inpaint_studio.pipeline.road import plans
from inpaint_studio.records import RunOptions
from inpaint_studio.store.objects import ObjectStore
from tests.engines.conftest import scene

KNOBS: dict[str, Any] = {
    "model": "sd9", "steps": 2, "size": 128, "prefill": "flat", "threads": 1,
}  # fmt: skip


@pytest.fixture
def _models(models_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(models_path))


def _request(pixels: np.ndarray, mask: np.ndarray) -> RunRequest:
    options = RunOptions(engine="generative", seed=5, force=True, budget="cheap", parameters=KNOBS)
    return RunRequest(pixels=pixels, mask=mask, options=options)


@pytest.mark.usefixtures("_models")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_run_fills_judges_and_replays_identically(
    dtype: type[np.unsignedinteger], tmp_path: Path
) -> None:
    photo, mask = scene(160)
    pixels = photo.astype(dtype) * (257 if dtype is np.uint16 else 1)
    store = ObjectStore(tmp_path / "objects")
    result = run(_request(pixels, mask), RunToken(), store)
    (edit,) = result.record.edits
    assert edit.plan.engine == "generative"
    assert edit.plan.recipe.model == "diffusion/sd9" and edit.plan.recipe.model_sha256
    assert {"device", "dtype", "threads", "torch"} <= set(edit.plan.recipe.fingerprint)
    assert edit.verdict.readings
    after = pixels.copy()
    for delta in result.deltas:
        after[delta.box.slices] = delta.after
    changed = (after != pixels).any(axis=-1)
    ring = np.zeros_like(mask)
    rows, columns = np.nonzero(mask)
    reach = 2 + edit.plan.recipe.feather_px + edit.plan.recipe.grow_px
    ring[rows.min() - reach : rows.max() + reach + 1,
         columns.min() - reach : columns.max() + reach + 1] = True  # fmt: skip
    assert changed[mask].any() and not (changed & ~ring).any()
    answer = replay(result.record, store, RunToken(), sink=ObjectStore(tmp_path / "scratch"))
    assert answer.identical, answer.sentence


@pytest.mark.usefixtures("_models")
def test_an_engine_out_of_memory_is_routed_down_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(generative_run, "answer_of", full)
    photo, mask = scene(160)
    result = run(_request(photo, mask), RunToken(), ObjectStore(tmp_path))
    (edit,) = result.record.edits
    assert any("ran out of memory in every way" in change for change in edit.plan.changes)
    assert edit.plan.engine != "generative" or edit.state == "queued"


def test_python_users_are_told_what_is_missing() -> None:
    photo, mask = scene(96)
    with pytest.raises(Missing, match="models import"):
        api.fill(photo, mask, engine="generative")


@pytest.mark.usefixtures("_models")
def test_time_and_memory_are_said_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_studio.engines import generative_time

    monkeypatch.setattr(generative_time, "has_device", lambda _wanted="": False)
    monkeypatch.setattr(generative_time, "gigaflops", lambda: 1e-3)
    photo, mask = scene(160)
    ((_, plan),) = plans(_request(photo, mask))
    said = {reason.feature: reason for reason in plan.reasons}
    assert said["memory_mb"].value and said["memory_mb"].value > 0
    assert "about" in said["seconds"].text and "this CPU" in said["seconds"].text
    monkeypatch.setattr(generative_time, "has_device", lambda _wanted="": True)
    ((_, plan),) = plans(_request(photo, mask))
    assert "seconds" not in {reason.feature for reason in plan.reasons}


@pytest.mark.usefixtures("_models")
def test_a_replay_names_the_first_stage_and_what_differs(tmp_path: Path) -> None:
    photo, mask = scene(160)
    store = ObjectStore(tmp_path / "objects")
    record = run(_request(photo, mask), RunToken(), store).record
    (edit,) = record.edits
    recipe = edit.plan.recipe
    assert {"device", "dtype", "threads", "torch", "diffusers", "numpy"} <= set(recipe.fingerprint)
    other = replace(
        recipe,
        seed=recipe.seed + 1,
        fingerprint={**recipe.fingerprint, "torch": "1.0", "dtype": "x"},
    )
    edit = replace(edit, plan=replace(edit.plan, recipe=other))
    answer = replay(
        replace(record, edits=(edit,)), store, RunToken(), sink=ObjectStore(tmp_path / "scratch")
    )
    assert not answer.identical and answer.stage == "fill"
    assert any(difference.startswith("torch was 1.0, is ") for difference in answer.differences)
    assert "dtype was x, is float32" in answer.differences
