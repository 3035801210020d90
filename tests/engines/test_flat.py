"""Plain backgrounds: no seam, the ring's grain, its JPEG blocks and its demosaicing texture."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.benchmarks.engines_measures import SEAM_LIMIT
from tests.benchmarks.flat import GRAINS, LIGHTS, Found, drawn, fill, hole


@cache
def made(light: str, grain: str, shape: str = "rect") -> Found:
    rng = np.random.default_rng(11)
    return fill(drawn(light, grain, rng), hole(shape, rng), "flat")


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("grain", GRAINS)
def test_no_seam_and_the_spectrum_of_the_ring(light: str, grain: str) -> None:
    found = made(light, grain)
    assert found.seam < SEAM_LIMIT / 2
    if grain != "none":
        assert found.db <= 1.0


@pytest.mark.parametrize("light", LIGHTS)
def test_no_seam_around_letters(light: str) -> None:
    assert made(light, "blurred", "text").seam < SEAM_LIMIT / 2


def test_a_ground_without_grain_gets_none() -> None:
    after = made("plain", "none").after
    assert (after == after[0, 0]).all()


@pytest.mark.parametrize("grain", ["jpeg75", "jpeg90"])
def test_jpeg_blocks_go_on(grain: str) -> None:
    around, inside = made("plain", grain).blocks
    assert around > 1.5 and inside > 1 + 0.7 * (around - 1)


def test_demosaicing_texture_goes_on() -> None:
    around, inside = made("plain", "demosaiced").phases
    assert around > 2 and inside == pytest.approx(around, rel=0.15)


def test_a_typical_region_is_cheap() -> None:
    """30 ms are the aim; a busy machine gets twice that."""
    made("plain", "blurred")
    rng = np.random.default_rng(2)
    photo, mask = drawn("vignette", "jpeg90", rng), hole("blob", rng)
    assert min(fill(photo, mask, "flat").milliseconds for _ in range(4)) < 60


def test_a_slope_does_not_run_away_where_the_hole_leaves_the_frame() -> None:
    """A tint that bends beside the hole must not go on bending all the way to the frame."""
    photo = np.full((512, 512, 3), 40, np.uint8)
    across = (np.arange(512) - 420) / 90
    photo[..., 0] = np.clip(40 + 8 * across**2, 0, 255)
    mask = np.zeros(photo.shape[:2], dtype=bool)
    mask[:, :300] = True
    usual = photo[:, 300:].max()
    photo[20:60, 305:340] = 230  # something bright, so that bright would be nothing new
    after = fill(photo, mask, "flat").after
    assert after[200:, :300].max() <= usual + 8
