"""How likely a measured spot or line is a blemish: a small fitted function of its features.

One hidden layer; its numbers lie in `resources/blemishes/weights.json`, fitted to blemishes drawn
into photos against everything else the same photos hold (`tests/benchmarks/blemishes_fit`). The
measures do the work, the function weighs them. Rejected: limits set by hand, one a measure; they
found what they were set for and four false ones on every clean photo.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.paths import resource

Numbers = NDArray[np.float64]
MOST_OFF = 4.0
"""Deviations from the mean beyond which a feature says no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    mean: Numbers
    spread: Numbers
    inner: Numbers
    inner_bias: Numbers
    outer: Numbers
    outer_bias: float

    def __call__(self, features: Sequence[Sequence[float]]) -> Numbers:
        """Return the log odds (N,) of rows of features (N, F)."""
        if not len(features):
            return np.zeros(0)
        rows = np.nan_to_num(np.asarray(features, np.float64))
        scaled = np.clip((rows - self.mean) / self.spread, -MOST_OFF, MOST_OFF)
        odds = np.tanh(scaled @ self.inner.T + self.inner_bias) @ self.outer + self.outer_bias
        return np.asarray(odds, dtype=np.float64)


@cache
def belief(kind: Literal["spot", "line"]) -> Belief:
    """Return the fitted function for spots or lines."""
    told = json.loads(resource("blemishes", "weights.json").read_text(encoding="utf-8"))[kind]
    bias = float(told.pop("outer_bias"))
    return Belief(
        **{name: np.array(values, np.float64) for name, values in told.items()}, outer_bias=bias
    )


def confidence(odds: float) -> float:
    """Return 0..1 of log odds that were fitted with blemishes counted threefold."""
    return float(1 / (1 + 3 * np.exp(-odds)))
