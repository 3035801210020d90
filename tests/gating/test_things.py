"""The likeliest candidate of a fill to be a thing that was put there."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.planted import plant
from inpaint_studio.gating.readings import things
from inpaint_studio.gating.scene import Scene, make_scene


def scene_with(fault: str, *, smooth: bool = True, half: int = 20) -> tuple[Scene, object]:
    rng = np.random.default_rng(4)
    rows = np.linspace(60, 150, 160)[:, None, None]
    photo = np.clip(rows + rng.normal(0, 9, (160, 160, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((160, 160), dtype=bool)
    mask[80 - half : 80 + half, 80 - half : 80 + half] = True
    after, box = photo, None
    if fault:
        made = plant(photo, photo, mask, fault, smooth=smooth)
        after, box = made.after, made.box
    return make_scene(JudgeRequest(before=photo, after=after, mask=mask)), box


@pytest.mark.parametrize("smooth", [False, True])
def test_a_ball_on_grain_is_the_likeliest_thing_and_placed(smooth: bool) -> None:
    clean, _ = scene_with("")
    ball, box = scene_with("pasted", smooth=smooth)
    usual, found = things.lone_thing(clean), things.lone_thing(ball)
    assert found.value > usual.value + 3 and found.value > 0
    assert found.box is not None
    at = ball.to_request(found.box)
    assert at.overlaps(box) and at.area < 2.5 * box.area  # type: ignore[attr-defined,arg-type]
    assert found.also["thing_area"] > 8 and found.also["thing_strict"] < found.value


def test_a_hole_with_nothing_in_it_has_all_the_numbers() -> None:
    flat = np.full((64, 64, 3), 90, dtype=np.uint8)
    mask = np.zeros((64, 64), dtype=bool)
    mask[20:44, 20:44] = True
    found = things.lone_thing(make_scene(JudgeRequest(before=flat, after=flat, mask=mask)))
    assert found.value == things.NOTHING and found.box is None
    assert set(found.also) == set(things.ALSO)


def test_a_large_hole_is_looked_at_at_half_the_size() -> None:
    rng = np.random.default_rng(4)
    photo = np.clip(110 + rng.normal(0, 9, (400, 400, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((400, 400), dtype=bool)
    mask[80:320, 80:320] = True
    made = plant(photo, photo, mask, "pasted", smooth=True)
    scene = make_scene(JudgeRequest(before=photo, after=made.after, mask=mask))
    found = things.lone_thing(scene)
    assert found.value > 0 and found.box is not None
    assert found.map is not None and found.map.shape == scene.mask.shape
    assert scene.to_request(found.box).overlaps(made.box)
