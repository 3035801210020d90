"""Sources between hole and border at coarser scales, and copies that keep together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_studio.engines import patch_manner
from inpaint_studio.engines.patch import EARLIER, asked, manner_of
from inpaint_studio.engines.patch_levels import Level, make_level, with_texture
from inpaint_studio.engines.patch_scales import bordered, carry_over
from inpaint_studio.engines.patch_work import Rounds
from inpaint_studio.engines.table import engine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar

SIDE = 48


def level(hole: np.ndarray, *, margin: int = 0, apart: float = 0.0, often: float = 0.0) -> Level:
    """A level of noise, its border repeated `margin` px outwards."""
    rng = np.random.default_rng(5)
    image = rng.uniform(0, 255, (*hole.shape, 3)).astype(np.float32)
    textured, gap = bordered(with_texture(image, hole), margin), np.pad(hole, margin)
    known = bordered(~hole, margin)
    return make_level(textured, gap, known, scale=1, margin=margin, apart=apart, often=often)


def near_the_top() -> np.ndarray:
    hole = np.zeros((SIDE, SIDE), bool)
    hole[3:30, 8:40] = True
    return hole


def test_what_lies_between_hole_and_border_is_a_source_only_with_a_margin() -> None:
    hole = near_the_top()
    without, made = level(hole), level(hole, margin=6)
    assert not (without.far[:6, 12:36] >= 0).any()
    assert (made.far[:6, 6 + 12 : 6 + 36] >= 0).any()
    overlapping = np.argwhere(made.far >= 0)
    assert all(not made.hole[y - 3 : y + 4, x - 3 : x + 4].any() for y, x in overlapping)


def test_a_source_costs_more_the_more_of_it_is_made_up() -> None:
    hole = near_the_top()
    picture, gap = bordered(with_texture(np.zeros((*hole.shape, 3), np.float32), hole), 6), 6
    made, dear = (
        make_level(
            picture, np.pad(hole, gap), bordered(~hole, gap), scale=1, margin=gap, margin_cost=cost
        )
        for cost in (0.0, 10.0)
    )
    extra = (dear.far - made.far)[:, 6 + 20]
    assert (extra[made.far[:, 6 + 20] >= 0] >= 0).all()
    assert extra[50] == 0 and extra[51] == 10 * 7 and extra[53] == 10 * 21


def test_a_margin_changes_no_target_and_is_never_written_to() -> None:
    hole = near_the_top()
    without, made = level(hole), level(hole, margin=6)
    assert np.array_equal(made.targets - 6, without.targets)
    assert np.array_equal(made.holes - 6, without.holes)


@pytest.mark.parametrize("fine_margin", [0, 6])
def test_matches_are_carried_over_between_margins(fine_margin: int) -> None:
    hole = near_the_top()
    coarse = level(hole, margin=6)
    fine = level(np.kron(hole, np.ones((2, 2), bool)), margin=fine_margin)
    coarse.found[:] = coarse.targets + np.array([36, 0])
    allowed = fine.far[tuple((fine.targets + np.array([72, 0])).clip(0, fine.far.shape[0] - 1).T)]
    carry_over(coarse, fine)
    moved = fine.found - fine.targets
    assert (allowed >= 0).any()
    assert (moved[allowed >= 0] == (72, 0)).all()


def offsets(made: Level) -> int:
    with Rounds(1, RunToken()) as work:
        work.smooth_guess(made, 3)
        before = made.cost.copy()
        work.measure(made)
    assert np.array_equal(made.cost, before), "a cost holds the fit alone"
    return len(np.unique(made.found - made.targets, axis=0))


def test_copies_keep_together_where_that_is_asked() -> None:
    hole = np.zeros((SIDE, SIDE), bool)
    hole[10:38, 10:38] = True
    assert offsets(level(hole, apart=1.0)) < offsets(level(hole)) * 0.8


@pytest.mark.parametrize("given", [{"starts": 3}, {"grown": True}])
def test_recipes_of_earlier_versions_keep_what_they_ask_for(given: dict[str, Scalar]) -> None:
    recipe = engine("patch").recipe(RunOptions(parameters=given), near_the_top())
    found = asked(recipe)
    assert {name: found[name] for name in EARLIER} == EARLIER
    stated = replace(recipe, parameters={**recipe.parameters, "margin": 2})
    assert asked(stated)["margin"] == 2


def test_by_default_a_recipe_asks_for_the_manner_that_is_measured() -> None:
    mask = np.zeros((120, 120), bool)
    mask[50:62, 20:100] = True
    recipe = engine("patch").recipe(RunOptions(), mask)
    assert manner_of(asked(recipe), mask) == patch_manner.SETTLED
    mask[30:90] |= mask[50]
    assert manner_of(asked(recipe), mask) == patch_manner.LAID_OUT
    assert manner_of(asked(recipe) | {"whole": False}, mask) == patch_manner.RIMMED
    assert manner_of(asked(recipe) | {"scene": False}, mask) == patch_manner.SETTLED
    assert manner_of(asked(recipe) | {"turned": "all"}, mask) == patch_manner.SETTLED


def test_a_source_that_is_copied_again_and_again_gets_dearer() -> None:
    hole = np.zeros((SIDE, SIDE), bool)
    hole[14:34, 14:34] = True
    made = level(hole, often=0.2)
    made.spend()
    assert np.array_equal(made.spent, made.far), "nothing was measured yet"
    one = np.argwhere(made.far >= 0)[0]
    made.found[:] = one
    made.cost[:] = 1000
    made.spend()
    dearer = made.spent - made.far
    assert dearer[tuple(one)] > 100
    assert (dearer[made.far >= 0] >= 0).all() and (made.spent[made.far < 0] == -1).all()
    made.found[:] = made.targets + np.array([0, 24])
    made.found[:, 1] %= SIDE
    made.spend()
    assert (made.spent == made.far).all(), "copied as one piece"
