"""Straight edges that arrive at a hole from outside, found to a fraction of a pixel.

Segments come from OpenCV's line segment detector (von Gioi et al. 2010, doi:10.1109/TPAMI.2008.300)
on the known picture; each that points into the hole is followed outwards pixel by pixel, where the
step across it is sampled along its normal, and fitted anew. What lies under the hole has no say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.patch_levels import LUMA, FloatImage
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

FOLLOWED_PX = 60
"""How far outside the hole an edge is followed."""
_FEWEST_PX = 14
TURN = float(np.cos(np.radians(25)))
"""How far edges that go on in each other may turn."""
_LEAP_PX = 11
"""A segment may end that far before the hole and still arrive there."""
_DEEP_PX = 4
_TILE_PX = 640
_MOST = 96
_WEAKEST = 8.0
"""Steps smaller than this (working values x 255, over the three channels) are no edges."""
_STEPS = np.arange(-5.0, 5.01, 0.5)
_ALONG_PX = 2.0
_LOST_PX = 5
_AGAIN_PX = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Arrival:
    """An edge that reaches the hole.

    points: (n, 2) where the edge lies outside, x and y in px, nearest to the hole first. inward:
    unit direction into the hole. step: (3,) what the colour gains across it, along the normal
    (-inward y, inward x). rms: how far the points lie from a straight line, px. dashed: it ends and
    begins again further out, as the joints of every other course of bricks do.
    """

    points: Floats
    inward: Floats
    step: Floats
    rms: float
    dashed: bool

    @property
    def start(self) -> Floats:
        return np.asarray(self.points[0])

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.points[-1] - self.points[0])))


def arrivals(image: FloatImage, hole: MaskBool, token: RunToken) -> list[Arrival]:
    """Return the edges of `image` (H, W, 3) (working values x 255) that arrive at `hole`.

    Raises: Cancelled.
    """
    box = Box.of_mask(hole).pad(FOLLOWED_PX + 8).clamp(Box.of_shape(hole.shape))
    near, gap = np.ascontiguousarray(image[box.slices]), np.ascontiguousarray(hole[box.slices])
    found = _segments(near, gap, token)
    if not len(found):
        return []
    start, inward = _heads(found, gap)
    if not len(start):
        return []
    corner = np.array([box.left, box.top], np.float64)
    # Followed twice: the second time along what was fitted the first time.
    _, start, inward = _followed(near, gap, start, inward)
    token.check()
    facing = _wanted(start, inward)
    made, _, _ = _followed(near, gap, start[facing], inward[facing])
    return _distinct([replace(arrival, points=arrival.points + corner) for arrival in made])


def _segments(image: FloatImage, hole: MaskBool, token: RunToken) -> Floats:
    """Return segments (n, 2, 2) as x, y; looked for in tiles, only where the hole is near."""
    luma = membrane.smooth_guess((image @ LUMA)[..., None], hole)[..., 0]
    codes = np.clip(np.rint(luma), 0, 255).astype(np.uint8)
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD)
    parts = [np.zeros((0, 2, 2))]
    for top in range(0, hole.shape[0], _TILE_PX):
        for left in range(0, hole.shape[1], _TILE_PX):
            token.check()
            tile = np.s_[top : top + _TILE_PX + FOLLOWED_PX, left : left + _TILE_PX + FOLLOWED_PX]
            if hole[tile].all() or not _around(hole, top, left).any():
                continue
            found = detector.detect(np.ascontiguousarray(codes[tile]))[0]
            if found is not None:
                parts.append(found.reshape(-1, 2, 2) + np.array([left, top], np.float64))
    segments = np.concatenate(parts)
    long = np.hypot(*(segments[:, 1] - segments[:, 0]).T) >= _FEWEST_PX - 4
    return np.asarray(segments[long])


def _around(hole: MaskBool, top: int, left: int) -> MaskBool:
    """Return the part of the hole that a tile's edges may arrive at."""
    first, last = FOLLOWED_PX, _TILE_PX + 2 * FOLLOWED_PX
    return hole[max(0, top - first) : top + last, max(0, left - first) : left + last]


def _heads(segments: Floats, hole: MaskBool) -> tuple[Floats, Floats]:
    """Return where segments, walked either way, enter the hole, and their directions."""
    both = np.concatenate([segments, segments[:, ::-1]])
    length = np.hypot(*(both[:, 1] - both[:, 0]).T)
    along = (both[:, 1] - both[:, 0]) / length[:, None]
    at = np.full(len(both), -1.0)
    long = length > FOLLOWED_PX
    for some in (np.flatnonzero(long), np.flatnonzero(~long)):
        if len(some):
            at[some] = _entries(both[some, 0], along[some], length[some], hole)
    kept = np.flatnonzero(at >= _FEWEST_PX - 4)
    start, inward = both[kept, 0] + at[kept, None] * along[kept], along[kept]
    order = np.argsort(-at[kept], kind="stable")
    order = order[_wanted(start, inward)[order]][:_MOST]
    return start[order], inward[order]


def _entries(first: Floats, along: Floats, length: Floats, hole: MaskBool) -> Floats:
    """Return how far from `first` each walk enters the hole for good, -1 where it does not."""
    t = np.arange(int(length.max()) + _LEAP_PX + _DEEP_PX + 1)
    inside = _at(hole, first[:, None] + t[:, None] * along[:, None])
    enters = inside.argmax(axis=1)
    rows = np.arange(len(first))
    deep = np.stack([inside[rows, np.minimum(enters + k, len(t) - 1)] for k in range(_DEEP_PX)])
    reached = deep.all(axis=0) & (enters >= 1) & (enters <= length + _LEAP_PX)
    return np.where(reached, enters, -1.0)


def _wanted(start: Floats, inward: Floats) -> MaskBool:
    return np.asarray(partners(start, inward).any(axis=1), np.bool_)


def partners(start: Floats, inward: Floats) -> MaskBool:
    """Return (n, n) which edges come roughly towards each other; others are not looked at."""
    chord = start[None] - start[:, None]
    length = np.maximum(np.hypot(chord[..., 0], chord[..., 1]), 1e-9)
    towards = np.einsum("ijk,ik->ij", chord, inward) / length
    facing: MaskBool = (towards >= TURN) & (towards.T >= TURN) & (inward @ inward.T <= -TURN)
    return facing


def _at(mask: MaskBool, points: Floats) -> MaskBool:
    x, y = np.rint(points[..., 0]).astype(int), np.rint(points[..., 1]).astype(int)
    within = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    x, y = np.clip(x, 0, mask.shape[1] - 1), np.clip(y, 0, mask.shape[0] - 1)
    return np.asarray(mask[y, x] & within, np.bool_)


def _followed(
    image: FloatImage, hole: MaskBool, start: Floats, inward: Floats
) -> tuple[list[Arrival], Floats, Floats]:
    """Follow edges outwards from `start`; return those that hold, and their fitted frames."""
    if not len(start):
        return [], start, inward
    away = np.arange(1.0, FOLLOWED_PX + 1)
    normal = np.stack([-inward[:, 1], inward[:, 0]], axis=1)
    on = start[:, None] - away[:, None] * inward[:, None]
    places = on[:, :, None] + _STEPS[:, None] * normal[:, None, None]
    across, good = _derivative(image, hole, places)
    kernel = np.exp(-0.5 * np.square(np.arange(-4, 5) / _ALONG_PX))
    across, good = _smooth(across, good, kernel)
    made, frames = [], []
    middle = np.abs(_STEPS[:-1] + 0.25) <= 2.6
    centres = (_STEPS[:-1] + 0.25)[middle]
    for k in range(len(start)):
        usable = np.flatnonzero(good[k])
        first = usable[:14]
        if len(first) < _FEWEST_PX - 4:
            continue
        step = across[k, first][:, np.abs(_STEPS[:-1] + 0.25) <= 1.6].sum(axis=1).mean(axis=0)
        size = float(np.linalg.norm(step))
        if size < _WEAKEST:
            continue
        shown = np.maximum(across[k][:, middle] @ (step / size), 0)
        arrival = _fitted(on[k], normal[k], inward[k], shown, centres, good[k], step)
        if arrival is not None:
            made.append(arrival[0])
            frames.append(arrival[1])
    if not made:
        return [], start[:0], inward[:0]
    return made, np.array([f[0] for f in frames]), np.array([f[1] for f in frames])


def sampled(image: FloatImage, x: Floats, y: Floats) -> FloatImage:
    """Return the picture's values between pixels, (*x.shape, channels) float32."""
    values = cv2.remap(
        image,
        np.ascontiguousarray(x, np.float32),
        np.ascontiguousarray(y, np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(values, np.float32)


def _derivative(image: FloatImage, hole: MaskBool, places: Floats) -> tuple[Floats, MaskBool]:
    """Return differences along the last axis of places and where they are known altogether."""
    count, away, steps, _ = places.shape
    flat = places.reshape(-1, steps, 2).astype(np.float32)
    known = (~hole).astype(np.float32)
    values = np.empty((len(flat), steps, 3), np.float32)
    seen = np.empty((len(flat), steps), np.float32)
    for top in range(0, len(flat), 16384):  # remap takes at most 32,767 rows
        part = np.s_[top : top + 16384]
        x, y = np.ascontiguousarray(flat[part, :, 0]), np.ascontiguousarray(flat[part, :, 1])
        values[part] = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen[part] = cv2.remap(known, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    core = np.abs(_STEPS) <= 3.1
    good = (seen[:, core] > 0.999).all(axis=1).reshape(count, away)
    difference = np.diff(values.astype(np.float64), axis=1)
    return difference.reshape(count, away, steps - 1, 3), np.asarray(good, np.bool_)


def _smooth(across: Floats, good: MaskBool, kernel: Floats) -> tuple[Floats, MaskBool]:
    """Average along the edge over places that are known."""
    weight = good.astype(np.float64)
    reach = len(kernel) // 2
    total, count = np.zeros_like(across), np.zeros_like(weight)
    values = np.pad(across * weight[..., None, None], ((0, 0), (reach, reach), (0, 0), (0, 0)))
    weight = np.pad(weight, ((0, 0), (reach, reach)))
    size = good.shape[1]
    for k, w in enumerate(kernel):
        total += w * values[:, k : k + size]
        count += w * weight[:, k : k + size]
    return total / np.maximum(count, 1e-9)[..., None, None], good


def _fitted(
    on: Floats,
    normal: Floats,
    inward: Floats,
    shown: Floats,
    centres: Floats,
    good: MaskBool,
    step: Floats,
) -> tuple[Arrival, tuple[Floats, Floats]] | None:
    """Fit a line to where `shown` (away, across) peaks; None where it does not hold."""
    best = shown.argmax(axis=1)
    rows = np.arange(len(shown))
    high = shown[rows, best]
    usual = float(np.median(high[good][:14]))
    lost = ~good | (high < 0.4 * usual)
    # Edges end where they are lost for some pixels on end; the first may lie beside the hole.
    first = int(np.argmax(~lost))
    run = np.convolve(lost[first:], np.ones(_LOST_PX), "valid") >= _LOST_PX
    end = first + int(run.argmax()) if run.any() else len(lost)
    kept = np.flatnonzero(~lost[:end])
    if first > _LEAP_PX or len(kept) < _FEWEST_PX:
        return None
    left = shown[rows, np.maximum(best - 1, 0)]
    right = shown[rows, np.minimum(best + 1, len(centres) - 1)]
    bend = left - 2 * high + right
    part = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0)
    v = centres[best] + 0.5 * np.clip(part, -0.5, 0.5)
    u = kept.astype(np.float64)
    a, b = _straight(u, v[kept])
    fits = np.abs(v[kept] - a - b * u) <= 1.0
    if fits.sum() < _FEWEST_PX:
        return None
    a, b = _straight(u[fits], v[kept][fits])
    rms = float(np.sqrt(np.square(v[kept][fits] - a - b * u[fits]).mean()))
    share = float(fits.sum()) / max(1, end - first)
    if share < 0.75 or rms > 0.55:
        return None
    beyond = np.arange(end, len(lost))
    again = ~lost[beyond] & (np.abs(v[beyond] - a - b * beyond) <= 1.0)
    points = on[kept[fits]] + v[kept][fits, None] * normal
    direction = inward - b * normal
    direction = direction / np.linalg.norm(direction)
    start = on[0] + a * normal + inward
    dashed = int(again.sum()) >= _AGAIN_PX
    arrival = Arrival(points=points, inward=direction, step=step, rms=rms, dashed=dashed)
    return arrival, (start, direction)


def _straight(u: Floats, v: Floats) -> tuple[float, float]:
    """Return a and b of v = a + b u, by least squares."""
    middle = u.mean()
    b = float(((u - middle) * v).sum() / np.square(u - middle).sum())
    return float(v.mean() - b * middle), b


def _distinct(found: list[Arrival]) -> list[Arrival]:
    """Drop what was found twice, keeping the longer."""
    kept: list[Arrival] = []
    for arrival in sorted(found, key=lambda a: -len(a.points)):
        for other in kept:
            apart = arrival.start - other.start
            normal = np.array([-other.inward[1], other.inward[0]])
            if (
                abs(apart @ normal) < 1.5
                and np.hypot(*apart) < 12
                and arrival.inward @ other.inward > 0.99
                and arrival.step @ other.step > 0
            ):
                break
        else:
            kept.append(arrival)
    return kept
