"""Compiled sweeps of the masked Poisson solver (see `membrane`). Imported only by `compiled`."""

import numba
import numpy as np

from inpaint_studio.engines.compiled import on_disk

_jit = numba.njit(cache=on_disk(), nogil=True)


@_jit
def relax(field, rhs, unknown, screen, sweeps):
    """Red-black Gauss-Seidel of  sum(neighbour - centre) - screen * centre = rhs  on unknowns."""
    height, width, channels = field.shape
    for _ in range(sweeps):
        for colour in range(2):
            for y in range(height):
                for x in range((y + colour) % 2, width, 2):
                    if not unknown[y, x]:
                        continue
                    count = np.float32(screen)
                    for c in range(channels):
                        total = -rhs[y, x, c]
                        if y > 0:
                            total += field[y - 1, x, c]
                        if y < height - 1:
                            total += field[y + 1, x, c]
                        if x > 0:
                            total += field[y, x - 1, c]
                        if x < width - 1:
                            total += field[y, x + 1, c]
                        if c == 0:
                            count += np.float32(
                                (y > 0) + (y < height - 1) + (x > 0) + (x < width - 1)
                            )
                        field[y, x, c] = total / count


@_jit
def residual(field, rhs, unknown, screen, out):
    """out = rhs - (sum(neighbour - centre) - screen * centre) on unknowns, 0 elsewhere."""
    height, width, channels = field.shape
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                if not unknown[y, x]:
                    out[y, x, c] = np.float32(0.0)
                    continue
                centre = field[y, x, c]
                total = -np.float32(screen) * centre
                if y > 0:
                    total += field[y - 1, x, c] - centre
                if y < height - 1:
                    total += field[y + 1, x, c] - centre
                if x > 0:
                    total += field[y, x - 1, c] - centre
                if x < width - 1:
                    total += field[y, x + 1, c] - centre
                out[y, x, c] = rhs[y, x, c] - total


@_jit
def restrict(fine, unknown, coarse, coarse_unknown):
    """Sum 2x2 cells of the residual (the coarse grid's spacing is 2, so 4 x the mean)."""
    height, width, channels = fine.shape
    rows, columns, _ = coarse.shape
    for y in range(rows):
        for x in range(columns):
            free = True
            for c in range(channels):
                coarse[y, x, c] = np.float32(0.0)
            for dy in range(2):
                for dx in range(2):
                    v = min(2 * y + dy, height - 1)
                    u = min(2 * x + dx, width - 1)
                    if not unknown[v, u]:
                        free = False
                    for c in range(channels):
                        coarse[y, x, c] += fine[v, u, c]
            coarse_unknown[y, x] = free


@_jit
def prolong(coarse, unknown, field):
    """Add the bilinearly interpolated coarse correction to the fine unknowns."""
    height, width, channels = field.shape
    rows, columns, _ = coarse.shape
    for y in range(height):
        v = y // 2
        w = min(max(v + (1 if y % 2 else -1), 0), rows - 1)
        for x in range(width):
            if not unknown[y, x]:
                continue
            u = x // 2
            t = min(max(u + (1 if x % 2 else -1), 0), columns - 1)
            for c in range(channels):
                field[y, x, c] += (
                    np.float32(0.5625) * coarse[v, u, c]
                    + np.float32(0.1875) * (coarse[w, u, c] + coarse[v, t, c])
                    + np.float32(0.0625) * coarse[w, t, c]
                )
