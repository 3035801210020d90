"""Fit and test a risk by photo: a logistic model and, where asked for, small trees beside it.

Plain linear algebra and counting: the same bytes every time. With trees the log-odds are a mean of
the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, skew

from inpaint_studio.gating.risk import LOG_FLOOR, Z_LIMIT
from inpaint_studio.gating.trees import Growth, Tree, answers, grow
from inpaint_studio.gating.trees import scaled as trees_scaled

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

RIDGES = (10.0, 30.0)
LONG_TAIL = 1.5


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


def fold_numbers(photos: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model over named features."""

    names: tuple[str, ...]
    is_log: Flags
    mean: Matrix
    std: Matrix
    weights: Matrix
    intercept: float
    ridge: float
    trees: tuple[Tree, ...] = ()

    def logit(self, values: Matrix) -> Matrix:
        z = np.clip((_moved(values, self.is_log) - self.mean) / self.std, -Z_LIMIT, Z_LIMIT)
        return np.asarray(
            z @ self.weights + self.intercept + answers(self.trees, self.names, values)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is fitted: (n, k) values; target in 0..1 (a doubtful edit is 0.5); weights; photos.

    sure: what the scaling and the choice of the ridge look at. growth: grow trees, too, and give
    them `tree_share` of the answer; forests: as the mean of so many forests, each of which sees
    other edits and asks for other numbers by chance.
    """

    names: tuple[str, ...]
    values: Matrix
    target: Matrix
    weight: Matrix
    photos: Sequence[str]
    sure: Flags
    ridges: tuple[float, ...] = RIDGES
    growth: Growth | None = None
    tree_share: float = 0.5
    forests: int = 1

    def without(self, out: Flags) -> Problem:
        rest = ~out
        return replace(
            self,
            values=self.values[rest],
            target=self.target[rest],
            weight=self.weight[rest],
            photos=[photo for photo, keep in zip(self.photos, rest) if keep],
            sure=self.sure[rest],
        )


def fit_model(problem: Problem) -> Fit:
    """Fit one model; the ridge is chosen by cross-validation inside these samples."""
    values, sure = problem.values, problem.sure
    long_tailed = skew(values[sure], axis=0) > LONG_TAIL
    is_log = np.asarray((values.min(axis=0) >= 0) & long_tailed)
    moved = _moved(values, is_log)
    mean, std = standardise(moved[sure])
    z = np.clip((moved - mean) / std, -Z_LIMIT, Z_LIMIT)
    ridge = _best_ridge(problem, z)
    weights, intercept = logistic(z, problem.target, problem.weight, ridge)
    linear = Fit(
        names=problem.names, is_log=is_log, mean=mean, std=std, weights=weights,
        intercept=intercept, ridge=ridge,
    )  # fmt: skip
    if problem.growth is None:
        return linear
    share = problem.tree_share / problem.forests
    starts, trees = 0.0, list[Tree]()
    for number in range(problem.forests):
        growth = replace(problem.growth, seed=problem.growth.seed + number)
        start, forest = grow(problem.names, values, problem.target, problem.weight, growth)
        starts += start
        trees.extend(trees_scaled(forest, share))
    rest = 1 - problem.tree_share
    return replace(
        linear, weights=weights * rest, intercept=intercept * rest + starts * share,
        trees=tuple(trees),
    )  # fmt: skip


def _best_ridge(problem: Problem, z: Matrix) -> float:
    if len(problem.ridges) == 1:
        return problem.ridges[0]
    inner = fold_numbers(problem.photos, 5, 99)
    target, weight, sure = problem.target, problem.weight, problem.sure
    quality = []
    for ridge in problem.ridges:
        held = np.zeros(len(z))
        for fold in range(5):
            test = inner == fold
            weights, intercept = logistic(z[~test], target[~test], weight[~test], ridge)
            held[test] = z[test] @ weights + intercept
        quality.append(auc(held[sure], target[sure] > 0.75))
    return problem.ridges[int(np.argmax(quality))]


def held_out(
    problem: Problem,
    *,
    folds: int,
    seeds: int,
    others: tuple[Matrix, Sequence[str]] | None = None,
) -> Matrix:
    """Return every sample's logit from models that never saw its photo (mean over the splits).

    others: (values, photos) of samples that no model learns from; theirs follow at the end.
    """
    more, more_photos = others or (problem.values[:0], [])
    values = np.concatenate([problem.values, more])
    total = np.zeros(len(values))
    every = [*problem.photos, *more_photos]
    for seed in range(seeds):
        numbers = fold_numbers(every, folds, seed)
        for fold in range(folds):
            test = numbers == fold
            model = fit_model(problem.without(test[: len(problem.values)]))
            total[test] += model.logit(values[test])
    return total / seeds


def risk(logit: float) -> float:
    return float(1 / (1 + np.exp(-logit)))


def _moved(values: Matrix, is_log: Flags) -> Matrix:
    logs = np.log(np.maximum(values, 0.0) + LOG_FLOOR)
    return np.where(is_log[None], logs, values)
