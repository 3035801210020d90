"""Readings of lines: does what meets the contour go on across it, in the same place?

An edge that reaches the contour is followed over it, both ways: its colour step, its direction and
its place to a fraction of a pixel must be found on the other side. (What the same walk finds across
lines moved outwards, where nothing was done, was measured too: taking it into account made the risk
no better.)
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.seam import signed_distance
from inpaint_studio.gating.scene import Scene, blur, squared, worst_box

SMOOTH_PX = 1.0
MOST_EDGES = 80
LEAST_DE = 1.5
USUAL_DE = 4.0
CROSSING = 0.4
BAND_PX = 2.0
REACH_PX = 6
ASIDE_PX = 4
FACTORS = (1, 2)
LEAST_SIDE = 24
LOST_LEAST = 0.25
LOST_MOST = 0.5
STEP_LEAST = 0.8
STEP_MOST = 3.0
SPOT_PX = 2.0
BEND = np.float32(0.1)
STEPS = np.arange(-9, 13, dtype=np.float32)
ASIDE = np.arange(-ASIDE_PX, ASIDE_PX + 1, dtype=np.float32)

Values = NDArray[np.float32]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ground:
    """What walks go over: (h * w, 6) Lab gradients per px across and down, and the distance field.

    strength: (h, w) of the strongest gradient in any direction; normal: of unit length, given
    with it as its doubled angle's (h, w) cosine and sine, scaled.
    """

    slopes: Values
    strength: Plane
    turned: tuple[Plane, Plane]
    field: Plane
    field_slope: tuple[Plane, Plane]


@dataclass(frozen=True, slots=True)
class Walks:
    """Edges that cross the contour. `at`: (n, 2) row, column where each was met.

    strength: ΔE a px times how well the edge holds on its own side, 0..1; lost: the share of it
    not found on the other side; step: px aside between both sides' lines (NaN where too little
    is left of it).
    """

    at: Index
    strength: Values
    lost: Values
    step: Values


NOTHING = Walks(
    np.zeros((0, 2), np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32),
    np.zeros(0, np.float32),
)  # fmt: skip


def line_break(scene: Scene) -> Measured:
    """Return how much of the strongest edge that meets the contour ends there, 0..1.

    Lost strength of the edge that loses most, over that of the strongest edge; the worse of two
    scales (1 and 2 px a step). Further numbers, for each scale N: `line_lost_N` the mean share
    lost, `line_lost_N_strong` the same with strong edges weighing most, `line_lost_N_most` the
    largest loss (log2 ΔE a px), `line_begun_N`, `line_begun_N_top` as the mean and as the reading,
    of edges inside that are not found outside.
    `line_step` is the mean shift of edges that go on, px, strong ones weighing most;
    `line_step_2` at the second scale; `line_step_most` the largest of a strong edge, as a loss is.
    """
    near = _near(scene)
    also: dict[str, float] = {}
    value, plane = 0.0, np.zeros(scene.mask.shape, dtype=np.float32)
    for factor in FACTORS:
        ground = _ground(scene, factor)
        inward = outward = NOTHING
        shape = scene.mask.shape
        if ground is not None:
            shape = ground.field.shape
            start = near if factor == 1 else max(1.0, near / factor)
            inward, outward = (walk(ground, start, way) for way in (-1, 1))
        shown = _shown(inward, shape)
        name = f"line_lost_{factor}"
        also[name] = _share(inward, 1)
        also[f"{name}_strong"] = _share(inward, 3)
        ends = inward.strength * np.maximum(inward.lost - LOST_LEAST, 0)
        also[f"{name}_most"] = float(np.log2(_splat(inward.at, ends, shape).max(initial=0.0) + 2))
        also[f"line_begun_{factor}"] = _share(outward, 1)
        also[f"line_begun_{factor}_top"] = _top(outward)
        step, most = _step(inward, shape)
        also["line_step" if factor == 1 else f"line_step_{factor}"] = step
        if factor == 1:
            also["line_step_most"] = most
        if factor == 1 or _top(inward) > value:
            plane = cv2.resize(shown, scene.mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        value = max(value, _top(inward))
    box = worst_box(plane, scene.outside <= 3 * FACTORS[-1]) if plane.any() else None
    return Measured(value, plane, box, also)


def _near(scene: Scene) -> float:
    """Return where outside a walk may begin: a feather that was really changed is no ground."""
    ring = (scene.outside > 0) & (scene.outside <= scene.ring_px)
    if (scene.before != scene.after).any(axis=2)[ring].any():
        return scene.first_px + 0.5
    return 1.0


def _ground(scene: Scene, factor: int) -> Ground | None:
    """Return the gradients at a size; None where the hole is too small for it."""
    lab, field = scene.lab, signed_distance(scene)
    if factor > 1:
        size = (field.shape[1] // factor, field.shape[0] // factor)
        if min(size) < LEAST_SIDE or float(-field.min()) < 2 * factor:
            return None
        lab = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
        field = cv2.resize(field, size, interpolation=cv2.INTER_AREA) / np.float32(factor)
    if min(field.shape) < LEAST_SIDE:
        return None
    smooth = blur(lab, SMOOTH_PX)
    x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    xx, yy = squared(x), squared(y)
    xy: Plane = cv2.transform(x * y, np.ones((1, 3), dtype=np.float32))
    half = np.float32(0.5)
    strength = np.sqrt(half * (xx + yy) + cv2.magnitude(half * (xx - yy), xy))
    slopes = np.concatenate([x, y], axis=2).reshape(-1, 6)
    field_slope = (
        cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8),
        cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8),
    )
    return Ground(slopes, strength, (xx - yy, 2 * xy), field, field_slope)


def walk(ground: Ground, near: float, way: int) -> Walks:
    """Follow the edges met `near` px beside the contour across it.

    way: -1 from outside inwards, 1 from inside outwards (from 1.5 px inside to `near` outside).
    """
    first, last = (near, 1.0) if way < 0 else (1.5, near)
    side = ground.field * np.float32(-way)
    at, along = _met(ground, (side > first) & (side <= first + BAND_PX), way)
    if not len(at):
        return NOTHING
    likeness, own_side, inside, strength = _looked_at(ground, side, at, along)
    here = (own_side > first - 0.5) & (STEPS <= 0)
    there = (own_side < -last) & (own_side >= -last - REACH_PX) & inside
    enough = (here.sum(axis=1) >= 4) & (there.sum(axis=1) >= 2)
    holds = _mean(np.minimum(likeness[:, :, ASIDE_PX - 1 : ASIDE_PX + 2].max(axis=2), 1), here)
    lost = 1 - _followed(likeness, there)
    step = np.where(lost < LOST_MOST, _shift(likeness, here, there), np.nan).astype(np.float32)
    return Walks(at[enough], (strength * holds)[enough], np.clip(lost, 0, 1)[enough], step[enough])


def _met(ground: Ground, band: MaskBool, way: int) -> tuple[Index, Values]:
    """Return the strongest edges of a band that cross it: (n, 2) row, column and the direction."""
    strength = ground.strength
    rows, columns = np.nonzero(band & (strength >= LEAST_DE))
    turn = 0.5 * np.arctan2(ground.turned[1][rows, columns], ground.turned[0][rows, columns])
    normal = np.stack([np.sin(turn), np.cos(turn)], axis=1)
    along = np.stack([normal[:, 1], -normal[:, 0]], axis=1)
    slope = np.stack([ground.field_slope[n][rows, columns] for n in (1, 0)], axis=1)
    lean = way * (along * slope).sum(axis=1)
    keep = np.abs(lean) > CROSSING
    height, width = strength.shape
    for sign in (-1, 1):
        r = np.clip(np.rint(rows + sign * normal[:, 0]).astype(int), 0, height - 1)
        c = np.clip(np.rint(columns + sign * normal[:, 1]).astype(int), 0, width - 1)
        keep &= strength[r, c] <= strength[rows, columns]
    at = np.stack([rows, columns], axis=1)[keep]
    along = (along * np.sign(lean)[:, None])[keep]
    order = np.argsort(-strength[at[:, 0], at[:, 1]], kind="stable")[:MOST_EDGES]
    return at[order], along[order].astype(np.float32)


def _looked_at(
    ground: Ground, side: Plane, at: Index, along: Values
) -> tuple[Values, Values, NDArray[np.bool_], Values]:
    """Return (likeness (n, steps, aside), side (n, steps), inside the frame, strength (n,)).

    Likeness is the colour step along the edge's own normal there, against the edge's own, 1 where
    it is the same.
    """
    height, width = side.shape
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)  # row, column
    rows, columns = (at[:, n : n + 1] + along[:, n : n + 1] * STEPS for n in (0, 1))
    r, c = (
        np.clip(np.rint(line[:, :, None] + normal[:, None, n : n + 1] * ASIDE), 0, most - 1)
        for n, (line, most) in enumerate(((rows, height), (columns, width)))
    )
    nearest = (r * width + c).astype(np.int32)
    own = ground.slopes[at[:, 0] * width + at[:, 1]]
    colour = own[:, :3] * normal[:, 1:] + own[:, 3:] * normal[:, :1]
    strength = np.maximum(np.linalg.norm(colour, axis=1), 1e-6).astype(np.float32)
    unit = colour / (strength**2)[:, None]
    wanted = np.concatenate([unit * normal[:, 1:], unit * normal[:, :1]], axis=1)
    seen = ground.slopes[nearest.reshape(len(at), -1)] @ wanted[:, :, None].astype(np.float32)
    likeness = np.clip(seen[:, :, 0].reshape(nearest.shape), 0, 1.25)
    middle = nearest[:, :, ASIDE_PX]
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    return likeness.astype(np.float32), side.ravel()[middle], inside, strength


def _followed(likeness: Values, there: NDArray[np.bool_]) -> Values:
    """Return (n,) the mean likeness met on the best path; it moves one px aside a step at most."""
    best = np.zeros((len(likeness), len(ASIDE)), dtype=np.float32)
    gains = np.minimum(likeness, 1) * there[:, :, None]
    for k in np.flatnonzero(there.any(axis=0)):
        moved = np.maximum(best[:, 1:], best[:, :-1]) - BEND
        best[:, 1:-1] = np.maximum(best[:, 1:-1], np.maximum(moved[:, 1:], moved[:, :-1]))
        best[:, 0], best[:, -1] = (
            np.maximum(best[:, 0], moved[:, 0]), np.maximum(best[:, -1], moved[:, -1])
        )  # fmt: skip
        best += gains[:, k]
    reached: Values = best.max(axis=1) / np.maximum(there.sum(axis=1), 1)
    return reached.astype(np.float32)


def _mean(values: Values, where: NDArray[np.bool_]) -> Values:
    total = (values * where).sum(axis=1)
    out: Values = (total / np.maximum(where.sum(axis=1), 1)).astype(np.float32)
    return out


def _shift(likeness: Values, here: NDArray[np.bool_], there: NDArray[np.bool_]) -> Values:
    """Return how far both sides' lines lie apart where they meet, px."""
    sharp = likeness**4
    place = (sharp @ ASIDE) / np.maximum(sharp.sum(axis=2), 1e-6)
    weight = np.minimum(likeness.max(axis=2), 1) ** 2
    first = np.where(there, STEPS, np.inf).min(axis=1)
    last = np.where(here, STEPS, -np.inf).max(axis=1)
    meet = np.where(np.isfinite(first), (first + last) / 2, 0)
    ends = [_line_at(place, weight * side, meet) for side in (here, there)]
    return np.asarray(np.abs(ends[0] - ends[1]), dtype=np.float32)


def _line_at(place: Values, weight: Values, meet: Values) -> Values:
    """Fit place = a + b (step - meet) by weight; return a. The slope is held back."""
    x = STEPS - meet[:, None]
    total = weight.sum(axis=1) + 1e-6
    mean_x = (weight * x).sum(axis=1) / total
    mean_y = (weight * place).sum(axis=1) / total
    away = x - mean_x[:, None]
    spread = (weight * away**2).sum(axis=1) + 20
    slope = (weight * away * (place - mean_y[:, None])).sum(axis=1) / spread
    return np.asarray(mean_y - slope * mean_x, dtype=np.float32)


def _share(walks: Walks, power: int) -> float:
    """Return the mean share lost, weighted by a power of the strength; half-way where none is."""
    weight = (walks.strength / USUAL_DE) ** power
    return float(((weight * walks.lost).sum() + 0.3) / (weight.sum() + 1))


def _top(walks: Walks) -> float:
    most = float(walks.strength.max(initial=0.0))
    return float((walks.strength * walks.lost).max(initial=0.0)) / (most + USUAL_DE)


def _splat(at: Index, values: Values, shape: tuple[int, ...]) -> Plane:
    plane = np.zeros(shape, dtype=np.float32)
    np.maximum.at(plane, (at[:, 0], at[:, 1]), values.astype(np.float32))
    return blur(plane, SPOT_PX) * np.float32(2 * np.pi * SPOT_PX**2)


def _sure(walks: Walks) -> tuple[Values, Values]:
    """Return (strength of what goes on, its step; 0 where nothing does)."""
    goes_on = np.isfinite(walks.step)
    strength = np.where(goes_on, (1 - walks.lost) ** 2 * walks.strength, 0)
    step = np.where(goes_on, np.minimum(walks.step, STEP_MOST), 0)
    return strength.astype(np.float32), step.astype(np.float32)


def _step(walks: Walks, shape: tuple[int, ...]) -> tuple[float, float]:
    """Return (mean step of the strong edges, px, the largest of a strong edge, log2)."""
    strength, step = _sure(walks)
    weight = (strength / (2 * USUAL_DE)) ** 3
    aside = strength * np.clip(step - STEP_LEAST, 0, None)
    most = _splat(walks.at, aside, shape).max(initial=0.0)
    return float((weight * step).sum() / (weight.sum() + 1)), float(np.log2(most + 2))


def _shown(walks: Walks, shape: tuple[int, ...]) -> Plane:
    """Return where edges end or step, by strength."""
    strength, step = _sure(walks)
    ends = walks.strength * np.maximum(walks.lost - LOST_LEAST, 0)
    aside = strength * np.clip(step - STEP_LEAST, 0, None) / STEP_MOST
    return _splat(walks.at, np.maximum(ends, aside), shape)
