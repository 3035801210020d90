"""The road: what it promises whatever the engine does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.engines.table import engine as real_engine
from inpaint_studio.errors import BadMask, BadSetting, Cancelled, EngineFailed, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, attempt, planning, road, run, tries
from inpaint_studio.records import FillRecipe, RunOptions
from inpaint_studio.store.objects import ObjectStore

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
CHEAP = RunOptions(engine="flat", budget="cheap")


class Stub:
    """An engine that does what the test wants in the place of `flat`."""

    name = "flat"
    version = 1
    title = "Stub"
    takes: frozenset[str] = frozenset()

    def __init__(self, fill: object) -> None:
        self._fill = fill

    def availability(self) -> Availability:
        return Availability(ready=True)

    def recipe(self, options: RunOptions, mask: Mask) -> FillRecipe:
        return FillRecipe(engine="flat", engine_version=1, seed=options.seed)

    def context_px(self, mask: Mask) -> int:
        return 32

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return 1.0

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        return self._fill(request, token)  # type: ignore[operator]


def _use(monkeypatch: pytest.MonkeyPatch, fill: object) -> None:
    stub = Stub(fill)

    def lookup(name: str) -> object:
        return stub if name == "flat" else real_engine(name)

    for module in (attempt, planning):
        monkeypatch.setattr(module, "engine", lookup)


def _noise(request: FillRequest, token: RunToken) -> Fill:
    rng = np.random.default_rng(request.recipe.seed)
    return Fill(linear=rng.random(request.linear.shape, dtype=np.float32))


def _after(pixels: NDArray[np.generic], request: RunRequest) -> NDArray[np.generic]:
    after = pixels.copy()
    for delta in run(request).deltas:
        assert delta is not None
        delta.apply(after)
    return after


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_twenty_chained_edits_by_a_noise_engine_change_nothing_outside_masks_and_rings(
    coffee: Rgb, monkeypatch: pytest.MonkeyPatch, dtype: type
) -> None:
    _use(monkeypatch, _noise)
    photo = coffee.astype(dtype) * (257 if dtype is np.uint16 else 1)
    rng = np.random.default_rng(5)
    pixels, touched = photo, np.zeros(photo.shape[:2], dtype=bool)
    for seed in range(20):
        mask = np.zeros(photo.shape[:2], dtype=bool)
        y, x = rng.integers(0, 220), rng.integers(0, 320)
        mask[y : y + 12, x : x + 17] = True
        options = replace(CHEAP, seed=seed, grow_px=1, feather_px=3)
        pixels = _after(pixels, RunRequest(pixels=pixels, mask=mask, options=options))
        touched |= grow(grow(mask, 1), 3)
    assert (pixels[~touched] == photo[~touched]).all()
    assert (pixels[touched] != photo[touched]).any()


def test_inside_the_core_nothing_of_the_original_decides_the_result(
    coffee: Rgb, spot: Mask
) -> None:
    other = coffee.copy()
    other[spot] = (0, 255, 0)
    fills = [
        _after(p, RunRequest(pixels=p, mask=spot, options=CHEAP))[spot] for p in (coffee, other)
    ]
    assert (fills[0] == fills[1]).all()


def test_a_crop_of_the_photo_gives_boxes_and_deltas_in_photo_pixels(
    coffee: Rgb, spot: Mask
) -> None:
    whole = run(RunRequest(pixels=coffee, mask=spot, options=CHEAP))
    origin = Box(5, 3, 330, 230)
    part = run(
        RunRequest(
            pixels=coffee[origin.slices], mask=spot[origin.slices], origin=origin, options=CHEAP
        )
    )
    assert part.deltas[0] is not None and whole.deltas[0] is not None
    assert part.deltas[0].box == whole.deltas[0].box
    assert part.record.edits[0].delta_box == whole.record.edits[0].delta_box


def test_a_broken_engine_is_a_visible_change_of_plan(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: FillRequest, token: RunToken) -> Fill:
        raise EngineFailed("it broke")

    _use(monkeypatch, broken)
    plain = np.full_like(coffee, 128)
    edit = run(
        RunRequest(pixels=plain, mask=spot, options=RunOptions(budget="cheap"))
    ).record.edits[0]
    assert edit.plan.engine != "flat" and edit.delta_box is not None
    assert any("flat failed (it broke)" in change for change in edit.plan.changes)


def test_a_model_found_damaged_while_planning_is_a_visible_change_of_plan(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(options: RunOptions, mask: Mask) -> FillRecipe:
        raise Missing("The model is damaged.")

    stub = Stub(_noise)
    stub.recipe = damaged  # type: ignore[method-assign]
    monkeypatch.setattr(planning, "engine", lambda n: stub if n == "flat" else real_engine(n))
    plain = np.full_like(coffee, 128)
    request = RunRequest(pixels=plain, mask=spot, options=RunOptions(budget="cheap"))
    edit = run(request).record.edits[0]
    assert edit.plan.engine == "patch"
    assert any("The model is damaged" in change for change in edit.plan.changes)
    with pytest.raises(Missing, match="damaged"):
        run(RunRequest(pixels=plain, mask=spot, options=CHEAP))


def test_an_engine_without_memory_for_the_hole_is_passed_over_before_it_starts(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = Stub(_noise)
    stub.estimate_mb = lambda _shape, _hole: 1e9  # type: ignore[method-assign]
    monkeypatch.setattr(planning, "engine", lambda n: stub if n == "flat" else real_engine(n))
    plain = np.full_like(coffee, 128)
    (_, plan), *_ = road.plans(RunRequest(pixels=plain, mask=spot, options=RunOptions()))
    assert plan.engine == "patch"
    assert any("It needs about 1000000000 MB and" in reason.text for reason in plan.reasons)


def test_a_mask_grown_far_has_its_surroundings_still(coffee: Rgb, spot: Mask) -> None:
    wide = np.zeros((900, 900, 3), np.uint8) + np.arange(900, dtype=np.uint8)[None, :, None]
    mask = np.zeros((900, 900), dtype=bool)
    mask[440:460, 440:460] = True
    options = replace(CHEAP, grow_px=300)
    result = run(RunRequest(pixels=wide, mask=mask, options=options))
    (edit,) = result.record.edits
    assert edit.delta_box is not None
    assert (edit.box.left, edit.box.top) == (0, 0) and edit.delta_box.left > edit.box.left
    (_, core), *_ = result.cores
    assert core.sum() > 3.1 * 300**2 and not core[0].any()


def test_an_engine_the_user_chose_is_not_replaced_behind_his_back(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: FillRequest, token: RunToken) -> Fill:
        raise EngineFailed("it broke")

    _use(monkeypatch, broken)
    edit = run(RunRequest(pixels=coffee, mask=spot, options=CHEAP)).record.edits[0]
    assert (edit.state, edit.delta_box) == ("queued", None)
    assert any("flat failed (it broke)" in reason for reason in edit.verdict.reasons)


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, "shape", "dtype"], ids=["nan", "inf", "shape", "dtype"]
)
def test_an_engine_that_breaks_its_contract_is_caught(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    def wrong(request: FillRequest, token: RunToken) -> Fill:
        if value == "shape":
            return Fill(linear=request.linear[:-1])
        if value == "dtype":
            return Fill(linear=request.linear.astype(np.float64))  # type: ignore[arg-type]
        return Fill(linear=np.full_like(request.linear, value))

    _use(monkeypatch, wrong)
    edit = run(RunRequest(pixels=coffee, mask=spot, options=CHEAP)).record.edits[0]
    assert any("flat failed" in change for change in edit.plan.changes)


def test_when_every_engine_breaks_the_photo_stays_and_the_edit_is_queued(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(tries, "attempt", out_of_memory)
    result = run(RunRequest(pixels=coffee, mask=spot, options=CHEAP))
    assert result.deltas == (None,)
    assert result.record.edits[0].state == "queued"
    assert "left as it was" in result.record.edits[0].verdict.summary
    kept = {stage.name for stage in result.record.edits[0].stages}
    assert {"input", "mask", "unusable"} <= kept, "a person can still send it another way"


def test_a_fill_ended_by_the_clock_is_queued_and_nothing_else_takes_its_place(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(request: FillRequest, token: RunToken) -> Fill:
        token.at_most(0.0, "The engine flat").check()
        raise AssertionError("the clock was asked")

    _use(monkeypatch, endless)
    plain = np.full_like(coffee, 128)
    result = run(RunRequest(pixels=plain, mask=spot, options=RunOptions(budget="cheap")))
    edit = result.record.edits[0]
    assert edit.plan.engine == "flat" and edit.plan.fallbacks
    assert result.deltas == (None,) and edit.state == "queued"
    assert any("was stopped after" in reason for reason in edit.verdict.reasons)


def test_the_plan_says_what_the_fill_will_need(coffee: Rgb, spot: Mask) -> None:
    (_, plan), *_ = road.plans(RunRequest(pixels=coffee, mask=spot, options=CHEAP))
    stated = next(reason for reason in plan.reasons if reason.feature == "memory_mb")
    assert stated.value and stated.value > 0 and "MB" in stated.text


def test_force_accepts_but_the_verdict_still_says_what_is_wrong(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, _noise)
    flagged = run(RunRequest(pixels=coffee, mask=spot, options=CHEAP)).record.edits[0]
    forced = run(
        RunRequest(pixels=coffee, mask=spot, options=replace(CHEAP, force=True))
    ).record.edits[0]
    assert (flagged.state, flagged.verdict.accepted) == ("queued", False)
    assert (forced.state, forced.verdict.accepted) == ("accepted", False)


def test_far_pieces_are_edits_of_their_own(coffee: Rgb, spot: Mask) -> None:
    both = spot.copy()
    both[200:220, 290:310] = True
    result = run(RunRequest(pixels=coffee, mask=both, options=CHEAP))
    assert len(result.record.edits) == 2
    boxes = [delta.box for delta in result.deltas if delta is not None]
    assert not boxes[0].overlaps(boxes[1])


def test_refusals(coffee: Rgb, spot: Mask) -> None:
    with pytest.raises(BadMask, match="empty"):
        run(RunRequest(pixels=coffee, mask=np.zeros_like(spot)))
    with pytest.raises(BadSetting, match="no engine"):
        run(RunRequest(pixels=coffee, mask=spot, options=RunOptions(engine="magic")))
    for px, says in ((-40, "nothing is left"), (400, "covers the whole photo")):
        with pytest.raises(BadMask, match=says):
            run(RunRequest(pixels=coffee, mask=spot, options=replace(CHEAP, grow_px=px)))
    with pytest.raises(Missing, match="generative"):
        run(RunRequest(pixels=coffee, mask=spot, options=RunOptions(engine="generative")))


def test_cancel_stops_the_road(coffee: Rgb, spot: Mask) -> None:
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(RunRequest(pixels=coffee, mask=spot, options=CHEAP), token)


def test_reasons_carry_numbers_and_stages_their_artifacts(
    coffee: Rgb, spot: Mask, objects: ObjectStore
) -> None:
    options = RunOptions(budget="cheap")
    edit = run(RunRequest(pixels=coffee, mask=spot, options=options), sink=objects).record.edits[0]
    assert any(reason.value is not None for reason in edit.plan.reasons)
    assert {"input", "mask", "fill", "blended", "readings"} <= {s.name for s in edit.stages}
    for stage in edit.stages:
        assert objects.has(stage.sha256), stage.name
