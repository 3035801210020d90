"""Compiled kernels of the layout (`patch_scene`): search and vote. Imported only by `compiled`.

Pictures are bytes (H, W, WIDTH) compared by their squared differences. All sums are integers, so
they are the same on every machine.
"""

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from inpaint_studio.engines.compiled import on_disk
from inpaint_studio.engines.patch_distance_kernels import LANES, mix, squares

WIDTH = 8
"""Bytes of a pixel; those that say nothing are zero."""
UNKNOWN = np.int64(9 * 255 * 255)
"""What a pixel costs that the source does not know, where sources should be whole."""

_jit = numba.njit(cache=on_disk(), nogil=True)


def _bytes(count):
    """Return an intrinsic: the squared differences of `count` <= 32 bytes, read as 32."""

    @intrinsic
    def differences(typingctx, one, other):
        def codegen(context, builder, signature, arguments):
            narrow = ir.VectorType(ir.IntType(8), LANES)
            middle = ir.VectorType(ir.IntType(16), LANES)
            kept = ir.Constant(narrow, [255] * count + [0] * (LANES - count))

            def load(address):
                loaded = builder.load(builder.inttoptr(address, narrow.as_pointer()))
                loaded.align = 1
                return builder.zext(builder.and_(loaded, kept), middle)

            return squares(builder, *(load(address) for address in arguments))

        return types.int32(types.uintp, types.uintp), codegen

    return differences


_four = _bytes(4 * WIDTH)
_three = _bytes(3 * WIDTH)


@_jit
def _whole(asked, shown, width, ty, tx, sy, sx, reach, most):
    """Sum over whole patches of 7 or 11 px; stops when it is above `most`."""
    one, other = np.uintp(asked.ctypes.data), np.uintp(shown.ctypes.data)
    one += np.uintp(((ty - reach) * width + tx - reach) * WIDTH)
    other += np.uintp(((sy - reach) * width + sx - reach) * WIDTH)
    step, stride = np.uintp(4 * WIDTH), np.uintp(width * WIDTH)
    total = np.int64(0)
    for _ in range(2 * reach + 1):
        total += _four(one, other)
        if reach == 3:
            total += _three(one + step, other + step)
        else:
            total += _four(one + step, other + step)
            total += _three(one + step + step, other + step + step)
        if total > most:
            return total
        one += stride
        other += stride
    return total


@_jit
def distance(asked, shown, usable, whole, far, ty, tx, sy, sx, reach, bound, outside, lack):
    """What a source costs, in 64ths of a mean pixel; `bound` where that is not below it.

    Only the part of the target's patch that lies in the picture counts. A source beyond the
    picture is its border, at `outside` a pixel more. far: what each source costs for its place;
    whole: whose patches are usable and in the picture altogether. lack: where above 0, a source may
    be known in part (half at least): the mean of what is known counts, and so much a pixel more for
    what is not; it must not overlap its target.
    """
    height, width = usable.shape
    if far[sy, sx] >= bound:
        return bound
    top, bottom = max(0, ty - reach), min(height - 1, ty + reach)
    left, right = max(0, tx - reach), min(width - 1, tx + reach)
    count = np.int64((bottom - top + 1) * (right - left + 1))
    most = (bound - far[sy, sx]) * count // 64
    total, lost = np.int64(0), np.int64(0)
    partly = lack > 0 and not whole[sy, sx]
    if partly and abs(sy - ty) <= 2 * reach and abs(sx - tx) <= 2 * reach:
        return bound
    if whole[sy, sx] and count == (2 * reach + 1) ** 2:
        total = _whole(asked, shown, width, ty, tx, sy, sx, reach, most)
    else:
        for y in range(top, bottom + 1):
            v = min(max(sy + y - ty, 0), height - 1)
            for x in range(left, right + 1):
                u = min(max(sx + x - tx, 0), width - 1)
                if not usable[v, u]:
                    lost += 1
                    total += np.int64(0) if partly else UNKNOWN
                    continue
                a, b = (y * width + x) * WIDTH, (v * width + u) * WIDTH
                for c in range(WIDTH):
                    step = np.int32(asked[a + c]) - np.int32(shown[b + c])
                    total += step * step
                if v != sy + y - ty or u != sx + x - tx:
                    total += outside
            if total > most:
                return bound
    if partly:
        if 2 * lost > count:
            return bound
        total = total * count // (count - lost) + lost * lack
    return min(bound, far[sy, sx] + total * 64 // count)


@_jit
def measure(asked, shown, usable, whole, far, targets, found, cost, reach, outside, lack):
    """Set the cost of every match from scratch."""
    for i in range(targets.shape[0]):
        cost[i] = distance(
            asked, shown, usable, whole, far, targets[i, 0], targets[i, 1],
            found[i, 0], found[i, 1], reach, np.int64(2**40), outside, lack,
        )  # fmt: skip


@_jit
def sweep(
    asked, shown, usable, whole, far, targets, index, found, cost, reach, outside, lack, back, salt
):
    """One sweep over all targets: what neighbours copy, then a search ever nearer."""
    height, width = usable.shape
    step = -1 if back else 1
    count = targets.shape[0]
    for n in range(count):
        i = count - 1 - n if back else n
        ty, tx = targets[i, 0], targets[i, 1]
        for side in range(2):
            ny = ty - step if side == 0 else ty
            nx = tx if side == 0 else tx - step
            if ny < 0 or nx < 0 or ny >= height or nx >= width or index[ny, nx] < 0:
                continue
            j = index[ny, nx]
            sy, sx = found[j, 0] + ty - ny, found[j, 1] + tx - nx
            if sy < 0 or sx < 0 or sy >= height or sx >= width:
                continue
            if sy == found[i, 0] and sx == found[i, 1]:
                continue
            d = distance(
                asked, shown, usable, whole, far, ty, tx, sy, sx, reach, cost[i], outside, lack
            )
            if d < cost[i]:
                cost[i], found[i, 0], found[i, 1] = d, sy, sx
        radius = (min(height, width) - 1) // 2
        turn = 0
        while radius > 0:
            h = mix(ty, tx, salt, turn)
            top, left = max(0, found[i, 0] - radius), max(0, found[i, 1] - radius)
            tall = np.uint32(min(height - 1, found[i, 0] + radius) - top + 1)
            wide = np.uint32(min(width - 1, found[i, 1] + radius) - left + 1)
            sy = np.int32(top + np.int64((h & np.uint32(0xFFFF)) % tall))
            sx = np.int32(left + np.int64((h >> np.uint32(16)) % wide))
            d = distance(
                asked, shown, usable, whole, far, ty, tx, sy, sx, reach, cost[i], outside, lack
            )
            if d < cost[i]:
                cost[i], found[i, 0], found[i, 1] = d, sy, sx
            radius //= 2
            turn += 1


@_jit
def vote(picture, usable, targets, found, weight, total, count, reach, times):
    """Add what every match shows of `picture`, which is `times` as large as the targets' scale."""
    height, width = usable.shape
    for i in range(targets.shape[0]):
        w = weight[i]
        for dy in range(-reach * times, reach * times + times):
            y = targets[i, 0] * times + dy
            v = min(max(found[i, 0] * times + dy, 0), height - 1)
            if y < 0 or y >= height:
                continue
            for dx in range(-reach * times, reach * times + times):
                x = targets[i, 1] * times + dx
                u = min(max(found[i, 1] * times + dx, 0), width - 1)
                if x < 0 or x >= width or not usable[v, u]:
                    continue
                for c in range(3):
                    total[y, x, c] += w * picture[v, u, c]
                count[y, x] += w
