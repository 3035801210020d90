"""Copied pixels joined by their gradients: light steps vanish, borders of things stay sharp."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.engines import patch_join
from inpaint_studio.engines.patch_join import join, softened
from inpaint_studio.engines.patch_levels import make_level, with_texture
from inpaint_studio.jobs.token import RunToken

SIDE = 96
HOLE = np.s_[36:60, 36:60]
MIDDLE = 48


def joined(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """Fill HOLE of `picture` (H, W) with what lies (down, right) away; return one channel."""
    hole = np.zeros((SIDE, SIDE), bool)
    hole[HOLE] = True
    image = np.repeat(picture[..., None], 3, axis=-1).astype(np.float32)
    image[hole] = 0
    level = make_level(with_texture(image, hole), hole, ~hole, scale=1)
    at = level.holes + np.array([down, right], np.int32)
    return join(level, at, RunToken())[..., 1]


def ground(*, beyond: float) -> np.ndarray:
    """Sixty everywhere, `beyond` in the columns that are copied from."""
    picture = np.full((SIDE, SIDE), 60.0)
    picture[:, 64:] = beyond
    return picture


def test_a_small_step_of_light_vanishes() -> None:
    filled = joined(ground(beyond=68.0), 0, 30)
    assert np.abs(np.diff(filled[MIDDLE, 34:62])).max() < 3


def test_light_that_was_copied_is_gone_deep_in_the_hole_too() -> None:
    """Up to version 13 it came back after 7 px: plain ground was blotched."""
    filled = joined(ground(beyond=68.0), 0, 30)
    assert np.abs(filled[HOLE] - 60).max() < 2


@pytest.mark.parametrize("beyond", [140.0, 220.0])
def test_the_border_of_two_things_stays_one_step(beyond: float) -> None:
    filled = joined(ground(beyond=beyond), 0, 30)
    assert abs(filled[MIDDLE, 35] - 60) < 1
    assert filled[MIDDLE, 36] - 60 > 0.85 * (beyond - 60)


def test_what_is_continued_stays_as_it_was_copied() -> None:
    picture = np.zeros((SIDE, SIDE))
    picture[:, MIDDLE:] = 150.0
    filled = joined(picture, -30, 0)
    assert np.allclose(filled[HOLE], picture[HOLE], atol=0.5)


def test_known_pixels_stay_as_they_were() -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    filled = joined(picture, 0, -30)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[HOLE] = True
    assert np.array_equal(filled[~hole], picture[~hole])


def test_strips_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(2).uniform(0, 255, (SIDE, SIDE)).astype(np.float32)
    whole = joined(picture, 0, -30)
    monkeypatch.setattr(patch_join, "_STRIP", 5)
    assert np.allclose(joined(picture, 0, -30), whole, atol=1e-2)


def test_nothing_of_a_thing_that_the_hole_cuts_bleeds_into_the_ground() -> None:
    """Up to version 14 a tenth of a large step did: spread over 32 px, a haze."""
    picture = np.full((SIDE, SIDE), 60.0)
    picture[36:60, :36] = 160.0
    filled = joined(picture, 30, 0)
    assert np.abs(filled[HOLE] - 60).max() < 2


def test_seams_are_softened_and_grain_stays_as_copied() -> None:
    rng = np.random.default_rng(4)
    hole = np.zeros((SIDE, SIDE), bool)
    hole[HOLE] = True
    image = rng.normal(120, 4, (SIDE, SIDE, 3)).astype(np.float32)
    level = make_level(with_texture(image, hole), hole, ~hole, scale=1)
    copied = level.at(level.holes)
    voted = copied.copy()
    seam = level.holes[:, 1] == MIDDLE
    voted[seam] += 90
    voted[~seam] += 4
    level.put(level.holes, voted)
    change = softened(image.copy(), level, copied)[HOLE] - image[HOLE]
    assert np.allclose(np.delete(change, MIDDLE - 36, axis=1), 0, atol=0.5), "grain"
    assert change[:, MIDDLE - 36].min() > 80
