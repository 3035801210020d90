"""How much the finest scale is searched: decided by its size alone, less when it is large."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.engines import patch_rounds
from inpaint_studio.engines.patch_levels import Level, make_level, with_texture
from inpaint_studio.jobs.token import RunToken


def level(side: int) -> Level:
    rng = np.random.default_rng(side)
    image = rng.uniform(0, 255, (side, side, 3)).astype(np.float32)
    hole = np.zeros((side, side), bool)
    hole[side // 4 : -side // 4, side // 4 : -side // 4] = True
    image[hole] = 0
    return make_level(with_texture(image, hole), hole, ~hole, scale=1)


def rounds_of(
    monkeypatch: pytest.MonkeyPatch,
    made: Level,
    *,
    number: int = 0,
    most: int = patch_rounds.FINE_ROUNDS,
) -> list[tuple[int, int]]:
    """Return (sweeps, reach) of every search a scale gets, the finest (0) by default."""
    seen: list[tuple[int, int]] = []
    with patch_rounds.Rounds(1, RunToken()) as work:
        work.first_guess(made)

        def search(_: Level, *, salt: int, sweeps: int, reach: int, back: bool) -> None:
            seen.append((sweeps, reach))

        monkeypatch.setattr(work, "search", search)
        patch_rounds._refine(work, made, number, 1, 0, RunToken(), most)
    return seen


def test_only_the_first_search_of_the_finest_scale_looks_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *later = rounds_of(monkeypatch, level(40))
    assert first[1] == 40
    assert later and all(reach < 40 and sweeps == 1 for sweeps, reach in later)


def test_large_holes_get_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small = rounds_of(monkeypatch, level(40))
    monkeypatch.setattr(patch_rounds, "_FINE_TARGETS", 4 * len(level(40).targets))
    assert len(rounds_of(monkeypatch, level(40))) == 4 < len(small)
    monkeypatch.setattr(patch_rounds, "_FINE_TARGETS", 1)
    assert len(rounds_of(monkeypatch, level(40))) >= 3


def test_coarse_scales_get_fewer_rounds_when_large_and_never_too_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = patch_rounds.COARSE_ROUNDS
    assert len(rounds_of(monkeypatch, level(40), number=1, most=most)) == most
    monkeypatch.setattr(patch_rounds, "_COARSE_TARGETS", 1)
    assert len(rounds_of(monkeypatch, level(40), number=1, most=most)) == 6 < most


def test_a_recipe_may_ask_for_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(rounds_of(monkeypatch, level(40), number=1, most=2)) == 2
    assert len(rounds_of(monkeypatch, level(40), most=2)) == 2
