"""The text engine: fills every letter, from nothing that is a letter."""

from __future__ import annotations

import cv2
import numpy as np
from skimage import data

from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.text import TextEngine
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions


def _request(crop: np.ndarray, mask: np.ndarray) -> FillRequest:
    recipe = TextEngine().recipe(RunOptions(), mask)
    return FillRequest(
        linear=to_linear(crop), mask=mask, ring=ring(mask, 2), recipe=recipe, threads=1
    )


def _bars(shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    for left in range(20, shape[1] - 20, 12):
        mask[40:60, left : left + 4] = True
    return mask


def test_what_lies_under_the_letters_decides_nothing() -> None:
    crop = np.ascontiguousarray(data.coffee()[250:370, 20:200])
    mask = _bars(crop.shape[:2])
    painted = crop.copy()
    painted[mask] = (255, 0, 255)
    engine = TextEngine()
    one = engine.fill(_request(crop, mask), RunToken()).linear
    two = engine.fill(_request(painted, mask), RunToken()).linear
    assert np.array_equal(one[mask], two[mask])


def test_plain_ground_goes_to_flat_and_texture_to_patch() -> None:
    crop = np.full((100, 400, 3), 180, dtype=np.uint8)
    texture = data.grass()[:100, :200]
    crop[:, 200:] = texture[..., None]
    mask = np.zeros(crop.shape[:2], dtype=bool)
    mask[40:60, 40:46] = True
    mask[40:60, 320:326] = True
    fill = TextEngine().fill(_request(crop, mask), RunToken())
    check_fill(fill, _request(crop, mask))
    assert set(np.unique(fill.maps["engine"][:, :200])) == {0.0, 1.0}
    assert set(np.unique(fill.maps["engine"][:, 200:])) == {0.0, 2.0}


def test_grain_does_not_make_a_slope_textured() -> None:
    y, x = np.mgrid[:100, :300]
    grain = np.random.default_rng(0).normal(0, 4, (100, 300))
    crop = np.rint(90 + 0.3 * x + 0.2 * y + grain)[..., None].repeat(3, 2).astype(np.uint8)
    mask = _bars((100, 300))
    fill = TextEngine().fill(_request(crop, mask), RunToken())
    assert set(np.unique(fill.maps["engine"])) == {0.0, 1.0}


def test_a_word_on_plain_ground_gets_that_grounds_grain_whatever_other_words_lie_on() -> None:
    rng = np.random.default_rng(0)
    crop = np.rint(rng.normal(128, 1, (100, 400, 1))).repeat(3, 2).astype(np.uint8)
    crop[:, 200:] = rng.integers(0, 256, (100, 200, 1), dtype=np.uint8)
    mask = _bars((100, 400))
    mask[:, 180:220] = False
    engine, request = TextEngine(), _request(crop, mask)
    fill = engine.fill(request, RunToken())
    plain = mask & (fill.maps["engine"] == 1)
    assert plain[:, :180].sum() == mask[:, :180].sum()
    values = from_linear(fill.linear, np.dtype(np.uint8))[plain]
    assert 0.5 < values.std() < 2


def test_a_word_on_plain_ground_gets_no_grain_of_what_lies_further_off() -> None:
    rng = np.random.default_rng(0)
    levels = rng.normal(128, 1, (120, 260))
    cloud = cv2.GaussianBlur(rng.normal(0, 1, levels.shape), (0, 0), 3)
    levels[40:] = (150 + cloud * 90 / cloud.std()).clip(0, 255)[40:]
    crop = np.rint(levels)[..., None].repeat(3, 2).astype(np.uint8)
    mask = np.zeros(levels.shape, dtype=bool)
    mask[:14] = _bars(levels.shape)[40:54]
    fill = TextEngine().fill(_request(crop, mask), RunToken())
    assert (fill.maps["engine"][mask] == 1).all()
    assert from_linear(fill.linear, np.dtype(np.uint8))[mask].std() < 2


def test_nothing_changes_outside_mask_and_ring() -> None:
    crop = np.ascontiguousarray(data.chelsea()[100:220, 100:300])
    mask = _bars(crop.shape[:2])
    request = _request(crop, mask)
    fill = TextEngine().fill(request, RunToken())
    outside = ~(request.mask | request.ring)
    assert np.array_equal(fill.linear[outside], request.linear[outside])
