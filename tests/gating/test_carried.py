"""A shadow or JPEG's traces that a mask left out are seen in the fill and beside it."""

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.carried import effect_carried
from inpaint_studio.gating.traces import traces_left
from inpaint_studio.imaging.mask import grow
from tests.gating.lettering import BLACK, LIGHT, ink, photo
from tests.overlays import as_jpeg, compose, placed, text_alpha


def filled(before: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.inpaint(before, mask.astype(np.uint8), 3, cv2.INPAINT_TELEA))


@pytest.mark.parametrize("name", ["brick", "grass", "gravel"])
@pytest.mark.parametrize(("dark", "light"), [(BLACK, LIGHT), (LIGHT, BLACK)])
def test_a_glow_that_the_fill_goes_on_from_is_seen(name: str, dark: np.ndarray, light: np.ndarray):
    bare = photo(name)
    letters = ink(bare.shape)
    glow = np.clip(cv2.GaussianBlur(letters, (0, 0), 3) * 1.6, 0, 1) * np.float32(0.7)
    before = compose(bare, [(glow, dark), (letters, light)])
    short, whole = grow(letters > 0, 1), glow > 0.02
    request = JudgeRequest(before=before, after=filled(before, short), mask=short, kind="text")
    assert effect_carried(request).value > 2
    after = before.copy()
    after[whole] = bare[whole]
    request = JudgeRequest(before=before, after=after, mask=whole, kind="text")
    assert effect_carried(request).value == 0


@pytest.mark.parametrize("is_light", [True, False])
def test_an_effect_is_seen_where_half_of_the_ground_cannot_show_it(is_light: bool):
    """A light glow shows on a cyan sky and not on its white clouds, a dark one not on black."""
    noise = np.random.default_rng(7).normal(size=(110, 400, 1)) * 0.6
    shows, hides = ((150, 225, 255), (255, 255, 255)) if is_light else ((60, 95, 70), (4, 4, 4))
    cloud = (np.arange(400) // 50 % 2 == 0)[None, :, None]
    bare = np.clip(np.where(cloud, hides, shows) + noise, 0, 255).astype(np.uint8)
    letters = ink(bare.shape)
    glow = np.clip(cv2.GaussianBlur(letters, (0, 0), 3) * 1.6, 0, 1) * np.float32(0.7)
    ink_colour, other = (BLACK, LIGHT) if is_light else (LIGHT, BLACK)
    before = compose(bare, [(glow, other), (letters, ink_colour)])
    short, whole = grow(letters > 0, 1), glow > 0.005
    request = JudgeRequest(before=before, after=filled(before, short), mask=short, kind="text")
    assert effect_carried(request).value > 2
    after = before.copy()
    after[whole] = bare[whole]
    request = JudgeRequest(before=before, after=after, mask=whole, kind="text")
    assert effect_carried(request).value == 0


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "astronaut", "coffee", "chelsea"])
def test_the_bare_photo_carries_nothing(name: str):
    bare = photo(name)
    letters = ink(bare.shape)
    before = compose(bare, [(letters, LIGHT)])
    request = JudgeRequest(before=before, after=bare, mask=grow(letters > 0, 1), kind="text")
    assert effect_carried(request).value == 0
    assert traces_left(request).value == 0


def plain() -> np.ndarray:
    rows, columns = np.mgrid[0:160, 0:420].astype(np.float32)
    noise = np.random.default_rng(3).normal(size=(160, 420, 3)) * 0.8
    ground = np.stack([120 + rows / 6, 150 - columns / 20, 170 + rows / 9], axis=-1) + noise
    return np.clip(np.rint(ground), 0, 255).astype(np.uint8)


def test_traces_of_a_jpeg_are_seen_beside_a_tight_mask_alone():
    bare = plain()
    letters = placed(text_alpha("Limited Edition", None, 40), bare.shape, 30, 60)
    before = as_jpeg(compose(bare, [(letters, BLACK)]), 75)
    tight, wide = grow(letters > 0, 1), grow(letters > 0, 16)
    for mask, is_seen in ((tight, True), (wide, False)):
        after = before.copy()
        after[mask] = as_jpeg(bare, 75)[mask]
        request = JudgeRequest(before=before, after=after, mask=mask, kind="text")
        measured = traces_left(request)
        assert (measured.value > 0) == is_seen
        if is_seen:
            assert measured.map is not None and not (mask & (measured.map > 0)).any()


def test_letters_that_came_after_the_jpeg_left_no_traces():
    bare = as_jpeg(plain(), 75)
    letters = placed(text_alpha("Limited Edition", None, 40), bare.shape, 30, 60)
    before = compose(bare, [(letters, BLACK)])
    mask = grow(letters > 0, 1)
    request = JudgeRequest(before=before, after=filled(before, mask), mask=mask, kind="text")
    assert traces_left(request).value == 0
