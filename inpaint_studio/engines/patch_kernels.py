"""Compiled kernels of the patch engine: the search. Imported only by `compiled`.

`targets` lists patch centres (row, column) in scan order, `index` maps a pixel to its place in
that list (-1: none), `found` (n, 2) is the matched centre. What patches cost is
`patch_distance_kernels`'.
"""

import numba
import numpy as np

from inpaint_studio.engines.compiled import on_disk
from inpaint_studio.engines.patch_distance_kernels import from_drawing, mix, off_ground, unlike

LINE_TRIES = 4

_jit = numba.njit(cache=on_disk(), nogil=True)


@_jit
def measure(
    flat, known, count, mean, asked, say, gap, far, targets, found, cost, start, stop,
    drawn, cover, on,
):  # fmt: skip
    """Set the cost of targets start..stop from scratch (the picture has changed).

    known, count: a level's `Parts`; mean, asked, say, gap: its `Ground`; drawn, cover: what lines
    ask (see `patch_guide`); on: each target's line, empty without lines.
    """
    top = np.int32(2**31 - 1)
    width = far.shape[1]
    for i in range(start, stop):
        y, x = found[i, 0], found[i, 1]
        ty, tx = targets[i, 0], targets[i, 1]
        cost[i] = far[y, x] + unlike(flat, known, count, width, ty, tx, y, x, top)
        cost[i] += off_ground(mean, asked, say, gap, i, y, x)
        if on.shape[0] > 0 and on[i] >= 0:
            cost[i] += from_drawing(drawn, cover, width, ty, tx, y, x, top)


@_jit
def along(lines, n, ty, tx, h):
    """A place as far beside line n as the target, at a random one of its known ends."""
    ox, oy, ex, ey = lines[n, 0], lines[n, 1], lines[n, 2], lines[n, 3]
    a, b, c = lines[n, 4], lines[n, 5], lines[n, 6]
    gap, first, last = lines[n, 7], lines[n, 8], lines[n, 9]
    u = (tx - ox) * ex + (ty - oy) * ey
    beside = (ty - oy) * ex - (tx - ox) * ey - a - b * u - c * u * u
    place = np.float64(np.uint32(h)) / 4294967296.0 * (first + last)
    u = -place if place < first else gap + place - first
    v = a + b * u + c * u * u + beside
    return np.int32(np.rint(oy + u * ey + v * ex)), np.int32(np.rint(ox + u * ex - v * ey))


@_jit
def _beside(index, before, found, ty, tx, start, stop, near):
    """Set in `near` where each of the four neighbours would have this target copied from."""
    height, width = index.shape
    places = 0
    for side in range(4):
        ny = ty + (side - 1 if side % 2 == 0 else 0)
        nx = tx + (side - 2 if side % 2 == 1 else 0)
        if ny < 0 or nx < 0 or ny >= height or nx >= width:
            continue
        j = index[ny, nx]
        if j < 0:
            continue
        seen = found if start <= j < stop else before
        near[places, 0], near[places, 1] = seen[j, 0] + ty - ny, seen[j, 1] + tx - nx
        places += 1
    return places


@_jit
def _apart(near, places, sy, sx):
    """How many of the neighbours would have it copied from elsewhere than (sy, sx)."""
    unlike = np.int32(0)
    for k in range(places):
        if near[k, 0] != sy or near[k, 1] != sx:
            unlike += np.int32(1)
    return unlike


@_jit
def sweep(
    flat, known, count, mean, asked, say, gap, far, targets, index, before, found, cost, start,
    stop, reverse, salt, reach, drawn, cover, on, lines, inner, apart,
):  # fmt: skip
    """One PatchMatch sweep over targets start..stop: coherence first, then random search.

    A target on a line (`on`) also looks along the line, and must fit what is drawn there. Deep in
    the hole (`inner`) a match costs `apart` more for each of the four neighbours that is copied
    from elsewhere; `cost` keeps what it costs without.

    `far` is what a source centre costs for its distance from the hole, negative where it must
    not be used. Inside the band neighbours are read as just improved, outside it from `before`,
    so bands may run in any order or at once and the result is the same.
    """
    height, width = far.shape
    step = -1 if reverse else 1
    guided = on.shape[0] > 0
    near = np.empty((4, 2), np.int32)
    for n in range(stop - start):
        i = stop - 1 - n if reverse else start + n
        ty, tx = targets[i, 0], targets[i, 1]
        by, bx, best = found[i, 0], found[i, 1], cost[i]
        lined = guided and on[i] >= 0
        places = 0
        if apart > 0 and inner[i]:
            places = _beside(index, before, found, ty, tx, start, stop, near)
            best = np.int32(best + apart * _apart(near, places, by, bx))
        for side in range(2):
            ny = ty - step if side == 0 else ty
            nx = tx if side == 0 else tx - step
            if ny < 0 or nx < 0 or ny >= height or nx >= width:
                continue
            j = index[ny, nx]
            if j < 0:
                continue
            if start <= j < stop:
                sy, sx = found[j, 0] + ty - ny, found[j, 1] + tx - nx
            else:
                sy, sx = before[j, 0] + ty - ny, before[j, 1] + tx - nx
            if sy < 0 or sx < 0 or sy >= height or sx >= width or (sy == by and sx == bx):
                continue
            d = far[sy, sx]
            if d < 0:
                continue
            d = np.int32(d + apart * _apart(near, places, sy, sx))
            d = np.int32(d + off_ground(mean, asked, say, gap, i, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + unlike(flat, known, count, width, ty, tx, sy, sx, best - d))
            if lined and d < best:
                d = np.int32(d + from_drawing(drawn, cover, width, ty, tx, sy, sx, best - d))
            if d < best:
                best, by, bx = d, sy, sx
        for k in range(LINE_TRIES if lined else 0):
            sy, sx = along(lines, on[i], ty, tx, mix(ty, tx, salt, k + 64))
            if sy < 0 or sx < 0 or sy >= height or sx >= width:
                continue
            d = far[sy, sx]
            if d < 0:
                continue
            d = np.int32(d + apart * _apart(near, places, sy, sx))
            d = np.int32(d + off_ground(mean, asked, say, gap, i, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + from_drawing(drawn, cover, width, ty, tx, sy, sx, best - d))
            if d < best:
                d = np.int32(d + unlike(flat, known, count, width, ty, tx, sy, sx, best - d))
            if d < best:
                best, by, bx = d, sy, sx
        radius = reach
        k = 0
        while radius >= 1 and best > 0:
            h = mix(ty, tx, salt, k)
            span = np.uint32(2 * radius + 1)
            sy = by + np.int32((h & np.uint32(0xFFFF)) % span) - radius
            sx = bx + np.int32((h >> np.uint32(16)) % span) - radius
            radius //= 2
            k += 1
            if sy < 0 or sx < 0 or sy >= height or sx >= width:
                continue
            d = far[sy, sx]
            if d < 0:
                continue
            d = np.int32(d + apart * _apart(near, places, sy, sx))
            d = np.int32(d + off_ground(mean, asked, say, gap, i, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + unlike(flat, known, count, width, ty, tx, sy, sx, best - d))
            if lined and d < best:
                d = np.int32(d + from_drawing(drawn, cover, width, ty, tx, sy, sx, best - d))
            if d < best:
                best, by, bx = d, sy, sx
        found[i, 0], found[i, 1] = by, bx
        cost[i] = best - apart * _apart(near, places, by, bx)
