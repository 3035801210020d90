"""A mask that cuts through a thing gets a pin on the rest of it, while it is being painted."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import Qt

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from tests.imaging.test_remainder import scene
from tests.ui.conftest import Hands


def test_the_rest_is_pinned_kept_by_key_and_forgotten_with_the_mask(
    hands: Hands, tmp_path: Path
) -> None:
    photo, ball, ear = scene((200, 60, 40))
    path = tmp_path / "thing.png"
    Image.fromarray(photo).save(path)
    hands.open(path)
    pins, mask = hands.workspace.pins, hands.document.mask
    hands.editor.put_mask("Ball", Box.of_shape(ball.shape), grow(ball, 3), "add")
    hands.until(lambda: len(pins.items) == 1)
    assert pins.items[0].record.text == "rest" and pins.items[0].record.box.left > 140
    hands.editor.undo()
    assert pins.items == []
    hands.editor.redo()
    hands.until(lambda: len(pins.items) == 1)
    hands.key(Qt.Key.Key_N)
    hands.key(Qt.Key.Key_Space)
    assert pins.items == [] and (mask.mask & ear).sum() > 0.9 * ear.sum()
    hands.settle()


def test_letters_leave_no_rest(hands: Hands, tmp_path: Path) -> None:
    photo, ball, _ = scene((200, 60, 40))
    path = tmp_path / "thing.png"
    Image.fromarray(photo).save(path)
    hands.open(path)
    hands.editor.kind = "text"
    hands.editor.put_mask("Ball", Box.of_shape(ball.shape), grow(ball, 3), "add")
    assert not hands.workspace.rests.is_looking
