"""What a user may set for an engine: a wrong wish is a sentence, never a silent default."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

from inpaint_studio.engines import generative
from inpaint_studio.engines.knobs import Knob
from inpaint_studio.engines.patch import KNOBS
from inpaint_studio.engines.patch_manner import settled
from inpaint_studio.engines.patch_rounds import synthesise
from inpaint_studio.engines.table import check_names, engine
from inpaint_studio.errors import BadSetting
from inpaint_studio.records import RunOptions, Scalar
from inpaint_studio.weights.families import BY_NAME

MASK = np.ones((8, 8), dtype=bool)


def parameters(name: str, values: dict[str, Scalar], *, asked: str = "") -> dict[str, Scalar]:
    options = RunOptions(engine=asked or name, parameters=values)
    return dict(engine(name).recipe(options, MASK).parameters)


@pytest.mark.parametrize("name", ["flat", "patch", "text"])
def test_an_engine_refuses_a_parameter_it_does_not_know(name: str) -> None:
    with pytest.raises(BadSetting, match="has no parameter 'far_cst'; there is"):
        parameters(name, {"far_cst": 3})


@pytest.mark.parametrize("name", ["flat", "patch", "text"])
def test_a_fallback_leaves_out_what_was_meant_for_the_engine_named(name: str) -> None:
    assert "steps" not in parameters(name, {"steps": 20}, asked="generative")


@pytest.mark.parametrize(
    ("name", "value"),
    [("far_cost", "abc"), ("far_cost", -1), ("lines", "maybe"), ("lines", 2), ("fine_rounds", 0),
     ("coarse_rounds", 2.5), ("device", "tpu"), ("limit_s", float("nan"))],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused_by_name(name: str, value: Scalar) -> None:
    with pytest.raises(BadSetting, match=f"The parameter {name} must"):
        parameters("patch", {name: value})


def test_what_a_recipe_leaves_out_is_what_the_search_takes_by_itself() -> None:
    own = signature(synthesise).parameters
    for name, asked in (("far_cost", "far_cost"), ("lines", "lines"), ("rest_levels", "rest"),
                        ("coarse_rounds", "coarse_rounds"), ("fine_rounds", "fine_rounds"),
                        ("turned", "turned"), ("scaled", "scaled")):  # fmt: skip
        assert KNOBS[name].default == own[asked].default
    assert settled(int(KNOBS["starts"].default)) == own["manner"].default


def test_numbers_stand_for_switches_and_whole_numbers_for_fractions() -> None:
    found = parameters("patch", {"lines": 0, "far_cost": 1000})
    assert found["lines"] is False
    assert found["far_cost"] == 1000.0 and isinstance(found["far_cost"], float)


def test_a_choice_that_is_none_is_refused_with_what_there_is() -> None:
    with pytest.raises(BadSetting, match="must be one of 2, 3, 4, not 5"):
        Knob(2, choices=(2, 3, 4)).check("factor", 5)


def test_every_parameter_of_a_recipe_is_one_a_user_may_set() -> None:
    for name in ("flat", "patch", "text"):
        assert parameters(name, {}).keys() <= engine(name).takes
    family = next(iter(BY_NAME.values()))
    assert engine("generative").takes == generative.knobs(family).keys()


def test_a_name_that_no_engine_knows_is_refused_with_the_nearest_that_one_does() -> None:
    with pytest.raises(BadSetting, match="No engine has a parameter 'far_cst'; do you mean"):
        check_names({"far_cst": 3})
    check_names({"far_cost": 3, "steps": 20})
