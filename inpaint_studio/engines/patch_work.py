"""What the patch engine does at a scale, band by band: search, vote, choose, first guesses.

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
from inpaint_studio.engines import membrane
from inpaint_studio.engines.compiled import kernels
from inpaint_studio.engines.patch_guide import Drawing, drawn_points
from inpaint_studio.engines.patch_levels import REACH, Level, Points
from inpaint_studio.jobs.token import RunToken

BAND = 2048
_ONION_BUDGET = 1e6
_SMOOTH_SWEEPS = 8


class Rounds:
    """Runs a level's kernels band by band on `threads` threads, checking the token."""

    def __init__(self, threads: int, token: RunToken) -> None:
        self._kernels = kernels("engines.patch_kernels")
        self._votes = kernels("engines.patch_vote_kernels")
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
        flat, far, targets, found = level.flat, level.spent, level.targets, level.found
        guide, extra = level.guide, _sources(level)
        self.bands(
            len(targets),
            lambda a, b: self._kernels.measure(
                flat,
                *extra,
                far,
                targets,
                found,
                level.cost,
                a,
                b,
                guide.flat,
                guide.cover,
                guide.on,
            ),
        )

    def misfit(self, level: Level) -> float:
        """Return how unlike known patches a level's are, those at the rim counted once more."""
        priced, level.spent = level.spent, np.minimum(level.far, 0)
        self.measure(level)
        level.spent = priced
        unlike = np.sqrt(level.cost.astype(np.float64))
        return float(unlike.mean() + unlike[~level.inner].mean())

    def search(
        self, level: Level, *, salt: int, sweeps: int, reach: int, back: bool = False
    ) -> None:
        """Improve the matches of a level by sweeps forth and back (`back`: back first)."""
        level.spend()
        self.measure(level)
        count = len(level.targets)
        flat, far, targets, found = level.flat, level.spent, level.targets, level.found
        guide, extra = level.guide, _sources(level)
        apart = apart_cost(level)
        for sweep in range(sweeps):
            before = found.copy()
            turned, name = (sweep % 2 == 1) != back, salt * 16 + sweep

            def one(
                a: int, b: int, before: Points = before, back: bool = turned, n: int = name
            ) -> None:
                self._kernels.sweep(
                    flat, *extra, far, targets, level.index, before, found, level.cost, a, b,
                    back, n, reach, guide.flat, guide.cover, guide.on, guide.lines, level.inner,
                    apart,
                )  # fmt: skip

            self.bands(count, one)

    def vote(self, level: Level, points: Points, weight: NDArray[np.float32]) -> None:
        """Rebuild the pixels `points` as the weighted mean of the patches over them."""
        out, lacking = level.image[points[:, 0], points[:, 1]], _lacking(level)
        self.bands(
            len(points),
            lambda a, b: self._votes.vote(
                level.image, lacking, points, level.index, level.found, weight, out, a, b
            ),
        )
        level.put(points, out)

    def choose(self, level: Level) -> Points:
        """Return for each hole pixel the source most patches over it agree on, itself where none
        of them knows one."""
        chosen, lacking = level.holes.copy(), _lacking(level)
        weight = weights(level)
        self.bands(
            len(level.holes),
            lambda a, b: self._votes.choose(
                lacking, level.holes, level.index, level.found, weight, chosen, a, b
            ),
        )
        return chosen

    def smooth_guess(self, level: Level, salt: int, drawing: Drawing | None = None) -> None:
        """Fill the coarsest level harmonically and look for what is most like that.

        Things that the rim cuts fade out instead of growing. drawing: lines drawn in at once.
        """
        known = ~level.hole
        _draw(level, drawing, known)
        smooth = membrane.smooth_guess(level.image, ~known)
        level.put(level.holes, smooth[level.hole])
        level.found[:] = _some_usable(level)
        self.search(level, salt=salt, sweeps=_SMOOTH_SWEEPS, reach=max(level.hole.shape))

    def layered_guess(self, level: Level, drawing: Drawing | None = None) -> None:
        """Fill the coarsest level from the outside in, layer by layer, by full search.

        drawing: lines that are there from the start.
        """
        depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_L2, 5)
        known = ~level.hole
        _draw(level, drawing, known)
        cover = np.zeros_like(level.flat)
        covered = cover[: known.size * 4].reshape(*known.shape, 4)
        covered[known] = 255
        smooth = membrane.smooth_guess(level.image, ~known)
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
            found[:] = _some_usable(level)

            work = partial(
                self._votes.onion,
                level.flat,
                cover,
                level.parts.known,
                level.far,
                sources,
                targets,
                found,
            )

            self.bands(len(chosen), work, 64)
            level.found[chosen] = found
            fresh = (depth > 0) & (depth <= layer + 1) & ~known
            points = np.argwhere(fresh).astype(np.int32)
            if len(points):
                self.vote(level, points, (layers <= layer).astype(np.float32))
                known |= fresh
                covered[fresh] = 255


def _draw(level: Level, drawing: Drawing | None, known: MaskBool) -> None:
    """Put the lines of a drawing into a level's hole and count them as known."""
    if drawing is not None:
        points, values = drawn_points(level, drawing)
        level.put(points, values)
        known[points[:, 0], points[:, 1]] = True


def _some_usable(level: Level) -> Points:
    rows, columns = np.nonzero(level.whole)
    return np.array([rows[0], columns[0]], np.int32)


def _sources(level: Level) -> tuple[object, ...]:
    """Return what kernels are told of a level's sources known in part, and of its ground."""
    parts, ground = level.parts, level.ground
    return parts.known, parts.count, ground.mean, ground.asked, ground.say, ground.gap


def _lacking(level: Level) -> MaskBool:
    """Return what sources do not show, (H, W), or (0, 0) where all are whole."""
    return level.hole if level.parts.count.size else np.zeros((0, 0), np.bool_)


def apart_cost(level: Level) -> np.int32:
    """Return what a match costs now for each neighbour that is copied from elsewhere."""
    mean = int(level.cost.sum(dtype=np.int64)) / max(1, len(level.cost))
    return np.int32(level.apart * mean)


def weights(level: Level) -> NDArray[np.float32]:
    """Return vote weights: trust x exp(-cost / 2 s), s the 75th percentile of the costs."""
    scale = max(float(np.percentile(level.cost, 75)), 1.0)
    fit = np.exp(level.cost.astype(np.float32) * np.float32(-0.5 / scale))
    return np.asarray((fit + np.float32(1e-6)) * level.trust, dtype=np.float32)
