"""Masks out of shapes: rectangle, ellipse, outline; what looks alike; grow, shrink, fill. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

Point = tuple[float, float]
_SHIFT = 4


def rectangle(start: Point, end: Point, *, square: bool = False) -> tuple[Box, MaskBool]:
    """The pixels whose centres lie in the rectangle between two points."""
    left, top, right, bottom = _corners(start, end, square=square)
    box = Box(
        math.floor(left + 0.5), math.floor(top + 0.5), math.floor(right + 0.5),
        math.floor(bottom + 0.5),
    )  # fmt: skip
    return box, np.ones((max(0, box.height), max(0, box.width)), np.bool_)


def ellipse(start: Point, end: Point, *, circle: bool = False) -> tuple[Box, MaskBool]:
    """The pixels whose centres lie in the ellipse that fits between two points."""
    left, top, right, bottom = _corners(start, end, square=circle)
    box = Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    if box.is_empty:
        return box, np.zeros((0, 0), np.bool_)
    y, x = np.ogrid[box.top : box.bottom, box.left : box.right]
    rx, ry = max((right - left) / 2, 0.5), max((bottom - top) / 2, 0.5)
    far = ((x + 0.5 - (left + right) / 2) / rx) ** 2 + ((y + 0.5 - (top + bottom) / 2) / ry) ** 2
    return box, far <= 1.0


def outline(points: Sequence[Point]) -> tuple[Box, MaskBool]:
    """The inside of a closed outline (lasso, polygon)."""
    if len(points) < 3:
        return Box(0, 0, 0, 0), np.zeros((0, 0), np.bool_)
    array = np.array(points, np.float64)
    low, high = np.floor(array.min(axis=0)), np.ceil(array.max(axis=0)) + 1
    box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    plane = np.zeros(box.shape, np.uint8)
    local = np.rint((array - low - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(plane, [local], 1, cv2.LINE_8, _SHIFT)
    return box, plane.view(np.bool_)


def _corners(start: Point, end: Point, *, square: bool) -> tuple[float, float, float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    if square:
        size = max(abs(dx), abs(dy))
        dx, dy = math.copysign(size, dx), math.copysign(size, dy)
    x, y = start[0] + dx, start[1] + dy
    return min(start[0], x), min(start[1], y), max(start[0], x), max(start[1], y)


def alike(
    screen: NDArray[np.uint8], seed: tuple[int, int], tolerance: int, *, joined: bool = True
) -> MaskBool:
    """What looks like the pixel at `seed` (x, y): every channel within `tolerance` codes.

    screen: (h, w, 3) RGB. joined: only what hangs together with the seed.
    """
    x, y = seed
    color = screen[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].reshape(-1, 3)
    middle = np.median(color, axis=0)
    low = np.clip(middle - tolerance, 0, 255).astype(np.uint8)
    high = np.clip(middle + tolerance, 0, 255).astype(np.uint8)
    near = cv2.inRange(np.ascontiguousarray(screen), low, high)
    near[y, x] = 255
    if not joined:
        return np.asarray(near != 0, np.bool_)
    flood = np.zeros((near.shape[0] + 2, near.shape[1] + 2), np.uint8)
    cv2.floodFill(near, flood, (x, y), 128, flags=4 | cv2.FLOODFILL_FIXED_RANGE)
    return np.asarray(near == 128, np.bool_)


@dataclass(frozen=True, slots=True)
class Click:
    """A point on (`good`) or off the thing, in photo px."""

    x: float
    y: float
    good: bool


WORK_PX = 360


def thing(screen: NDArray[np.uint8], clicks: Sequence[Click], reach: float) -> MaskBool:
    """Cut out the thing under the clicks by colour (GrabCut, Rother et al. 2004).

    screen: (h, w, 3) RGB; clicks in its pixels; reach: px around a good click that surely lie
    on the thing. Works on a copy of at most `WORK_PX`; returns (h, w) bool.
    """
    height, width = screen.shape[:2]
    scale = min(1.0, WORK_PX / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(screen, size, interpolation=cv2.INTER_AREA)
    hint = np.full(small.shape[:2], cv2.GC_PR_BGD, np.uint8)
    cv2.rectangle(hint, (0, 0), (size[0] - 1, size[1] - 1), int(cv2.GC_BGD), 2)
    for click in clicks:
        at = (round(click.x * scale), round(click.y * scale))
        if click.good:
            cv2.circle(hint, at, max(12, round(size[0] * 0.22)), int(cv2.GC_PR_FGD), -1)
    for click in clicks:
        at = (round(click.x * scale), round(click.y * scale))
        sure = int(cv2.GC_FGD if click.good else cv2.GC_BGD)
        cv2.circle(hint, at, max(2, round(reach * scale)), sure, -1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    cv2.grabCut(bgr, hint, None, models[0], models[1], 4, cv2.GC_INIT_WITH_MASK)
    found = ((hint == cv2.GC_FGD) | (hint == cv2.GC_PR_FGD)).astype(np.uint8)
    found = _under_clicks(found, clicks, scale)
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    soft = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(soft > 0.5, np.bool_)


def _under_clicks(
    found: NDArray[np.uint8], clicks: Sequence[Click], scale: float
) -> NDArray[np.uint8]:
    """Keep the pieces that hold a good click."""
    _, labels = cv2.connectedComponents(found)
    height, width = found.shape
    kept = set()
    for click in clicks:
        x, y = round(click.x * scale), round(click.y * scale)
        if click.good and 0 <= x < width and 0 <= y < height:
            kept.add(int(labels[y, x]))
    kept.discard(0)
    return np.isin(labels, sorted(kept)).astype(np.uint8)


def grown(mask: MaskBool, px: int) -> MaskBool:
    """The mask grown (or, for negative `px`, shrunk) by a round brush of `px`."""
    if px == 0:
        return mask.copy()
    size = 2 * abs(px) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    plane = mask.view(np.uint8)
    if px > 0:
        return np.asarray(cv2.dilate(plane, disc) != 0, np.bool_)
    return np.asarray(cv2.erode(plane, disc, borderValue=1) != 0, np.bool_)


def without_holes(mask: MaskBool) -> MaskBool:
    """The mask with everything filled that it closes in."""
    padded = np.pad(mask.view(np.uint8), 1)
    flood = np.zeros((padded.shape[0] + 2, padded.shape[1] + 2), np.uint8)
    cv2.floodFill(padded, flood, (0, 0), 2, flags=4)
    return np.asarray(padded[1:-1, 1:-1] != 2, np.bool_)
