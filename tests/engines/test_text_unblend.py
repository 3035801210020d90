"""A semi-transparent overlay is taken off, not invented over, where it can be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.text import TextEngine
from inpaint_studio.engines.unblend import taken_twice, unblend
from inpaint_studio.engines.unblend_check import cleaner
from inpaint_studio.imaging.color import decode, encode, from_linear, to_linear
from inpaint_studio.imaging.mask import grow, ring
from inpaint_studio.imaging.veil import Veil, lift, mixture
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from tests.overlays import compose, placed, text_alpha


def _veiled(opacity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    photo = np.ascontiguousarray(data.astronaut()[40:280, 60:460])
    alpha = placed(text_alpha("MOON", None, 110), photo.shape, 30, 60)
    shown = compose(photo, [(alpha * np.float32(opacity), np.full(3, 255.0, dtype=np.float32))])
    return photo, shown, grow(alpha > 0.02, 1)


@pytest.mark.parametrize("opacity", [0.35, 0.6])
def test_what_was_there_comes_back(opacity: float) -> None:
    photo, shown, mask = _veiled(opacity)
    linear = to_linear(shown)
    found = unblend(linear, mask)
    assert found is not None
    assert "un-blended" in found.said
    assert found.done.sum() > 0.2 * mask.sum()
    back = from_linear(found.linear, np.dtype(np.uint8)).astype(float)
    before = np.abs(shown.astype(float) - photo)[found.done].mean()
    after = np.abs(back - photo)[found.done].mean()
    assert after < 0.35 * before
    assert np.array_equal(found.linear[~mask], linear[~mask])


def test_where_an_overlay_thins_out_its_border_is_not_taken_off_twice() -> None:
    rng = np.random.default_rng(3)
    bare = rng.uniform(0.45, 0.5, (40, 60, 3)).astype(np.float32)
    weight = np.zeros((40, 60), dtype=np.float32)
    weight[10:30, 10:50] = 0.5
    weight[10:12, 10:14] = 0.25
    veil = Veil(np.where(weight > 0, np.float32(0.5), 0), np.ones(3, np.float32), 0.5, 0.0)
    lifted = lift(bare * (1 - weight[..., None]) + weight[..., None], veil)
    twice = taken_twice(lifted, weight > 0, veil)
    assert twice[weight == 0.25].all()
    assert twice[weight == 0.5].mean() < 0.03


def test_an_opaque_overlay_is_not_lifted() -> None:
    _, shown, mask = _veiled(1.0)
    assert unblend(to_linear(shown), mask) is None


def test_a_mask_over_nothing_is_not_lifted() -> None:
    photo, _, mask = _veiled(0.5)
    assert unblend(to_linear(photo), mask) is None


def test_the_engine_says_what_it_did_and_gets_closer_to_the_truth() -> None:
    photo, shown, mask = _veiled(0.5)
    engine = TextEngine()
    errors = []
    for under in (None, to_linear(shown)):
        request = FillRequest(
            linear=to_linear(shown), mask=mask, ring=ring(mask, 2), threads=1, under=under,
            recipe=engine.recipe(RunOptions(kind="text"), mask),
        )  # fmt: skip
        fill = engine.fill(request, RunToken())
        out = from_linear(fill.linear, np.dtype(np.uint8)).astype(float)
        errors.append(np.abs(out - photo)[mask].mean())
        assert any("un-blended" in change for change in fill.changes) is (under is not None)
    assert errors[1] < 0.8 * errors[0]
    assert np.array_equal(fill.maps["taken_off"] > 0, fill.maps["engine"] == 3)
    assert np.abs(fill.maps["taken_off"].max() - 0.5) < 0.05


@pytest.mark.parametrize(("guess", "is_kept"), [(0.5, True), (0.35, False), (0.62, False)])
def test_an_estimate_that_leaves_the_letters_in_sight_is_not_used(
    guess: float, is_kept: bool
) -> None:
    _, shown, mask = _veiled(0.5)
    engine, linear = TextEngine(), to_linear(shown)
    request = FillRequest(
        linear=linear, mask=mask, ring=ring(mask, 2), threads=1,
        recipe=engine.recipe(RunOptions(kind="text"), mask),
    )  # fmt: skip
    known = unblend(linear, mask)
    assert known is not None
    veil = Veil(known.done * np.float32(guess), np.ones(3, np.float32), guess, 0.0)
    wrong = replace(known, linear=decode(lift(encode(linear), veil)), opacity=guess)
    lifted, invented = (
        engine._filled(request, [wrong], RunToken()),
        engine.fill(request, RunToken()),
    )
    fill = cleaner(lifted, invented, [wrong], mask)
    assert np.array_equal(fill.linear, (lifted if is_kept else invented).linear)
    assert any("not un-blended" in change for change in fill.changes) is not is_kept
    assert set(np.unique(fill.maps["engine"])) <= ({0, 1, 2, 3} if is_kept else {0, 1, 2})


@pytest.mark.parametrize(("guess", "is_kept"), [(0.5, True), (0.3, False)])
def test_a_mark_known_from_several_photos_is_looked_at_too(guess: float, is_kept: bool) -> None:
    _, shown, mask = _veiled(0.5)
    engine, linear = TextEngine(), to_linear(shown)
    alpha = placed(text_alpha("MOON", None, 110), shown.shape, 30, 60)
    veil = Veil(alpha * np.float32(guess), np.ones(3, np.float32), guess, 0.0)
    request = FillRequest(
        linear=linear, mask=mask, ring=ring(mask, 2), threads=1, under=linear, veil=veil,
        recipe=engine.recipe(RunOptions(kind="watermark"), mask),
    )  # fmt: skip
    fill = engine.fill(request, RunToken())
    said = [change for change in fill.changes if "known from several photos" in change]
    assert bool(said) is is_kept
    assert any("not un-blended" in change for change in fill.changes) is not is_kept


def test_lifting_undoes_mixing_exactly() -> None:
    rng = np.random.default_rng(0)
    bare = rng.uniform(0.1, 0.9, (20, 30, 3)).astype(np.float32)
    weight = rng.uniform(0, 0.8, (20, 30)).astype(np.float32)
    colour = np.array([0.9, 0.2, 0.4], dtype=np.float32)
    mixed = bare * (1 - weight[..., None]) + weight[..., None] * colour
    assert np.abs(lift(mixed, Veil(weight, colour, 0.8, 0.0)) - bare).max() < 1e-5


def test_one_colour_of_ground_leaves_the_mixture_undetermined() -> None:
    beside = np.full((50, 3), 0.4, dtype=np.float32)
    assert mixture(beside * 0.5 + 0.5, beside) is None
    varied = np.random.default_rng(1).uniform(0, 1, (200, 3)).astype(np.float32)
    found = mixture(varied * 0.6 + 0.4 * 0.9, varied)
    assert found is not None
    assert abs(found[0] - 0.4) < 0.01
    assert np.abs(found[1] - 0.9).max() < 0.02
