"""Where a fill goes next: the one order for gates, people, broken engines and the window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.records import FillRecipe, Plan, Reading, RunOptions, Verdict
from inpaint_studio.review.events import REASONS
from inpaint_studio.routing.onward import MOST_TRIES, after_failure, next_route, other_engines

OFFERS = {"flat": "", "patch": "", "learned": "No model."}


def plan(engine: str = "patch", **changes: object) -> Plan:
    recipe = FillRecipe(engine=engine, engine_version=1, **changes)  # type: ignore[arg-type]
    return Plan(recipe=recipe, fallbacks=("learned", "flat"))


def rejected(*names: str) -> Verdict:
    readings = tuple(Reading(name=n, value=3.0, high=1.0, passed=False, label=n) for n in names)
    return Verdict(accepted=False, risk=0.9, readings=readings)


def read_in(box: Box, name: str = "letters_left") -> Verdict:
    left = Reading(name=name, value=1.0, high=0.0, passed=False, box=box)
    return Verdict(accepted=False, risk=0.9, readings=(left,))


def test_left_over_letters_ask_for_a_wider_mask_by_the_width_of_the_strokes() -> None:
    route = next_route(plan(), rejected("letters_left"), OFFERS)
    assert route is not None and (route.engine, route.grow_px) == ("patch", 4)
    assert route.reason.value == 3.0 and route.reason.limit == 1.0
    assert route.reason.text == "Mask grown by 4 px, because letters_left failed."
    thick = next_route(plan(), rejected("letters_left"), OFFERS, thickness_px=20)
    assert thick is not None and thick.grow_px == 7


def test_a_letter_read_by_chance_widens_the_mask_beside_it_alone() -> None:
    hole = np.zeros((40, 200), dtype=np.bool_)
    hole[10:30, 10:190] = True
    near, wide = Box(20, 8, 50, 32), Box(10, 8, 160, 32)
    alone = next_route(plan(), read_in(near), OFFERS, hole=hole)
    assert alone is not None and (alone.grow_px, alone.grow_within) == (4, near.pad(4))
    assert alone.change == "mask grown by 4 px where letters are read"
    whole = next_route(plan(), read_in(wide), OFFERS, hole=hole)
    assert whole is not None and (whole.grow_px, whole.grow_within) == (4, None)
    blind = next_route(plan(), read_in(near), OFFERS)
    assert blind is not None and blind.grow_within is None
    specks = next_route(plan(), read_in(near, "specks_left"), OFFERS, hole=hole)
    assert specks is not None and specks.grow_within == near.pad(1)
    assert specks.change == "mask grown by 1 px where specks are left"
    tried = [replace(plan().recipe, grow_px=1, grow_within=near.pad(1))]
    wider = next_route(plan(), read_in(near, "specks_left"), OFFERS, tried, hole=hole)
    assert wider is not None and (wider.grow_px, wider.grow_within) == (2, near.pad(2))
    effect = next_route(plan(), read_in(near, "overlay_left"), OFFERS, hole=hole)
    assert effect is not None and effect.grow_within is None


def test_what_grew_in_a_box_does_not_count_all_around() -> None:
    hole = np.ones((40, 200), dtype=np.bool_)
    near, far = Box(20, 8, 50, 32), Box(100, 8, 130, 32)
    done = plan(grow_px=4, grow_within=near)
    on = next_route(done, read_in(far), OFFERS, hole=hole)
    assert on is not None and (on.grow_px, on.grow_within) == (8, Box(20, 4, 134, 36))
    ghost = next_route(done, rejected("ghost"), OFFERS, hole=hole)
    assert ghost is not None and (ghost.grow_px, ghost.grow_within) == (4, None)
    other = next_route(done, rejected("consensus"), OFFERS, hole=hole)
    assert other is not None and other.grow_within == near
    assert other.options(RunOptions(), done).grow_px == 0, "options know no box"


@pytest.mark.parametrize("name", ["thing_left", "relief_left"])
@pytest.mark.parametrize(("reach_px", "grow_px"), [(6.2, 9), (16.0, 18), (40.0, 4)])
def test_the_rest_of_a_thing_asks_for_a_mask_over_it(
    reach_px: float, grow_px: int, name: str
) -> None:
    rest = Reading(name=name, value=reach_px, high=0.0, passed=False)
    route = next_route(plan(), Verdict(accepted=False, risk=0.6, readings=(rest,)), OFFERS)
    assert route is not None and (route.engine, route.grow_px) == ("patch", grow_px)


def test_a_seam_asks_for_a_softer_edge() -> None:
    route = next_route(plan(feather_px=2), rejected("seam"), OFFERS)
    assert route is not None and route.feather_px == 6


def test_a_wrong_texture_asks_for_an_engine_that_can_run() -> None:
    route = next_route(plan(), rejected("high_freq_power_ratio"), OFFERS)
    assert route is not None and route.engine == "flat"


def test_what_is_left_behind_comes_before_how_it_looks() -> None:
    route = next_route(plan(), rejected("high_freq_power_ratio", "seam", "letters_left"), OFFERS)
    assert route is not None and route.change.startswith("mask grown")


def test_what_was_tried_is_not_tried_again() -> None:
    tried = [FillRecipe(engine="flat", engine_version=1)]
    route = next_route(plan(), rejected("high_freq_power_ratio"), OFFERS, tried)
    assert route is not None and (route.engine, route.seed) == ("patch", 1)


def test_a_seed_is_no_way_out_for_an_engine_that_hardly_uses_it() -> None:
    tried = [FillRecipe(engine="patch", engine_version=1)]
    assert next_route(plan("flat"), rejected("consensus"), OFFERS, tried) is None


@pytest.mark.parametrize("wish", [None, "wider", "softer", "engine", "seed"])
def test_no_attempt_is_made_twice_and_they_end(wish: str | None) -> None:
    tried: list[FillRecipe] = []
    current = plan()
    for _ in range(MOST_TRIES + 2):
        route = next_route(current, rejected("seam", "ghost"), OFFERS, tried, wish=wish)  # type: ignore[arg-type]
        if route is None:
            break
        tried.append(current.recipe)
        recipe = FillRecipe(engine=route.engine, engine_version=1, seed=route.seed,
                            grow_px=route.grow_px, feather_px=route.feather_px)  # fmt: skip
        assert recipe not in tried
        current = Plan(recipe=recipe, fallbacks=current.fallbacks)
    else:
        raise AssertionError("never ends")
    assert 1 <= len(tried) < MOST_TRIES


def test_an_accepted_fill_goes_on_only_when_a_person_wishes_it() -> None:
    passed = Verdict(accepted=True, risk=0.1)
    assert next_route(plan(), passed, OFFERS) is None
    route = next_route(plan(), passed, OFFERS, wish="engine")
    assert route is not None and route.engine == "flat"
    assert route.reason.text == "Engine flat instead of patch, as the edit was rejected."


@pytest.mark.parametrize(
    ("reason", "changed"),
    [("leftover", "grow_px"), ("blurry", "engine"), ("seam", "feather_px"),
     ("invented", "engine"), ("other", "seed")],
)  # fmt: skip
def test_the_reason_a_person_gave_chooses_what_changes(reason: str, changed: str) -> None:
    options = RunOptions(engine="patch", grow_px=2, feather_px=2)
    wish = next(row.attempt for row in REASONS if row.name == reason)
    done = plan(grow_px=2)
    route = next_route(done, rejected(), OFFERS, wish=wish)
    assert wish is not None and route is not None
    again = route.options(options, done)
    names = ("engine", "seed", "grow_px", "feather_px")
    assert [n for n in names if getattr(again, n) != getattr(options, n)] == [changed]
    assert again.attempt == 1


def test_one_engines_parameters_are_not_handed_to_another() -> None:
    done = plan("text", parameters={"gap_px": 9.0})
    options = RunOptions(parameters={"gap_px": 9.0}, force=True)
    other = next_route(done, rejected("consensus"), OFFERS)
    wider = next_route(done, rejected("ghost"), OFFERS)
    assert other is not None and wider is not None
    assert other.options(options, done).parameters == {}
    assert wider.options(options, done).parameters == {"gap_px": 9.0}
    assert not wider.options(options, done).force


def test_other_engines_are_ready_ones_and_never_the_same() -> None:
    assert other_engines(plan(), OFFERS) == ("flat",)
    assert other_engines(replace(plan("text"), compare_with="flat"), OFFERS) == ("flat", "patch")
    assert other_engines(plan(), {}) == ()
    asked = Plan(recipe=FillRecipe(engine="generative", engine_version=1, intent="generate"))
    assert other_engines(asked, OFFERS) == (), "patch and flat make nothing new"


def test_only_a_planned_engine_stands_in_for_a_broken_one() -> None:
    assert after_failure(plan(), {"patch"}) == "learned"
    assert after_failure(plan(), {"patch", "learned"}) == "flat"
    assert (
        after_failure(Plan(recipe=FillRecipe(engine="patch", engine_version=1)), {"patch"}) is None
    )
