"""How the patch engine begins: first guesses and layouts, and which of them is gone on with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inpaint_studio.engines.patch_letters import LEAST_SCALE as LETTERS_SCALE
from inpaint_studio.engines.patch_letters import best_by_place
from inpaint_studio.engines.patch_levels import Level
from inpaint_studio.engines.patch_manner import SETTLED
from inpaint_studio.engines.patch_refine import START_SEEDS, refine, solve
from inpaint_studio.engines.patch_scene import LEAST_SCALE, Layout, Scene, take_over
from inpaint_studio.engines.patch_task import Task
from inpaint_studio.engines.patch_work import Rounds

LAYOUT_ROUNDS = 4
"""Most rounds of the level that takes a layout over."""
_START_TARGETS = 16_000
"""Starts are compared at the scale before the finest, or the first with no more hole pixels."""


def begin(work: Rounds, task: Task) -> tuple[Level | None, int]:
    """Return the coarsest scales' work, if they were worked on, and the scale that comes next."""
    manner = task.manner
    if manner.laid_out or manner.lettered:
        layouts = _layouts(work, task)
        if layouts:
            if manner.lettered:
                return _mixed(work, task, layouts[0]), _meeting(task) - 1
            return _best_layout(work, task, layouts), layouts[0].number - 1
        smooth = SETTLED.smooth if manner.lettered else manner.smooth
        manner = replace(manner, smooth=smooth, decay=SETTLED.decay, lettered=False)
        task = replace(task, manner=manner)
    level = _best_start(work, task)
    return level, task.coarsest if level is None else _meeting(task) - 1


def _layouts(work: Rounds, task: Task) -> list[Layout]:
    """Lay the hole out as often as the manner asks, from other random places each time."""
    image, hole, source = task.pictures[0]
    manner = task.manner
    scene = Scene.around(
        np.ascontiguousarray(image[..., :3]),
        hole,
        source,
        token=task.token,
        least=max(LETTERS_SCALE, _meeting(task)) if manner.lettered else LEAST_SCALE,
        passes=manner.passes,
        partly=manner.partly,
    )
    if scene is None or scene.last > task.coarsest:
        return []
    made: dict[int, Layout] = {}

    def one(start: int, _: int) -> None:
        made[start] = scene.lay_out(task.seed + start * START_SEEDS)

    work.bands(manner.layouts, one, 1)
    return [made[start] for start in range(manner.layouts)]


def _best_layout(work: Rounds, task: Task, layouts: list[Layout]) -> Level:
    """Let every layout settle; return the level whose patches are most like known ones."""
    levels = (_settle(work, task, layout, (0, task.starts)) for layout in layouts)
    return next(levels) if len(layouts) == 1 else min(levels, key=work.misfit)


def _mixed(work: Rounds, task: Task, layout: Layout) -> Level:
    """Fill the coarser scales from first guesses and from a layout; keep the best of each place."""
    last = task.starts - 1
    levels = [_start(work, task, start) for start in range(last)]
    level = _settle(work, task, layout, (last, task.starts))
    for number in range(layout.number - 1, _meeting(task) - 1, -1):
        level = solve(work, task, number, level, last)
    return best_by_place([*levels, level])


def _settle(work: Rounds, task: Task, layout: Layout, part: tuple[int, int] = (0, 1)) -> Level:
    """Make the level that a layout is for, and let it settle. part: see `refine`."""
    level = task.level(layout.number)
    take_over(level, layout)
    work.vote(level, level.holes, level.trust)
    refine(
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


def _best_start(work: Rounds, task: Task) -> Level | None:
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


def _start(work: Rounds, task: Task, start: int) -> Level:
    """Fill the scales down to the one at which starts are compared, from one first guess."""
    level = None
    for number in range(task.coarsest, _meeting(task) - 1, -1):
        level = solve(work, task, number, level, start)
    assert level is not None
    return level


def _meeting(task: Task) -> int:
    """Return the scale at which starts are compared."""
    number = 1
    while number < task.coarsest and task.pictures[number][1].sum() > _START_TARGETS:
        number += 1
    return number
