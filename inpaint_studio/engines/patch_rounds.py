"""The patch engine's rounds: search and vote at each scale, copy and join at the last.

Method: multi-scale patch synthesis by alternating nearest-patch search (PatchMatch, Barnes et al.
2009, doi:10.1145/1531326.1531330) and voting (Wexler et al. 2007, doi:10.1109/TPAMI.2007.60) with
a texture feature in the match so that detail is not averaged away (Newson et al. 2014,
doi:10.1137/140954933). At the finest scale pixels are copied, not averaged, so that grain
survives, and their gradients are joined to the ring by a screened Poisson equation, so that no
step shows and no colour bleeds further than a few pixels.

Structure is settled at coarser scales, where a fill costs little: it is begun twice, from a smooth
guess and in layers from the rim inwards, and the start whose matches cost least is kept (24 object
holes: the best of three 0.012 better than their mean, n = 5; cost and distance to the truth
correlate by 0.3 within a hole; a second smooth start, as in version 9, takes 1.25 times as long
and gives 72 holes 0.691, not 0.689). There a patch's say falls with every px of depth by 1.5, not
by 2.4 as at the finest scale: the stronger the rim, the further what it cuts grows inwards, though
a person wanted it gone. At coarser scales the border of the picture is repeated outwards: what lies
between hole and border is thinner than a patch there, and a fill that may not copy it sets other
things in its place, such as a sea in the sky (24 object holes and 24 rectangles, look index 0.755
instead of 0.772). A repeated pixel costs as much as 12 levels of brightness, or the fill streaks
where real sources fit nearly as well (0.745 with all of this, 0.743 without, but clouds and stripes
go on better to the eye; four times that brings the sea back, 0.759). Deep in the hole a match costs
more for each neighbour copied from elsewhere: fewer fragments, and the bounds cut more comparisons
short (0.743, about 0.9 times the time; from the rim on 0.749, and brush strokes and captions 0.571
instead of 0.551, as near the rim the fit should decide). Colour counts one and a half times as much
as up to version 10: fewer islands of another colour to the eye, the same look index.

Measured on 72 object and rectangle holes and left out (HOG distance to the truth, lower is better,
where the engine has 0.74): mirrored sources 0.745 for 14 % more time, growing first from edges that
cross the rim 0.758 against 0.746 without, a preference for short moves 0.01 to 0.07 worse. On 48
object holes (0.839, s.e. of a difference 0.004 to 0.008): patches of 5 px 0.864 and of 9 px 0.839,
oriented texture features 0.853, half the weight for brightness 0.844, bounded differences 0.847, a
higher cost for sources used often 0.835 to 0.845, context of 128 px 0.832 and of the whole photo
0.842. On 24 object holes (look index 0.877; with one start and a decay of 2.4 0.876 to 0.895, on
the mean of six seeds 0.889): a fourth start 0.871, a decay of 1.3 at coarser scales 0.890 with four
starts and 0.901 with more copies (cleaner to the eye, smears more), 1.8 at the finest 0.873, votes
three times as sharp 0.003 worse. Starts of unlike decay do not compare: the lower one's matches
always cost less. On the 48 holes above, most with 3 px of margin (0.754): scales down to a crop of
21 px instead of 42 0.015 worse, three starts 0.012, one start 0.006 for 0.65 times the time, three
times the price of fragments 0.008 (24 holes); a further scale for thin holes brings brush strokes
and captions nothing.
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
from inpaint_studio.engines.patch_levels import (
    CHROMA,
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
from inpaint_studio.engines.patch_scene import Layout, lay_out, take_over
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
class Manner:
    """How structure is found.

    smooth: for each start whether its first guess is smooth, not grown in layers. decay: how much
    less a patch has to say for every px that it lies deeper in the hole, and fine_decay at the
    finest scale. copied: how many of a coarser scale's last votes are copies, and fine_copied of
    the finest's. apart: what a match costs for each neighbour that is copied from elsewhere.
    margin: how many px of a coarser scale its border is repeated outwards, and what a source costs
    for each pixel of it there. chroma: how much colour differences count. `patch_levels.Level` says
    more of these. laid_out: whether the coarsest scales are `patch_scene`'s, if they can be.
    """

    smooth: tuple[bool, ...]
    decay: float
    fine_decay: float
    copied: int
    fine_copied: int
    apart: float = 0.0
    margin: int = 0
    margin_cost: float = 0.0
    chroma: float = CHROMA
    laid_out: bool = False


SETTLED = Manner(
    smooth=(True, False),
    decay=1.5,
    fine_decay=2.4,
    copied=2,
    fine_copied=2,
    apart=0.1,
    margin=6,
    margin_cost=150.0,
    chroma=0.75,
)
"""What surrounds most of the hole fills it. Thin masks, all rim, are `GROWN`."""
LAID_OUT = replace(SETTLED, decay=1.1, laid_out=True)
"""Where a layout is there, the rim has hardly more say than the rest."""
_SMOOTH = {1: (True,), 2: SETTLED.smooth, 3: (True, True, False)}
GROWN = Manner(smooth=(False,), decay=2.4, fine_decay=2.4, copied=0, fine_copied=2)
"""Whatever reaches the rim grows inwards, as up to version 8."""


def settled(starts: int) -> Manner:
    """Return `SETTLED` with 1 to 3 starts; version 9 had three."""
    return replace(SETTLED, smooth=_SMOOTH[starts])


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
    manner: Manner = SETTLED,
    make_rounds: Callable[[int, RunToken], Rounds] = Rounds,
) -> FloatImage | None:
    """Return `image` (H, W, 3) with the hole filled, or None when no whole patch can be copied.

    rest: how many of the finest levels take the coarser level's matches without a search of their
    own (a level's search costs four times the next coarser one's). far_cost: how dear a source is
    for each pixel that it lies away. lines: whether edges that cross the hole guide the fill.
    coarse_rounds, fine_rounds: most rounds of search and vote at the coarser levels and at the
    finest. turned, scaled: which copies of the crop are sources, too (`patch_turned`). manner: how
    structure is found. make_rounds: what runs the kernels. What `image` holds under `hole` does
    not matter.
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
        joined = join(level, work.choose(level), token, shape)
        if canvas is not None:
            joined = canvas.crop(joined)
        return kriging.predict(joined, hole, hole, work.bands)


def _begin(work: Rounds, task: _Task) -> tuple[Level | None, int]:
    """Return the coarsest scales' work, if they were worked on, and the scale that comes next."""
    if task.manner.laid_out:
        image, hole, source = task.pictures[0]
        layout = lay_out(
            np.ascontiguousarray(image[..., :3]), hole, source, seed=task.seed, token=task.token
        )
        if layout is not None and layout.number <= task.coarsest:
            return _settle(work, task, layout), layout.number - 1
        task = replace(task, manner=replace(task.manner, decay=SETTLED.decay))
    level = _best_start(work, task)
    return level, task.coarsest if level is None else _meeting(task) - 1


def _settle(work: Rounds, task: _Task, layout: Layout) -> Level:
    """Make the level that a layout is for, and let it settle."""
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
        level = None
        for number in range(task.coarsest, _meeting(task) - 1, -1):
            level = _solve(work, task, number, level, start)
        assert level is not None
        cost = int(level.cost.sum(dtype=np.int64))
        if best is None or cost < least:
            best, least = level, cost
    return best


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
        part=(start, len(task.manner.smooth)),
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
