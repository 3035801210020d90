"""Cutting, stitching and matching colours: exact where nothing must change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_studio.engines.generative_frame import (
    cut,
    cut_mask,
    frame_for,
    tiles,
    uncut,
    uncut_mask,
)
from inpaint_studio.engines.generative_match import LIMIT, match
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken


def _mask(shape: tuple[int, int], box: Box) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[box.slices] = True
    return mask


@settings(max_examples=80)
@given(
    st.integers(1, 400), st.integers(1, 400), st.integers(0, 399), st.integers(0, 399),
    st.integers(1, 300), st.integers(1, 300), st.sampled_from([8, 16, 64]),
)  # fmt: skip
def test_a_frame_holds_the_hole_and_fits_the_model(
    height: int, width: int, top: int, left: int, rows: int, columns: int, multiple: int
) -> None:
    bounds = Box(0, 0, width, height)
    hole = Box(left, top, left + columns, top + rows).clamp(bounds)
    if hole.is_empty:
        return
    frame = frame_for(
        _mask((height, width), hole), native_px=128, largest_px=192, multiple=multiple
    )
    assert frame.box.contains(hole) and bounds.contains(frame.box)
    assert frame.height % multiple == frame.width % multiple == 0
    assert max(frame.inner) <= 192
    assert frame.inner[0] <= frame.height < frame.inner[0] + multiple
    assert frame.inner[1] <= frame.width < frame.inner[1] + multiple


def test_at_native_scale_cutting_and_putting_back_changes_no_bit() -> None:
    picture = np.random.default_rng(1).random((150, 170, 3), dtype=np.float32)
    frame = frame_for(
        _mask((150, 170), Box(60, 60, 80, 80)), native_px=128, largest_px=192, multiple=64
    )
    assert frame.scale == 1.0
    assert np.array_equal(uncut(frame, cut(frame, picture)), picture[frame.box.slices])


def test_a_stroke_of_one_pixel_never_falls_through_the_latent_grid() -> None:
    mask = np.zeros((128, 128), dtype=bool)
    mask[np.arange(20, 100), np.arange(20, 100)] = True
    frame = frame_for(mask, native_px=128, largest_px=192, multiple=8)
    hole = cut_mask(frame, mask)
    assert not (mask[frame.box.slices] & ~hole[: frame.inner[0], : frame.inner[1]]).any()
    cells = hole.reshape(frame.height // 8, 8, frame.width // 8, 8)
    assert (cells.all(axis=(1, 3)) == cells.any(axis=(1, 3))).all()
    assert hole[4::8, 4::8].sum() >= 10


@pytest.mark.parametrize("side", [40, 900])
def test_a_mask_survives_scaling_both_ways(side: int) -> None:
    mask = _mask((side, side), Box(side // 2, side // 2, side // 2 + 1, side // 2 + 1))
    mask[side // 4, side // 4 : side // 4 + side // 2] = True
    frame = frame_for(mask, native_px=128, largest_px=192, multiple=8)
    back = uncut_mask(frame, cut_mask(frame, mask))
    assert not (mask[frame.box.slices] & ~back).any()


def test_tiles_cover_the_hole_and_stay_inside() -> None:
    target = _mask((500, 700), Box(40, 90, 690, 480))
    boxes = tiles(target, side_px=128, overlap_px=32)
    covered = np.zeros_like(target)
    for box in boxes:
        assert Box(0, 0, 700, 500).contains(box) and box.shape == (128, 128)
        covered[box.slices] = True
    assert not (target & ~covered).any()
    assert tiles(_mask((60, 60), Box(5, 5, 9, 9)), side_px=128, overlap_px=32) == (
        Box(0, 0, 60, 60),
    )


SHIFT = np.array([0.05, -0.03, 0.08], np.float32)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_colour_step_of_a_vae_is_gone_on_a_flat_ring(noise: float) -> None:
    photo = np.full((160, 160, 3), [0.6, 0.5, 0.3], np.float32)
    hole = _mask((160, 160), Box(50, 50, 110, 110))
    draw = np.random.default_rng(2)
    answer = np.clip(photo + SHIFT + draw.normal(0, noise, photo.shape), 0, 1).astype(np.float32)
    matched, step = match(answer, photo, hole, RunToken())
    left = np.abs((matched - photo)[hole].mean(axis=0)).max() * 255
    assert left < 1.0
    assert 0.03 < step <= LIMIT


def test_a_step_that_varies_along_the_border_is_followed() -> None:
    rows, columns = np.mgrid[0:160, 0:160].astype(np.float32) / 160
    photo = np.full((160, 160, 3), 0.5, np.float32)
    answer = photo + 0.06 * (columns - 0.5)[..., None] + 0.04 * (rows - 0.5)[..., None]
    hole = _mask((160, 160), Box(50, 50, 110, 110))
    matched, _ = match(answer, photo, hole, RunToken())
    assert np.abs((matched - photo)[hole]).max() * 255 < 1.0


def test_what_the_model_painted_stays_but_for_the_step() -> None:
    photo = np.full((160, 160, 3), 0.5, np.float32)
    answer = photo + SHIFT
    answer[70:90, 70:90] = [0.9, 0.1, 0.1]
    hole = _mask((160, 160), Box(50, 50, 110, 110))
    matched, _ = match(answer, photo, hole, RunToken())
    assert np.allclose(matched[75, 75], np.array([0.9, 0.1, 0.1]) - SHIFT, atol=1 / 255)


def test_another_picture_is_not_taken_for_a_colour_step() -> None:
    photo = np.zeros((160, 160, 3), np.float32)
    hole = _mask((160, 160), Box(50, 50, 110, 110))
    matched, step = match(np.ones_like(photo), photo, hole, RunToken())
    assert step == pytest.approx(LIMIT)
    assert matched[80, 80, 0] == pytest.approx(1 - LIMIT, abs=1e-3)


def test_nothing_known_means_nothing_matched() -> None:
    photo = np.full((32, 32, 3), 0.2, np.float32)
    answer = np.full((32, 32, 3), 0.7, np.float32)
    matched, step = match(answer, photo, np.ones((32, 32), dtype=bool), RunToken())
    assert np.array_equal(matched, answer) and step == 0.0
