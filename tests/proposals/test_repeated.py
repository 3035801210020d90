"""A faint spot at one place in several photos is believed; chance, lines and one scene are not."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from inpaint_studio.imaging.color import as_unit
from inpaint_studio.proposals.base import proposal
from inpaint_studio.proposals.repeated import Place, find_places, light_of, merged

SHAPE = (240, 320)
AT, RADIUS = (200, 70), 9.0


def scenes(count: int, seed: int = 0) -> list[np.ndarray]:
    """Photos with forms of their own, each calmer or busier than the others."""
    made = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        wide = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 14) * 500
        fine = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 1.2)
        plane = 140 + wide + fine * (3 + 4 * (number % 3))
        made.append(np.clip(plane, 5, 250)[..., None].repeat(3, 2).astype(np.uint8))
    return made


def spotted(photos: list[np.ndarray], share: float = 0.12) -> list[np.ndarray]:
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    cover = 1 / (1 + np.exp(np.clip((np.hypot(x - AT[0], y - AT[1]) / RADIUS - 1) / 0.1, -30, 30)))
    return [np.rint(p * (1 - share * cover)[..., None]).astype(np.uint8) for p in photos]


def found(photos: list[np.ndarray]) -> list[Place]:
    return find_places([partial(as_unit, photo) for photo in photos])


def test_the_spot_is_found_at_its_place_and_said_in_how_many_photos() -> None:
    photos = spotted(scenes(7))
    (place,) = found(photos)
    assert np.hypot(place.x - AT[0], place.y - AT[1]) < 2
    assert RADIUS <= place.radius_px <= 1.8 * RADIUS
    assert place.photos == 7 and place.seen >= 3
    item = merged(light_of(as_unit(photos[0])), [place], [])[0]
    assert item.record.automatic and item.record.confidence >= 0.8
    assert f"seen at the same place in {place.seen} of 7 photos" in item.record.reason
    assert item.full_mask(SHAPE)[AT[1], AT[0]]


def test_bare_photos_two_photos_and_one_scene_give_none() -> None:
    assert found(scenes(7, seed=5)) == []
    assert found(spotted(scenes(2))) == []
    same = scenes(1)[0]
    noisy = [
        np.clip(same + np.random.default_rng(n).normal(0, 2, same.shape), 0, 255) for n in range(6)
    ]
    assert found(spotted([photo.astype(np.uint8) for photo in noisy], share=0.2)) == []


def test_a_line_at_one_place_in_all_photos_is_no_spot() -> None:
    photos = scenes(6)
    for photo in photos:
        photo[100:103] = (photo[100:103] * 0.8).astype(np.uint8)
    assert found(photos) == []


def test_photos_of_two_sizes_are_not_compared() -> None:
    photos = spotted(scenes(5))
    assert found([*photos, photos[0][:-10]]) == []


@pytest.mark.parametrize("shows", [True, False])
def test_a_photo_that_does_not_show_the_spot_is_left_alone(shows: bool) -> None:
    photos = spotted(scenes(7))
    (place,) = found(photos)
    bare = scenes(7)[1]
    mask = np.zeros(SHAPE, dtype=bool)
    mask[AT[1] - 5 : AT[1] + 5, AT[0] - 5 : AT[0] + 5] = True
    alone = proposal(mask, kind="blemish", confidence=0.5, reason="a spot")
    elsewhere = proposal(
        np.roll(mask, 100, axis=0), kind="blemish", confidence=0.5, reason="a spot"
    )
    assert alone is not None and elsewhere is not None
    photo = photos[1] if shows else bare
    items = merged(light_of(as_unit(photo)), [place], [alone, elsewhere])
    assert (alone in items) is not shows
    assert elsewhere in items and len(items) == 2
