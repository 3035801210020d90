"""How a fill begins and how much its scales are searched: by their size alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inpaint_studio.engines import patch_begin, patch_manner, patch_refine, patch_rounds
from inpaint_studio.engines.patch_levels import Level, make_level, with_texture
from inpaint_studio.engines.patch_work import Rounds
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
    most: int = patch_refine.FINE_ROUNDS,
) -> list[tuple[int, int]]:
    """Return (sweeps, reach) of every search a scale gets, the finest (0) by default."""
    seen: list[tuple[int, int]] = []
    with Rounds(1, RunToken()) as work:
        work.layered_guess(made)

        def search(_: Level, *, salt: int, sweeps: int, reach: int, back: bool) -> None:
            seen.append((sweeps, reach))

        monkeypatch.setattr(work, "search", search)
        patch_refine.refine(work, made, number, 1, 0, RunToken(), most)
    return seen


def test_only_the_first_search_of_the_finest_scale_looks_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *later = rounds_of(monkeypatch, level(40))
    assert first[1] == 40
    assert later and all(reach < 40 and sweeps == 1 for sweeps, reach in later)


def test_large_holes_get_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small = rounds_of(monkeypatch, level(40))
    monkeypatch.setattr(patch_refine, "_FINE_TARGETS", 4 * len(level(40).targets))
    assert len(rounds_of(monkeypatch, level(40))) == 4 < len(small)
    monkeypatch.setattr(patch_refine, "_FINE_TARGETS", 1)
    assert len(rounds_of(monkeypatch, level(40))) >= 3


def test_coarse_scales_get_fewer_rounds_when_large_and_never_too_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = patch_refine.COARSE_ROUNDS
    assert len(rounds_of(monkeypatch, level(40), number=1, most=most)) == most
    monkeypatch.setattr(patch_refine, "_COARSE_TARGETS", 1)
    assert len(rounds_of(monkeypatch, level(40), number=1, most=most)) == 6 < most


def test_a_recipe_may_ask_for_fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(rounds_of(monkeypatch, level(40), number=1, most=2)) == 2
    assert len(rounds_of(monkeypatch, level(40), most=2)) == 2


def solved_from(monkeypatch: pytest.MonkeyPatch, **asked: Any) -> list[tuple[int, int, Level]]:
    """Fill a hole; return (scale, start, level) of everything that was solved, in order."""
    seen: list[tuple[int, int, Level]] = []
    solve = patch_refine.solve

    def noted(work: Rounds, task: Any, number: int, coarser: Level | None, start: int = 0) -> Level:
        if number == 0:
            assert coarser is not None
            seen.append((-1, 0, coarser))
        made = solve(work, task, number, coarser, start)
        seen.append((number, start, made))
        return made

    for module in (patch_begin, patch_rounds):
        monkeypatch.setattr(module, "solve", noted)
    rng = np.random.default_rng(3)
    image = rng.uniform(0, 255, (96, 96, 3)).astype(np.float32)
    hole = np.zeros((96, 96), bool)
    hole[36:60, 34:62] = True
    patch_rounds.synthesise(image, hole, ~hole, seed=1, threads=1, token=RunToken(), **asked)
    return seen


@pytest.mark.parametrize("starts", [2, 3])
def test_the_start_whose_matches_cost_least_is_kept(
    monkeypatch: pytest.MonkeyPatch, starts: int
) -> None:
    seen = solved_from(monkeypatch, manner=patch_manner.settled(starts))
    ends = [level for number, _, level in seen if number == 1]
    kept = next(level for number, _, level in seen if number == -1)
    assert [start for number, start, _ in seen if number == 1] == list(range(starts))
    assert kept is min(ends, key=lambda level: int(level.cost.sum()))
    assert sum(number == 0 for number, _, _ in seen) == 1


@pytest.mark.parametrize("asked", [{"manner": patch_manner.GROWN}, {"rest": 1}])
def test_one_start_is_enough_where_asked_or_where_time_is_short(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {start for _, start, _ in solved_from(monkeypatch, **asked)} == {0}


def test_of_several_layouts_the_one_whose_patches_are_most_like_known_ones_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    image = rng.uniform(0, 255, (160, 160, 3)).astype(np.float32)
    hole = np.zeros((160, 160), bool)
    hole[50:104, 52:110] = True
    misfits: list[float] = []
    levels: list[Level] = []
    misfit = Rounds.misfit

    def noted(self: Rounds, made: Level) -> float:
        misfits.append(misfit(self, made))
        levels.append(made)
        return misfits[-1]

    monkeypatch.setattr(Rounds, "misfit", noted)
    solve = patch_refine.solve
    gone_on_with: list[Level | None] = []

    def begun(work: Rounds, task: Any, number: int, coarser: Level | None, start: int = 0) -> Level:
        gone_on_with.append(coarser)
        return solve(work, task, number, coarser, start)

    monkeypatch.setattr(patch_rounds, "solve", begun)
    manner = patch_manner.LAID_OUT
    patch_rounds.synthesise(image, hole, ~hole, seed=1, threads=1, token=RunToken(), manner=manner)
    assert len(misfits) == manner.layouts == len(set(misfits))
    assert gone_on_with[0] is levels[misfits.index(min(misfits))]
