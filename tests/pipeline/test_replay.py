"""Replay proves a run from its artifacts, or names what differs and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.errors import LibraryError
from inpaint_studio.pipeline import RunRequest, replay, run
from inpaint_studio.records import EditRecord, RunOptions, RunRecord, from_json, to_json
from inpaint_studio.store.objects import ObjectStore

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@pytest.fixture
def made(coffee: Rgb, spot: Mask, objects: ObjectStore) -> RunRecord:
    options = RunOptions(engine="patch", seed=3, budget="cheap")
    record = run(RunRequest(pixels=coffee, mask=spot, options=options), sink=objects).record
    return from_json(RunRecord, to_json(record))


@pytest.fixture
def scratch(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "scratch")


def _with(record: RunRecord, **changes: object) -> RunRecord:
    edit: EditRecord = replace(record.edits[0], **changes)  # type: ignore[arg-type]
    return replace(record, edits=(edit,))


def test_a_run_replays_identical_and_another_artifact_is_named(
    made: RunRecord, coffee: Rgb, objects: ObjectStore, scratch: ObjectStore
) -> None:
    assert replay(made, objects, sink=scratch).sentence == "identical"
    edit = made.edits[0]
    tampered = coffee.copy()
    tampered[100, 100] ^= 1
    key = objects.put_array(tampered[edit.box.slices])
    stages = tuple(replace(s, sha256=key) if s.name == "fill" else s for s in edit.stages)
    answer = replay(_with(made, stages=stages), objects, sink=scratch)
    assert answer.stage == "fill"
    assert answer.sentence == f"The first difference is at stage fill of edit {edit.edit_id}."


@pytest.mark.parametrize("name", ["input", "mask", "unusable", "fill", "blended", "readings"])
def test_a_damaged_object_is_named_by_its_stage(
    made: RunRecord, objects: ObjectStore, scratch: ObjectStore, name: str
) -> None:
    stage = made.edits[0].stage(name)
    assert stage is not None
    path = next(p for p in objects.root.rglob("*") if p.is_file() and stage.sha256[4:] in p.name)
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    answer = replay(made, objects, sink=scratch)
    assert (answer.identical, answer.stage) == (False, name)
    assert answer.differences == ("the stored artifact is damaged",)


def test_an_input_that_was_swept_is_a_sentence(
    made: RunRecord, tmp_path: Path, scratch: ObjectStore
) -> None:
    with pytest.raises(LibraryError, match="not in this library any more"):
        replay(made, ObjectStore(tmp_path / "other"), sink=scratch)


def test_another_version_of_the_engine_is_said_in_a_sentence(
    made: RunRecord, objects: ObjectStore, scratch: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = made.edits[0].plan.recipe.engine_version
    monkeypatch.setattr(PatchEngine, "version", was + 1)
    answer = replay(made, objects, sink=scratch)
    assert (answer.identical, answer.stage) == (False, "recipe")
    assert answer.sentence == (
        f"Edit {made.edits[0].edit_id} cannot be made again: it was filled by version {was} of the "
        f"engine patch, which is version {was + 1} here; replay it with Inpaint Studio "
        f"{made.program_version} as it was then."
    )


def test_other_gates_are_named_where_the_readings_differ(
    made: RunRecord, objects: ObjectStore, scratch: ObjectStore
) -> None:
    edit = made.edits[0]
    stages = tuple(replace(s, sha256="0" * 64) if s.name == "readings" else s for s in edit.stages)
    verdict = replace(edit.verdict, version="old/quick@0.1")
    answer = replay(_with(made, stages=stages, verdict=verdict), objects, sink=scratch)
    assert answer.stage == "readings"
    assert answer.differences[0].startswith("the gates were old/quick@0.1, are ")
