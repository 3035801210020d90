"""What kernels are told of a level beside its picture: lines, ground, sources known in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Guide:
    """The lines at one scale, as the kernels take them.

    flat: (H * W * 4 + slack) uint8, the softened picture with the lines drawn in; cover: the same
    size, 255 where a line is drawn; on: (targets,) int32, the line a target lies on, -1 where
    none; lines: (n, 10) float64, a row is origin x y, along x y, bend, gap, before, after in px
    of this scale.
    """

    flat: NDArray[np.uint8]
    cover: NDArray[np.uint8]
    on: NDArray[np.int32]
    lines: NDArray[np.float64]


def no_guide() -> Guide:
    """Return what stands there where no line is."""
    none = np.zeros(0, np.uint8)
    return Guide(none, none, np.zeros(0, np.int32), np.zeros((0, 10)))


@dataclass(frozen=True)
class Ground:
    """The colour of the ground under a hole, as the kernels take it (`patch_ground`).

    mean: (H, W, 4) uint8, a source's mean of what is known; asked: (targets, 4) uint8, the mean
    that a target's should be about; say: (targets,) int32, what a squared level of difference
    costs; gap: the levels that cost nothing. Empty where no ground is asked for.
    """

    mean: NDArray[np.uint8]
    asked: NDArray[np.uint8]
    say: NDArray[np.int32]
    gap: np.int32


def no_ground() -> Ground:
    """Return what stands there where the ground has no say."""
    none = np.zeros((0, 0, 4), np.uint8)
    return Ground(none, np.zeros((0, 4), np.uint8), np.zeros(0, np.int32), np.int32(0))


@dataclass(frozen=True)
class Parts:
    """Sources that are known in part, as the kernels take them.

    known: (H * W * 4 + slack) uint8, 255 where a byte may be copied; count: (H, W) uint8, how
    many pixels of the patch at every place may. Empty where all sources are whole.
    """

    known: NDArray[np.uint8]
    count: NDArray[np.uint8]


def no_parts() -> Parts:
    """Return what stands there where all sources are whole."""
    return Parts(np.zeros(0, np.uint8), np.zeros((0, 0), np.uint8))
