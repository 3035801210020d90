"""A see-through mark in many far pieces: each piece is taken off by what all of them tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.tiled import measuring_mb
from inpaint_studio.pipeline import RunRequest, replay, run
from inpaint_studio.pipeline.road import plans
from inpaint_studio.records import RunOptions, RunRecord, from_json, to_json
from inpaint_studio.store.objects import ObjectStore
from tests.overlays import compose, placed, text_alpha


@pytest.fixture(scope="module")
def marked() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (photo, shown, mask) of a word at six places, 60 px and more apart."""
    photo = np.ascontiguousarray(data.coffee()[:390, :560])
    alpha = text_alpha("Lake 27", None, 22)
    weight = np.zeros(photo.shape[:2], dtype=np.float32)
    for top in (20, 150):
        for left in (15, 205, 395):
            weight = np.maximum(weight, placed(alpha, photo.shape, left, top))
    shown = compose(photo, [(weight * np.float32(0.45), np.full(3, 255.0, dtype=np.float32))])
    return photo, shown, grow(weight > 0.02, 1)


def test_pieces_far_apart_are_taken_off_by_what_all_tell_and_replay(
    marked: tuple[np.ndarray, np.ndarray, np.ndarray], objects: ObjectStore, tmp_path: Path
) -> None:
    photo, shown, mask = marked
    options = RunOptions(kind="text", budget="cheap")
    result = run(RunRequest(pixels=shown, mask=mask, options=options), sink=objects)
    after = shown.copy()
    for delta in result.deltas:
        if delta is not None:
            delta.apply(after)
    assert len(result.record.edits) == 6
    said = [any("measured in 6 places" in c for c in e.plan.changes) for e in result.record.edits]
    assert sum(said) >= 4
    error = [np.abs(one.astype(float) - photo)[mask].mean() for one in (shown, after)]
    assert error[1] < 0.2 * error[0]
    record = from_json(RunRecord, to_json(result.record))
    scratch = ObjectStore(tmp_path / "scratch")
    assert replay(record, objects, sink=scratch).sentence == "identical"


def test_other_letters_among_the_mark_are_told_by_themselves(
    marked: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    _, shown, mask = marked
    alpha = placed(text_alpha("Oh", None, 60), shown.shape, 230, 310)
    over = compose(shown, [(alpha, np.full(3, 30.0, dtype=np.float32))])
    options = RunOptions(kind="text", budget="cheap")
    both = mask | grow(alpha > 0.02, 1)
    edits = run(RunRequest(pixels=over, mask=both, options=options)).record.edits
    other = next(edit for edit in edits if edit.delta_box and edit.delta_box.top > 260)
    assert not any("places" in change for change in other.plan.changes)
    assert sum(any("places" in c for c in edit.plan.changes) for edit in edits) >= 4


def test_a_person_who_names_another_engine_gets_that_one(
    marked: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    _, shown, mask = marked
    options = RunOptions(kind="text", budget="cheap", engine="flat")
    edits = run(RunRequest(pixels=shown, mask=mask, options=options)).record.edits
    assert {edit.plan.recipe.engine for edit in edits} == {"flat"}
    assert all(edit.stage("veil") is None for edit in edits)


def test_a_plan_counts_the_memory_that_the_look_for_a_mark_needs(
    marked: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    _, shown, mask = marked
    large = np.zeros((1500, 2000), dtype=np.bool_)
    large[: mask.shape[0], : mask.shape[1]] = mask
    photo = np.zeros((*large.shape, 3), dtype=np.uint8)
    photo[: mask.shape[0], : mask.shape[1]] = shown
    needed = measuring_mb(large.shape)
    assert 90 < needed < 95
    for kind, is_counted in (("text", True), ("object", False)):
        request = RunRequest(pixels=photo, mask=large, options=RunOptions(kind=kind))
        reasons = [r for _, plan in plans(request) for r in plan.reasons]
        said = [reason for reason in reasons if reason.feature == "memory_mb"]
        assert any("mark that repeats" in reason.text for reason in said) is is_counted
        assert all(reason.value >= needed for reason in said) or not is_counted
