"""The patch engine's rounds: search and vote at each scale, copy and join at the last.

Method: multi-scale patch synthesis by alternating nearest-patch search (PatchMatch, Barnes et al.
2009, doi:10.1145/1531326.1531330) and voting (Wexler et al. 2007, doi:10.1109/TPAMI.2007.60) with
a texture feature in the match so that detail is not averaged away (Newson et al. 2014,
doi:10.1137/140954933). At the finest scale pixels are copied, not averaged, so that grain
survives, and their gradients are joined to the ring by a screened Poisson equation, so that no
step shows and no colour bleeds further than a few pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import kriging
from inpaint_studio.engines.patch_guide import Drawing, draw_all, guide
from inpaint_studio.engines.patch_join import join
from inpaint_studio.engines.patch_letters import LEAST_SCALE as LETTERS_SCALE
from inpaint_studio.engines.patch_letters import best_by_place
from inpaint_studio.engines.patch_levels import (
    FAR_COST,
    SIDE,
    FloatImage,
    Level,
    bordered,
    carry_over,
    make_level,
    shrink,
    whole_patches,
    with_texture,
)
from inpaint_studio.engines.patch_lines import Line, find_lines
from inpaint_studio.engines.patch_manner import GROWN, SETTLED, Manner
from inpaint_studio.engines.patch_scene import LEAST_SCALE, Layout, lay_out, take_over
from inpaint_studio.engines.patch_turned import Canvas, spread
from inpaint_studio.engines.patch_work import Rounds, weights
from inpaint_studio.jobs.token import RunToken

_SHALLOW_PX = 3
COARSE_ROUNDS = 16
FINE_ROUNDS = 16
"""Most rounds of a coarser level and of the finest. Structure keeps settling for long: with 6 and
10 rounds the HOG distance to the truth is 0.010 worse (s.e. 0.003, 120 object holes), the CPU time
0.7 times; 16 and 10 bring half of it; 40 and 40 bring no more."""
LAYOUT_ROUNDS = 4
"""Most rounds of the level that takes a layout over."""
_FEWEST_COARSE = 6
_FEWEST_FINE = 3
_COARSE_TARGETS = 100_000
_FINE_TARGETS = 600_000
"""Targets that a level's rounds may visit in all: large holes get fewer rounds."""
_START_TARGETS = 16_000
"""Starts are compared at the scale before the finest, or the first with no more hole pixels."""
_START_SEEDS = 8191
_THIN_ROUNDS = 1
_SWEEPS = 2
_NEAR_REACH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What a fill is asked for, the same at every scale and start."""

    pictures: list[tuple[FloatImage, MaskBool, MaskBool]]
    crossing: list[Line]
    drawings: list[Drawing]
    manner: Manner
    seed: int
    rest: int
    far_cost: float
    canvas: Canvas | None
    coarse_rounds: int
    fine_rounds: int
    token: RunToken

    @property
    def coarsest(self) -> int:
        return len(self.pictures) - 1

    @property
    def starts(self) -> int:
        return len(self.manner.smooth) + self.manner.lettered

    def level(self, number: int) -> Level:
        """Make the level of a scale; the coarser ones leave the task's pictures as they are."""
        picture, gap, allowed = self.pictures[number]
        scale, margin = 2**number, self.margin(number)
        if number:  # Copies: levels are written to.
            picture, allowed = bordered(picture, margin), bordered(allowed, margin)
            gap = np.pad(gap, margin)
        made = make_level(
            picture,
            gap,
            allowed,
            scale=scale,
            far_cost=self.far_cost,
            beside=None if self.canvas is None else self.canvas.beside(scale, gap.shape),
            decay=self.manner.decay if number else self.manner.fine_decay,
            chroma=self.manner.chroma,
            apart=self.manner.apart,
            margin=margin,
            margin_cost=self.manner.margin_cost,
        )
        drawing = self.drawing(number)
        self.token.check()
        if drawing is not None:
            made.guide = guide(made, drawing, self.crossing, scale=scale)
        return made

    def margin(self, number: int) -> int:
        """Return how far the border of a scale's picture is repeated outwards, px."""
        return self.manner.margin if number and self.canvas is None else 0

    def drawing(self, number: int) -> Drawing | None:
        """Return what lines draw at a scale, as large as its level."""
        if not self.drawings:
            return None
        drawn, on = self.drawings[number]
        margin = self.margin(number)
        return bordered(drawn, margin), np.pad(on, margin)


def synthesise(
    image: FloatImage,
    hole: MaskBool,
    source: MaskBool,
    *,
    seed: int,
    threads: int,
    token: RunToken,
    rest: int = 0,
    far_cost: float = FAR_COST,
    lines: bool = True,
    coarse_rounds: int = COARSE_ROUNDS,
    fine_rounds: int = FINE_ROUNDS,
    turned: str = "no",
    scaled: bool = False,
    wide: bool = True,
    manner: Manner = SETTLED,
    make_rounds: Callable[[int, RunToken], Rounds] = Rounds,
) -> FloatImage | None:
    """Return `image` (H, W, 3) with the hole filled, or None when no whole patch can be copied.

    rest: how many of the finest levels take the coarser level's matches without a search of their
    own (a level's search costs four times the next coarser one's). far_cost: how dear a source is
    for each pixel that it lies away. lines: whether edges that cross the hole guide the fill.
    coarse_rounds, fine_rounds: most rounds of search and vote at the coarser levels and at the
    finest. turned, scaled: which copies of the crop are sources, too (`patch_turned`). wide: how
    far light is spread (`patch_join`). manner: how structure is found. make_rounds: what runs the
    kernels. What `image` holds under `hole` does not matter.
    Raises: Cancelled.
    """
    if not whole_patches(source & ~hole).any():
        return None
    stack = [(with_texture(image, hole), hole, source)]
    canvas: Canvas | None = None
    if turned != "no" or scaled:
        canvas = spread(*stack[0], turned=turned, scaled=scaled)
        stack = [(canvas.image, canvas.hole, canvas.source)]
    depth = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5).max())
    while depth > _SHALLOW_PX and min(stack[-1][1].shape) >= 6 * SIDE:
        token.check()
        coarse = shrink(*stack[-1])
        if not (whole_patches(coarse[2]).any() and coarse[1].any()):
            break
        stack.append(coarse)
        depth /= 2
    crossing = find_lines(image, hole, token) if lines and len(stack) > 1 else []
    drawings = draw_all(*stack[0][:2], crossing, len(stack), token) if crossing else []
    if rest:  # too large for more than one start
        manner = replace(manner, smooth=manner.smooth[:1])
    task = _Task(
        pictures=stack,
        crossing=crossing,
        drawings=drawings,
        manner=manner if len(stack) > 1 else GROWN,
        seed=seed,
        rest=rest,
        far_cost=far_cost,
        canvas=canvas,
        coarse_rounds=coarse_rounds,
        fine_rounds=fine_rounds,
        token=token,
    )
    with make_rounds(threads, token) as work:
        level, first = _begin(work, task)
        for number in range(first, -1, -1):
            level = _solve(work, task, number, level)
        assert level is not None
        shape = None if canvas is None else canvas.shape
        joined = join(level, work.choose(level), token, shape, wide=wide)
        if canvas is not None:
            joined = canvas.crop(joined)
        return kriging.predict(joined, hole, hole, work.bands)


def _begin(work: Rounds, task: _Task) -> tuple[Level | None, int]:
    """Return the coarsest scales' work, if they were worked on, and the scale that comes next."""
    manner = task.manner
    if manner.laid_out or manner.lettered:
        image, hole, source = task.pictures[0]
        layout = lay_out(
            np.ascontiguousarray(image[..., :3]),
            hole,
            source,
            seed=task.seed,
            token=task.token,
            least=LETTERS_SCALE if manner.lettered else LEAST_SCALE,
        )
        if layout is not None and layout.number <= task.coarsest:
            if manner.lettered:
                return _mixed(work, task, layout), _meeting(task) - 1
            return _settle(work, task, layout), layout.number - 1
        smooth = SETTLED.smooth if manner.lettered else manner.smooth
        manner = replace(manner, smooth=smooth, decay=SETTLED.decay, lettered=False)
        task = replace(task, manner=manner)
    level = _best_start(work, task)
    return level, task.coarsest if level is None else _meeting(task) - 1


def _mixed(work: Rounds, task: _Task, layout: Layout) -> Level:
    """Fill the coarser scales from first guesses and from a layout; keep the best of each place."""
    last = task.starts - 1
    levels = [_start(work, task, start) for start in range(last)]
    level = _settle(work, task, layout, (last, task.starts))
    for number in range(layout.number - 1, _meeting(task) - 1, -1):
        level = _solve(work, task, number, level, last)
    return best_by_place([*levels, level])


def _settle(work: Rounds, task: _Task, layout: Layout, part: tuple[int, int] = (0, 1)) -> Level:
    """Make the level that a layout is for, and let it settle. part: see `_refine`."""
    level = task.level(layout.number)
    take_over(level, layout)
    work.vote(level, level.holes, level.trust)
    _refine(
        work,
        level,
        layout.number,
        task.coarsest,
        task.seed,
        task.token,
        min(task.coarse_rounds, LAYOUT_ROUNDS),
        copied=task.manner.copied,
        part=part,
    )
    return level


def _best_start(work: Rounds, task: _Task) -> Level | None:
    """Fill the coarser scales from several first guesses; return the one that fits best.

    That is the least cost of its matches. None where one start is enough.
    """
    starts = len(task.manner.smooth)
    if starts == 1:
        return None
    best, least = None, 0
    for start in range(starts):
        level = _start(work, task, start)
        cost = int(level.cost.sum(dtype=np.int64))
        if best is None or cost < least:
            best, least = level, cost
    return best


def _start(work: Rounds, task: _Task, start: int) -> Level:
    """Fill the scales down to the one at which starts are compared, from one first guess."""
    level = None
    for number in range(task.coarsest, _meeting(task) - 1, -1):
        level = _solve(work, task, number, level, start)
    assert level is not None
    return level


def _meeting(task: _Task) -> int:
    """Return the scale at which starts are compared."""
    number = 1
    while number < task.coarsest and task.pictures[number][1].sum() > _START_TARGETS:
        number += 1
    return number


def _solve(work: Rounds, task: _Task, number: int, coarser: Level | None, start: int = 0) -> Level:
    """Fill one scale, from the coarser one's matches or as this start begins."""
    level = task.level(number)
    task.token.check()
    seed = task.seed + start * _START_SEEDS
    if coarser is not None:
        carry_over(coarser, level)
        task.token.check()
        work.vote(level, level.holes, level.trust)
    else:
        drawing = task.drawing(number)
        if task.manner.smooth[start]:
            work.smooth_guess(level, seed * 7 + 1, drawing)
        else:
            work.layered_guess(level, drawing)
    if number < min(task.rest, task.coarsest):
        work.measure(level)
        return level
    _refine(
        work,
        level,
        number,
        task.coarsest,
        seed,
        task.token,
        task.coarse_rounds if number else task.fine_rounds,
        copied=task.manner.copied if number else task.manner.fine_copied,
        part=(start, task.starts),
    )
    return level


def _refine(
    work: Rounds,
    level: Level,
    number: int,
    coarsest: int,
    seed: int,
    token: RunToken,
    most: int = FINE_ROUNDS,
    *,
    copied: int = SETTLED.fine_copied,
    part: tuple[int, int] = (0, 1),
) -> None:
    """Search and vote in turn; the last search of a level is not voted over.

    The last votes (`copied`) are copies, so that the search compares grain with grain. Later
    searches of the finest level (0) are one sweep and look near: what lies far was found coarser.
    A thin mask has no coarser level; kriging does most of its work, so one round is enough. part:
    which of how many starts this is.
    """
    thin = coarsest == 0
    rounds = _THIN_ROUNDS if thin else _rounds(level, number, most)
    # A level costs four times the next coarser one; starts share what the coarser ones take.
    start, starts = part
    coarse = 0.25 if starts == 1 else 0.5
    before, after = coarse, 0.97
    if number:
        before, after = (coarse * (start + 0.25**n) / starts for n in (number, number - 1))
    for turn in range(rounds):
        token.step(before + (after - before) * turn / rounds, "patches")
        settled = number == 0 and turn > 0
        work.search(
            level,
            salt=(seed * 1024 + number * 32 + turn) & 0xFFFFFF,
            sweeps=1 if thin or settled else _SWEEPS,
            reach=_NEAR_REACH if settled else max(level.hole.shape),
            back=settled and turn % 2 == 1,
        )
        left = rounds - 1 - turn
        if left == 0:
            break  # The next finer scale takes the matches, not the picture.
        if left > copied:
            work.vote(level, level.holes, weights(level))
        else:
            at = work.choose(level)
            level.put(level.holes, level.image[at[:, 0], at[:, 1]])


def _rounds(level: Level, number: int, most: int) -> int:
    """Return how many rounds a level gets, from its size alone: the largest get the fewest."""
    targets, fewest = (_COARSE_TARGETS, _FEWEST_COARSE) if number else (_FINE_TARGETS, _FEWEST_FINE)
    affordable = targets // max(1, len(level.targets))
    return max(min(affordable, most), min(fewest, most))
