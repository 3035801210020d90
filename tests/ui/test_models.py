"""The Models page: what is there, importing with progress, verifying, trusting, removing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtWidgets import QMessageBox, QWidget

from inpaint_studio.ui.models.detail import contract_words
from inpaint_studio.ui.models.listing import ModelList, size_words
from inpaint_studio.ui.models.workspace import ModelsWorkspace
from inpaint_studio.weights.entries import Contract, ModelEntry
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.known import Known, known_models
from tests.models_factory import onnx_net


class _Actions:
    """The page registers no commands of its own."""


@pytest.fixture
def page(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelsWorkspace]:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(tmp_path / "models"))
    parent = QWidget()
    qtbot.addWidget(parent)
    made = ModelsWorkspace(cast("Any", None), cast("Any", _Actions()), parent)
    made.said = []  # type: ignore[attr-defined]
    made.notice.connect(lambda kind, words: made.said.append((kind, words)))  # type: ignore[attr-defined]
    made.enter()
    yield made
    made.close_down()


def _idle(page: ModelsWorkspace) -> bool:
    return page._token is None


def test_an_empty_folder_shows_what_there_is_to_obtain(page: ModelsWorkspace) -> None:
    assert [row.name for row in page.rows.rows] == [known.name for known in known_models()]
    assert isinstance(page.list.current(), Known)
    assert not page.detail.verify_button.isVisibleTo(page)
    assert page.place.text().startswith("0")


def test_a_stick_is_imported_and_its_model_shown(
    page: ModelsWorkspace, qtbot: Any, tmp_path: Path
) -> None:
    onnx_net(tmp_path / "stick" / "lama_fp32.onnx")
    page.bring(tmp_path / "stick")
    assert not page.import_folder.isEnabled() and not page.bar.isHidden()
    qtbot.waitUntil(lambda: _idle(page), timeout=60_000)
    row = page.list.current()
    assert isinstance(row, ModelEntry) and row.state == "ready" and row.contract is not None
    assert page.said[-1][0] == "good"  # type: ignore[attr-defined]
    assert page.import_folder.isEnabled() and page.bar.isHidden()


def test_what_is_refused_is_said_in_place(
    page: ModelsWorkspace, qtbot: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "stick" / "model.safetensors"
    bad.parent.mkdir()
    bad.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    page.bring(bad)
    qtbot.waitUntil(lambda: _idle(page), timeout=20_000)
    kind, words = page.said[-1]  # type: ignore[attr-defined]
    assert kind == "warn" and "Git LFS pointer" in words


def test_verify_finds_a_flipped_bit_and_says_so(
    page: ModelsWorkspace, qtbot: Any, tmp_path: Path
) -> None:
    import os

    path = onnx_net(tmp_path / "models" / "objects" / "detector.onnx")
    page.refresh()
    page._verify_all()
    qtbot.waitUntil(lambda: _idle(page), timeout=20_000)
    assert page.said[-1][0] == "good"  # type: ignore[attr-defined]
    stat, data = path.stat(), bytearray(path.read_bytes())
    data[data.index(b"average")] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    page._verify_all()
    qtbot.waitUntil(lambda: _idle(page), timeout=20_000)
    assert page.said[-1][0] == "bad"  # type: ignore[attr-defined]
    row = page.list.current()
    assert isinstance(row, ModelEntry) and row.state == "damaged"


def test_stopping_is_heard_and_said(page: ModelsWorkspace, qtbot: Any, tmp_path: Path) -> None:
    onnx_net(tmp_path / "models" / "objects" / "detector.onnx")
    page.refresh()
    page._verify_all()
    page.stop()
    qtbot.waitUntil(lambda: _idle(page), timeout=20_000)
    assert page.said  # type: ignore[attr-defined]


def test_torchscript_waits_for_a_word(page: ModelsWorkspace, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "models" / "erase" / "lama.pt"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lama/code/__torch__.py", "")
        archive.writestr("lama/constants.pkl", b"")
    page.refresh()
    page.list.pick("erase/lama.pt")
    assert page.detail.trust_button.isVisibleTo(page)
    assert "program code" in page.detail.card.words


@pytest.mark.parametrize("answer", ["Yes", "No"])
def test_removing_asks_first(
    answer: str, page: ModelsWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = onnx_net(tmp_path / "models" / "objects" / "detector.onnx")
    page.refresh()
    page.list.pick("objects/detector.onnx")
    said = getattr(QMessageBox.StandardButton, answer)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: said)
    page.detail.remove_button.click()
    assert path.exists() == (answer == "No")
    assert bool(ModelFolder(tmp_path / "models").entries()) == (answer == "No")


def test_the_row_looked_at_stays_when_the_list_changes(
    page: ModelsWorkspace, tmp_path: Path
) -> None:
    page.list.pick("FastestDet")
    onnx_net(tmp_path / "models" / "objects" / "aaa.onnx")
    page.refresh()
    row = page.list.current()
    assert row is not None and row.name == "FastestDet"
    assert isinstance(page.list, ModelList)


def test_words_for_sizes_and_contracts() -> None:
    assert [size_words(n) for n in (57, 5_700, 5_700_000, 5_700_000_000)] == [
        "57 bytes", "5.7 kB", "5.7 MB", "5.70 GB",
    ]  # fmt: skip
    assert "512" in contract_words(Contract(fixed_px=512))
