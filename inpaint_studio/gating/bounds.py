"""Exact binomial statements: what a few audited edits say about all of them."""

from __future__ import annotations

import math
from functools import lru_cache

CONFIDENCE = 0.95


@lru_cache(maxsize=65536)
def upper_bound(bad: int, seen: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper-Pearson upper bound of a share (0..1).

    With probability >= `confidence` the true share is no larger, for any true share and any
    sample size (Clopper and Pearson 1934, doi:10.2307/2331986).
    """
    if seen <= 0 or bad >= seen:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(bad + 1, seen - bad, confidence))


def audits_needed(limit: float, bad: int = 0, confidence: float = CONFIDENCE) -> int:
    """Return how many audits, `bad` of them bad, bring the upper bound down to `limit`.

    With none bad: 149 for 2 %, 299 for 1 %, 598 for 0.5 %. Raises: ValueError.
    """
    if not 0 < limit < 1 or bad < 0:
        raise ValueError("limit must lie between 0 and 1, bad must not be negative")
    if bad == 0:
        return math.ceil(math.log(1 - confidence) / math.log(1 - limit))
    low, high = bad + 1, bad + 2
    while upper_bound(bad, high, confidence) > limit:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        if upper_bound(bad, middle, confidence) <= limit:
            high = middle
        else:
            low = middle + 1
    return low


def chance_of_at_least(bad: int, seen: int, share: float) -> float:
    """Return the probability of `bad` or more bad ones among `seen` when the share is `share`."""
    from scipy.stats import binom

    return float(binom.sf(bad - 1, seen, share))
