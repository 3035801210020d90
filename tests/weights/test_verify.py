"""Sums of models: remembered, checked again when files change, and never fooled by a flip."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inpaint_studio.errors import BadModel, Cancelled
from inpaint_studio.jobs.token import Progress, RunToken
from inpaint_studio.weights import manifest
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.known import is_known_sum, known_models
from inpaint_studio.weights.verify import identity, verify
from tests.models_factory import onnx_net


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    onnx_net(tmp_path / "erase" / "lama.onnx")
    return ModelFolder(tmp_path)


def test_a_model_is_new_until_it_was_read_and_ready_after(folder: ModelFolder) -> None:
    (entry,) = folder.entries()
    assert (entry.state, entry.sha256) == ("new", "")
    checked = verify(entry, RunToken())
    assert checked.sha256 == hashlib.sha256(entry.path.read_bytes()).hexdigest()
    assert folder.entries() == (checked,)
    assert checked.state == "ready" and checked.added_at


def test_a_model_with_another_time_is_read_again(folder: ModelFolder) -> None:
    entry = verify(folder.entries()[0], RunToken())
    os.utime(entry.path, ns=(1, 1))
    (again,) = folder.entries()
    assert again.state == "new" and "changed" in again.advice
    assert identity(again) == entry.sha256
    assert folder.entries()[0].state == "ready"


def test_one_flipped_bit_with_size_and_time_kept_is_found(folder: ModelFolder) -> None:
    entry = verify(folder.entries()[0], RunToken())
    stat, data = entry.path.stat(), bytearray(entry.path.read_bytes())
    place = data.index(b"average")  # a name in the graph: the format stays right
    data[place] ^= 1
    entry.path.write_bytes(data)
    os.utime(entry.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for _ in range(2):  # and it is not forgiven when it is asked again
        checked = verify(folder.entries()[0], RunToken())
        assert checked.state == "damaged"
        assert "Import the model again" in checked.advice
        assert folder.entries() == (checked,) and folder.usable() == ()


def test_identity_of_a_damaged_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "erase" / "lama.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a model at all")
    with pytest.raises(BadModel):
        identity(ModelFolder(tmp_path).entries()[0])


def test_a_model_that_went_away_is_listed_as_missing(folder: ModelFolder) -> None:
    entry = verify(folder.entries()[0], RunToken())
    entry.path.unlink()
    (gone,) = folder.entries()
    assert gone.state == "missing" and "put it back" in gone.advice
    assert folder.usable() == ()


def test_a_broken_or_hostile_manifest_only_means_checking_again(folder: ModelFolder) -> None:
    verify(folder.entries()[0], RunToken())
    path = folder.root / manifest.NAME
    table = json.loads(path.read_text())
    table["models"][0]["path"] = "../../etc/passwd"
    for text in ("{", "[]", json.dumps(table), json.dumps({"version": 1, "models": [{"id": 1}]})):
        path.write_text(text)
        assert [entry.state for entry in folder.entries()] == ["new"]


def test_a_folder_that_cannot_be_written_still_works(
    folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert verify(folder.entries()[0], RunToken()).state == "ready"


def test_progress_is_reported_and_a_wish_to_stop_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "diffusion" / "m.safetensors"
    path.parent.mkdir(parents=True)
    save_file(
        {
            "model.diffusion_model.input_blocks.0.0.weight": np.zeros((64, 1 << 20), np.float16),
            "model.diffusion_model.input_blocks.1.0.weight": np.zeros(5, np.float32),
        },
        path,
    )
    (entry,) = ModelFolder(tmp_path).entries()
    assert (entry.family, entry.state) == ("sd", "new")
    seen: list[Progress] = []
    token = RunToken(seen.append)
    token._last = float("inf")  # only the last report passes the limit of ten a second
    assert verify(entry, token).state == "ready"
    assert seen[-1].fraction == 1.0 and seen[-1].stage == "checking m.safetensors"

    asked = 0

    def stop_at_the_third() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    # An idle machine reads this file within the tenth of a second between two looks.
    monkeypatch.setattr("inpaint_studio.weights.verify.REPORT_EVERY_S", 0.001)
    with pytest.raises(Cancelled):
        verify(entry, RunToken(None, stop_at_the_third))


def test_a_file_that_bears_a_known_name_and_size_must_have_its_sum(tmp_path: Path) -> None:
    known = next(k for k in known_models() if k.name == "YuNet faces")
    path = onnx_net(tmp_path / "objects" / "yunet.onnx")
    data = path.read_bytes()
    # Field 15 of the model, a length and zeros: whole ONNX of the known size.
    left = known.bytes - len(data)
    filler = left - 1 - 3
    length = bytes([filler & 0x7F | 0x80, filler >> 7 & 0x7F | 0x80, filler >> 14])
    path.write_bytes(data + bytes([15 << 3 | 2]) + length + b"\0" * filler)
    assert path.stat().st_size == known.bytes
    checked = verify(ModelFolder(tmp_path).entries()[0], RunToken())
    assert checked.state == "damaged" and "another sum" in checked.advice


def test_known_sums_are_sums_and_names_are_unique() -> None:
    assert len({known.name for known in known_models()}) == len(known_models())
    for known in known_models():
        assert len(known.sha256) in (0, 64) and len(known.md5) in (0, 32)
        assert known.obtain and known.licence and known.what
    assert not is_known_sum("")


def test_trust_is_lost_when_the_file_becomes_another(folder: ModelFolder) -> None:
    entry = replace(verify(folder.entries()[0], RunToken()), trusted=True)
    manifest.put(folder.root, entry)
    onnx_net(entry.path, style="lama-255")
    os.utime(entry.path, ns=(5, 5))
    assert not verify(folder.entries()[0], RunToken()).trusted
