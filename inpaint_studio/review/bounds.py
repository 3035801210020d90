"""Exact binomial bounds: what a few reviewed edits say about all of them."""

from __future__ import annotations

import math
from functools import lru_cache

from scipy.special import betaincinv


@lru_cache(maxsize=65536)
def upper_bound(bad: int, seen: int, confidence: float = 0.95) -> float:
    """Return the one-sided Clopper-Pearson upper bound of a share (0..1).

    With probability >= `confidence` the true share of bad edits is no larger, for any true
    share and any sample size (Clopper and Pearson 1934, doi:10.2307/2331986).
    """
    if seen <= 0 or bad >= seen:
        return 1.0
    return float(betaincinv(bad + 1, seen - bad, confidence))


@lru_cache(maxsize=65536)
def lower_bound(bad: int, seen: int, confidence: float = 0.95) -> float:
    """Return the one-sided Clopper-Pearson lower bound of a share (0..1)."""
    if seen <= 0 or bad <= 0:
        return 0.0
    return float(betaincinv(bad, seen - bad + 1, 1 - confidence))


def interval(bad: int, seen: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval."""
    side = 1 - (1 - confidence) / 2
    return lower_bound(bad, seen, side), upper_bound(bad, seen, side)


def reviews_needed(limit: float, bad: int = 0, confidence: float = 0.95) -> int:
    """Return how many reviews, `bad` of them bad, bring the upper bound down to `limit`.

    With none bad: 149 for 2 %, 299 for 1 %, 598 for 0.5 %.
    """
    if not 0 < limit < 1:
        raise ValueError("limit must lie between 0 and 1")
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
