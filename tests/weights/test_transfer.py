"""Importing models: from a folder, with progress, leaving nothing half-written behind."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inpaint_studio.errors import BadModel, Cancelled, StorageError
from inpaint_studio.jobs.token import Progress, RunToken
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.transfer import find_models, import_models
from tests.models_factory import onnx_net


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A stick with a network, a diffusers folder, a text file and a bad model."""
    root = tmp_path / "stick"
    onnx_net(root / "deep" / "down" / "lama_fp32.onnx")
    tiny = root / "tiny"
    (tiny / "unet").mkdir(parents=True)
    (tiny / "unet" / "config.json").write_text("{}")
    (tiny / "unet" / "old.bin").write_bytes(b"never opened")
    save_file({"a": np.ones(9, np.float32)}, tiny / "unet" / "m.safetensors")
    (tiny / "model_index.json").write_text(
        json.dumps(
            {
                "_class_name": "StableDiffusionInpaintPipeline",
                "unet": ["diffusers", "UNet2DConditionModel"],
            }
        )
    )
    (root / "notes.txt").write_text("hello")
    (root / "bad.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    return root


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


def test_models_are_found_and_put_where_they_belong(stick: Path, folder: ModelFolder) -> None:
    seen: list[Progress] = []
    results = import_models(stick, folder, RunToken(seen.append))
    entries = {entry.id: entry for entry in folder.entries()}
    assert set(entries) == {"erase/lama_fp32.onnx", "diffusion/tiny"}
    assert all(entry.state == "ready" for entry in entries.values())
    assert entries["erase/lama_fp32.onnx"].licence == "Apache-2.0"
    assert not (folder.root / "diffusion" / "tiny" / "unet" / "old.bin").exists()
    assert [r.sentence for r in results if r.entry is None] == [
        r.sentence for r in results if "Git LFS pointer" in r.sentence
    ]
    assert seen and 0.0 <= seen[-1].fraction <= 1.0
    assert _drafts(folder) == []


def test_importing_twice_changes_nothing(stick: Path, folder: ModelFolder) -> None:
    import_models(stick, folder, RunToken())
    before = folder.entries()
    results = import_models(stick, folder, RunToken())
    assert folder.entries() == before
    assert sum("already there" in result.sentence for result in results) == 2


def test_another_model_of_the_name_is_kept_unless_asked(stick: Path, folder: ModelFolder) -> None:
    import_models(stick, folder, RunToken())
    before = folder.entries("erase")
    onnx_net(stick / "deep" / "down" / "lama_fp32.onnx", style="lama-255")
    source = stick / "deep"
    assert "not imported" in import_models(source, folder, RunToken())[0].sentence
    assert folder.entries("erase") == before
    assert import_models(source, folder, RunToken(), overwrite=True)[0].is_new
    assert folder.entries("erase")[0].sha256 != before[0].sha256


@pytest.mark.parametrize("asked_before", [0, 1, 2, 4])
def test_a_cancelled_import_leaves_nothing(
    stick: Path, folder: ModelFolder, asked_before: int
) -> None:
    count = 0

    def stop() -> bool:
        nonlocal count
        count += 1
        return count > asked_before

    with pytest.raises(Cancelled):
        import_models(stick / "tiny", folder, RunToken(None, stop))
    assert _drafts(folder) == []
    assert all(entry.state == "new" for entry in folder.entries())


def test_a_full_disk_is_said_before_anything_is_written(
    stick: Path, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 1000))
    with pytest.raises(StorageError, match="no room"):
        import_models(stick / "tiny", folder, RunToken())
    assert _drafts(folder) == [] and folder.entries() == ()


def test_a_disk_that_fills_meanwhile_leaves_nothing(
    stick: Path, folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("inpaint_studio.weights.transfer.os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        import_models(stick / "tiny", folder, RunToken())
    assert _drafts(folder) == [] and folder.entries() == ()


def test_places_without_models_are_refused(tmp_path: Path, folder: ModelFolder) -> None:
    with pytest.raises(BadModel, match="does not exist"):
        import_models(tmp_path / "nowhere", folder, RunToken())
    with pytest.raises(BadModel, match="no model"):
        import_models(tmp_path, folder, RunToken())


def test_what_cannot_be_told_apart_is_asked_for(tmp_path: Path, folder: ModelFolder) -> None:
    onnx_net(tmp_path / "stick" / "thing.onnx")
    (result,) = import_models(tmp_path / "stick", folder, RunToken())
    assert "--kind" in result.sentence and folder.entries() == ()
    import_models(tmp_path / "stick", folder, RunToken(), kind="erase")
    assert folder.entries()[0].kind == "erase"


def test_links_are_not_followed_on_a_stick(stick: Path) -> None:
    (stick / "loop").symlink_to(stick)
    assert len(find_models(stick)) == 3


def _drafts(folder: ModelFolder) -> list[Path]:
    return [p for p in folder.root.rglob("*") if p.name.endswith(".part")]
