"""How a large hole is laid out: the patch engine's coarsest scales, where a patch sees a scene.

A hole cut through things is filled badly by what fits its rim alone: their ends are made up, or
grow straight on. Here patches are compared where they are as large as the things themselves, on
pictures down to a few px, so that whole parts are copied whose surroundings are alike: a pot ends
as the other pot does. What the finer scales do with the layout is `patch_begin`'s.

Method: search and vote in turn as in Wexler et al. 2007 (doi:10.1109/TPAMI.2007.60) and Barnes et
al. 2009 (doi:10.1145/1531326.1531330), with differences along x and y in the match as in Darabi et
al. 2012 (doi:10.1145/2185520.2185578). What makes the layout, the first three learned from how the
package PyPatchMatch 2.2 behaves, which ends cut things better than version 12 did:

- A coarse pixel is known as soon as one near it is, so that the hole closes within a few scales;
  known pixels beside it are half guesses there and are voted over, too.
- The texture around the hole is carried into it and a source of another texture is dear. Without,
  the smooth means of coarse scales are filled by what is smooth: a sky in the snow.
- The coarsest scales are filled twice, with patches of 7 and of 11 px; the wide ones, which find
  what repeats (balconies) and miss more, are kept if they fit clearly better one scale on.
- What lies beyond the picture costs nothing to a target and little to a source: the strip between
  hole and border is a source, or a sea is put in the sky.
- Sources far from the hole cost a little (grass put among trees without), and no more: three times
  as much loses an island's foot and a flower's heart.

Chosen by eye on large holes of four seeds; 48 object holes and 48 rectangles: look index 0.770,
version 12 0.776. More starts, the best by fit, bring nothing (two 0.774, three 0.779), nor does a
layout down to half size (eight holes 0.941 against 0.909). Before that on two of the seeds: no
texture in the match puts sky in the snow and smooth paint on a wall of diagrams.

By the look index nothing at hand tells a better layout from a worse one of the same hole; by eye
the likeness of settled patches to known ones does (`patch_manner`). Of five random seeds (48
holes, mean 0.726, the best by the truth 0.701) the gates' risk chooses 0.723, the network for
forms 0.725; of layouts with and without texture in the match and cost of distance (72 holes, 0.763
to 0.768, the best 0.735) their own misfit in colour 0.765, its worst percent 0.761.

Narrow and wide patches alone please as often (73 to 71 votes on 72 holes), and raters agree which
does where on 57 of them, but nothing measured tells: patch energy, texture, seams, pieces, the
gates' readings and their risk agree with 41 to 62 % of the votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.compiled import kernels
from inpaint_studio.engines.patch_levels import FloatImage, Level, Points
from inpaint_studio.engines.patch_pyramid import (
    Scale,
    Sources,
    compared,
    pyramid,
    sources,
    twice,
)
from inpaint_studio.engines.patch_scales import nearest
from inpaint_studio.jobs.token import RunToken

REACH = 3
WIDE_REACH = 5
WIDE_SHARE = 0.9
"""Wide patches are kept where their misfit is less than this share of the narrow ones'."""
LEAST_SCALE = 2
"""The finest scale that is laid out here: a quarter."""
_DEEP_PX = 20.0
"""A hole is laid out where it is deeper than this. Strokes and letters are continued from their rim
(24 brush strokes: look index 0.525, laid out from 9 px on 0.534, and a trunk came apart); of 51
holes of 1,100 to 7,900 px over borders, laid out from 14 px on, one rater found 6 better, 9 worse
and 36 alike."""
_MOST_TARGETS = 6000
"""A hole with more is laid out at a coarser scale."""
_MOST_PASSES = 7
OUTSIDE = 500
"""What a source's pixel beyond the picture costs: as much as 13 levels of every colour."""
LACK = 100
"""The same for one that the source does not know, where sources may be known in part."""
_SAME = 2.0
"""What a known patch has to say of itself."""
_FULL = 64.0 * 9 * 255 * 255
_FITS = np.array([1.0, 0.99, 0.96, 0.83, 0.38, 0.11, 0.02, 0.005, 0.0006, 0.0001, 0.0])
"""What a match has to say when it differs by 0, 1, 2 ... percent of the most there is."""
_LEAST_SAY = 1e-9


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a scale's patches are copied from.

    number: the scale, halved so many times. targets: (n, 2) int32 centres; index: (H, W) int32,
    their place by pixel, -1 where none; found: (n, 2) int32, where each is copied from.
    """

    number: int
    targets: Points
    index: NDArray[np.int32]
    found: Points


@dataclass(frozen=True, slots=True)
class _State:
    """A scale's matches, and the picture they make for the next finer one (H, W, 3)."""

    layout: Layout
    picture: FloatImage


def is_deep(mask: MaskBool) -> bool:
    """Return whether a hole is wide enough anywhere to be laid out."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return float(depth.max(initial=0)) > _DEEP_PX


@dataclass(frozen=True, slots=True)
class Scene:
    """What a hole may be filled with, at all scales.

    coarsest, last: where a layout begins and ends. passes: how often each search goes over all
    places, as a multiple. lack: what a source costs for each pixel that it does not know, 0 where
    that is the most there is.
    """

    scales: list[Scale]
    coarsest: int
    last: int
    least: int
    passes: int
    lack: int
    token: RunToken

    @classmethod
    def around(
        cls,
        image: FloatImage,
        hole: MaskBool,
        source: MaskBool,
        *,
        token: RunToken,
        least: int = LEAST_SCALE,
        passes: int = 1,
        partly: bool = False,
    ) -> Scene | None:
        """Return the scene of a hole in `image` (H, W, 3; 0 to 255).

        source: what may be copied. least: the finest scale that is laid out. None where the hole is
        too thin to be seen at that scale or nothing can be copied there. Raises: Cancelled.
        """
        scales = pyramid(image, ~hole, (~hole & ~source).astype(np.float32), token)
        coarsest = max(n for n, scale in enumerate(scales) if not scale.known.all())
        last = least
        while last < coarsest and len(_targets(scales[last].known, REACH)) > _MOST_TARGETS:
            last += 1
        seen = scales[last : coarsest + 1]
        if not seen or not all(scale.usable.any() for scale in seen):
            return None
        return cls(scales, coarsest, last, least, passes, LACK if partly else 0, token)

    def lay_out(self, seed: int) -> Layout:
        """Return where the hole is copied from, beginning with random places. Raises: Cancelled."""
        work = _Work(self, seed)
        number, state = self.coarsest, None
        if number > self.last:
            number = max(number - 2, self.last)  # where the two are compared
            narrow, wide = (
                work.descend(self.coarsest, number + 1, reach) for reach in (REACH, WIDE_REACH)
            )
            better = work.misfit(number, wide) < WIDE_SHARE * work.misfit(number, narrow)
            state = wide if better else narrow
        return work.descend(number, self.last, REACH, state).layout


@dataclass(frozen=True, slots=True)
class _Work:
    scene: Scene
    seed: int

    def descend(self, first: int, last: int, reach: int, state: _State | None = None) -> _State:
        """Lay out the scales from `first` down to `last`."""
        for number in range(first, last - 1, -1):
            state = self._solve(number, reach, state)
        assert state is not None
        return state

    def _solve(self, number: int, reach: int, coarser: _State | None) -> _State:
        """Search and vote in turn; the last vote makes the next finer scale's picture."""
        scale = self.scene.scales[number]
        layout, touched = self._begin(number, reach, coarser)
        picture = self._first(number) if coarser is None else coarser.picture
        shown = compared(scale.picture, scale.texture)
        given = sources(scale, number, reach)
        rounds = 1 + 2 * self._depth(number)
        for turn in range(rounds):
            cost = self._search(layout, compared(picture, scale.texture), shown, given, reach, turn)
            finer = turn == rounds - 1 and number > self.scene.last
            if turn == rounds - 1 and not finer:
                break  # The matches are what is asked for.
            picture = self._vote(layout, touched, picture, cost, reach, finer)
        return _State(layout, picture)

    def _depth(self, number: int) -> int:
        """Return how coarse a scale is, counted so that every hole gets as much work."""
        return number - self.scene.last + self.scene.least

    def misfit(self, number: int, coarser: _State) -> float:
        """Return how badly what a coarser scale has laid out fits this one."""
        scale = self.scene.scales[number]
        layout, _ = self._begin(number, REACH, coarser)
        asked = compared(coarser.picture, scale.texture)
        shown = compared(scale.picture, scale.texture)
        given = sources(scale, number, REACH)
        return float(self._search(layout, asked, shown, given, REACH, 0).mean())

    def _begin(self, number: int, reach: int, coarser: _State | None) -> tuple[Layout, MaskBool]:
        """Return a scale's first matches, and which patches touch the hole."""
        known = self.scene.scales[number].known
        targets = _targets(known, reach)
        touched = np.zeros_like(known)
        touched[targets[:, 0], targets[:, 1]] = True
        index = np.full(known.shape, -1, np.int32)
        index[targets[:, 0], targets[:, 1]] = np.arange(len(targets), dtype=np.int32)
        if coarser is None:
            places = np.argwhere(self.scene.scales[number].usable).astype(np.int32)
            random = np.random.default_rng(self.seed)
            found = places[random.integers(len(places), size=len(targets))]
        else:
            found = _carried(coarser.layout, targets, known.shape)
        return Layout(number, targets, index, np.ascontiguousarray(found)), touched

    def _first(self, number: int) -> FloatImage:
        """Return the first guess: what the next coarser scale, all known, shows in the hole."""
        scale = self.scene.scales[number]
        guess = np.broadcast_to(scale.picture[scale.known].mean(axis=0), scale.picture.shape)
        if number + 1 < len(self.scene.scales):
            guess = twice(self.scene.scales[number + 1].picture, scale.known.shape)
        return np.where(scale.known[..., None], scale.picture, guess).astype(np.float32)

    def _search(
        self,
        layout: Layout,
        asked: NDArray[np.uint8],
        shown: NDArray[np.uint8],
        given: Sources,
        reach: int,
        turn: int,
    ) -> NDArray[np.int64]:
        """Improve the matches in place; return their costs."""
        kernel = kernels("engines.patch_scene_kernels")
        usable, whole, far = given
        targets, found, lack = layout.targets, layout.found, self.scene.lack
        cost = np.empty(len(targets), np.int64)
        kernel.measure(asked, shown, usable, whole, far, targets, found, cost, reach, OUTSIDE, lack)
        for sweep in range(self.scene.passes * min(_MOST_PASSES, 1 + self._depth(layout.number))):
            self.scene.token.check()
            salt = (self.seed * 4096 + layout.number * 512 + turn * 16 + sweep) & 0xFFFFFFF
            kernel.sweep(
                asked, shown, usable, whole, far, targets, layout.index, found, cost, reach,
                OUTSIDE, lack, sweep % 2 == 1, salt,
            )  # fmt: skip
        return cost

    def _vote(
        self,
        layout: Layout,
        touched: MaskBool,
        picture: FloatImage,
        cost: NDArray[np.int64],
        reach: int,
        finer: bool,
    ) -> FloatImage:
        """Return what all patches show, at this scale or at the next finer one.

        Known pixels are voted over, too, by themselves and by the patches that touch the hole.
        """
        times = 2 if finer else 1
        scale = self.scene.scales[layout.number - (times - 1)]
        shape = scale.known.shape
        narrow = min(reach, REACH)
        side = 2 * narrow + 1
        same = cv2.boxFilter(
            (~touched).astype(np.float32), -1, (side, side), normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )  # fmt: skip
        if finer:
            same = twice(same, shape)
        count = (_SAME * same * scale.known).astype(np.float64)
        total = count[..., None] * scale.picture
        weight = np.interp(cost / (_FULL / 100), np.arange(len(_FITS)), _FITS) + _LEAST_SAY
        kernels("engines.patch_scene_kernels").vote(
            scale.picture, scale.usable, layout.targets, layout.found, weight, total, count,
            narrow, times,
        )  # fmt: skip
        before = twice(picture, shape) if finer else picture
        voted = total / np.maximum(count, 1e-30)[..., None]
        return np.where(count[..., None] > 0, voted, before).astype(np.float32)


def _targets(known: MaskBool, reach: int) -> Points:
    """Return the centres of all patches that touch what is not known, in scan order."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.argwhere(cv2.dilate((~known).astype(np.uint8), kernel) > 0).astype(np.int32)


def _carried(coarse: Layout, targets: Points, shape: tuple[int, ...]) -> Points:
    """Return the coarser scale's matches, twice as far; where it has none, the place itself."""
    rows, columns = coarse.index.shape
    y, x = np.minimum(targets[:, 0] // 2, rows - 1), np.minimum(targets[:, 1] // 2, columns - 1)
    j = coarse.index[y, x]
    doubled = 2 * coarse.found[np.maximum(j, 0)] + targets % 2
    found = np.where((j >= 0)[:, None], doubled, targets)
    return np.clip(found, 0, np.array(shape) - 1).astype(np.int32)


def take_over(level: Level, layout: Layout) -> None:
    """Start a level's matches at those of a layout of its scale.

    The layout's picture is the level's without its margin, and may be a line or row smaller.
    """
    place = level.targets - level.margin
    at = nearest(layout.index >= 0, place)
    j = layout.index[at[:, 0], at[:, 1]]
    wanted = level.targets + layout.found[j] - layout.targets[j]
    level.found[:] = nearest(level.far >= 0, wanted)
