"""Thresholds with a warranty."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.gating.bounds import audits_needed, chance_of_at_least, upper_bound
from inpaint_studio.gating.calibrate import Audited, controlled, drift, warrant


def test_audits_needed_are_the_known_figures() -> None:
    assert [audits_needed(p) for p in (0.02, 0.01, 0.005)] == [149, 299, 598]
    assert upper_bound(0, 299) <= 0.01 < upper_bound(0, 298)
    assert (
        upper_bound(1, audits_needed(0.02, 1)) <= 0.02 < upper_bound(1, audits_needed(0.02, 1) - 1)
    )


def test_largest_threshold_whose_bound_holds() -> None:
    audits = [Audited(risk=n / 1000, is_bad=n == 200) for n in range(400)]
    found = warrant(audits, 0.02)
    assert found.threshold == 0.399 and found.bad == 1 and found.bound <= 0.02
    strict = warrant(audits, 0.007)
    assert strict.threshold is None and strict.more > 0
    assert "more audits" in strict.sentence


def test_bad_ones_at_high_risk_end_the_promise_below_them() -> None:
    audits = [Audited(risk=0.1 + n * 1e-4, is_bad=False) for n in range(400)]
    audits += [Audited(risk=0.5 + n * 1e-3, is_bad=True) for n in range(20)]
    found = warrant(audits, 0.01)
    assert found.threshold is not None and found.threshold < 0.5


def test_photos_of_one_product_count_once() -> None:
    audits = [Audited(risk=0.1, is_bad=False, group=f"sku{n % 20}") for n in range(1000)]
    assert warrant(audits, 0.02).threshold is None
    assert warrant(audits, 0.02).seen == 20


def test_the_promise_is_kept_in_simulated_shops() -> None:
    """Broken in at most 5 % of shops, though the threshold is picked from the same audits."""
    rng = np.random.default_rng(1)
    broken = promised = 0
    for _ in range(300):
        risk = rng.random(600)
        bad = rng.random(600) < 0.08 * risk**2
        found = warrant([Audited(risk=float(r), is_bad=bool(b)) for r, b in zip(risk, bad)], 0.02)
        if found.threshold is not None:
            promised += 1
            broken += 0.08 * found.threshold**2 / 3 > 0.02
    assert promised > 200
    assert broken <= 0.05 * 300


def test_drift_is_noticed_and_rest_is_left_alone() -> None:
    assert not drift(6, 600, 0.01).alarm
    assert drift(18, 600, 0.01).alarm
    first = next(bad for bad in range(600) if drift(bad, 600, 0.01).alarm)
    assert chance_of_at_least(first, 600, 0.03) == pytest.approx(0.91, abs=0.03)
    assert chance_of_at_least(first, 600, 0.01) <= 0.01


def test_risk_control_bounds_bad_and_accepted_per_photo() -> None:
    sample = [Audited(risk=n / 100, is_bad=n >= 90) for n in range(100)]
    threshold = controlled(sample, 0.05)
    assert threshold is not None
    accepted_bad = sum(a.is_bad for a in sample if a.risk <= threshold)
    assert (accepted_bad + 1) / 101 <= 0.05
    assert controlled(sample[:10], 0.05) is None
