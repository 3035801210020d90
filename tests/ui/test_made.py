"""New canvas, enlarged copy, detail in a region: each ends in an ordinary photo and edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QWidget

from inpaint_studio.imaging.enlarge import enlarged
from inpaint_studio.ui.dialogs.fresh import CanvasDialog, EnlargeDialog
from tests.ui.conftest import Hands


@pytest.fixture
def made(hands: Hands, photos: list[Path]) -> Any:
    hands.open(photos[0])
    return hands.workspace.made


def _runs(hands: Hands) -> list[Any]:
    return [args[0] for name, args in hands.pool.asked if name == "run_job"]


def test_a_new_canvas_opens_masked_and_asks_for_words(
    made: Any, hands: Hands, tmp_path: Path
) -> None:
    path = tmp_path / "canvas.png"
    made.make_canvas(path, (320, 200))
    hands.until(lambda: hands.document.path == path)
    hands.until(lambda: not hands.document.mask.is_empty)
    assert hands.document.shape == (200, 320) and hands.document.mask.mask.all()
    options = hands.workspace.runs.options()
    assert options.intent == "generate"
    assert hands.workspace.inspector.run.prompt.isVisible()
    assert hands.workspace.inspector.run.go.text() == "Make"


@pytest.mark.parametrize("detail", [True, False])
def test_an_enlarged_copy_opens_and_detail_is_an_edit_of_it(
    detail: bool, made: Any, hands: Hands, photos: list[Path], tmp_path: Path
) -> None:
    document, path = hands.document, tmp_path / "coffee-2x.png"
    pixels = document.history.pixels.copy()
    made.enlarge(document, path, 2, detail=detail)
    hands.until(lambda: hands.document.path == path)
    hands.settle()
    assert hands.document.shape == tuple(2 * side for side in document.shape)
    written = np.asarray(Image.open(path).convert("RGB"))
    assert np.array_equal(written, enlarged(pixels, 2))
    runs = _runs(hands)
    assert len(runs) == (1 if detail else 0)
    if detail:
        assert runs[0].mask.all() and runs[0].options.intent == "upscale"
        assert runs[0].options.parameters == {"factor": 2}


def test_detail_without_a_model_says_what_to_put_where(made: Any, hands: Hands) -> None:
    said: list[str] = []
    made.notice.connect(lambda _kind, words: said.append(words))
    hands.workspace.actions_.run("run.detail")
    assert "Paint first" in said[-1]
    hands.stroke((100, 100), (140, 100))
    hands.workspace.actions_.run("run.detail")
    assert "no upscaler model" in said[-1] and "models import" in said[-1]
    assert not _runs(hands)


def test_detail_with_a_model_runs_over_the_mask(
    made: Any, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "why_plain", lambda: "")
    hands.stroke((100, 100), (140, 100))
    hands.workspace.actions_.run("run.detail")
    hands.settle()
    (asked,) = _runs(hands)
    assert asked.options.engine == asked.options.intent == "upscale"
    assert not asked.mask.all()


def test_the_dialogs_say_what_comes(qtbot: Any) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    question = EnlargeDialog((400, 300), "There is no upscaler model on this computer.", host)
    assert not question.detail.isEnabled() and "800 × 600" in question.words.text()
    question.factor_box.setCurrentIndex(2)
    assert question.factor == 4 and "1600 × 1200" in question.words.text()
    assert "no upscaler" in question.words.text()
    assert EnlargeDialog((400, 300), "", host).detail.isChecked()
    assert CanvasDialog(host).size_px == (1024, 768)


def test_the_menu_asks_and_makes(
    made: Any, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "copy.png"
    monkeypatch.setattr(EnlargeDialog, "exec", lambda _self: 1)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    hands.workspace.actions_.run("file.enlarge")
    hands.until(lambda: hands.document.path == path)
    monkeypatch.setattr(CanvasDialog, "exec", lambda _self: 1)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    hands.workspace.actions_.run("file.canvas")
    assert hands.document.path == path
