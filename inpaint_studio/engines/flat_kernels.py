"""Compiled part of `flat_grain`. Imported only by `compiled`."""

import numba
import numpy as np

from inpaint_studio.engines.compiled import on_disk
from inpaint_studio.engines.kriging_kernels import solve

_jit = numba.njit(cache=on_disk(), nogil=True)


@_jit
def continue_grain(grain, wrong, known, hole, covariance, disc, most):
    """Add to `grain` in the hole the simple-kriging prediction of what is wrong beside it.

    wrong: the ring's grain minus the synthesised one, (H, W, 3). covariance: the grain's, by lag.
    """
    height, width, channels = grain.shape
    lag = covariance.shape[0] // 2
    ys = np.empty(most, np.int64)
    xs = np.empty(most, np.int64)
    matrix = np.empty((most, most))
    right = np.empty(most)
    for y in range(height):
        for x in range(width):
            if not hole[y, x]:
                continue
            count = 0
            for k in range(disc.shape[0]):
                v, u = y + disc[k, 0], x + disc[k, 1]
                if v < 0 or u < 0 or v >= height or u >= width or not known[v, u]:
                    continue
                ys[count], xs[count] = v, u
                count += 1
                if count == most:
                    break
            if count == 0:
                continue
            for i in range(count):
                for j in range(i + 1):
                    matrix[i, j] = covariance[lag + ys[i] - ys[j], lag + xs[i] - xs[j]]
                matrix[i, i] += 0.01 * covariance[lag, lag]
                right[i] = covariance[lag + ys[i] - y, lag + xs[i] - x]
            solve(matrix, right, count)
            for c in range(channels):
                for i in range(count):
                    grain[y, x, c] += right[i] * wrong[ys[i], xs[i], c]
