"""One scale of the patch engine: search and vote in turn until structure has settled."""

from __future__ import annotations

from inpaint_studio.engines.patch_levels import Level
from inpaint_studio.engines.patch_manner import SETTLED
from inpaint_studio.engines.patch_scales import carry_over
from inpaint_studio.engines.patch_task import Task
from inpaint_studio.engines.patch_work import Rounds, weights
from inpaint_studio.jobs.token import RunToken

COARSE_ROUNDS = 16
FINE_ROUNDS = 16
"""Most rounds of a coarser level and of the finest. Structure keeps settling for long: with 6 and
10 rounds the HOG distance to the truth is 0.010 worse (s.e. 0.003, 120 object holes), the CPU time
0.7 times; 16 and 10 bring half of it; 40 and 40 bring no more."""
_FEWEST_COARSE = 6
_FEWEST_FINE = 3
_COARSE_TARGETS = 100_000
_FINE_TARGETS = 600_000
"""Targets that a level's rounds may visit in all: large holes get fewer rounds."""
_THIN_ROUNDS = 1
_SWEEPS = 2
_NEAR_REACH = 16
START_SEEDS = 8191
"""How far the random numbers of one start lie from the next one's."""


def solve(work: Rounds, task: Task, number: int, coarser: Level | None, start: int = 0) -> Level:
    """Fill one scale, from the coarser one's matches or as this start begins."""
    level = task.level(number)
    task.token.check()
    seed = task.seed + start * START_SEEDS
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
    refine(
        work,
        level,
        number,
        task.coarsest,
        seed,
        task.token,
        task.coarse_rounds if number else task.fine_most,
        copied=task.manner.copied if number else task.manner.fine_copied,
        part=(start, task.starts),
    )
    return level


def refine(
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
        token.step(before + (after - before) * turn / rounds, "filling with patches")
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
