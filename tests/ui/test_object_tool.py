"""The object tool: click a thing, drag a box around it, draw a stroke along it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import Qt

from inpaint_studio.ui.canvas.tool import Pointer
from tests.imaging.test_remainder import scene
from tests.ui.conftest import Hands

Mask = NDArray[np.bool_]
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def thing(hands: Hands, tmp_path: Path) -> Mask:
    """A ball with an ear, on the canvas with the object tool in hand."""
    photo, ball, ear = scene((200, 60, 40))
    path = tmp_path / "thing.png"
    Image.fromarray(photo).save(path)
    hands.open(path)
    hands.key(Qt.Key.Key_O)
    assert hands.canvas.tool.name == "object"
    return ball | ear


def likeness(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(
    ("points", "keys"),
    [(((60, 60), (120, 110), (186, 160)), None), (((80, 110), (110, 112), (140, 108)), SHIFT)],
    ids=["a box around it", "a stroke along it"],
)
def test_a_drag_takes_the_thing_as_one_step_and_alt_takes_it_out_again(
    hands: Hands, thing: Mask, points: tuple[tuple[float, float], ...], keys: object
) -> None:
    hands.stroke(*points, keys=keys)
    hands.until(lambda: not hands.document.mask.is_empty)
    hands.settle()
    assert likeness(hands.document.mask.mask, thing) > 0.85
    hands.editor.undo()
    assert hands.document.mask.is_empty
    hands.editor.redo()
    hands.stroke(*points, keys=ALT if keys is None else SHIFT | ALT)
    hands.until(lambda: hands.document.mask.mask.sum() < 0.1 * thing.sum())
    hands.settle()


def test_a_hand_that_shakes_still_clicks(hands: Hands, thing: Mask) -> None:
    zoom = hands.canvas.view.zoom
    hands.stroke((110, 110), (110 + 2 / zoom, 110))
    hands.until(lambda: not hands.document.mask.is_empty)
    hands.settle()
    assert likeness(hands.document.mask.mask, thing) > 0.7


def test_a_drag_that_is_given_up_takes_nothing(hands: Hands, thing: Mask) -> None:
    tool = hands.canvas.tool
    tool.press(Pointer(x=60, y=60))
    tool.drag(Pointer(x=180, y=160))
    assert tool.cancel()
    tool.release(Pointer(x=180, y=160))
    hands.settle()
    assert hands.document.mask.is_empty


def test_clicks_end_with_the_run_of_what_they_took(hands: Hands, thing: Mask) -> None:
    hands.stroke((110, 110))
    hands.until(lambda: not hands.document.mask.is_empty)
    hands.settle()
    hands.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    assert not hands.canvas.tool._is_at_it(), "their marks are no longer drawn"
    hands.stroke((20, 20), keys=ALT)
    hands.settle()
    assert hands.document.mask.is_empty, "what a click is not adds nothing of the clicks before"
