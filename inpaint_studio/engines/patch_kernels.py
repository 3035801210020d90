"""Compiled kernels of the patch engine: search, vote, choose. Imported only by `compiled`.

Patches are `SIDE` x `SIDE`. Matching works on bytes (H, W, 4), so distances are exact integers
and the same on every machine. `targets` lists patch centres (row, column) in scan order,
`index` maps a pixel to its place in that list (-1: none), `found` (n, 2) is the matched centre.
"""

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from inpaint_studio.engines.compiled import on_disk

SIDE = 7
REACH = SIDE // 2
ROW = SIDE * 4
LINE_WEIGHT = np.int32(2)
"""How much fitting a drawn line counts beside fitting the picture."""
LINE_TRIES = 4
SLACK = 64
"""Bytes a picture's buffer must own beyond its last pixel: rows are read 32 bytes at once."""

LANES = 32

_jit = numba.njit(cache=on_disk(), nogil=True)


def squares(builder, here, there):
    """LLVM: the sum of squared differences of two vectors of `LANES` numbers of 16 bits."""
    wide = ir.VectorType(ir.IntType(32), LANES)
    difference = builder.sext(builder.sub(here, there), wide)
    total = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.IntType(32), [wide]), "llvm.vector.reduce.add.v32i32"
    )
    return builder.call(total, [builder.mul(difference, difference)])


@intrinsic
def _row(typingctx, base, cover, a, b):
    """Sum of squared differences of the 28 bytes at base + a and base + b, as one vector.

    Where `cover` is not 0, only bytes count whose byte at cover + a is 255. Written as LLVM
    vectors because the loop form stays scalar: 68 ns a patch against 20.
    """
    lanes = LANES

    def codegen(context, builder, signature, arguments):
        start, mask, one, two = arguments
        narrow = ir.VectorType(ir.IntType(8), lanes)
        middle = ir.VectorType(ir.IntType(16), lanes)
        kept = ir.Constant(narrow, [255] * ROW + [0] * (lanes - ROW))

        def load(address):
            loaded = builder.load(builder.inttoptr(address, narrow.as_pointer()))
            loaded.align = 1
            return loaded

        asked = builder.icmp_unsigned("!=", mask, ir.Constant(mask.type, 0))
        place = builder.select(asked, builder.add(mask, one), builder.add(start, one))
        everything = ir.Constant(narrow, [255] * lanes)
        counted = builder.and_(builder.select(asked, load(place), everything), kept)
        here, there = (
            builder.zext(builder.and_(load(builder.add(start, offset)), counted), middle)
            for offset in (one, two)
        )
        return squares(builder, here, there)

    return types.int32(types.uintp, types.uintp, types.uintp, types.uintp), codegen


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
    """Sum of squared byte differences of two patches; stops when it reaches `bound`."""
    base = np.uintp(flat.ctypes.data)
    stride = np.uintp(width * 4)
    a = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
    total = np.int32(0)
    for _ in range(SIDE):
        total = np.int32(total + _row(base, np.uintp(0), a, b))
        if total >= bound:
            return total
        a += stride
        b += stride
    return total


@_jit
def from_drawing(drawn, cover, width, ty, tx, sy, sx, bound):
    """How far a source is from the line drawn over a target; only covered bytes count."""
    base, mask = np.uintp(drawn.ctypes.data), np.uintp(cover.ctypes.data)
    stride = np.uintp(width * 4)
    a = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
    total = np.int32(0)
    for _ in range(SIDE):
        total = np.int32(total + LINE_WEIGHT * _row(base, mask, a, b))
        if total >= bound:
            return total
        a += stride
        b += stride
    return total


@_jit
def measure(flat, far, targets, found, cost, start, stop, drawn, cover, on):
    """Set the cost of targets start..stop from scratch (the picture has changed).

    drawn, cover: what lines ask (see `patch_guide`); on: each target's line, empty without lines.
    """
    top = np.int32(2**31 - 1)
    width = far.shape[1]
    for i in range(start, stop):
        y, x = found[i, 0], found[i, 1]
        cost[i] = far[y, x] + distance(flat, width, targets[i, 0], targets[i, 1], y, x, top)
        if on.shape[0] > 0 and on[i] >= 0:
            cost[i] += from_drawing(drawn, cover, width, targets[i, 0], targets[i, 1], y, x, top)


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
def _unlike(near, places, sy, sx):
    """How many of the neighbours would have it copied from elsewhere than (sy, sx)."""
    unlike = np.int32(0)
    for k in range(places):
        if near[k, 0] != sy or near[k, 1] != sx:
            unlike += np.int32(1)
    return unlike


@_jit
def sweep(
    flat, far, targets, index, before, found, cost, start, stop, reverse, salt, reach,
    drawn, cover, on, lines, inner, apart,
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
            best = np.int32(best + apart * _unlike(near, places, by, bx))
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
            d = np.int32(d + apart * _unlike(near, places, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + distance(flat, width, ty, tx, sy, sx, best - d))
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
            d = np.int32(d + apart * _unlike(near, places, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + from_drawing(drawn, cover, width, ty, tx, sy, sx, best - d))
            if d < best:
                d = np.int32(d + distance(flat, width, ty, tx, sy, sx, best - d))
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
            d = np.int32(d + apart * _unlike(near, places, sy, sx))
            if d >= best:
                continue
            d = np.int32(d + distance(flat, width, ty, tx, sy, sx, best - d))
            if lined and d < best:
                d = np.int32(d + from_drawing(drawn, cover, width, ty, tx, sy, sx, best - d))
            if d < best:
                best, by, bx = d, sy, sx
        found[i, 0], found[i, 1] = by, bx
        cost[i] = best - apart * _unlike(near, places, by, bx)


@_jit
def vote(image, points, index, found, weight, out, start, stop):
    """out[n] = weighted mean of what all patches over pixel points[n] show there."""
    height, width, _ = image.shape
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
def choose(points, index, found, weight, chosen, start, stop):
    """chosen[n] = the source most of the weight of all patches over points[n] agrees on."""
    height, width = index.shape
    oy = np.empty(SIDE * SIDE, np.int32)
    ox = np.empty(SIDE * SIDE, np.int32)
    sums = np.empty(SIDE * SIDE, np.float32)
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
def onion(flat, cover, far, sources, targets, found, start, stop):
    """First guess: the best of `sources` (n, 2) by the known part of each target's patch.

    cover: like `flat`, 255 where a byte is known, 0 where it is not.
    """
    width = far.shape[1]
    base, mask = np.uintp(flat.ctypes.data), np.uintp(cover.ctypes.data)
    span = np.uintp(width * 4)
    for i in range(start, stop):
        corner = np.uintp(((targets[i, 0] - REACH) * width + targets[i, 1] - REACH) * 4)
        best = np.int32(2**31 - 1)
        for k in range(sources.shape[0]):
            sy, sx = sources[k, 0], sources[k, 1]
            total = far[sy, sx]
            a = corner
            b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
            for _ in range(SIDE):
                total = np.int32(total + _row(base, mask, a, b))
                if total >= best:
                    break
                a += span
                b += span
            if total < best:
                best = total
                found[i, 0], found[i, 1] = sy, sx
