"""Thin strokes of one ink: letters with soft edges, too; not the gaps of a texture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.planted import plant
from inpaint_studio.gating.readings.strokes import thin_strokes
from inpaint_studio.gating.readings.zones import letter_strokes
from inpaint_studio.gating.scene import Rgb8, Scene, make_scene


def scene(perfect: JudgeRequest, after: Rgb8) -> Scene:
    return make_scene(JudgeRequest(before=perfect.before, after=after, mask=perfect.mask))


def word(after: Rgb8, ink: float, *, soft: float, uneven: float = 0.0) -> Rgb8:
    """Four upright strokes in a row, 2 px thick, whose edges spread over a few px."""
    cover = np.zeros(after.shape[:2], dtype=np.float32)
    for left in (88, 95, 102, 109):
        cover[74:86, left : left + 2] = 1
    if soft:
        cover = cv2.GaussianBlur(cover, (0, 0), soft)
        cover /= cover.max()
    colour = ink + uneven * np.random.default_rng(0).normal(0, 1, after.shape)
    mixed = after + cover[..., None] * (colour - after)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("ink", [10.0, 245.0])
def test_soft_strokes_are_found_counted_and_placed(perfect: JudgeRequest, ink: float) -> None:
    clean = thin_strokes(scene(perfect, perfect.after))
    sight = scene(perfect, word(perfect.after, ink, soft=0.8))
    found = thin_strokes(sight)
    assert found.value > clean.value + 1 and found.also["thin_beyond"] > 1
    assert found.also["thin_count"] == 4
    assert found.box is not None and found.map is not None
    place = sight.to_request(found.box)
    assert place.left >= 84 and place.right <= 116 and place.top >= 70 and place.bottom <= 90


def test_edges_too_soft_for_zones_still_show_strokes(perfect: JudgeRequest) -> None:
    planted = plant(perfect.before, perfect.after, perfect.mask, "letters", smooth=True).after
    sight, ground = scene(perfect, planted), scene(perfect, perfect.after)
    gain = thin_strokes(sight).value - thin_strokes(ground).value
    assert gain > max(1.0, letter_strokes(sight).value - letter_strokes(ground).value)


def test_uneven_ink_counts_less(perfect: JudgeRequest) -> None:
    even, uneven = (
        thin_strokes(scene(perfect, word(perfect.after, 30.0, soft=0.0, uneven=by)))
        for by in (0.0, 25.0)
    )
    assert uneven.value < even.value and uneven.also["thin_spread"] > even.also["thin_spread"]


def test_strokes_across_the_edge_of_the_hole_are_not_the_fills(perfect: JudgeRequest) -> None:
    long = perfect.after.copy()
    long[:, 88:110:7] = 10
    assert thin_strokes(scene(perfect, long)).also["thin_count"] == 0


def test_a_hole_without_room_tells_nothing() -> None:
    ground = np.full((40, 40, 3), 90, dtype=np.uint8)
    mask = np.zeros((40, 40), dtype=bool)
    mask[20, 20] = True
    found = thin_strokes(make_scene(JudgeRequest(before=ground, after=ground, mask=mask)))
    assert found.map is None and found.value == 2 and found.also["thin_wide_area"] == 0
