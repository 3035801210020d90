"""Three bands that add up, and that see nothing of what lies under a mask."""

from __future__ import annotations

import numpy as np

from inpaint_studio.imaging.bands import smooth, split


def test_bands_add_up_to_the_picture() -> None:
    values = np.random.default_rng(0).random((40, 50, 3), dtype=np.float32)
    known = np.ones((40, 50), dtype=bool)
    bands = split(values, known)
    assert np.allclose(bands.low + bands.mid + bands.high, values, atol=1e-6)


def test_what_is_unknown_bleeds_nowhere() -> None:
    values = np.random.default_rng(0).random((40, 50, 3), dtype=np.float32)
    known = np.ones((40, 50), dtype=bool)
    known[10:20, 10:20] = False
    painted = values.copy()
    painted[~known] = 1000.0
    for one, two in zip(
        (split(values, known).low, split(values, known).high),
        (split(painted, known).low, split(painted, known).high),
    ):
        assert np.array_equal(one, two)


def test_each_band_holds_what_it_is_named_for() -> None:
    known = np.ones((64, 64), dtype=bool)
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[:, None, None] * np.ones((64, 64, 3), np.float32)
    noise = np.random.default_rng(1).normal(0, 0.1, (64, 64, 3)).astype(np.float32)
    calm, rough = split(ramp, known), split(noise, known)
    inner = np.s_[16:48, 16:48]
    assert np.abs(calm.high[inner]).max() < 1e-3 and np.abs(calm.mid[inner]).max() < 1e-2
    assert rough.high[inner].std() > 5 * rough.low[inner].std()


def test_smooth_of_a_constant_is_the_constant_beside_a_hole() -> None:
    values = np.full((30, 30, 3), 0.4, np.float32)
    known = np.ones((30, 30), dtype=bool)
    known[:, 15:] = False
    assert np.allclose(smooth(values, known, 3.0)[:, :20], 0.4, atol=1e-5)
