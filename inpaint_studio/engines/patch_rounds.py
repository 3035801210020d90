"""The patch engine's rounds: search and vote at each scale, copy and join at the last.

Method: multi-scale patch synthesis by alternating nearest-patch search (PatchMatch, Barnes et al.
2009, doi:10.1145/1531326.1531330) and voting (Wexler et al. 2007, doi:10.1109/TPAMI.2007.60) with
a texture feature in the match so that detail is not averaged away (Newson et al. 2014,
doi:10.1137/140954933). At the finest scale pixels are copied, not averaged, so that grain
survives, and their gradients are joined to the ring by a screened Poisson equation, so that no
step shows and no colour bleeds further than a few pixels.

Work is cut in bands of fixed size that read each other only as they were before the sweep:
any number of threads gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import kriging, membrane
from inpaint_studio.engines.compiled import kernels
from inpaint_studio.engines.patch_levels import (
    REACH,
    SIDE,
    FloatImage,
    Level,
    Points,
    carry_over,
    make_level,
    shrink,
    whole_patches,
    with_texture,
)
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

BAND = 2048
_ONION_BUDGET = 1e6
_SHALLOW_PX = 3
_SCREEN = 0.02
_COARSE_ROUNDS = 6
_FINE_ROUNDS = 3
_THIN_ROUNDS = 1
_SWEEPS = 2


class Rounds:
    """Runs a level's kernels band by band on `threads` threads, checking the token."""

    def __init__(self, threads: int, token: RunToken) -> None:
        self._kernels = kernels("engines.patch_kernels")
        self._token = token
        self._threads = max(1, threads)
        self._pool = ThreadPoolExecutor(self._threads) if self._threads > 1 else None

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def bands(self, count: int, work: Callable[[int, int], None], size: int = BAND) -> None:
        """Call work(start, stop) over 0..count in pieces of `size`, checking the token."""
        starts = range(0, count, size)

        def one(start: int) -> None:
            self._token.check()
            work(start, min(count, start + size))

        if self._pool is None or len(starts) == 1:
            for start in starts:
                one(start)
        else:
            for _ in self._pool.map(one, starts):
                pass

    def measure(self, level: Level) -> None:
        """Set the cost of a level's matches anew."""
        flat, far, targets, found = level.flat, level.far, level.targets, level.found
        self.bands(
            len(targets),
            lambda a, b: self._kernels.measure(flat, far, targets, found, level.cost, a, b),
        )

    def search(self, level: Level, *, salt: int, sweeps: int, reach: int) -> None:
        """Improve the matches of a level."""
        self.measure(level)
        count = len(level.targets)
        flat, far, targets, found = level.flat, level.far, level.targets, level.found
        for sweep in range(sweeps):
            before = found.copy()
            back, name = sweep % 2 == 1, salt * 16 + sweep

            def one(
                a: int, b: int, before: Points = before, back: bool = back, n: int = name
            ) -> None:
                self._kernels.sweep(
                    flat, far, targets, level.index, before, found, level.cost, a, b, back, n, reach
                )  # fmt: skip

            self.bands(count, one)

    def vote(self, level: Level, points: Points, weight: NDArray[np.float32]) -> None:
        """Rebuild the pixels `points` as the weighted mean of the patches over them."""
        out = level.image[points[:, 0], points[:, 1]]
        self.bands(
            len(points),
            lambda a, b: self._kernels.vote(
                level.image, points, level.index, level.found, weight, out, a, b
            ),
        )
        level.put(points, out)

    def choose(self, level: Level) -> Points:
        """Return for each hole pixel the source most patches over it agree on."""
        chosen = np.zeros_like(level.holes)
        weight = weights(level)
        self.bands(
            len(level.holes),
            lambda a, b: self._kernels.choose(
                level.holes, level.index, level.found, weight, chosen, a, b
            ),
        )
        return chosen

    def first_guess(self, level: Level) -> None:
        """Fill the coarsest level from the outside in, layer by layer, by full search."""
        depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_L2, 5)
        known = ~level.hole
        cover = np.zeros_like(level.flat)
        covered = cover[: known.size * 4].reshape(*known.shape, 4)
        covered[known] = 255
        smooth = membrane.smooth_guess(level.image, level.hole)
        level.put(level.holes, smooth[level.hole])
        layers = np.ceil(depth[level.targets[:, 0], level.targets[:, 1]])
        pairs = float((level.far >= 0).sum()) * len(level.targets)
        stride = max(1, round((pairs / _ONION_BUDGET) ** 0.5))
        sources = np.argwhere(level.far[REACH:-REACH:stride, REACH:-REACH:stride] >= 0)
        sources = (sources * stride + REACH).astype(np.int32)
        for layer in range(int(layers.max()) + 1):
            chosen = np.flatnonzero(layers == layer)
            targets = np.ascontiguousarray(level.targets[chosen])
            found = level.found[chosen]
            usable = _some_usable(level)
            found[:] = usable

            work = partial(
                self._kernels.onion, level.flat, cover, level.far, sources, targets, found
            )

            self.bands(len(chosen), work, 64)
            level.found[chosen] = found
            fresh = (depth > 0) & (depth <= layer + 1) & ~known
            points = np.argwhere(fresh).astype(np.int32)
            if len(points):
                self.vote(level, points, (layers <= layer).astype(np.float32))
                known |= fresh
                covered[fresh] = 255


def _some_usable(level: Level) -> Points:
    rows, columns = np.nonzero(level.far >= 0)
    return np.array([rows[0], columns[0]], np.int32)


def weights(level: Level) -> NDArray[np.float32]:
    """Return vote weights: trust x exp(-cost / 2 s), s the 75th percentile of the costs."""
    scale = max(float(np.percentile(level.cost, 75)), 1.0)
    fit = np.exp(level.cost.astype(np.float32) * np.float32(-0.5 / scale))
    return np.asarray((fit + np.float32(1e-6)) * level.trust, dtype=np.float32)


def join(level: Level, at: Points, token: RunToken) -> FloatImage:
    """Return the picture with the pixels copied from `at`, joined by their gradients.

    Where two neighbours come from different places the step between them is the mean of what
    either source shows there.
    """
    height, width = level.hole.shape
    image = level.image
    holes = level.holes
    image[holes[:, 0], holes[:, 1]] = image[at[:, 0], at[:, 1]]
    here = image[holes[:, 0], holes[:, 1]]
    origin = np.full((height, width, 2), -1, np.int32)
    origin[holes[:, 0], holes[:, 1]] = at
    rhs = np.zeros((height, width, 3), np.float32)
    total = np.float32(-_SCREEN) * here[:, :3]
    for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        y, x = holes[:, 0] + dy, holes[:, 1] + dx
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
        sy, sx = np.clip(at[:, 0] + dy, 0, height - 1), np.clip(at[:, 1] + dx, 0, width - 1)
        mine = (image[sy, sx] - here)[:, :3]
        other = origin[y, x]
        inner = other[:, 0] >= 0
        ty = np.clip(other[:, 0] - dy, 0, height - 1)
        tx = np.clip(other[:, 1] - dx, 0, width - 1)
        theirs = (image[y, x] - image[ty, tx])[:, :3]
        step = np.where(inner[:, None], 0.5 * (mine + theirs), mine)
        total += np.where(inside[:, None], step, 0)
    rhs[holes[:, 0], holes[:, 1]] = total
    box = Box.of_mask(level.hole).pad(1).clamp(Box.of_shape(level.hole.shape)).slices
    result = np.ascontiguousarray(image[..., :3])
    result[box] = membrane.solve(
        result[box], level.hole[box], token, rhs=rhs[box], screen=_SCREEN, cycles=6
    )
    return result


def synthesise(
    image: FloatImage,
    hole: MaskBool,
    source: MaskBool,
    *,
    seed: int,
    threads: int,
    token: RunToken,
    rest: int = 0,
) -> FloatImage | None:
    """Return `image` (H, W, 3) with the hole filled, or None when no whole patch can be copied.

    rest: how many of the finest levels take the coarser level's matches without a search of their
    own (a level's search costs four times the next coarser one's). What `image` holds under `hole`
    does not matter. Raises: Cancelled.
    """
    if not whole_patches(source & ~hole).any():
        return None
    stack = [(with_texture(image, hole), hole, source)]
    depth = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5).max())
    while depth > _SHALLOW_PX and min(stack[-1][1].shape) >= 6 * SIDE:
        token.check()
        coarse = shrink(*stack[-1])
        if not (whole_patches(coarse[2]).any() and coarse[1].any()):
            break
        stack.append(coarse)
        depth /= 2
    level: Level | None = None
    work = Rounds(threads, token)
    coarsest = len(stack) - 1
    with work:
        for number in reversed(range(len(stack))):
            picture, gap, allowed = stack.pop()
            fine = make_level(picture, gap, allowed, scale=2**number)
            if level is None:
                work.first_guess(fine)
            else:
                carry_over(level, fine)
                work.vote(fine, fine.holes, fine.trust)
            if number < min(rest, coarsest):
                work.measure(fine)
            else:
                _refine(work, fine, number, coarsest, seed, token)
            level = fine
        assert level is not None
        joined = join(level, work.choose(level), token)
        return kriging.predict(joined, hole, hole, work.bands)


def _refine(
    work: Rounds, level: Level, number: int, coarsest: int, seed: int, token: RunToken
) -> None:
    """Search and vote in turn; the last search of the finest level (0) is not voted over.

    A thin mask has no coarser level; kriging does most of its work, so one round is enough.
    """
    thin = coarsest == 0
    rounds = _COARSE_ROUNDS if number else _THIN_ROUNDS if thin else _FINE_ROUNDS
    # A level costs four times the next coarser one.
    before, after = (0.25 ** (number + 1), 0.25**number) if number else (0.25, 0.97)
    for turn in range(rounds):
        token.step(before + (after - before) * turn / rounds, "patches")
        work.search(
            level,
            salt=(seed * 1024 + number * 32 + turn) & 0xFFFFFF,
            sweeps=_THIN_ROUNDS if thin else _SWEEPS,
            reach=max(level.hole.shape),
        )
        if number or turn < rounds - 1:
            work.vote(level, level.holes, weights(level))
