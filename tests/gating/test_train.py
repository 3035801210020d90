"""How gates are trained: photos are never split, budgets are kept, faults are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.gating import fit, limits
from inpaint_studio.gating.labelled import BAD, GOOD, LabelledEdit
from inpaint_studio.gating.planted import FAULTS, STRUCTURE
from inpaint_studio.gating.risk import RiskModel, Term
from inpaint_studio.gating.samples import Sample, collect, features_by_reading, keep, kept
from inpaint_studio.gating.train import as_data, complete, fault_names, main
from tests.gating.conftest import grainy, hole, sticker


def samples(origin: str, label: int, count: int) -> list[Sample]:
    return [
        Sample(photo=f"p{n % 40}", engine="e", label=label, origin=origin, features={})
        for n in range(count)
    ]


def test_edits_of_one_photo_share_a_fold_and_no_model_sees_the_photo_it_is_tried_on() -> None:
    photos = [f"p{n // 3}" for n in range(60)]
    numbers = fit.fold_numbers(photos, 5, 0)
    assert all(len(set(numbers[n : n + 3])) == 1 for n in range(0, 60, 3))
    # A photo's number tells its label and nothing else does: held out, nothing can be learned.
    code = np.repeat(np.eye(20), 3, axis=0)
    target = np.repeat(np.random.default_rng(0).permutation(20) % 2, 3).astype(float)
    problem = fit.Problem(
        names=tuple(map(str, range(20))), values=code, target=target, weight=np.ones(60),
        photos=photos, sure=np.ones(60, dtype=bool),
    )  # fmt: skip
    assert fit.auc(fit.fit_model(problem).logit(code), target > 0.5) == 1
    assert fit.auc(fit.held_out(problem, folds=5, seeds=3), target > 0.5) < 0.7


def table(seed: int, *, apart: float) -> limits.Table:
    rng = np.random.default_rng(seed)
    judged = samples("truth", GOOD, 400) + samples("label", GOOD, 200) + samples("label", BAD, 200)
    planted = [s for fault in FAULTS for s in samples(fault, BAD, 60)]
    found = limits.Table(judged=judged, planted=planted)
    every = [*judged, *planted]
    for fault in FAULTS:
        at = np.array([apart if s.origin == fault else 0.0 for s in every])
        found.add_fault(fault, every, at + rng.normal(0, 1, len(every)))
    bad = np.array([s.label == BAD for s in judged])
    found.add_risk("quick", 3.0 * bad + rng.normal(0, 1, len(judged)))
    return found


def test_all_faults_together_keep_the_budget_of_false_alarms() -> None:
    found = table(0, apart=5.0)
    spent = found.fault_limits()
    clean = np.array([s.is_clean for s in (*found.judged, *found.planted)])
    assert found.alarms(spent)[clean].mean() <= limits.FALSE_ALARMS + 0.01
    # On another draw of the same shop it holds as well, give or take chance.
    assert table(1, apart=5.0).alarms(spent)[clean].mean() <= 2 * limits.FALSE_ALARMS
    figures = found.fault_figures()
    assert min(figures["flagged"].values()) > 0.8
    assert figures["false_alarms_perfect"] <= 2 * limits.FALSE_ALARMS


def test_the_budget_goes_to_things_before_lines() -> None:
    """Lines are as easily found as the others here, but worth half: their limits are stricter."""
    spent = table(4, apart=2.0).fault_limits()
    lines = [limit for fault, limit in spent.items() if fault in limits.LINES]
    others = [limit for fault, limit in spent.items() if fault not in limits.LINES]
    assert np.mean(lines) > np.mean(others)


def test_the_risk_limit_flags_the_asked_share_of_bad_edits() -> None:
    found = table(2, apart=3.0)
    spent = found.fault_limits()
    limit = found.risk_limit("quick", spent)
    flagged = (found.risk["quick"] > limit) | found.alarms(spent)[: len(found.judged)]
    bad = np.array([s.label == BAD for s in found.judged])
    assert flagged[bad].mean() >= limits.BAD_FLAGGED - 0.01
    verdict = found.figures("quick")["verdict_flags"]
    assert verdict["bad"] > 0.9 > 0.4 > verdict["good"]


def made_edits() -> list[LabelledEdit]:
    mask = hole()
    edits = []
    for number in range(2):
        truth = grainy(seed=number)
        before = sticker(truth, mask)
        after = before.copy()
        after[mask] = grainy(seed=number + 7)[mask]
        edits.append(
            LabelledEdit(photo=f"p{number}", scene=f"p{number}", engine="e", label=number,
                         before=before, after=after, mask=mask, truth=truth)
        )  # fmt: skip
    return edits


def test_what_is_measured_is_kept_and_read_back(tmp_path: Path) -> None:
    measured = keep(collect(made_edits()), tmp_path / "kept.jsonl")
    assert kept(tmp_path / "kept.jsonl") == measured
    origins = [sample.origin for sample in measured]
    assert origins.count("label") == 2 and origins.count("truth") == 4
    # A good edit gets every fault, a doubtful one none; a true one gets some of them in turn.
    # Plain grain has no line that could end or step.
    assert set(origins) >= set(FAULTS) - {"blur", *STRUCTURE}
    assert all("consensus" in s.features for s in measured if s.origin in ("label", "truth"))
    assert not any("consensus" in s.features for s in measured if s.origin in FAULTS)
    names = {name for row in features_by_reading().values() for name in row}
    assert {name for fault in FAULTS for name in fault_names(fault)} <= names
    assert set(measured[0].features) == names


def test_training_needs_edits_or_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-o", "gates.json"])
    assert "--edits" in capsys.readouterr().err


def test_a_model_is_plain_data_that_gives_the_same_logits() -> None:
    values = np.random.default_rng(1).random((30, 2)) ** 6
    problem = fit.Problem(
        names=("a", "b"), values=values, target=(values[:, 0] > 0.1).astype(float),
        weight=np.ones(30), photos=[str(n) for n in range(30)], sure=np.ones(30, dtype=bool),
    )  # fmt: skip
    model = fit.fit_model(problem)
    data = json.loads(json.dumps(as_data(model)))
    plain = RiskModel(terms=tuple(Term(**t) for t in data["terms"]), intercept=data["intercept"])
    for row, logit in zip(values, model.logit(values)):
        assert plain.logit({"a": row[0], "b": row[1]}) == pytest.approx(logit)


def test_what_a_reading_rejects_by_itself_counts_as_found_and_costs_no_budget() -> None:
    found = table(3, apart=0.0)
    plain = found.fault_figures()["flagged"]["floating"]
    for sample in found.planted:
        if sample.origin == "floating":
            sample.features["copied_piece"] = 9.0
    vetoed = limits.Table(judged=found.judged, planted=found.planted, risk=found.risk,
                          fault=found.fault)  # fmt: skip
    assert plain < 0.2 and vetoed.fault_figures()["flagged"]["floating"] == 1.0
    assert not vetoed.vetoed[: len(found.judged)].any()


def test_limits_lie_midway_to_the_next_fault_found_and_lose_none() -> None:
    found = table(4, apart=5.0)
    spent = found.fault_limits()
    for fault, limit in spent.items():
        values = found.fault[fault]
        mine = np.array([s.origin == fault for s in (*found.judged, *found.planted)])
        clean = np.array([s.is_clean for s in (*found.judged, *found.planted)])
        next_found = values[mine & (values > limit)].min()
        highest_right = values[clean & (values <= limit)].max()
        assert highest_right < limit < next_found


def test_a_share_is_given_with_its_interval() -> None:
    low, high = limits.interval([True] * 3 + [False] * 117)
    assert (low, high) == (pytest.approx(0.0052, abs=1e-3), pytest.approx(0.0713, abs=1e-3))
    assert limits.interval([False] * 20)[0] == 0 and limits.interval([True] * 20)[1] == 1


def test_an_edit_that_a_reading_cannot_measure_is_left_out_of_the_training() -> None:
    def made(origin: str, **features: float) -> Sample:
        return Sample(photo="p", engine="e", label=BAD, origin=origin, features=features)

    whole = [made("label", seam=1.0, border=2.0, witness=3.0), made("seam", seam=1.0, border=2.0)]
    thin = [made("label", seam=1.0, witness=3.0), made("seam", seam=1.0)]
    assert complete([*thin, *whole]) == whole
