"""The window with the real worker: paint, run, cancel, run, split, undo, redo, queue, accept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.review.filters import Filter
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.retouch.runpanel import ENGINE_TITLES
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES
from tests.ui.conftest import Hands, InstantPool

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
WAIT_MS = 180_000


class RealHands(Hands):
    """The same hands, patient enough for a real fill."""

    def until(self, done: Any) -> None:
        self.qtbot.waitUntil(done, timeout=WAIT_MS)


@pytest.fixture
def window(qapp: Any, studio: Studio) -> Iterator[Shell]:
    theme.dress(qapp, "dark")
    made = Shell(studio, pages=[page for page in PAGES if page.key in ("retouch", "review")])
    made.resize(1400, 860)
    made.show()
    made.start([])
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_whole_story(window: Shell, qtbot: QtBot, photos: list[Path], studio: Studio) -> None:
    hands = RealHands(window, qtbot, InstantPool())
    workspace, inspector = hands.workspace, hands.workspace.inspector
    hands.open(photos[0])
    hands.until(lambda: bool(workspace.runner.ready))
    _engines_are_offered(inspector.run)
    document = hands.document
    original = document.history.pixels.copy()

    # Over the rim of the cup and the spoon: nothing that texture alone can bring back.
    hands.editor.set_radius(45)
    hands.stroke(*[(float(x), 90.0 + (x - 150) / 4) for x in range(150, 330, 12)])
    painted = document.mask.mask.copy()
    assert painted[90, 150] and not painted[10, 10]

    QTest.mouseClick(inspector.run.go, LEFT)
    hands.until(lambda: bool(workspace.runner.busy) and workspace.runner.busy[0].job is not None)
    hands.key(Qt.Key.Key_Escape)
    hands.until(lambda: not workspace.runner.busy)
    assert document.history.cursor == 0 and np.array_equal(document.history.pixels, original)
    assert np.array_equal(document.mask.mask, painted)

    QTest.mouseClick(inspector.run.go, LEFT)
    hands.until(lambda: document.history.cursor == 1)
    hands.settle()
    filled = document.history.pixels.copy()
    assert (filled != original).any(axis=2)[painted].mean() > 0.5
    edit = document.edit_of(0)
    assert edit is not None and edit.state == "queued", edit.verdict.summary
    assert inspector.card.words.startswith("Flagged")
    assert edit.verdict.summary in inspector.card.words

    QTest.mouseClick(workspace.footer.modes.part(Mode.SPLIT.value), LEFT)
    hands.until(lambda: hands.canvas.scene.before is not None)
    hands.settle()
    before = hands.canvas.scene.before
    assert before is not None
    assert np.array_equal(before.read(0, document.bounds), original)

    hands.key(Qt.Key.Key_Z, CTRL)
    hands.until(lambda: document.history.cursor == 0)
    hands.settle()
    assert np.array_equal(document.history.pixels, original)
    hands.key(Qt.Key.Key_Y, CTRL)
    hands.until(lambda: document.history.cursor == 1)
    hands.settle()
    assert np.array_equal(document.history.pixels, filled)

    review = window.topbar.tab("review")
    hands.until(lambda: review.text().endswith("1"))
    QTest.mouseClick(review, LEFT)
    page: Any = window.workspace("review")
    hands.until(lambda: page.row is not None)
    assert page.row.edit_id == edit.edit_id
    QTest.keyClick(page, Qt.Key.Key_A)
    hands.until(lambda: studio.queue.count() == 0)
    assert [row.edit_id for row in studio.queue.list(Filter(state="accepted"))] == [edit.edit_id]
    hands.until(lambda: review.text() == "Review")


def _engines_are_offered(run: Any) -> None:
    """What cannot run is greyed and says why (the tests have no models)."""
    model = run.engine.model()
    for index, key in enumerate(ENGINE_TITLES):
        item = model.item(index)
        assert item.isEnabled() == (key not in ("generative", "learned")), key
        assert bool(item.toolTip()) != item.isEnabled()


def test_knowing_the_engines_loads_none_of_them() -> None:
    code = (
        "import sys\n"
        "from inpaint_studio.ui.retouch.warmup import _offers\n"
        "assert _offers()['flat'] == ''\n"
        "print([m for m in ('torch', 'diffusers', 'easyocr', 'numba') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
