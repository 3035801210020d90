"""What lines ask of a fill: a picture of them drawn into the hole, and where to look for more.

Beside each line the colours that lie along its two ends are averaged and drawn on through the gap,
one blending into the other. The drawing is never copied: the coarsest scale starts from it, and at
every scale a source for a patch on the line must also fit the drawing, softened like the picture
it is compared with, so that the line stays in place while texture comes from the source.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_asks import Guide
from inpaint_studio.engines.patch_follow import Floats, sampled
from inpaint_studio.engines.patch_levels import (
    REACH,
    SLACK,
    FloatImage,
    Level,
    Points,
    to_bytes,
)
from inpaint_studio.engines.patch_lines import Line
from inpaint_studio.engines.patch_scales import shrink
from inpaint_studio.jobs.token import RunToken

_HALF_PX = 10.0
"""How far beside a line it is drawn, px of the photo, and px of each scale: `_BAND`."""
_BAND = 2.5
_EDGE_PX = 1.0
"""As much of a flank with joints is drawn: the edge itself."""
_BIN_PX = 0.5
_BINS = np.arange(-_HALF_PX, _HALF_PX + _BIN_PX / 2, _BIN_PX)
_SOFT_PX = 0.8
_AVERAGED_PX = 32.0
_CLEAR_PX = 1.5

Drawing = tuple[FloatImage, MaskBool]


def draw(image: FloatImage, hole: MaskBool, lines: list[Line], token: RunToken) -> Drawing:
    """Return the lines drawn into the hole of `image` (H, W, C), and where. Raises: Cancelled."""
    drawn = np.zeros_like(image)
    closest = np.full(hole.shape, np.inf)
    for line in lines:
        token.check()
        part = _region(line, hole.shape, 1, _HALF_PX)
        ys, xs = np.nonzero(hole[part])
        ys, xs = ys + part[0].start, xs + part[1].start
        u, beside = line.frame(xs.astype(np.float64), ys.astype(np.float64))
        away = np.abs(beside)
        steady = np.where(beside < 0, *line.flanks)
        near = (away <= np.where(steady, _HALF_PX, _EDGE_PX)) & (away < closest[ys, xs])
        near &= (u > -_HALF_PX) & (u < line.gap + _HALF_PX)
        y, x = ys[near], xs[near]
        closest[y, x] = away[near]
        one, other = (_at(_profile(image, hole, line, side), beside[near]) for side in (0, 1))
        far = np.clip(u[near] / line.gap, 0, 1)[:, None]
        drawn[y, x] = one * (1 - far) + other * far
    return drawn, np.isfinite(closest)


def _profile(image: FloatImage, hole: MaskBool, line: Line, side: int) -> Floats:
    """Return the mean values (bins, C) across a line beside one end of its gap."""
    length = min(_AVERAGED_PX, line.after if side else line.before)
    u = np.arange(_CLEAR_PX, max(length, _CLEAR_PX + 4))
    u = line.gap + u if side else -u
    places = line.places(u[:, None] + 0 * _BINS, 0 * u[:, None] + _BINS)
    x, y = places[..., 0], places[..., 1]
    known = sampled((~hole).astype(np.float32), x, y)
    weight = np.where(known > 0.999, 1.0, 1e-6 * known + 1e-12)[..., None]
    return np.asarray((sampled(image, x, y) * weight).sum(axis=0) / weight.sum(axis=0))


def _at(profile: Floats, beside: Floats) -> Floats:
    place = np.clip((beside + _HALF_PX) / _BIN_PX, 0, len(profile) - 1.001)
    low = place.astype(int)
    part = (place - low)[:, None]
    return np.asarray(profile[low] * (1 - part) + profile[low + 1] * part)


def draw_all(
    image: FloatImage, hole: MaskBool, lines: list[Line], levels: int, token: RunToken
) -> list[Drawing]:
    """Return the drawing at full size and at every half of it, `levels` in all."""
    drawings = [draw(image, hole, lines, token)]
    while len(drawings) < levels:
        token.check()
        drawn, on = drawings[-1]
        smaller, unknown, _ = shrink(drawn, ~on, on)
        drawings.append((smaller, ~unknown))
    return drawings


def guide(level: Level, drawing: Drawing, lines: list[Line], *, scale: int) -> Guide:
    """Return what `lines` ask of a level whose pixels are `scale` px of the photo wide."""
    drawn, on = drawing
    lines = [replace(line, origin=line.origin + level.margin * scale) for line in lines]
    rows = np.array([_scaled(line, scale) for line in lines])
    band = np.zeros_like(level.hole)
    nearest = np.full(len(level.targets), np.inf)
    which = np.full(len(level.targets), -1, np.int32)
    for number, line in enumerate(lines):
        part = _region(line, level.hole.shape, scale, 2 * REACH)
        y, x = np.mgrid[part]
        u, beside = line.frame((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5)
        away, margin = np.abs(beside), REACH * scale
        band[part] |= (away <= _BAND * scale) & (u > -scale) & (u < line.gap + scale)
        place = level.index[part]
        near = (away <= 2 * margin) & (u > -margin) & (u < line.gap + margin) & (place >= 0)
        place, away = place[near], away[near]
        closer = away < nearest[place]
        nearest[place[closer]] = away[closer]
        which[place[closer]] = number
    cover = band & on & level.hole
    touched = cv2.dilate(cover.astype(np.uint8), np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
    which[touched[level.targets[:, 0], level.targets[:, 1]] == 0] = -1
    valid = (~level.hole | on).astype(np.float32)
    both = np.where((level.hole & on)[..., None], drawn, level.image) * valid[..., None]
    soft = cv2.GaussianBlur(both, (0, 0), _SOFT_PX)
    soft /= np.maximum(cv2.GaussianBlur(valid, (0, 0), _SOFT_PX), np.float32(1e-3))[..., None]
    flat = np.zeros(level.hole.size * 4 + SLACK, np.uint8)
    flat[: level.hole.size * 4] = to_bytes(soft, level.chroma).ravel()
    covered = np.zeros_like(flat)
    covered[: level.hole.size * 4].reshape(*level.hole.shape, 4)[cover] = 255
    return Guide(flat, covered, which, rows)


def _region(line: Line, shape: tuple[int, ...], scale: int, reach: float) -> tuple[slice, slice]:
    """Return the part of a picture within `reach` of a line's gap, both in px of that scale."""
    u = np.linspace(0, line.gap, 9)
    places = (line.places(u, np.zeros_like(u)) + 0.5) / scale - 0.5
    low = np.maximum(np.floor(places.min(axis=0) - reach), 0).astype(int)
    high = np.ceil(places.max(axis=0) + reach + 1).astype(int)
    return (
        slice(int(low[1]), int(min(high[1], shape[0]))),
        slice(int(low[0]), int(min(high[0], shape[1]))),
    )


def _scaled(line: Line, scale: int) -> list[float]:
    origin = (line.origin + 0.5) / scale - 0.5
    a, b, c = line.bend
    return [*origin, *line.along, a / scale, b, c * scale, line.gap / scale,
            line.before / scale, line.after / scale]  # fmt: skip


def drawn_points(level: Level, drawing: Drawing) -> tuple[Points, FloatImage]:
    """Return the hole's pixels that are drawn and their values."""
    size = level.hole.size * 4
    cover = level.guide.cover[:size].reshape(*level.hole.shape, 4)[..., 0] > 0
    points = np.argwhere(cover).astype(np.int32)
    return points, drawing[0][points[:, 0], points[:, 1]]
