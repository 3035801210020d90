"""Where a rejected fill goes next."""

from __future__ import annotations

from inpaint_studio.records import FillRecipe, Plan, Reading, Verdict
from inpaint_studio.routing.route import next_route

OFFERS = {"flat": "", "patch": "", "learned": "No model."}


def plan(**changes: object) -> Plan:
    recipe = FillRecipe(engine="patch", engine_version=1, **changes)  # type: ignore[arg-type]
    return Plan(recipe=recipe, fallbacks=("learned", "flat"))


def rejected(*names: str) -> Verdict:
    readings = tuple(Reading(name=n, value=3.0, high=1.0, passed=False, label=n) for n in names)
    return Verdict(accepted=False, risk=0.9, readings=readings)


def test_left_over_letters_ask_for_a_wider_mask() -> None:
    route = next_route(plan(), rejected("letters_left"), OFFERS)
    assert route is not None and (route.engine, route.grow_px) == ("patch", 4)
    assert route.reason.value == 3.0 and route.reason.limit == 1.0


def test_a_seam_asks_for_a_softer_edge() -> None:
    route = next_route(plan(feather_px=2), rejected("seam"), OFFERS)
    assert route is not None and route.feather_px == 6


def test_a_wrong_texture_asks_for_an_engine_that_can_run() -> None:
    route = next_route(plan(), rejected("high_freq_power_ratio"), OFFERS)
    assert route is not None and route.engine == "flat"


def test_what_was_tried_is_not_tried_again() -> None:
    tried = [FillRecipe(engine="flat", engine_version=1)]
    route = next_route(plan(), rejected("high_freq_power_ratio"), OFFERS, tried)
    assert route is not None and (route.engine, route.seed) == ("patch", 1)


def test_it_ends() -> None:
    tried: list[FillRecipe] = []
    current = plan()
    for _ in range(10):
        route = next_route(current, rejected("seam", "ghost"), OFFERS, tried)
        if route is None:
            break
        tried.append(current.recipe)
        recipe = FillRecipe(engine=route.engine, engine_version=1, seed=route.seed,
                            grow_px=route.grow_px, feather_px=route.feather_px)  # fmt: skip
        current = Plan(recipe=recipe, fallbacks=current.fallbacks)
    else:
        raise AssertionError("never ends")
    assert len(tried) >= 3


def test_an_accepted_fill_goes_nowhere() -> None:
    assert next_route(plan(), Verdict(accepted=True, risk=0.1), OFFERS) is None
