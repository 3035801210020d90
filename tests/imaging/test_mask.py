"""Masks: what is refused, how they grow, and that regions cover every pixel exactly once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inpaint_studio.errors import BadMask, ShapeMismatch
from inpaint_studio.geometry import Box
from inpaint_studio.imaging import mask as masks


def _square(size: int = 40, at: slice = slice(10, 20)) -> NDArray[np.bool_]:
    mask = np.zeros((size, size), dtype=bool)
    mask[at, at] = True
    return mask


def test_refusals_are_sentences() -> None:
    with pytest.raises(ShapeMismatch, match="40 × 40 px but the photo is 50 × 30"):
        masks.validate(_square(), (30, 50, 3))
    with pytest.raises(BadMask, match="empty"):
        masks.validate(np.zeros((4, 4), bool), (4, 4))
    with pytest.raises(BadMask, match="whole photo"):
        masks.validate(np.ones((4, 4), bool), (4, 4))
    with pytest.raises(BadMask, match="NaN"):
        masks.validate(np.full((4, 4), np.nan), (4, 4))


@pytest.mark.parametrize(
    "array",
    [
        _square(),
        _square().astype(np.uint8),
        _square().astype(np.uint8) * 255,
        _square().astype(np.uint16) * 65535,
        _square().astype(np.float32),
        np.repeat(_square()[..., None].astype(np.uint8) * 255, 3, axis=2),
        np.dstack([_square().astype(np.uint8) * 200] * 3 + [np.full((40, 40), 255, np.uint8)]),
    ],
)
def test_every_kind_of_mask_gives_the_same_core(array: NDArray[np.generic]) -> None:
    assert (masks.validate(array, (40, 40, 3)) == _square()).all()


def test_half_is_not_replaced_and_over_half_is() -> None:
    soft = np.array([[0, 127, 128, 255]], dtype=np.uint8)
    assert masks.as_mask(soft).tolist() == [[False, False, True, True]]


def test_grow_is_a_disc_and_ring_lies_outside() -> None:
    dot = np.zeros((21, 21), dtype=bool)
    dot[10, 10] = True
    grown = masks.grow(dot, 3)
    yy, xx = np.mgrid[:21, :21]
    assert (grown == (np.hypot(yy - 10, xx - 10) <= 3)).all()
    ring = masks.ring(dot, 3)
    assert not (ring & dot).any() and ((ring | dot) == grown).all()
    assert (masks.grow(masks.grow(_square(), 3), -3) == _square()).all()


def test_feather_is_one_on_every_core_pixel_whatever_its_width() -> None:
    for width in (1, 2, 4, 8, 16, 32, 64, 128):
        core = np.zeros((200, 200), dtype=bool)
        core[20:180, 30 : 30 + width] = True
        ring = masks.ring(core, 4)
        alpha = masks.feather(core, ring)
        assert (alpha[core] == 1).all()
        assert (alpha[~(core | ring)] == 0).all()
        assert ((alpha[ring] > 0) & (alpha[ring] < 1)).all()


@pytest.mark.parametrize("gap", [1, 2, 10, 40, 47, 48, 49, 64, 100, 150, 300])
def test_two_squares_at_any_distance_are_filled_once_each(gap: int) -> None:
    mask = np.zeros((200, 700), dtype=bool)
    mask[50:100, 50:100] = mask[50:100, 100 + gap : 150 + gap] = True
    _covers_once(mask)


def _covers_once(mask: NDArray[np.bool_]) -> list[masks.Region]:
    found = masks.regions(mask)
    count = np.zeros(mask.shape, dtype=int)
    for region in found:
        assert region.mask.any()
        count[region.box.slices] += region.mask
    assert (count == mask).all()
    return found


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.floats(0.0005, 0.5), st.integers(3, 400), st.integers(3, 400))
def test_regions_cover_any_mask_exactly_once(
    seed: int, density: float, height: int, width: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < density
    if mask.any():
        _covers_once(mask)


def test_a_hundred_thousand_specks_become_few_bounded_regions() -> None:
    rng = np.random.default_rng(1)
    mask = np.zeros((3000, 4000), dtype=bool)
    mask[rng.integers(0, 3000, 100_000), rng.integers(0, 4000, 100_000)] = True
    found = _covers_once(mask)
    assert len(found) < 100
    assert max(max(r.box.width, r.box.height) for r in found) <= masks.REGION_MAX_PX


def test_near_pieces_share_a_region_and_far_ones_do_not() -> None:
    mask = np.zeros((300, 900), dtype=bool)
    mask[100:120, 100:120] = mask[100:120, 130:150] = mask[100:120, 600:620] = True
    assert [r.box.width for r in masks.regions(mask)] == [50, 20]


def test_stroke_width_of_a_bar() -> None:
    bar = np.zeros((60, 100), dtype=bool)
    bar[20:31, 10:90] = True
    assert masks.stroke_width(bar) == pytest.approx(12, abs=1.1)


def test_usual_stroke_is_a_pens_width_among_specks() -> None:
    strokes = np.zeros((60, 90), dtype=bool)
    for left in range(10, 80, 20):
        strokes[10:50, left : left + 7] = True
    assert masks.usual_stroke_px(strokes) == pytest.approx(7, abs=0.5)
    strokes[2:58:2, 1:90:5] = True
    assert masks.usual_stroke_px(strokes, by_area=True) > 5
    assert masks.usual_stroke_px(np.zeros((5, 5), dtype=bool)) == 0.0


def test_a_mask_grows_within_a_box_alone() -> None:
    line = np.zeros((9, 20), dtype=np.bool_)
    line[4, 2:18] = True
    grown = masks.grow(line, 2, Box(0, 0, 8, 30))
    assert np.array_equal(grown[:, :8], masks.grow(line, 2)[:, :8])
    assert np.array_equal(grown[:, 8:], line[:, 8:])


def test_groups_join_over_gaps_smaller_than_the_join_and_cover_the_mask_once() -> None:
    mask = np.zeros((40, 60), dtype=bool)
    mask[10:12, 5:8], mask[10:12, 12:15], mask[10:12, 20:23] = True, True, True
    found = masks.groups(mask, 5)
    assert [int(part.mask.sum()) for part in found] == [12, 6]
    assert found[0].box == Box(3, 8, 17, 14)
    total = sum(part.full_mask((40, 60)).astype(int) for part in found)
    assert np.array_equal(total, mask)
