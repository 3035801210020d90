"""Compiled kernels of the patch engine: how unlike two patches are. Imported only by other kernels.

Patches are `SIDE` x `SIDE`. Matching works on bytes (H, W, 4), so distances are exact integers
and the same on every machine.
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
SLACK = 64
"""Bytes a picture's buffer must own beyond its last pixel: rows are read 32 bytes at once."""

LANES = 32
NO_MATCH = np.int32(SIDE * SIDE * 4 * 255 * 255)
"""What a source costs that says nothing of its target."""

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
def row(typingctx, base, cover, a, b):
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


@intrinsic
def row_of_both(typingctx, base, cover, known, a, b):
    """As `row`, of the bytes that are 255 at cover + a and at known + b; their number is added
    2^32 times."""

    def codegen(context, builder, signature, arguments):
        start, mask, own, one, two = arguments
        narrow = ir.VectorType(ir.IntType(8), LANES)
        middle = ir.VectorType(ir.IntType(16), LANES)
        number = ir.IntType(64)
        kept = ir.Constant(narrow, [255] * ROW + [0] * (LANES - ROW))

        def load(place, offset):
            address = builder.inttoptr(builder.add(place, offset), narrow.as_pointer())
            loaded = builder.load(address)
            loaded.align = 1
            return loaded

        counted = builder.and_(builder.and_(load(mask, one), load(own, two)), kept)
        here, there = (
            builder.zext(builder.and_(load(start, offset), counted), middle)
            for offset in (one, two)
        )
        ones = builder.zext(builder.and_(counted, ir.Constant(narrow, [1] * LANES)), middle)
        total = builder.zext(squares(builder, here, there), number)
        count = builder.zext(squares(builder, ones, ir.Constant(middle, [0] * LANES)), number)
        return builder.or_(builder.shl(count, ir.Constant(number, 32)), total)

    return types.int64(types.uintp, types.uintp, types.uintp, types.uintp, types.uintp), codegen


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
        total = np.int32(total + row(base, np.uintp(0), a, b))
        if total >= bound:
            return total
        a += stride
        b += stride
    return total


@_jit
def unlike(flat, known, count, width, ty, tx, sy, sx, bound):
    """As `distance`, also of a source that is known in part: by the mean of what is known of it.

    known, count: see `patch_asks.Parts`. A source that is not whole must not overlap its target:
    what it lacks is there what is asked for.
    """
    if count.shape[0] == 0 or count[sy, sx] == SIDE * SIDE:
        return distance(flat, width, ty, tx, sy, sx, bound)
    if overlap(ty, tx, sy, sx):
        return min(bound, NO_MATCH)
    part = np.int64(count[sy, sx])
    most = np.int64(bound) * part // (SIDE * SIDE)
    base, mask = np.uintp(flat.ctypes.data), np.uintp(known.ctypes.data)
    stride = np.uintp(width * 4)
    a = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
    total = np.int64(0)
    for _ in range(SIDE):
        total += row(base, mask, b, a)
        if total >= most:
            return bound
        a += stride
        b += stride
    return np.int32(total * (SIDE * SIDE) // part)


@_jit
def overlap(ty, tx, sy, sx):
    """Whether two patches share a pixel."""
    return abs(sy - ty) < SIDE and abs(sx - tx) < SIDE


@_jit
def off_ground(mean, asked, say, gap, i, sy, sx):
    """What the mean colour of a source costs target i; see `patch_asks.Ground`."""
    if say.shape[0] == 0 or say[i] == 0:
        return np.int32(0)
    total = -gap * gap
    for c in range(4):
        step = np.int32(mean[sy, sx, c]) - np.int32(asked[i, c])
        total += step * step
    return np.int32(say[i] * max(np.int32(0), total))


@_jit
def from_drawing(drawn, cover, width, ty, tx, sy, sx, bound):
    """How far a source is from the line drawn over a target; only covered bytes count."""
    base, mask = np.uintp(drawn.ctypes.data), np.uintp(cover.ctypes.data)
    stride = np.uintp(width * 4)
    a = np.uintp(((ty - REACH) * width + tx - REACH) * 4)
    b = np.uintp(((sy - REACH) * width + sx - REACH) * 4)
    total = np.int32(0)
    for _ in range(SIDE):
        total = np.int32(total + LINE_WEIGHT * row(base, mask, a, b))
        if total >= bound:
            return total
        a += stride
        b += stride
    return total
