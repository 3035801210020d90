"""An edge followed outwards from a hole, fitted to a fraction of a pixel.

Along the way the step across the edge is sampled along its normal; where it peaks, pixel by pixel,
a straight line is fitted. What lies under the hole has no say.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_levels import FloatImage

FOLLOWED_PX = 60
"""How far outside the hole an edge is followed."""
FEWEST_PX = 14
LEAP_PX = 11
"""A segment may end that far before the hole and still arrive there."""
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


def followed(
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
        if len(first) < FEWEST_PX - 4:
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
    if first > LEAP_PX or len(kept) < FEWEST_PX:
        return None
    left = shown[rows, np.maximum(best - 1, 0)]
    right = shown[rows, np.minimum(best + 1, len(centres) - 1)]
    bend = left - 2 * high + right
    part = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1), 0)
    v = centres[best] + 0.5 * np.clip(part, -0.5, 0.5)
    u = kept.astype(np.float64)
    a, b = _straight(u, v[kept])
    fits = np.abs(v[kept] - a - b * u) <= 1.0
    if fits.sum() < FEWEST_PX:
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
