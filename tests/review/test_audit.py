"""The audit sample is decided by content alone; the bounds are exact."""

import math

import numpy as np
import pytest
from scipy import stats

from inpaint_studio.review import audit
from inpaint_studio.review.bounds import interval, lower_bound, reviews_needed, upper_bound

CONTENTS = [f"{n:064x}" for n in range(20000)]


def test_the_sample_is_reproducible_and_independent_of_order():
    first = audit.sample(CONTENTS, 0.05)
    again = audit.sample(reversed(CONTENTS), 0.05)
    assert set(first) == set(again)
    assert first[:3] == [c for c in CONTENTS if audit.is_audited(c, 0.05)][:3]


def test_the_share_is_kept_and_a_larger_one_contains_a_smaller():
    small, large = set(audit.sample(CONTENTS, 0.05)), set(audit.sample(CONTENTS, 0.2))
    assert abs(len(small) / len(CONTENTS) - 0.05) < 4 * math.sqrt(0.05 * 0.95 / len(CONTENTS))
    assert small < large
    assert audit.sample(CONTENTS, 0.0) == []
    assert audit.sample(CONTENTS, 1.0) == CONTENTS


def test_draws_for_different_purposes_are_independent():
    a = np.array([audit.draw(c, "audit") for c in CONTENTS])
    b = np.array([audit.draw(c, "double") for c in CONTENTS])
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert stats.kstest(a, "uniform").pvalue > 1e-4


def test_hidden_evidence_does_not_tell_an_audit_from_a_flag():
    assert audit.is_blind(CONTENTS[0], "audit", 0.0)
    assert audit.is_blind(CONTENTS[0], "planted", 0.0)
    hidden = sum(audit.is_blind(c, "flagged", 0.1) for c in CONTENTS)
    assert 0.09 < hidden / len(CONTENTS) < 0.11


def test_one_photo_stands_for_its_product():
    groups = [(c, f"sku{n // 4}") for n, c in enumerate(CONTENTS[:4000])]
    drawn = audit.share_by_group(groups, 0.3)
    names = dict(groups)
    skus = [names[c] for c in drawn]
    assert len(set(skus)) == len(skus)
    assert 0.25 < len(skus) / 1000 < 0.35


@pytest.mark.parametrize(("bad", "seen"), [(0, 10), (1, 20), (5, 50), (40, 300)])
def test_bounds_are_those_of_the_binomial(bad, seen):
    upper = upper_bound(bad, seen)
    assert stats.binom.cdf(bad, seen, upper) == pytest.approx(0.05, abs=1e-9)
    if bad:
        lower = lower_bound(bad, seen)
        assert stats.binom.sf(bad - 1, seen, lower) == pytest.approx(0.05, abs=1e-9)
    low, high = interval(bad, seen)
    assert low <= bad / seen <= high
    assert high > upper


def test_no_evidence_promises_nothing():
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(3, 3) == 1.0
    assert lower_bound(0, 100) == 0.0


@pytest.mark.parametrize(("limit", "needed"), [(0.02, 149), (0.01, 299), (0.005, 598)])
def test_reviews_needed_with_none_bad(limit, needed):
    assert reviews_needed(limit) == needed
    assert upper_bound(0, needed) <= limit < upper_bound(0, needed - 1)


def test_reviews_needed_with_some_bad():
    needed = reviews_needed(0.02, bad=3)
    assert upper_bound(3, needed) <= 0.02 < upper_bound(3, needed - 1)
    with pytest.raises(ValueError):
        reviews_needed(0.0)
