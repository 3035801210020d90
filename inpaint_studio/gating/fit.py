"""Fit and test a logistic model by photo. Plain linear algebra: the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Matrix = NDArray[np.float64]


def auc(scores: Matrix, is_bad: NDArray[np.bool_]) -> float:
    """Return the chance that a bad edit scores higher than a good one (ties count half)."""
    bad = int(is_bad.sum())
    good = len(is_bad) - bad
    if not bad or not good:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[is_bad].sum() - bad * (bad + 1) / 2) / (bad * good))


def logistic(z: Matrix, target: Matrix, weight: Matrix, ridge: float) -> tuple[Matrix, float]:
    """Return weights and intercept of a ridge logistic fit (Newton's method, no penalty on b).

    z: (n, k) z-scores; target: (n,) in 0..1 (a doubtful edit is 0.5); weight: (n,).
    """
    x = np.column_stack([z, np.ones(len(z))])
    penalty = np.full(x.shape[1], ridge)
    penalty[-1] = 1e-6
    beta = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        gradient = x.T @ (weight * (p - target)) + penalty * beta
        curvature = (x * (weight * p * (1 - p) + 1e-9)[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if float(np.abs(step).max()) < 1e-9:
            break
    return beta[:-1], float(beta[-1])


def folds(photos: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Return a fold number per edit; edits of one photo share their fold."""
    names = sorted(set(photos))
    order = np.random.default_rng(seed).permutation(len(names))
    number = {names[index]: place % count for place, index in enumerate(order)}
    return np.array([number[photo] for photo in photos], dtype=np.int64)


def standardise(values: Matrix) -> tuple[Matrix, Matrix]:
    """Return robust mean and spread per column (spread is never 0)."""
    mean = values.mean(axis=0)
    std = values.std(axis=0)
    return mean, np.where(std > 1e-9, std, 1.0)


def passing_threshold(scores: Matrix, share: float) -> float:
    """Return the threshold that lets `share` of these scores pass."""
    return float(np.quantile(scores, share))
