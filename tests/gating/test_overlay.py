"""A glow or shadow that a too small mask left beside the letters is seen, a bare photo is not."""

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.overlay import _Cells, _shown_change, overlay_left
from inpaint_studio.imaging.mask import grow
from tests.gating.lettering import BLACK, LIGHT, ink, photo
from tests.overlays import as_jpeg, compose


def judged(name: str, effect: np.ndarray, *, taken_along: bool) -> JudgeRequest:
    """Letters taken off `name`, with their effect (H, W) or without."""
    bare = photo(name)
    letters = ink(bare.shape)
    before = compose(bare, [(effect, BLACK), (letters, LIGHT)])
    mask = grow(letters > 0, 1)
    if taken_along:
        mask |= effect > 0.02
    after = before.copy()
    after[mask] = bare[mask]
    return JudgeRequest(before=before, after=after, mask=mask, kind="text")


def glow(shape: tuple[int, ...]) -> np.ndarray:
    return np.clip(cv2.GaussianBlur(ink(shape), (0, 0), 3) * 1.6, 0, 1) * np.float32(0.7)


def shadow(shape: tuple[int, ...]) -> np.ndarray:
    return np.roll(cv2.GaussianBlur(ink(shape), (0, 0), 1.5), (3, 3), (0, 1)) * np.float32(0.8)


@pytest.mark.parametrize(
    ("name", "effect"), [("brick", glow), ("grass", glow), ("brick", shadow), ("gravel", shadow)]
)
def test_an_effect_left_behind_is_seen_beside_the_mask(name: str, effect):
    request = judged(name, effect(photo(name).shape), taken_along=False)
    measured = overlay_left(request)
    assert measured.value > 4 and measured.map is not None
    assert not (request.mask & (measured.map > 0)).any()


@pytest.mark.parametrize("dark", [False, True])
def test_a_glow_is_seen_though_most_of_the_line_lies_on_black(dark: bool):
    bare = photo("brick")
    bare[:, 140:] = bare[:, 140:] // 24
    effect = glow(bare.shape)
    letters = ink(bare.shape)
    layers = [(letters, LIGHT)]
    before = compose(bare, [(effect, BLACK), *layers] if dark else layers)
    mask = grow(letters > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    request = JudgeRequest(before=before, after=after, mask=mask, kind="text")
    assert (overlay_left(request).value > 0) == dark


@pytest.mark.parametrize(("strong", "even", "seen"), [(1.0, True, True), (0.4, True, False),
                                                      (1.0, False, False)])  # fmt: skip
def test_an_outline_beyond_doubt_is_seen_on_ground_that_is_not_even(
    strong: float, even: bool, seen: bool
):
    ground = np.tile([70.0, 10.0, 20.0], (9, 1))
    change = strong * 0.35 * ground
    change[0] *= 1.0 if even else -1.0
    cells = _Cells(change, 0.28 * change.mean(axis=0) * np.ones((9, 1)), ground)
    assert (_shown_change(cells, np.ones(9), is_dark=True) > 0) == seen


@pytest.mark.parametrize("effect", [glow, shadow])
@pytest.mark.parametrize("name", ["brick", "gravel", "grass", "coffee", "rocket", "chelsea"])
def test_nothing_is_seen_where_it_was_taken_along(name: str, effect):
    request = judged(name, effect(photo(name).shape), taken_along=True)
    assert overlay_left(request).value == 0


@pytest.mark.parametrize(("quality", "rough"), [(0, 0.5), (75, 0.5), (75, 14.0)])
def test_a_jpegs_ringing_is_seen_on_plain_ground(quality: int, rough: float):
    shape = (110, 400)
    noise = np.random.default_rng(3).normal(size=(*shape, 1)) * rough
    bare = np.clip(150 + noise + np.zeros((*shape, 3)), 0, 255).astype(np.uint8)
    letters = ink(shape)
    before = compose(bare, [(letters, BLACK)])
    if quality:
        before, bare = as_jpeg(before, quality), as_jpeg(bare, quality)
    mask = grow(letters > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    found = overlay_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert (found.value > 0) == (quality > 0 and rough < 2)
    far = mask | (found.map > 0) if found.map is not None else mask
    after = np.where(grow(far, 1)[..., None], bare, before)
    again = overlay_left(JudgeRequest(before=before, after=after, mask=far, kind="text"))
    assert again.value == 0
