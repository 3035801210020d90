"""The patch engine's rounds: search and vote at each scale, copy and join at the last.

Method: multi-scale patch synthesis by alternating nearest-patch search (PatchMatch, Barnes et al.
2009, doi:10.1145/1531326.1531330) and voting (Wexler et al. 2007, doi:10.1109/TPAMI.2007.60) with
a texture feature in the match so that detail is not averaged away (Newson et al. 2014,
doi:10.1137/140954933). At the finest scale pixels are copied, so that grain survives,
and averaged along seams alone; their gradients are joined to the ring by a screened Poisson
equation, so that no step shows and no colour bleeds over the border of two things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import kriging
from inpaint_studio.engines.patch_begin import begin
from inpaint_studio.engines.patch_guide import draw_all
from inpaint_studio.engines.patch_join import join, softened
from inpaint_studio.engines.patch_levels import (
    FAR_COST,
    SIDE,
    FloatImage,
    whole_patches,
    with_texture,
)
from inpaint_studio.engines.patch_lines import find_lines
from inpaint_studio.engines.patch_manner import GROWN, SETTLED, Manner
from inpaint_studio.engines.patch_refine import COARSE_ROUNDS, FINE_ROUNDS, solve
from inpaint_studio.engines.patch_scales import shrink
from inpaint_studio.engines.patch_task import Task
from inpaint_studio.engines.patch_turned import Canvas, spread
from inpaint_studio.engines.patch_work import Rounds, weights
from inpaint_studio.jobs.token import RunToken

_SHALLOW_PX = 3


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
    clear: bool = True,
    manner: Manner = SETTLED,
    make_rounds: Callable[[int, RunToken], Rounds] = Rounds,
) -> FloatImage | None:
    """Return `image` (H, W, 3) with the hole filled, or None when no whole patch can be copied.

    rest: how many of the finest levels take the coarser level's matches without a search of their
    own (a level's search costs four times the next coarser one's). far_cost: how dear a source is
    for each pixel that it lies away. lines: whether edges that cross the hole guide the fill.
    coarse_rounds, fine_rounds: most rounds of search and vote at the coarser levels and at the
    finest. turned, scaled: which copies of the crop are sources, too (`patch_turned`). wide: how
    far light is spread, clear: whether borders stay borders and other seams are softened
    (`patch_join`). manner: how structure is found. make_rounds: what runs the kernels. What
    `image` holds under `hole` does not matter. Raises: Cancelled.
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
        manner = replace(manner, smooth=manner.smooth[:1], layouts=1)
    task = Task(
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
        level, first = begin(work, task)
        for number in range(first, -1, -1):
            level = solve(work, task, number, level)
        assert level is not None
        shape = None if canvas is None else canvas.shape
        joined = join(level, work.choose(level), token, shape, wide=wide, clear=clear)
        if clear and len(stack) > 1:
            copied = level.at(level.holes)
            work.vote(level, level.holes, weights(level))
            joined = softened(joined, level, copied)
        if canvas is not None:
            joined = canvas.crop(joined)
        return kriging.predict(joined, hole, hole, work.bands)
