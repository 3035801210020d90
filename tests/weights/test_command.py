"""`models list | import | verify` through the program's own front door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inpaint_studio.cli.main import main
from inpaint_studio.engines.learned import LearnedEngine
from tests.models_factory import onnx_net


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(tmp_path / "models"))


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["models", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_nothing_there_is_said_with_what_to_obtain(capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = _run(capsys, "list", "--known")
    assert code == 0 and answer["models"] == []
    assert any("LaMa" in known["name"] for known in answer["known"])
    assert main(["models", "list"]) == 0
    assert "--known" in capsys.readouterr().out


def test_import_list_verify(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    onnx_net(tmp_path / "stick" / "lama.onnx")
    code, answer = _run(capsys, "import", str(tmp_path / "stick"))
    assert code == 0 and answer["models"][0]["imported"]
    code, answer = _run(capsys, "verify")
    (model,) = answer["models"]
    assert code == 0 and model["state"] == "ready" and len(model["sha256"]) == 64
    assert LearnedEngine().availability().ready
    code, answer = _run(capsys, "list")
    assert [row["sha256"] for row in answer["models"]] == [model["sha256"]]


def test_refused_models_give_2_and_their_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"")
    code, answer = _run(capsys, "import", str(bad))
    assert code == 2 and "empty" in answer["models"][0]["sentence"]
    target = tmp_path / "models" / "diffusion" / "bad.safetensors"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x" * 100)
    code, answer = _run(capsys, "verify")
    assert code == 2 and answer["models"][0]["state"] == "damaged"


def test_a_model_that_is_not_there_gives_4(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", "nobody"]) == 4
    assert "nobody" in capsys.readouterr().err


def test_a_place_that_is_not_there_is_no_bug(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["models", "import", str(tmp_path / "nowhere")]) in (2, 4)
    assert "does not exist" in capsys.readouterr().err
