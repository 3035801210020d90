"""Calibration promises only what the audit stream carries, and changes gates on the user's word."""

from dataclasses import replace

import pytest

from inpaint_studio.errors import BadSetting
from inpaint_studio.gating.risk import default_gates
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.review import calibration
from inpaint_studio.review.statistics import EditFact


def audited(n, *, risk=0.1, bad=False, origin="audit"):
    return EditFact(
        item_id=f"i{origin}{n}", engine="patch", kind="text", day="d", passed=True, origin=origin,
        state="rejected" if bad else "accepted", risk=risk,
    )  # fmt: skip


def test_flagged_items_are_no_evidence():
    facts = [audited(n, origin="flagged") for n in range(1000)]
    found = calibration.outlook(facts, 0.02)
    assert found.warranty.threshold is None
    assert found.warranty.seen == 0
    with pytest.raises(BadSetting):
        calibration.apply(found.warranty)


def test_enough_clean_audits_carry_the_promise_and_one_less_does_not():
    carried = calibration.outlook([audited(n) for n in range(149)], 0.02)
    assert carried.warranty.threshold == 0.1
    refused = calibration.outlook([audited(n) for n in range(148)], 0.02)
    assert refused.warranty.threshold is None
    assert refused.warranty.more == 1
    assert any(step.more == 1 and step.bound <= 0.02 for step in refused.steps)


def test_photos_of_one_product_count_once():
    facts = [audited(n) for n in range(400)]
    names = {f"iaudit{n}": f"mug-{n // 4:03d}_{n % 4}.png" for n in range(400)}
    assert calibration.outlook(facts, 0.02, names=names).warranty.threshold is None
    assert calibration.outlook(facts, 0.02).warranty.threshold is not None


def test_what_more_reviews_buy_counts_products_as_the_promise_does():
    facts = [audited(n, bad=n in (0, 1)) for n in range(40)]
    names = {f"iaudit{n}": f"mug-{n // 4:03d}_{n % 4}.png" for n in range(40)}
    found = calibration.outlook(facts, 0.02, names=names)
    assert (found.warranty.seen, found.warranty.bad) == (10, 1)
    promised = next(step for step in found.steps if step.more == found.warranty.more)
    assert promised.bound <= 0.02
    assert found.curve[-1][1] == pytest.approx(found.warranty.bound)


def test_a_reviewer_who_misses_planted_edits_is_named():
    facts = [audited(n) for n in range(200)]
    facts += [audited(n, origin="planted", bad=n % 2 == 0) for n in range(10)]
    assert "5 of 10 planted" in calibration.outlook(facts, 0.02).caveat


def test_a_threshold_is_applied_by_version_and_can_be_taken_back():
    own = default_gates()
    found = calibration.outlook([audited(n, risk=0.25) for n in range(200)], 0.02)
    assert default_gates().thresholds == own.thresholds, "looking changes nothing"
    version = calibration.apply(found.warranty, reviewer="ann")
    assert set(default_gates().thresholds.values()) == {0.25}
    assert default_gates().version == version != own.version
    assert default_gates().bands == own.bands
    assert calibration.versions()[0]["warranty"]["by"] == "ann"
    calibration.withdraw()
    assert default_gates().version == own.version
    assert len(calibration.versions()) == 1


def test_a_worker_that_runs_already_judges_by_the_new_set():
    found = calibration.outlook([audited(n, risk=0.25) for n in range(200)], 0.02)
    with WorkerPool(light=1) as pool:
        ask = "tests.review.fake_road:gates_in_force"
        assert pool.submit(ask).value(60) == default_gates().version
        version = calibration.apply(found.warranty)
        assert pool.submit(ask).value(60) == version
        calibration.withdraw()
        assert pool.submit(ask).value(60) == default_gates().version != version


def test_audits_of_other_models_are_no_evidence_and_that_is_said():
    model = calibration.model_of(default_gates().version)
    own = [replace(audited(n), gates=f"{model}+20260101-000000/pair@0.4") for n in range(149)]
    old = [replace(audited(n + 500), gates="0/pair@0.6") for n in range(300)]
    assert calibration.outlook(own, 0.02).warranty.threshold == 0.1
    found = calibration.outlook(old, 0.02)
    assert found.warranty.threshold is None and found.warranty.seen == 0
    assert found.caveat.startswith("300 audits are of verdicts by other gate models")
