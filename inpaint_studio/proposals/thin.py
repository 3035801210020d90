"""Thin lines that do not belong: scratches, hairs, wires.

A line here is thin, of one width, long for its width, runs on smoothly, has the same ground on
both sides, and nothing like it runs beside it; the edge of a thing fails the one, the texture of
bark, grass or fur the other. Curves come from `ridges`; each is then measured along its length
in cross sections, against what the ground does by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import Planes
from inpaint_studio.proposals.ridges import Curve, Ridges, curves, ridges

SIGMAS = (1.0, 2.0)
REACH_PX = 14
"""How far to each side a line's ground is looked at."""
GAP = 0.03
"""Longest gap bridged, as a part of the photo's longer side."""
STRAIGHT = 0.96
"""Part of its length that a scratch's ends lie apart at least."""
THICKEST = 0.01
"""Width, as a part of the photo's longer side, from which a line is a mast or a beam."""
SHORTEST_PX = 24
_SECTION = 6
"""Places along a line that are averaged to one cross section."""
_MOST_LOOKED_AT = 45

FEATURES = (
    "length", "share", "contrast", "noise_ratio", "one_ground", "steady", "width", "one_width",
    "alone", "straight", "gaps", "across", "rough", "crowd", "colour", "weak_end",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Thin:
    """A thin line: `mask` over `box`, soft rim included; features: see `FEATURES`.

    name: wire (from frame to frame), scratch (straight) or hair; times_ground: how much higher
    it is than the ground beside it varies.
    """

    box: Box
    mask: MaskBool
    name: str
    length_px: float
    is_dark: bool
    times_ground: float
    features: tuple[float, ...]


def thin_lines(lab: Planes, token: RunToken) -> list[Thin]:
    """Return the candidates of a photo (H, W, 3, CIELAB); one place may hold two."""
    light = np.ascontiguousarray(lab[..., 0])
    longest = max(light.shape)
    if min(light.shape) < 32:
        return []
    found: list[Thin] = []
    for number, sigma in enumerate(SIGMAS):
        part = token.within(number / len(SIGMAS), (number + 1) / len(SIGMAS))
        for ridge, dark in zip(ridges(light, sigma, part), (True, False)):
            long = curves(ridge, gap_px=max(12.0, GAP * longest), least_px=SHORTEST_PX)
            long.sort(key=lambda c: -c.length_px * c.strength)
            for curve in long[:_MOST_LOOKED_AT]:
                line = _measured(lab, light, ridge, curve, dark, sigma)
                if line is not None:
                    found.append(line)
    return found


def _measured(
    lab: Planes, light: Planes, ridge: Ridges, curve: Curve, dark: bool, sigma: float
) -> Thin | None:
    sections = _sections(light, curve.whole, dark)
    if len(sections) < 3:
        return None
    offsets = np.arange(-REACH_PX, REACH_PX + 1)
    middle = np.abs(offsets) <= max(1, round(sigma))
    near = round(2.5 * sigma) + 1
    left = np.median(sections[:, (offsets <= -near) & (offsets > -near - 5)], axis=1)
    right = np.median(sections[:, (offsets >= near) & (offsets < near + 5)], axis=1)
    peak = sections[:, middle].max(axis=1)
    rise = peak - np.maximum(left, right)
    contrast = float(np.median(rise))
    if contrast < 0.7:
        return None
    profile = np.median(sections - ((left + right) / 2)[:, None], axis=0).astype(np.float32)
    top = float(profile[middle].max())
    lower, upper = _width(profile, offsets, 0.5 * top)
    if upper - lower > max(6.0, THICKEST * max(light.shape)):
        return None
    rim_low, rim_high = _width(profile, offsets, 0.12 * top)
    level = (left + right + peak * 2) / 4
    near_part = sections[:, np.abs(offsets) <= near + 2]
    spans = (near_part > level[:, None]).sum(axis=1).astype(np.float64)
    outer = np.abs(offsets) > near
    rough = float(np.median(sections[:, outer].std(axis=1))) + 0.3
    beside = np.abs(np.diff(sections[:, outer], axis=1)).mean()
    response = ridge.response[curve.points[:, 1], curve.points[:, 0]]
    crowd, alone = _company(ridge, curve)
    fit = _straightness(curve.points)
    ends = curve.whole[[0, -1]]
    size = np.array([light.shape[1], light.shape[0]])
    at_frame = ((ends < 10) | (ends > size - 11)).any(axis=1).sum()
    features = (
        np.log(curve.length_px), np.log(curve.length_px / max(light.shape)), np.log(contrast),
        np.log(contrast / rough), float(np.median(np.abs(left - right))) / (contrast + 0.5),
        float((rise > 0.35 * contrast).mean()), upper - lower,
        float(spans.std()) / (upper - lower + 1), alone, fit,
        len(curve.points) / max(1, len(curve.whole)), float(at_frame),
        np.log(beside + 0.1), crowd, _colour(lab, curve, contrast, near),
        float(np.percentile(rise, 15)) / contrast,
    )  # fmt: skip
    box, mask = _drawn(curve.whole, rim_low, rim_high, light.shape)
    if float(np.percentile(response, 20)) <= 0:
        return None
    span = float(np.hypot(*(ends[1] - ends[0])))
    straight = span > STRAIGHT * curve.length_px
    name = "wire" if at_frame == 2 else "scratch" if straight else "hair"
    return Thin(
        box, mask, name, curve.length_px, dark, contrast / rough,
        tuple(float(v) for v in features),
    )  # fmt: skip


def _colour(lab: Planes, curve: Curve, contrast: float, near: int) -> float:
    """How much the colour of the line differs from the ground's beside it, by its contrast."""
    points = curve.points[:: max(1, len(curve.points) // 60)]
    step = points[-1] - points[0]
    normal = np.array([-step[1], step[0]]) / max(1.0, float(np.hypot(*step)))
    height, width = lab.shape[:2]

    def at(offset: float) -> Planes:
        moved = np.rint(points + offset * normal).astype(np.int64)
        x, y = np.clip(moved[:, 0], 0, width - 1), np.clip(moved[:, 1], 0, height - 1)
        return np.asarray(lab[y, x, 1:].mean(axis=0), np.float32)

    gap = at(0.0) - (at(near + 2.0) + at(-near - 2.0)) / 2
    return float(np.hypot(*gap)) / (contrast + 1.0)


def _sections(light: Planes, path: NDArray[np.int64], dark: bool) -> Planes:
    """Cross sections (N, 2 * REACH_PX + 1), each the mean of a few neighbouring places.

    Signed so that the line rises.
    """
    smooth = cv2.blur(path.astype(np.float32), (1, 9), borderType=cv2.BORDER_REPLICATE)
    step = np.gradient(smooth, axis=0) if len(smooth) > 2 else np.ones_like(smooth)
    step = cv2.blur(np.asarray(step, np.float32), (1, 9), borderType=cv2.BORDER_REPLICATE)
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-3)[:, None]
    offsets = np.arange(-REACH_PX, REACH_PX + 1, dtype=np.float32)
    x = smooth[:, 0, None] - step[:, 1, None] * offsets
    y = smooth[:, 1, None] + step[:, 0, None] * offsets
    values = np.empty(x.shape, np.float32)
    for start in range(0, len(x), 16000):
        part = slice(start, start + 16000)
        values[part] = cv2.remap(
            light, x[part], y[part], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    whole = len(values) // _SECTION * _SECTION
    if whole == 0:
        return np.empty((0, len(offsets)), np.float32)
    mean = values[:whole].reshape(-1, _SECTION, len(offsets)).mean(axis=1)
    return np.asarray(-mean if dark else mean, np.float32)


def _width(profile: Planes, offsets: NDArray[np.int64], level: float) -> tuple[float, float]:
    """Where a profile falls under `level` on either side of its middle, px."""
    middle = REACH_PX
    low = high = middle
    while low > 0 and profile[low - 1] > level:
        low -= 1
    while high < len(offsets) - 1 and profile[high + 1] > level:
        high += 1
    return float(offsets[low]) - 0.5, float(offsets[high]) + 0.5


def _company(ridge: Ridges, curve: Curve) -> tuple[float, float]:
    """Crests as strong in the strip around, per place of the curve; and how far it stands out
    from what the strip holds."""
    box = _around(curve.points)
    wide = box.pad(26).clamp(Box.of_shape(ridge.response.shape))
    canvas = np.zeros(wide.shape, np.uint8)
    local = (curve.whole - (wide.left, wide.top)).astype(np.int32)
    cv2.polylines(canvas, [local], False, 1, 1)
    own = cv2.dilate(canvas, np.ones((11, 11), np.uint8)) > 0
    strip = (cv2.dilate(canvas, np.ones((49, 49), np.uint8)) > 0) & ~own
    response = ridge.response[wide.slices]
    crest = ridge.crest[wide.slices]
    rivals = int((crest & strip & (response > 0.5 * curve.strength)).sum())
    some = response[strip & crest]
    usual = float(np.percentile(some, 90)) if some.size else 0.0
    return rivals / len(curve.whole), float(np.log(curve.strength / (usual + 0.1)))


def _around(points: NDArray[np.int64]) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    return Box(int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1)


def _straightness(points: NDArray[np.int64]) -> float:
    """How far the points are off a cubic curve along their axis, px (log)."""
    middle = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(middle.T @ middle)
    along, off = middle @ axes[:, 1], middle @ axes[:, 0]
    scaled = along / max(1.0, float(np.abs(along).max()))
    fit = np.polyfit(scaled, off, 3) if len(points) > 8 else np.zeros(4)
    rest = off - np.polyval(fit, scaled)
    return float(np.log(np.sqrt((rest**2).mean()) + 0.3))


def _drawn(
    path: NDArray[np.int64], low: float, high: float, shape: tuple[int, ...]
) -> tuple[Box, MaskBool]:
    """The line with its soft rim, as a mask over its box."""
    reach = int(np.clip(np.ceil(max(-low, high)), 2, REACH_PX - 2)) + 1
    box = _around(path).pad(reach + 1).clamp(Box.of_shape(shape))
    canvas = np.zeros(box.shape, np.uint8)
    local = (path - (box.left, box.top)).astype(np.int32)
    smooth = np.rint(cv2.blur(local.astype(np.float32), (1, 5), borderType=cv2.BORDER_REPLICATE))
    cv2.polylines(canvas, [smooth.astype(np.int32)], False, 1, 2 * reach - 1)
    return box, canvas.astype(np.bool_)
