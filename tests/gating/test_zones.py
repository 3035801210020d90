"""Zones that hard steps enclose: a shaded thing, letters; not shading, grain or soft edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.planted import LEGIBLE_PX, legible_px, plant
from inpaint_studio.gating.readings.zones import enclosed, letter_strokes
from inpaint_studio.gating.scene import Rgb8, Scene, make_scene
from inpaint_studio.geometry import Box


def scene(perfect: JudgeRequest, after: Rgb8) -> Scene:
    return make_scene(JudgeRequest(before=perfect.before, after=after, mask=perfect.mask))


def with_disc(after: Rgb8, *, soft: float = 0.0) -> Rgb8:
    """A disc shaded from darker than the ground to lighter: no cut by light can part it."""
    rows, columns = np.mgrid[: after.shape[0], : after.shape[1]]
    inside = (np.hypot(rows - 80, columns - 100) <= 12).astype(np.float32)
    if soft:
        inside = cv2.GaussianBlur(inside, (0, 0), soft)
    shade = 120 + 5.0 * (columns - 100)[..., None] * np.array([1, 1, 1]) + np.array([20, -20, 0])
    mixed = after + inside[..., None] * (shade - after)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def test_a_shaded_thing_on_ground_of_its_own_light_is_enclosed(perfect: JudgeRequest) -> None:
    clean = enclosed(scene(perfect, perfect.after))
    found = enclosed(scene(perfect, with_disc(perfect.after)))
    assert found.value > 2 * clean.value
    assert found.also["enclosed_large"] > clean.also["enclosed_large"]
    assert 8 < found.also["enclosed_area"] < 9.2
    assert found.box is not None and found.map is not None
    moved = scene(perfect, perfect.after).box
    centre = found.box.shift(moved.left, moved.top).center
    assert np.hypot(centre[0] - 100, centre[1] - 80) < 3


def test_a_thing_that_fades_into_its_ground_is_not_enclosed(perfect: JudgeRequest) -> None:
    soft = enclosed(scene(perfect, with_disc(perfect.after, soft=3.0)))
    assert soft.also["enclosed_large"] <= 1.5


def test_letters_are_strokes_of_one_colour_and_stand_where_they_are(perfect: JudgeRequest) -> None:
    planted = plant(perfect.before, perfect.after, perfect.mask, "letters")
    clean = letter_strokes(scene(perfect, perfect.after))
    sight = scene(perfect, planted.after)
    found = letter_strokes(sight)
    assert found.value > clean.value + 2
    assert found.also["strokes_count"] >= 3 > clean.also["strokes_count"]
    assert found.box is not None
    place = sight.to_request(found.box)
    assert place.overlaps(planted.box) and place.area < 4 * planted.box.area


def test_grain_of_one_colour_is_no_word(perfect: JudgeRequest) -> None:
    specks = perfect.after.copy()
    specks[::9, ::9] = 255
    assert letter_strokes(scene(perfect, specks)).also["strokes_count"] == 0


def test_a_hole_without_room_tells_nothing() -> None:
    ground = np.full((40, 40, 3), 90, dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=bool)
    mask[20, 20] = True
    view = make_scene(JudgeRequest(before=ground, after=ground, mask=mask))
    assert enclosed(view).value == 0 and letter_strokes(view).map is None
    assert set(enclosed(view).also) > {"enclosed_small", "enclosed_new"}


@pytest.mark.parametrize("fault", ["letters", "pasted"])
def test_what_a_hair_leaves_of_a_planted_thing_is_not_counted(
    perfect: JudgeRequest, fault: str
) -> None:
    hair = np.zeros_like(perfect.mask)
    hair[80, 70:130] = True
    planted = plant(perfect.before, perfect.after, hair, fault)
    assert legible_px(perfect.after, planted.after, hair) < LEGIBLE_PX
    assert not planted.visible
    whole = plant(perfect.before, perfect.after, perfect.mask, fault)
    assert whole.visible and legible_px(perfect.after, whole.after, perfect.mask) >= LEGIBLE_PX
    assert Box.of_mask(perfect.mask).overlaps(whole.box)


@pytest.mark.parametrize("fault", ["letters", "pasted"])
def test_a_planted_thing_can_have_a_smooth_edge(perfect: JudgeRequest, fault: str) -> None:
    hard, smooth = (
        plant(perfect.before, perfect.after, perfect.mask, fault, smooth=smooth).after
        for smooth in (False, True)
    )
    assert not (hard != smooth).any(axis=2)[~perfect.mask].any()
    hard_part, smooth_part = (
        int(((away > 10) & (away < 0.6 * away.max())).sum())
        for away in (np.abs(p.astype(int) - perfect.after).max(axis=2) for p in (hard, smooth))
    )
    assert smooth_part > hard_part


def test_what_two_readings_need_is_made_once(perfect: JudgeRequest) -> None:
    sight, asked = scene(perfect, perfect.after), []
    for _ in range(2):
        assert sight.once("x", lambda: asked.append(1) or len(asked)) == 1
    assert asked == [1]
