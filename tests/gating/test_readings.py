"""Each reading on tiny exact pictures: zero where nothing is wrong, larger the worse it is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.planted import FAULTS, STRUCTURE, plant
from inpaint_studio.gating.readings import (
    change,
    colour,
    consensus,
    foreign,
    joint,
    seam,
    structure,
    texture,
)
from inpaint_studio.gating.readings.table import ROWS
from inpaint_studio.gating.scene import make_scene
from inpaint_studio.geometry import Box
from tests.gating.conftest import grainy, hole, sticker


def scene(before: np.ndarray, after: np.ndarray, mask: np.ndarray, ring_px: int = 2):
    return make_scene(JudgeRequest(before=before, after=after, mask=mask, ring_px=ring_px))


def edited(change_by: float = 0.0, *, sigma: float = 6.0, like: float = 6.0):
    mask = hole()
    ground = grainy(sigma=like)
    after = ground.copy()
    fill = grainy(sigma=sigma, seed=1).astype(float) + change_by
    after[mask] = np.clip(np.rint(fill[mask]), 0, 255)
    return scene(sticker(ground, mask), after, mask)


def test_leak_counts_pixels_past_the_ring() -> None:
    mask = hole()
    before = grainy()
    after = before.copy()
    after[58, 80] += 9  # in the ring
    assert change.leak(before, after, mask, 2).value == 0
    after[57, 80] += 9
    after[10, 10, 1] += 1
    found = change.leak(before, after, mask, 2)
    assert found.value == 2
    assert found.box is not None and found.box.top == 10 and found.box.bottom == 58


def test_seam_is_a_step_and_a_slope_is_none() -> None:
    assert seam.seam(edited(0, sigma=0, like=0)).value < 0.2
    stepped = seam.seam(edited(10, sigma=0, like=0))
    assert stepped.value > 2.3
    assert stepped.also["tint"] > 2.3
    assert stepped.box is not None


def test_tint_finds_what_grain_hides() -> None:
    """Three levels under grain of six: no single place shows it, the whole contour does."""
    clean, off = seam.seam(edited(0)), seam.seam(edited(4))
    assert off.also["tint_z"] > 2 * clean.also["tint_z"]


def test_strip_colour_measures_the_difference_either_side() -> None:
    assert seam.strip_colour(edited(0, sigma=0, like=0)).value < 1.5
    assert seam.strip_colour(edited(20, sigma=0, like=0)).value > 5


@pytest.mark.parametrize(("sigma", "low", "high"), [(6, 0.8, 1.25), (0, 0, 0.1), (12, 3, 5)])
def test_high_frequency_ratio_is_the_power_ratio(sigma: float, low: float, high: float) -> None:
    found = texture.high_frequency_power_ratio(edited(0, sigma=sigma))
    assert low <= found.value <= high


def test_texture_amplitude_says_what_is_missing_and_what_is_too_much() -> None:
    missing = texture.texture_amplitude(edited(0, sigma=0)).also
    excess = texture.texture_amplitude(edited(0, sigma=12)).also
    assert missing["texture_missing"] > 3 > 0.5 > missing["texture_excess"]
    assert excess["texture_excess"] > 3 > 0.5 > excess["texture_missing"]


def test_spectral_consistency_is_zero_for_the_same_texture() -> None:
    assert texture.spectral_consistency(edited(0)).value < 0.5
    assert texture.spectral_consistency(edited(0, sigma=0)).value > 2


def test_new_colour_is_the_share_of_strange_pixels() -> None:
    clean = edited(0, sigma=0, like=0)
    after = clean.after.copy()
    rows, columns = np.nonzero(clean.mask)
    half = columns < np.median(columns)
    after[rows[half], columns[half]] = (20, 220, 40)
    strange = scene(clean.before, after, clean.mask)
    assert colour.new_colour(clean).value == 0
    assert colour.new_colour(strange).value == pytest.approx(half.mean(), abs=0.01)


def test_ghost_is_the_share_that_is_left() -> None:
    mask = hole()
    before = sticker(grainy(), mask)
    after = before.copy()
    fill = grainy(seed=1).astype(float)
    after[mask] = np.rint(0.9 * fill + 0.1 * before)[mask]
    assert change.ghost(scene(before, after, mask)).value == pytest.approx(0.1, abs=0.02)
    after[mask] = grainy(seed=1)[mask]
    assert change.ghost(scene(before, after, mask)).value < 0.02


@pytest.mark.parametrize(("left", "low", "high"), [(0.0, 0.0, 0.02), (0.5, 0.05, 1.0)])
def test_the_photo_s_own_detail_under_an_overlay_is_no_ghost(
    left: float, low: float, high: float
) -> None:
    mask, ground = hole(), cv2.GaussianBlur(grainy(sigma=60), (0, 0), 1.0)
    strokes = mask & (cv2.GaussianBlur(grainy(sigma=60, seed=2), (0, 0), 3)[..., 0] > 120)
    weight = strokes * np.float32(0.3)
    overlay = weight[..., None] * (255.0 - ground)
    before, after = (np.rint(ground + part * overlay).astype(np.uint8) for part in (1.0, left))
    taken_off = np.where(mask, np.maximum(weight * np.float32(1 - left), 1e-4), 0)
    request = JudgeRequest(before=before, after=after, mask=mask, taken_off=taken_off)
    assert low <= change.ghost(make_scene(request)).value <= high
    if not left:
        assert change.ghost(scene(before, after, mask)).value > 0.2
    # What was made up is looked at as before.
    nothing = replace(request, taken_off=np.zeros_like(taken_off))
    assert np.array_equal(make_scene(nothing).before, scene(before, after, mask).before)


def test_residue_rises_when_the_mask_is_too_tight() -> None:
    wide = hole()
    tight = np.zeros_like(wide)
    tight[62:98, 72:128] = True
    before = sticker(grainy(sigma=0), wide)
    ground = grainy(sigma=0)
    clean, left = before.copy(), before.copy()
    clean[wide] = ground[wide]
    left[tight] = ground[tight]
    assert change.residue(scene(before, left, tight)).value > 0.2
    assert change.residue(scene(before, clean, wide)).value < 0.05


def test_edges_that_end_are_missed() -> None:
    mask = hole()
    stripes = np.where((np.arange(160) // 8 % 2)[:, None, None], 200, 60) * np.ones((160, 200, 3))
    whole = stripes.astype(np.uint8)
    broken = whole.copy()
    broken[mask] = 130
    goes_on = structure.edge_continuation(scene(whole, whole, mask))
    ends = structure.edge_continuation(scene(whole, broken, mask))
    assert goes_on.value < 0.25 < 0.7 < ends.value


def test_patches_from_nowhere_have_no_support() -> None:
    foreign = edited(0)
    after = foreign.after.copy()
    rng = np.random.default_rng(3)
    blocks = rng.integers(0, 255, (40, 50, 3)).repeat(4, 0).repeat(4, 1)
    after[foreign.mask] = blocks[: after.shape[0], : after.shape[1]][foreign.mask]
    assert structure.patch_support(foreign).value < 0.7
    assert structure.patch_support(scene(foreign.before, after, foreign.mask)).value > 1.5


def soft(seed: int = 5) -> np.ndarray:
    """Ground whose neighbours are alike, as a photo's are: noise blurred over a few px."""
    noise = np.random.default_rng(seed).normal(0, 1, (160, 200, 3)).astype(np.float32)
    return np.clip(np.rint(128 + 160 * cv2.GaussianBlur(noise, (0, 0), 2.0)), 0, 255).astype(
        np.uint8
    )


def test_the_joint_is_smooth_where_nothing_was_done_and_rough_for_another_texture() -> None:
    ground, mask = soft(), hole()
    other = ground.copy()
    other[mask] = soft(6)[mask]
    untouched = joint.join(scene(sticker(ground, mask), ground, mask))
    exchanged = joint.join(scene(sticker(ground, mask), other, mask))
    assert abs(untouched.value) < 0.2 and untouched.also["displacement"] < 0
    assert exchanged.value > 1 and exchanged.box is not None


@pytest.mark.parametrize(("dx", "dy"), [(2, 0), (0, -2), (-2, 0), (1, 1)])
def test_a_displaced_fill_would_fit_better_where_it_came_from(dx: int, dy: int) -> None:
    ground, mask = soft(), hole()
    moved = ground.copy()
    moved[mask] = np.roll(ground, (dy, dx), axis=(0, 1))[mask]
    found = joint.join(scene(sticker(ground, mask), moved, mask))
    assert found.also["displacement"] > 0.3 and found.also["twin"] > 2
    assert found.note == f"by {dx}, {dy} px"


def test_steps_along_the_whole_edge_are_told_in_light_and_in_colour() -> None:
    ground, mask = soft(), hole()
    lighter, redder = ground.copy(), ground.copy()
    lighter[mask] += 5
    redder[mask] = ground[mask] + np.array([4, 252, 0], dtype=np.uint8)  # + 4, - 4
    clean, light, red = (
        joint.join(scene(sticker(ground, mask), after, mask)).also
        for after in (ground, lighter, redder)
    )
    assert clean["light_step"] < 0.5 and clean["colour_step"] < 0.5
    assert light["light_step"] == pytest.approx(2, abs=0.6) and light["light_step_z"] > 5
    assert red["colour_step"] > 3 and red["colour_step_z"] > 5


def test_detail_just_inside_is_compared_with_detail_just_outside() -> None:
    ground, mask = soft(), hole()
    fine = np.clip(2.0 * ground - cv2.GaussianBlur(ground, (0, 0), 2.0), 0, 255)
    strong, weak = ground.copy(), ground.copy()
    strong[mask] = np.rint(fine).astype(np.uint8)[mask]
    weak[mask] = cv2.GaussianBlur(ground, (0, 0), 2.0)[mask]
    steps = [
        joint.join(scene(sticker(ground, mask), after, mask)).also["detail_step"]
        for after in (weak, ground, strong)
    ]
    assert steps[0] < -0.5 < abs(steps[1]) + 0.3 < 0.6 < steps[2] + 0.3


def test_a_changed_feather_is_stepped_over() -> None:
    ground, mask = soft(), hole()
    after = ground.copy()
    after[cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] ^= 1
    pairs = joint.find_pairs(scene(ground, after, mask, ring_px=2))
    assert pairs is not None and pairs.gap == 3
    plain = joint.find_pairs(scene(sticker(ground, mask), ground, mask))
    assert plain is not None and plain.gap == 1


def test_a_foreign_ball_is_a_spot_an_island_and_a_strange_patch() -> None:
    ground, mask = soft(), hole()
    ball = ground.copy()
    cv2.circle(ball, (100, 80), 9, (20, 40, 230), -1)
    ball[~mask] = ground[~mask]
    for reading in (foreign.spot, foreign.island, foreign.strange_patch):
        clean = reading(scene(sticker(ground, mask), ground, mask))
        strange = reading(scene(sticker(ground, mask), ball, mask))
        assert strange.value > clean.value + 0.8, reading.__name__
        assert strange.box is not None and strange.box.overlaps(Box(91, 71, 110, 90))


def test_texture_set_twice_is_found_with_its_lag() -> None:
    ground, mask = soft(), hole()
    twice = plant(sticker(ground, mask), ground, mask, "repeat")
    found = foreign.repetition(scene(sticker(ground, mask), twice.after, mask))
    clean = foreign.repetition(scene(sticker(ground, mask), ground, mask))
    assert clean.also["repetition_exact"] == 0 < 0.3 < found.also["repetition_exact"]
    assert found.note == "30 px across and 0 px down"
    # Both places are marked: either may be the copy.
    box = found.box
    assert box is not None and box.left < 100 < box.right and box.width >= 30


def test_sharpness_tells_soft_from_sharp() -> None:
    ground, mask = grainy(), hole()
    blurred = plant(ground, ground, mask, "blur").after
    crisp = plant(ground, ground, mask, "texture").after
    values = [
        texture.sharpness(scene(sticker(ground, mask), after, mask))
        for after in (blurred, ground, crisp)
    ]
    assert values[0].value < values[1].value - 0.3 and values[1].value < values[2].value + 0.1
    assert values[0].also["fine"] < -0.5 and values[2].also["fine"] > 0.5


def test_consensus_of_witnesses_on_plain_ground() -> None:
    assert consensus.consensus(edited(0, sigma=0, like=0)).value < 0.5
    assert consensus.consensus(edited(25, sigma=0, like=0)).value > 4


def test_every_reading_is_finite_on_awkward_masks_and_repeats_to_the_bit() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 255, (60, 70, 3), dtype=np.uint8)
    masks = [np.zeros((60, 70), dtype=bool) for _ in range(4)]
    masks[0][30, 35] = True
    masks[1][:, 20:50] = True
    masks[2][0:3, 0:3] = True
    masks[3][1:-1, 1:-1] = True
    for mask in masks:
        for row in ROWS:
            if row.measure is None:
                continue
            one = row.measure(scene(photo, photo, mask))
            two = row.measure(scene(photo, photo, mask))
            assert one is not None and two is not None, row.name
            assert np.isfinite([one.value, *one.also.values()]).all(), row.name
            assert one.value == two.value and one.also == two.also, row.name
            if one.map is not None:
                assert (
                    one.map.shape == scene(photo, photo, mask).mask.shape
                    and np.isfinite(one.map).all()
                ), row.name


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in STRUCTURE])
def test_planted_faults_stay_inside_the_mask_and_repeat(fault: str) -> None:
    clean = edited(0)
    one = plant(clean.before, clean.after, clean.mask, fault, seed=3)
    two = plant(clean.before, clean.after, clean.mask, fault, seed=3)
    assert (one.after == two.after).all()
    changed = (one.after != clean.after).any(axis=2)
    assert changed.any() and not (changed & ~clean.mask).any()
