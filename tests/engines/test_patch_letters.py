"""Letters are told from strokes, and filled from the best start of each place."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines import patch_begin, patch_manner
from inpaint_studio.engines.patch import PatchEngine, asked, manner_of
from inpaint_studio.engines.patch_letters import best_by_place, is_lettered, is_open
from inpaint_studio.engines.patch_levels import Level, make_level, with_texture
from inpaint_studio.records import RunOptions, Scalar
from tests.engines.patch_fill import fill

SHAPE = (180, 320)


def word(thickness: int = 6, scale: float = 1.6) -> MaskBool:
    drawn = np.zeros(SHAPE, np.uint8)
    cv2.putText(drawn, "SALE now", (14, 100), cv2.FONT_HERSHEY_SIMPLEX, scale, 1, thickness)
    return drawn > 0


def strokes() -> dict[str, MaskBool]:
    drawn = {name: np.zeros(SHAPE, np.uint8) for name in ("straight", "bent", "two", "disc", "box")}
    cv2.line(drawn["straight"], (20, 60), (290, 100), 1, 18)
    bent = np.array([[30, 30], [120, 130], [200, 40], [290, 140]], np.int32)
    cv2.polylines(drawn["bent"], [bent], False, 1, 20)
    cv2.line(drawn["two"], (20, 40), (150, 150), 1, 12)
    cv2.line(drawn["two"], (160, 150), (300, 30), 1, 24)
    cv2.circle(drawn["disc"], (160, 90), 18, 1, -1)
    cv2.rectangle(drawn["box"], (60, 60), (200, 90), 1, -1)
    return {name: mask > 0 for name, mask in drawn.items()}


def ground(seed: int) -> Linear:
    """Return posts before a lit sky over a dark floor, with grain, linear light."""
    rng = np.random.default_rng(seed)
    image = np.full((*SHAPE, 3), (0.45, 0.55, 0.7), np.float32)
    image[95:] = (0.12, 0.1, 0.06)
    for x in range(24, 320, 56):
        cv2.rectangle(image, (x, 40), (x + 12, 140), (0.35, 0.12, 0.05), -1)
    return np.clip(image + rng.normal(0, 0.02, image.shape), 0, 1).astype(np.float32)


@pytest.mark.parametrize("thickness", [3, 6, 9])
def test_a_word_is_letters(thickness: int) -> None:
    mask = word(thickness)
    assert is_lettered(mask)
    assert is_lettered(np.ascontiguousarray(mask.T))
    assert is_lettered(np.pad(mask, 50)), "it does not depend on how much was cut out"


def test_ground_lies_amid_letters_that_stand_apart() -> None:
    close = np.zeros(SHAPE, bool)
    close[60:90, 20:300] = True
    close[60:64, 30:300:20] = False  # A word whose letters have grown together.
    assert is_open(word(6)) and is_open(np.pad(word(6), 50))
    assert not is_open(close)


@pytest.mark.parametrize("name", strokes())
def test_a_stroke_is_no_letters(name: str) -> None:
    assert not is_lettered(strokes()[name])


def test_nothing_and_everything_are_no_letters() -> None:
    assert not is_lettered(np.zeros(SHAPE, bool))
    assert not is_lettered(np.ones(SHAPE, bool))


def test_letters_alone_get_a_layout_as_one_more_start() -> None:
    def manner(mask: MaskBool, **parameters: Scalar) -> patch_manner.Manner:
        recipe = PatchEngine().recipe(RunOptions(parameters=parameters), mask)
        return manner_of(asked(recipe), mask)

    assert manner(word()) == patch_manner.LETTERED
    assert manner(strokes()["bent"]) == patch_manner.SETTLED
    assert manner(word(), part=0) == replace(patch_manner.LETTERED, partly=False)
    for earlier in ({"letters": 0}, {"scene": 0}, {"turned": "all"}):
        assert manner(word(), **earlier) == patch_manner.SETTLED
    assert not manner(word(), starts=3).lettered and not manner(word(), grown=True).lettered


def test_strokes_keep_their_pixels_and_letters_do_not() -> None:
    image = ground(0)
    stroke = strokes()["bent"]
    assert np.array_equal(fill(image, stroke), fill(image, stroke, letters=0))
    assert np.array_equal(fill(image, word(), letters=0), fill(image, word(), scene=0))
    assert not np.array_equal(fill(image, word()), fill(image, word(), letters=0))


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads() -> None:
    image = ground(1)
    first = fill(image, word(9))
    assert np.array_equal(first, fill(image, word(9), threads=2))
    assert np.array_equal(first[~word(9)], image[~word(9)])


def test_without_a_layout_letters_are_filled_from_first_guesses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image, mask = ground(2), word()
    monkeypatch.setattr(patch_begin.Scene, "around", lambda *_, **__: None)
    made = fill(image, mask)
    assert np.array_equal(made[~mask], image[~mask])
    assert np.abs(made - image)[mask].mean() < 0.1


@pytest.mark.parametrize("most", [50, 300])
def test_starts_of_many_letters_are_compared_where_all_of_them_are(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Coarser than letters are laid out otherwise: a caption of 230,000 px ended in an error."""
    image, mask = ground(4), word(9)
    monkeypatch.setattr(patch_begin, "_START_TARGETS", most)
    made = fill(image, mask)
    assert np.array_equal(made[~mask], image[~mask])
    assert np.abs(made - image)[mask].mean() < 0.1


def test_too_large_for_the_time_letters_are_filled_as_before() -> None:
    image = ground(3)
    assert np.array_equal(
        fill(image, word(), rest_levels=1), fill(image, word(), rest_levels=1, letters=0)
    )


def levels(count: int) -> list[Level]:
    image = np.zeros((40, 90, 3), np.float32)
    hole = np.zeros((40, 90), bool)
    hole[15:25, 10:80] = True
    made = []
    for number in range(count):
        level = make_level(with_texture(image, hole), hole.copy(), ~hole, scale=2)
        level.found[:] = (number, number)
        level.cost[:] = 100
        made.append(level)
    return made


def test_every_place_keeps_the_start_that_fits_best_around_it() -> None:
    first, second, third = levels(3)
    x = first.targets[:, 1]
    second.cost[x >= 50] = 10
    third.cost[x < 20] = 10
    third.cost[(x > 24) & (x < 46)] = 130
    third.cost[(x == 35) & (first.targets[:, 0] == 20)] = 90
    found = best_by_place([first, second, third]).found[:, 0]
    assert (found[x > 54] == 1).all() and (found[x < 16] == 2).all()
    assert (found[(x > 28) & (x < 42)] == 0).all(), "one match that fits is not a place"
