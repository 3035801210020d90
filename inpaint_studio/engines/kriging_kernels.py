"""Compiled part of `kriging`. Imported only by `compiled`."""

import numba
import numpy as np

from inpaint_studio.engines.compiled import on_disk

_jit = numba.njit(cache=on_disk(), nogil=True)


@_jit
def covariance(luma, top, left, bottom, right, reach, out):
    """out[reach + dy, reach + dx] = covariance at that lag inside the window, divided by all of
    its pixels: the estimate is then positive semi-definite, as the solver needs it."""
    total = np.float32(0.0)
    count = np.float32((bottom - top) * (right - left))
    for y in range(top, bottom):
        for x in range(left, right):
            total += luma[y, x]
    mean = total / count
    for dy in range(reach + 1):
        for dx in range(-reach, reach + 1):
            if dy == 0 and dx < 0:
                continue
            total = np.float32(0.0)
            for y in range(top, bottom - dy):
                for x in range(max(left, left - dx), min(right, right - dx)):
                    total += (luma[y, x] - mean) * (luma[y + dy, x + dx] - mean)
            out[reach + dy, reach + dx] = total / count
            out[reach - dy, reach - dx] = total / count


@_jit
def solve(matrix, right, size):
    """Solve the symmetric positive system in place by Cholesky; the answer is in `right`."""
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                matrix[i, i] = np.sqrt(max(total, 1e-9))
            else:
                matrix[i, j] = total / matrix[j, j]
    for i in range(size):
        total = right[i]
        for k in range(i):
            total -= matrix[i, k] * right[k]
        right[i] = total / matrix[i, i]
    for i in range(size - 1, -1, -1):
        total = right[i]
        for k in range(i + 1, size):
            total -= matrix[k, i] * right[k]
        right[i] = total / matrix[i, i]


@_jit
def blend(image, luma, hole, unknown, tiles, disc, side, window, ridge, most, start, stop, out):
    """Predict the hole pixels of tiles start..stop from known ones; see `kriging.predict`."""
    height, width, _ = image.shape
    lag = 0
    for k in range(disc.shape[0]):
        lag = max(lag, 2 * max(abs(disc[k, 0]), abs(disc[k, 1])))
    table = np.zeros((2 * lag + 1, 2 * lag + 1), np.float32)
    ys = np.empty(most, np.int64)
    xs = np.empty(most, np.int64)
    matrix = np.empty((most, most))
    right = np.empty(most)
    plain = np.empty(most)
    for t in range(start, stop):
        top, left = tiles[t, 0], tiles[t, 1]
        bottom, end = min(height, top + side), min(width, left + side)
        covariance(
            luma, max(0, top - window), max(0, left - window), min(height, bottom + window),
            min(width, end + window), lag, table,
        )  # fmt: skip
        variance = table[lag, lag]
        # Ordinary kriging: the mean is unknown, which is a large constant in every covariance.
        free = 4.0 * variance + 1.0
        for y in range(top, bottom):
            for x in range(left, end):
                if not hole[y, x]:
                    continue
                count = 0
                for k in range(disc.shape[0]):
                    v, u = y + disc[k, 0], x + disc[k, 1]
                    if v < 0 or u < 0 or v >= height or u >= width or unknown[v, u]:
                        continue
                    ys[count], xs[count] = v, u
                    count += 1
                    if count == most:
                        break
                if count < 3:
                    continue
                for i in range(count):
                    for j in range(i + 1):
                        matrix[i, j] = free + table[lag + ys[i] - ys[j], lag + xs[i] - xs[j]]
                    matrix[i, i] += ridge * variance + 0.05
                    plain[i] = table[lag + ys[i] - y, lag + xs[i] - x]
                    right[i] = plain[i] + free
                solve(matrix, right, count)
                total = 0.0
                explained = 0.0
                for i in range(count):
                    total += right[i]
                    explained += right[i] * plain[i]
                share = min(max(explained / (variance + 1e-3), 0.0), 1.0)
                for c in range(image.shape[2]):
                    value = 0.0
                    for i in range(count):
                        value += right[i] * image[ys[i], xs[i], c]
                    out[y, x, c] = share * value / total + (1.0 - share) * image[y, x, c]
