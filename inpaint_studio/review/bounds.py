"""Two-sided bounds of a share, beside the one-sided ones that promises are made of."""

from __future__ import annotations

from functools import lru_cache

from inpaint_studio.gating.bounds import audits_needed as reviews_needed
from inpaint_studio.gating.bounds import upper_bound

__all__ = ["interval", "lower_bound", "reviews_needed", "upper_bound"]


@lru_cache(maxsize=65536)
def lower_bound(bad: int, seen: int, confidence: float = 0.95) -> float:
    """Return the one-sided Clopper-Pearson lower bound of a share (0..1)."""
    if seen <= 0 or bad <= 0:
        return 0.0
    from scipy.special import betaincinv

    return float(betaincinv(bad, seen - bad + 1, 1 - confidence))


def interval(bad: int, seen: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval."""
    side = 1 - (1 - confidence) / 2
    return lower_bound(bad, seen, side), upper_bound(bad, seen, side)
