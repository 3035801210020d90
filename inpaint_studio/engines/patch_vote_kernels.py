"""Compiled kernels of the patch engine: votes, choices and first guesses.

Imported only by `compiled`. `index` and `found` are the search's (`patch_kernels`).
"""

import numba
import numpy as np

from inpaint_studio.engines.compiled import on_disk
from inpaint_studio.engines.patch_distance_kernels import REACH, SIDE, overlap, row, row_of_both

_jit = numba.njit(cache=on_disk(), nogil=True)


@_jit
def vote(image, hole, points, index, found, weight, out, start, stop):
    """out[n] = weighted mean of what all patches over pixel points[n] show there.

    hole: (H, W), what sources do not show, or (0, 0) where they are whole.
    """
    height, width, _ = image.shape
    partly = hole.shape[0] > 0
    for n in range(start, stop):
        y, x = points[n, 0], points[n, 1]
        total = np.float32(0.0)
        v0 = np.float32(0.0)
        v1 = np.float32(0.0)
        v2 = np.float32(0.0)
        v3 = np.float32(0.0)
        for v in range(max(0, y - REACH), min(height, y + REACH + 1)):
            for u in range(max(0, x - REACH), min(width, x + REACH + 1)):
                j = index[np.uintp(v), np.uintp(u)]
                if j < 0:
                    continue
                at = np.uintp(j)
                w = weight[at]
                if w == 0:
                    continue  # not matched yet
                # Unsigned: tests for negative indices would cost two fifths of the time.
                sy, sx = np.uintp(found[at, 0] + y - v), np.uintp(found[at, 1] + x - u)
                if partly and hole[sy, sx]:
                    continue
                v0 += w * image[sy, sx, 0]
                v1 += w * image[sy, sx, 1]
                v2 += w * image[sy, sx, 2]
                v3 += w * image[sy, sx, 3]
                total += w
        if total > 0:
            out[n, 0] = v0 / total
            out[n, 1] = v1 / total
            out[n, 2] = v2 / total
            out[n, 3] = v3 / total


@_jit
def choose(hole, points, index, found, weight, chosen, start, stop):
    """chosen[n] = the source most of the weight of all patches over points[n] agrees on.

    hole: as in `vote`.
    """
    height, width = index.shape
    oy = np.empty(SIDE * SIDE, np.int32)
    ox = np.empty(SIDE * SIDE, np.int32)
    sums = np.empty(SIDE * SIDE, np.float32)
    partly = hole.shape[0] > 0
    for n in range(start, stop):
        y, x = points[n, 0], points[n, 1]
        count = 0
        last = 0
        for v in range(max(0, y - REACH), min(height, y + REACH + 1)):
            for u in range(max(0, x - REACH), min(width, x + REACH + 1)):
                j = index[v, u]
                if j < 0:
                    continue
                dy, dx = found[j, 0] - v, found[j, 1] - u
                if partly and hole[y + dy, x + dx]:
                    continue
                w = weight[j] / np.float32(1 + abs(y - v) + abs(x - u))
                if count == 0 or oy[last] != dy or ox[last] != dx:
                    # Neighbours mostly agree: the search for another offset is the rare case.
                    last = 0
                    while last < count and (oy[last] != dy or ox[last] != dx):
                        last += 1
                    if last == count:
                        oy[count], ox[count], sums[count] = dy, dx, np.float32(0.0)
                        count += 1
                sums[last] += w
        best = 0
        for k in range(1, count):
            if sums[k] > sums[best]:
                best = k
        if count:
            chosen[n, 0] = y + oy[best]
            chosen[n, 1] = x + ox[best]


@_jit
def onion(flat, cover, known, far, sources, targets, found, start, stop):
    """First guess: the best of `sources` (n, 2) by what is known of it and of each target's patch.

    cover: like `flat`, 255 where a byte is known or guessed, 0 where it is not; known: where one
    may be copied, empty where sources are whole.
    """
    for i in range(start, stop):
        if known.shape[0] > 0:
            _best_part(flat, cover, known, far, sources, targets, found, i)
        else:
            _best_whole(flat, cover, far, sources, targets, found, i)


@_jit
def _best_whole(flat, cover, far, sources, targets, found, i):
    width = far.shape[1]
    base, mask = np.uintp(flat.ctypes.data), np.uintp(cover.ctypes.data)
    span = np.uintp(width * 4)
    corner = np.uintp(((targets[i, 0] - REACH) * width + targets[i, 1] - REACH) * 4)
    best = np.int32(2**31 - 1)
    for k in range(sources.shape[0]):
        sy, sx = sources[k, 0], sources[k, 1]
        total = far[sy, sx]
        a = corner
        b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
        for _ in range(SIDE):
            total = np.int32(total + row(base, mask, a, b))
            if total >= best:
                break
            a += span
            b += span
        if total < best:
            best = total
            found[i, 0], found[i, 1] = sy, sx


@_jit
def _best_part(flat, cover, known, far, sources, targets, found, i):
    """Sources that show less than half of what the target knows are left out."""
    width = far.shape[1]
    base, mask = np.uintp(flat.ctypes.data), np.uintp(cover.ctypes.data)
    own = np.uintp(known.ctypes.data)
    span = np.uintp(width * 4)
    ty, tx = targets[i, 0], targets[i, 1]
    corner = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    there = np.int64(0)
    for line in range(SIDE):
        a = corner + np.uintp(line) * span
        there += row_of_both(base, mask, mask, a, a) >> 32
    best = np.int64(2**31 - 1)
    for k in range(sources.shape[0]):
        sy, sx = sources[k, 0], sources[k, 1]
        if overlap(ty, tx, sy, sx):
            continue
        a = corner
        b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
        both = np.int64(0)
        for _ in range(SIDE):
            both += row_of_both(base, mask, own, a, b)
            a += span
            b += span
        count = both >> 32
        if 2 * count < there:
            continue
        total = np.int64(far[sy, sx])
        if count > 0:
            total += (both & 0xFFFFFFFF) * there // count
        if total < best:
            best = total
            found[i, 0], found[i, 1] = sy, sx
