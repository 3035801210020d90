"""Compiled kernels of the patch engine: search, vote, choose. Imported only by `compiled`.

Patches are `SIDE` x `SIDE`. Matching works on bytes (H, W, 4), so distances are exact integers
and the same on every machine. `targets` lists patch centres (row, column) in scan order,
`index` maps a pixel to its place in that list (-1: none), `found` (n, 2) is the matched centre.
"""

import numba
import numpy as np

SIDE = 7
REACH = SIDE // 2
ROW = SIDE * 4

_jit = numba.njit(cache=True, nogil=True)
_inline = numba.njit(cache=True, nogil=True, inline="always")


@_jit
def mix(a, b, c, d):
    """A 32-bit hash of four integers (public-domain finalizer of splitmix style)."""
    h = np.uint32(a) * np.uint32(0x9E3779B1)
    h ^= np.uint32(b) * np.uint32(0x85EBCA77)
    h = (h << np.uint32(13)) | (h >> np.uint32(19))
    h ^= np.uint32(c) * np.uint32(0xC2B2AE3D)
    h = h * np.uint32(0x27D4EB2F)
    h ^= np.uint32(d) * np.uint32(0x165667B1)
    h ^= h >> np.uint32(15)
    h = h * np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h = h * np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return h


@_jit
def distance(flat, width, ty, tx, sy, sx, bound):
    """Sum of squared byte differences of two patches; stops when it exceeds `bound`."""
    total = np.int32(0)
    stride = np.uintp(width * 4)
    a = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
    for _ in range(SIDE):
        part = np.int32(0)
        for k in range(np.uintp(ROW)):
            d = np.int32(np.int32(flat[a + k]) - np.int32(flat[b + k]))
            part = np.int32(part + np.int32(d * d))
        total = np.int32(total + part)
        if total >= bound:
            return total
        a += stride
        b += stride
    return total


@_jit
def measure(flat, width, targets, found, cost, start, stop):
    """Set the cost of targets start..stop from scratch (the image has changed)."""
    top = np.int32(2**31 - 1)
    for i in range(start, stop):
        cost[i] = distance(flat, width, targets[i, 0], targets[i, 1], found[i, 0], found[i, 1], top)


@_jit
def sweep(flat, usable, targets, index, before, found, cost, start, stop, reverse, salt, reach):
    """One PatchMatch sweep over targets start..stop: coherence first, then random search.

    Inside the band neighbours are read as just improved, outside it from `before`, so bands may
    run in any order or at once.
    """
    height, width = usable.shape
    step = -1 if reverse else 1
    for n in range(stop - start):
        i = stop - 1 - n if reverse else start + n
        ty, tx = targets[i, 0], targets[i, 1]
        by, bx, best = found[i, 0], found[i, 1], cost[i]
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
            if sy < 0 or sx < 0 or sy >= height or sx >= width or not usable[sy, sx]:
                continue
            if sy == by and sx == bx:
                continue
            d = distance(flat, width, ty, tx, sy, sx, best)
            if d < best:
                best, by, bx = d, sy, sx
        radius = reach
        k = 0
        while radius >= 1 and best > 0:
            h = mix(ty, tx, salt, k)
            span = np.uint32(2 * radius + 1)
            sy = by + np.int32((h & np.uint32(0xFFFF)) % span) - radius
            sx = bx + np.int32((h >> np.uint32(16)) % span) - radius
            if 0 <= sy < height and 0 <= sx < width and usable[sy, sx]:
                d = distance(flat, width, ty, tx, sy, sx, best)
                if d < best:
                    best, by, bx = d, sy, sx
            radius //= 2
            k += 1
        found[i, 0], found[i, 1], cost[i] = by, bx, best


@_jit
def vote(image, holes, index, targets, found, weight, out):
    """out[p] = weighted mean over all patches that cover hole pixel p of what they show there."""
    height, width, channels = image.shape
    value = np.empty(channels, np.float32)
    for n in range(holes.shape[0]):
        y, x = holes[n, 0], holes[n, 1]
        total = np.float32(0.0)
        value[:] = 0
        for v in range(max(0, y - REACH), min(height, y + REACH + 1)):
            for u in range(max(0, x - REACH), min(width, x + REACH + 1)):
                j = index[v, u]
                if j < 0:
                    continue
                w = weight[j]
                sy, sx = found[j, 0] + y - v, found[j, 1] + x - u
                for c in range(channels):
                    value[c] += w * image[sy, sx, c]
                total += w
        if total > 0:
            for c in range(channels):
                out[n, c] = value[c] / total


@_jit
def choose(holes, index, found, weight, chosen):
    """chosen[p] = the offset most of the weight of all patches that cover p agrees on."""
    height, width = index.shape
    oy = np.empty(SIDE * SIDE, np.int32)
    ox = np.empty(SIDE * SIDE, np.int32)
    sums = np.empty(SIDE * SIDE, np.float32)
    for n in range(holes.shape[0]):
        y, x = holes[n, 0], holes[n, 1]
        count = 0
        for v in range(max(0, y - REACH), min(height, y + REACH + 1)):
            for u in range(max(0, x - REACH), min(width, x + REACH + 1)):
                j = index[v, u]
                if j < 0:
                    continue
                dy, dx = found[j, 0] - v, found[j, 1] - u
                w = weight[j] / np.float32(1 + abs(y - v) + abs(x - u))
                for k in range(count):
                    if oy[k] == dy and ox[k] == dx:
                        sums[k] += w
                        break
                else:
                    oy[count], ox[count], sums[count] = dy, dx, w
                    count += 1
        best = 0
        for k in range(1, count):
            if sums[k] > sums[best]:
                best = k
        if count:
            chosen[n, 0] = oy[best]
            chosen[n, 1] = ox[best]


@_jit
def onion(flat, usable, known, targets, found, stride):
    """First guess at the coarsest level: best source by the known part of each target's patch."""
    height, width = usable.shape
    for i in range(targets.shape[0]):
        ty, tx = targets[i, 0], targets[i, 1]
        best = np.int64(2**62)
        for sy in range(REACH, height - REACH, stride):
            for sx in range(REACH, width - REACH, stride):
                if not usable[sy, sx]:
                    continue
                total = np.int64(0)
                for dy in range(-REACH, REACH + 1):
                    for dx in range(-REACH, REACH + 1):
                        if not known[ty + dy, tx + dx]:
                            continue
                        a = ((ty + dy) * width + tx + dx) * 4
                        b = ((sy + dy) * width + sx + dx) * 4
                        for k in range(4):
                            d = np.int64(flat[a + k]) - np.int64(flat[b + k])
                            total += d * d
                    if total >= best:
                        break
                if total < best:
                    best = total
                    found[i, 0], found[i, 1] = sy, sx
