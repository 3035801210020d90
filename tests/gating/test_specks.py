"""Dots and dashes of the letters' inks in a fill are seen; the photo's own specks are not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.specks import specks_left
from inpaint_studio.imaging.mask import grow
from tests.gating.lettering import BLACK, LIGHT, ink, photo
from tests.overlays import compose

YELLOW = np.array([255, 240, 90], dtype=np.float32)


def plain(seed: int = 3) -> np.ndarray:
    """A sky: a gradient and a little noise."""
    rows, columns = np.mgrid[0:110, 0:400].astype(np.float32)
    noise = np.random.default_rng(seed).normal(size=(110, 400, 3)) * 1.5
    sky = np.stack([90 + rows / 4, 130 + rows / 6, 190 - columns / 20], axis=-1) + noise
    return np.clip(np.rint(sky), 0, 255).astype(np.uint8)


def cleaned(bare: np.ndarray, colour: np.ndarray) -> tuple[JudgeRequest, np.ndarray]:
    """The edit that took letters of a colour off wholly, and the letters."""
    letters = ink(bare.shape)
    before = compose(bare, [(letters, colour)])
    mask = grow(letters > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    return JudgeRequest(before=before, after=after, mask=mask, kind="text"), letters


def dotted(request: JudgeRequest, colour: np.ndarray, share: float) -> JudgeRequest:
    """The same with a dot of the colour, two px wide, at every fortieth px along the rim."""
    after = request.after.astype(np.float32)
    rim = request.mask & ~(cv2.erode(request.mask.astype(np.uint8), np.ones((3, 3))) > 0)
    rows, columns = np.nonzero(rim)
    for row, column in list(zip(rows, columns))[::40]:
        part = np.s_[row, column : column + 2]
        after[part] += (colour - after[part]) * np.float32(share)
    spotted = np.rint(after).astype(np.uint8)
    return JudgeRequest(before=request.before, after=spotted, mask=request.mask, kind="text")


@pytest.mark.parametrize("colour", [BLACK, LIGHT, YELLOW])
def test_dots_of_ink_on_a_sky_are_seen_where_they_lie(colour: np.ndarray):
    clean, _ = cleaned(plain(), colour)
    assert specks_left(clean).value == 0
    seen = specks_left(dotted(clean, colour, 0.35))
    assert seen.value >= 10 and seen.map is not None and seen.box is not None
    assert not (seen.map[~grow(clean.mask, 4)] > 0).any()


def test_a_dot_of_another_colour_is_none_of_the_letters():
    clean, _ = cleaned(plain(), YELLOW)
    red = np.array([220, 60, 60], dtype=np.float32)
    assert specks_left(dotted(clean, red, 0.35)).value == 0


def test_a_bit_of_an_outline_is_seen_though_it_is_not_of_the_ink():
    bare, letters = plain(), ink((110, 400))
    around = cv2.dilate(letters, np.ones((5, 5), np.uint8))
    before = compose(bare, [(around, BLACK), (letters, LIGHT)])
    mask = grow(around > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    clean = JudgeRequest(before=before, after=after, mask=mask, kind="text")
    assert specks_left(clean).value == 0
    assert specks_left(dotted(clean, BLACK, 0.4)).value >= 10


def test_specks_that_the_photo_shows_all_over_are_its_own():
    bare = plain()
    rng = np.random.default_rng(5)
    bare[rng.integers(0, 110, 500), rng.integers(0, 400, 500)] = (230, 220, 110)
    clean, _ = cleaned(bare, YELLOW)
    assert specks_left(clean).value == 0
    assert specks_left(dotted(clean, YELLOW, 0.5)).value == 0
    after = clean.after.copy()
    row, column = np.argwhere(clean.mask & np.roll(clean.mask, -11, axis=0))[40]
    after[row : row + 12, column] = YELLOW
    assert specks_left(replace(clean, after=after)).value >= 12  # longer than any of them


@pytest.mark.parametrize("name", ["grass", "gravel", "brick"])
def test_on_rough_ground_plain_ink_alone_is_seen(name: str):
    clean, _ = cleaned(photo(name), YELLOW)
    assert specks_left(clean).value == 0
    assert specks_left(dotted(clean, YELLOW, 0.8)).value >= 10


@pytest.mark.parametrize(
    ("name", "colour"),
    [("chelsea", LIGHT), ("gravel", BLACK), ("gravel", LIGHT),
     ("astronaut", LIGHT), ("coffee", BLACK)],
)  # fmt: skip
def test_the_bare_photo_shows_none(name: str, colour: np.ndarray):
    clean, _ = cleaned(photo(name), colour)
    assert specks_left(clean).value == 0


@pytest.mark.parametrize("colour", [YELLOW, np.array([230, 40, 40], dtype=np.float32)])
def test_dots_of_a_coloured_ink_are_seen_beside_a_border_that_is_far_stronger(colour: np.ndarray):
    bare = plain()
    bare[52:] = (30, 34, 30)  # a roof against the sky, all along the letters
    spotted = np.random.default_rng(2).random((110, 400)) < 0.04
    bare[spotted] = np.rint(bare[spotted] * 0.5 + 60).astype(np.uint8)
    clean, _ = cleaned(bare, colour)
    assert specks_left(clean).value == 0
    assert specks_left(dotted(clean, colour, 0.12)).value >= 40


def test_ink_that_a_mask_left_out_amid_letters_is_seen_where_the_photo_has_such_further_off():
    bare = plain()
    rng = np.random.default_rng(5)
    bare[rng.integers(0, 110, 60), rng.integers(330, 400, 60)] = LIGHT
    clean, letters = cleaned(bare, LIGHT)
    assert specks_left(clean).value == 0
    row, column = np.argwhere(letters > 0.9)[300]
    hole = np.s_[row : row + 2, column : column + 3]
    mask, after = clean.mask.copy(), clean.after.copy()
    mask[hole], after[hole] = False, 0.5 * LIGHT + 0.5 * bare[hole]
    assert specks_left(replace(clean, after=after, mask=mask)).value >= 3


def test_nothing_changed_and_everything_masked_tell_nothing():
    bare = plain()
    some, every = np.zeros(bare.shape[:2], dtype=bool), np.ones(bare.shape[:2], dtype=bool)
    some[30:60, 40:200] = True
    for mask in (some, every):
        request = JudgeRequest(before=bare, after=bare, mask=mask, kind="text")
        assert specks_left(request).value == 0


def test_what_was_brought_back_from_under_an_overlay_is_the_photo_s_own():
    spotted = dotted(cleaned(plain(), YELLOW)[0], YELLOW, 0.4)
    wide = replace(spotted, mask=grow(spotted.mask, 2))
    assert specks_left(wide).value > 0
    lifted = replace(wide, taken_off=wide.mask.astype(np.float32) * np.float32(0.5))
    assert specks_left(lifted).value == 0
