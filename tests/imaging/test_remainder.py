"""What of a masked thing stands outside its mask."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_studio.gating.scene import to_lab
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.remainder import remainder

Mask = NDArray[np.bool_]


def scene(colour: tuple[int, int, int] | None) -> tuple[NDArray[np.uint8], Mask, Mask]:
    """A ball with an ear on rough ground, without a colour the ground: (photo, ball, ear)."""
    rng = np.random.default_rng(5)
    rough = cv2.GaussianBlur(rng.normal(0, 60, (220, 240, 3)).astype(np.float32), (0, 0), 3)
    ground = np.array((96, 120, 84), np.float32) + 2.5 * rough
    ball, ear = (np.zeros((220, 240), np.uint8) for _ in range(2))
    cv2.circle(ball, (110, 110), 42, 1, -1)
    cv2.ellipse(ear, (158, 92), (22, 11), -20, 0, 360, 1, -1)
    photo = ground + rng.normal(0, 3, ground.shape)
    if colour is not None:
        thing = np.array(colour, np.float32) + rng.normal(0, 6, ground.shape)
        photo = np.where(((ball | ear) > 0)[..., None], thing, photo)
    return np.clip(photo, 0, 255).astype(np.uint8), ball > 0, ear > 0


def test_an_ear_that_the_mask_leaves_is_found_and_nothing_else() -> None:
    photo, ball, ear = scene((200, 60, 40))
    mask = grow(ball, 3)
    rest = remainder(to_lab(photo), mask)
    left = ear & ~mask
    assert (rest & left).sum() > 0.85 * left.sum()
    assert not (rest & ~grow(left, 3)).any()


def test_a_mask_that_covers_the_thing_leaves_nothing() -> None:
    photo, ball, ear = scene((200, 60, 40))
    assert not remainder(to_lab(photo), grow(ball | ear, 3)).any()


def test_what_may_not_be_looked_at_is_no_rest() -> None:
    photo, ball, ear = scene((200, 60, 40))
    mask = grow(ball, 3)
    assert not remainder(to_lab(photo), mask, ~grow(ear, 3)).any()


def test_ground_that_the_mask_lies_on_is_no_rest() -> None:
    """A mask over a red wall beside a green one: the wall goes on out of sight."""
    photo, ball, _ = scene(None)
    photo[:, :120] = (190, 70, 60)
    photo[ball] = (30, 30, 160)
    assert not remainder(to_lab(photo), grow(ball, 3)).any()


@pytest.mark.parametrize("size", [3, 60])
def test_a_photo_without_ground_around_the_mask_has_no_rest(size: int) -> None:
    lab = np.zeros((size, size, 3), np.float32)
    mask = np.ones((size, size), np.bool_)
    mask[0, 0] = False
    assert not remainder(lab, mask).any()
