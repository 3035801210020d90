"""The fills of one region: compared, chosen by probe holes, tried again; all of it in the open."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.errors import EngineFailed
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow, regions
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, attempt, planning, probing, replay, run, tries
from inpaint_studio.pipeline.request import HashOnly
from inpaint_studio.records import (
    EditRecord,
    Reading,
    RunOptions,
    RunRecord,
    Verdict,
    from_json,
    to_json,
)
from inpaint_studio.routing.route import Route
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.runs import _artifacts_of
from tests.overlays import emboss, surface

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
BOTH = Route(engine="patch", fallbacks=("flat",), compare_with="flat")
PROBED = replace(BOTH, decide_by="probes")


def _routed(monkeypatch: pytest.MonkeyPatch, route: Route) -> None:
    monkeypatch.setattr(planning, "choose", lambda *_: route)


def _edit(
    photo: Rgb, mask: Mask, objects: ObjectStore | HashOnly, **options: object
) -> tuple[RunRecord, EditRecord]:
    wish = RunOptions(**{"budget": "auto", **options})  # type: ignore[arg-type]
    request = RunRequest(pixels=photo, mask=mask, options=wish, threads=1)
    record = run(request, sink=objects).record
    return record, record.edits[0]


def test_both_are_made_the_better_is_kept_and_the_other_stays_in_sight(
    coffee: Rgb, spot: Mask, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _routed(monkeypatch, BOTH)
    record, edit = _edit(coffee, spot, objects)
    (lost,) = edit.attempts
    assert {edit.plan.engine, lost.recipe.engine} == {"patch", "flat"}
    assert (not edit.verdict.accepted, edit.verdict.risk) <= (not lost.accepted, lost.risk)
    assert any(change.startswith("compared patch with flat: kept") for change in edit.plan.changes)
    kept = _artifacts_of(record)
    for stage in lost.stages:
        assert not stage.sha256 or (objects.has(stage.sha256) and stage.sha256 in kept.values())

    record = from_json(RunRecord, to_json(record))
    scratch = ObjectStore(tmp_path / "scratch")
    assert replay(record, objects, sink=scratch).sentence == "identical"
    stages = tuple(replace(s, sha256="0" * 64) if s.name == "fill" else s for s in lost.stages)
    wrong = replace(edit, attempts=(replace(lost, stages=stages),))
    answer = replay(replace(record, edits=(wrong,)), objects, sink=scratch)
    assert (answer.identical, answer.stage) == (False, "fill"), "the loser is proven too"


def test_with_a_cheap_budget_only_the_planned_engine_runs(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for route in (BOTH, PROBED):
        _routed(monkeypatch, route)
        _, edit = _edit(coffee, spot, HashOnly(), budget="cheap")
        assert edit.attempts == () and edit.plan.changes == ()
        assert edit.plan.engine == "patch" and edit.stage("probes") is None


def test_probe_holes_choose_the_engine_and_say_by_how_much(
    coffee: Rgb, spot: Mask, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _routed(monkeypatch, PROBED)
    for looks, winner in (
        ([[0.5, 0.3], [0.5, 0.4]], "flat"),
        ([[0.5, 0.6]], "patch"),
        ([[0.5, 0.49]], "flat"),
        ([[0.5, 0.5]], "patch"),
    ):
        monkeypatch.setattr(tries, "probe_looks", lambda *_, looks=looks: looks)
        _, edit = _edit(coffee, spot, objects)
        assert edit.plan.engine == winner and edit.attempts == ()
        (reason,) = (r for r in edit.plan.reasons if r.feature == "probe_look")
        assert reason.text.endswith(f"{winner} is taken.") and reason.value == 0.5
        probes = edit.stage("probes")
        assert probes is not None and objects.has(probes.sha256)


def test_where_no_probe_hole_fits_both_are_made(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _routed(monkeypatch, PROBED)
    monkeypatch.setattr(tries, "probe_looks", lambda *_: [])
    _, edit = _edit(coffee, spot, HashOnly())
    assert len(edit.attempts) == 1


def test_probes_tell_grain_from_texture_twice_the_same(spot: Mask) -> None:
    rng = np.random.default_rng(3)
    checks = ((np.indices((240, 340)) // 5).sum(axis=0) % 2 * 160 + 40)[..., None]
    checks = checks.repeat(3, 2).astype(np.uint8)
    plain = np.clip(rng.normal(128, 4, (240, 340, 1)).repeat(3, 2), 0, 255).astype(np.uint8)
    found = {}
    for name, photo in (("checks", checks), ("plain", plain)):
        request = RunRequest(pixels=photo, mask=spot)
        piece = regions(spot)[0]
        region = planning.region_input(request, photo, spot, piece, pad=224)
        recipes = [planning.recipe_like(planning.plan_for(BOTH, region).recipe, name, region)
                   for name in ("flat", "patch")]  # fmt: skip
        looks = probing.probe_looks(region, recipes, RunToken())
        assert looks == probing.probe_looks(region, recipes, RunToken())
        assert 1 <= len(looks) <= probing.HOLES
        found[name] = np.mean(looks, axis=0)
    assert found["checks"][1] < 0.5 * found["checks"][0]
    assert found["plain"][0] < found["checks"][0]


def test_a_flagged_fill_goes_on_while_tries_are_left(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    seam = Reading(name="seam", value=9.0, high=8.0, passed=False, label="Seam")
    risks: list[float] = []

    def judged(*args: Any, **more: Any) -> attempt.Attempt:
        """A real fill, with the verdict the test wants: flagged until the risk is below 0.3."""
        made = attempt.attempt(*args, **more)
        risk = risks.pop(0)
        verdict = Verdict(accepted=risk < 0.3, risk=risk, readings=(seam,))
        return replace(made, verdict=verdict)

    monkeypatch.setattr(tries, "attempt", judged)
    wish = {"engine": "flat", "budget": "cheap"}
    risks[:] = [0.9]
    assert _edit(coffee, spot, HashOnly(), **wish)[1].attempts == ()
    risks[:] = [0.5, 0.9]
    worse = _edit(coffee, spot, HashOnly(), **wish, tries=2)[1]
    assert (worse.plan.recipe.feather_px, worse.verdict.risk) == (2, 0.5)
    assert [lost.recipe.feather_px for lost in worse.attempts] == [6]
    risks[:] = [0.9, 0.2, 0.1]
    better = _edit(coffee, spot, HashOnly(), **wish, tries=3)[1]
    assert risks == [0.1], "an accepted fill goes nowhere"
    assert (better.plan.recipe.feather_px, better.verdict.accepted) == (6, True)
    assert better.plan.changes == (
        "flagged, so filled again with edge feathered over 6 px: risk 0.20 after 0.90, kept",
    )
    risks[:] = [0.9] * 5
    stuck = _edit(coffee, spot, HashOnly(), **wish, tries=5)[1]
    assert {lost.recipe.engine for lost in stuck.attempts} <= {"flat"}, "the user chose it"


def test_a_broken_engine_in_comparison_or_probing_is_said_and_the_other_kept(
    coffee: Rgb, spot: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inpaint_studio.engines.flat import FlatEngine

    def broken(_self: object, _request: FillRequest, _token: RunToken) -> Fill:
        raise EngineFailed("it broke")

    monkeypatch.setattr(FlatEngine, "make", broken)
    for route, word in ((BOTH, "in comparison"), (PROBED, "no probe holes")):
        _routed(monkeypatch, route)
        _, edit = _edit(coffee, spot, HashOnly())
        assert edit.plan.engine == "patch" and edit.delta_box is not None
        assert any(word in change for change in edit.plan.changes)


def _line_of_text(photo: Rgb) -> MaskBool:
    line = np.zeros(photo.shape[:2], dtype=np.bool_)
    line[100:112, 60:260] = True
    return line


def _judged(made: attempt.Attempt, reading: Reading, *, accepted: bool) -> attempt.Attempt:
    verdict = Verdict(accepted=accepted, risk=0.1 if accepted else 0.9, readings=(reading,))
    return replace(made, verdict=verdict)


def test_letters_read_again_widen_the_mask_where_they_are(
    coffee: Rgb, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, verdicts = _line_of_text(coffee), iter((False, True))

    def judged(*args: Any, **more: Any) -> attempt.Attempt:
        """A real fill; of the first one a letter is read at the left end."""
        made = attempt.attempt(*args, **more)
        left, top = Box.of_mask(made.core).left, Box.of_mask(made.core).top
        box = Box(left, top, left + 30, top + 12)
        letter = Reading(name="letters_left", value=1.0, high=0.0, passed=False, box=box)
        return _judged(made, letter, accepted=next(verdicts))

    monkeypatch.setattr(tries, "attempt", judged)
    wish = RunOptions(engine="flat", kind="text", budget="cheap")
    request = RunRequest(pixels=coffee, mask=line, options=wish, threads=1)
    result = run(request, sink=objects)
    (edit,) = result.record.edits
    recipe = edit.plan.recipe
    assert recipe.grow_px and recipe.grow_within is not None
    assert edit.delta_box is not None and edit.delta_box.right <= 260 + recipe.feather_px
    assert edit.delta_box.left == 60 - recipe.grow_px - recipe.feather_px
    again = from_json(RunRecord, to_json(result.record))
    assert again.edits[0].plan.recipe == recipe


@pytest.mark.parametrize(
    ("name", "cleared", "fills"), [("specks_left", 2, 2), ("specks_left", 3, 3), ("seam", 2, 1)]
)
def test_specks_of_letters_get_fills_with_wider_masks_unasked(
    name: str, cleared: int, fills: int, coffee: Rgb, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, numbers = _line_of_text(coffee), count(1)

    def judged(*args: Any, **more: Any) -> attempt.Attempt:
        made = attempt.attempt(*args, **more)
        said = Reading(name=name, value=4.0, high=0.0, passed=False, box=Box.of_mask(made.core))
        return _judged(made, said, accepted=next(numbers) == cleared)

    monkeypatch.setattr(tries, "attempt", judged)
    wish = RunOptions(engine="flat", kind="text", budget="cheap", grow_px=0)
    request = RunRequest(pixels=coffee, mask=line, options=wish, threads=1)
    (edit,) = run(request, sink=HashOnly()).record.edits
    assert edit.verdict.accepted == (fills == cleared) and len(edit.attempts) == fills - 1
    assert edit.plan.recipe.grow_px == fills - 1
    assert edit.plan.recipe.grow_within is None


def test_a_logo_whose_mask_left_some_of_it_is_filled_again_with_a_wider_one() -> None:
    case = emboss(surface("skin", 21), 21)
    mask = grow(case.changed, 4)
    mask[:, int(np.nonzero(case.changed)[1].max()) - 8 :] = False
    wish = RunOptions(engine="flat", kind="logo", grow_px=0)
    result = run(RunRequest(pixels=case.photo, mask=mask, options=wish, threads=1), sink=HashOnly())
    (edit,) = result.record.edits
    assert edit.verdict.accepted and len(edit.attempts) == 1
    assert grow(mask, edit.plan.recipe.grow_px)[case.changed].all()
    lost = edit.attempts[0]
    assert not lost.accepted and edit.plan.changes[0].startswith("flagged, so filled again")
