"""A region's time and memory: decided from its size before the fill, kept to during it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import psutil
import pytest

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.prefill import prefill
from inpaint_studio.engines.table import engine
from inpaint_studio.errors import EngineFailed, TookTooLong
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar
from tests.engines.test_invariants import OWN, masks, photo, request, run


def hole(side: int, share: float) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[: int(side * share)] = True
    return mask


def test_a_hole_too_large_for_the_budget_gets_less_search() -> None:
    def rest(share: float, budget_s: float) -> Scalar:
        options = RunOptions(time_budget_s=budget_s)
        return engine("patch").recipe(options, hole(2000, share)).parameters.get("rest_levels", 0)

    assert rest(0.05, 60) == 0
    assert rest(0.6, 60) == 0
    chosen = [rest(0.6, budget) for budget in (30, 12, 7, 1)]
    assert chosen == sorted(chosen) and chosen[0] == 0 and chosen[-1] == 3


def test_less_search_is_another_fill_of_the_same_hole_and_is_said() -> None:
    from skimage import data

    pixels = np.ascontiguousarray(data.astronaut()[:160, 100:260])
    mask = np.zeros((160, 160), dtype=bool)
    mask[40:110, 40:120] = True
    asked = request(mask, pixels, "patch")
    poor = replace(
        asked,
        recipe=replace(asked.recipe, parameters={**asked.recipe.parameters, "rest_levels": 1}),
    )
    full, less = run(asked), run(poor)
    assert not full.changes and "time budget" in less.changes[0]
    assert not np.array_equal(full.linear, less.linear)
    assert np.array_equal(less.linear, run(replace(poor, threads=3)).linear)
    assert np.array_equal(less.linear[~mask], asked.linear[~mask])


@pytest.mark.parametrize("name", OWN)
def test_the_clock_ends_a_fill_and_decides_no_pixel(name: str) -> None:
    mask = masks()["middle"]
    recipe = engine(name).recipe(RunOptions(time_budget_s=30.0), mask)
    assert recipe.parameters["limit_s"] == 300.0
    asked = request(mask, photo(), name)
    ended = replace(asked, recipe=replace(recipe, parameters={"limit_s": 0.0}))
    with pytest.raises(TookTooLong, match=f"The engine {name} was stopped after 0 s"):
        run(ended)
    slow = replace(asked, recipe=recipe)
    assert np.array_equal(run(asked).linear, run(slow).linear)


def test_the_clock_does_not_choose_what_a_model_starts_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object) -> None:
        raise TookTooLong("stopped")

    monkeypatch.setattr(type(engine("patch")), "fill", stopped)
    with pytest.raises(TookTooLong):
        prefill(request(masks()["middle"], photo(), "patch"), "patch", RunToken())


@pytest.mark.parametrize("name", OWN)
def test_a_fill_that_cannot_fit_in_memory_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Little:
        available = 5_000_000

    monkeypatch.setattr(psutil, "virtual_memory", Little)
    with pytest.raises(EngineFailed, match="only 5 MB are free; close other programs"):
        run(request(masks()["middle"], photo(), name))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(("side", "share"), [(256, 0.1), (900, 0.05), (900, 0.6)])
def test_the_stated_memory_is_enough(name: str, side: int, share: float) -> None:
    """Arrays alive at once, as Python counts them; kernels allocate next to nothing."""
    import tracemalloc

    rng = np.random.default_rng(0)
    mask = hole(side, share)
    pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    recipe = engine(name).recipe(RunOptions(parameters={"rest_levels": 2}), mask)
    asked = FillRequest(
        linear=to_linear(pixels), mask=mask, ring=np.zeros_like(mask), recipe=recipe, threads=1
    )
    tracemalloc.start()
    try:
        engine(name).fill(asked, RunToken())
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert peak < engine(name).estimate_mb(mask.shape, int(mask.sum()))
