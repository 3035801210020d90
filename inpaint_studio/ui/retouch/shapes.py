"""Masks out of shapes: rectangle, ellipse, outline; what looks alike; grow, shrink, fill. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

if TYPE_CHECKING:
    from inpaint_studio.vision.segment import PromptNet

Point = tuple[float, float]
_SHIFT = 4


def rectangle(start: Point, end: Point, *, square: bool = False) -> tuple[Box, MaskBool]:
    """The pixels whose centres lie in the rectangle between two points."""
    left, top, right, bottom = corners(start, end, square=square)
    box = Box(
        math.floor(left + 0.5), math.floor(top + 0.5), math.floor(right + 0.5),
        math.floor(bottom + 0.5),
    )  # fmt: skip
    return box, np.ones((max(0, box.height), max(0, box.width)), np.bool_)


def ellipse(start: Point, end: Point, *, circle: bool = False) -> tuple[Box, MaskBool]:
    """The pixels whose centres lie in the ellipse that fits between two points."""
    left, top, right, bottom = corners(start, end, square=circle)
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


def corners(start: Point, end: Point, *, square: bool) -> tuple[float, float, float, float]:
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


STROKE = 0.006
"""How thick a stroke along a thing is, of the longer side of what is seen."""
WORK_PX = 360
"""Half of the longer side of the copy that a thing is cut out of; its level is chosen by it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy lies in its photo, in its own pixels, and how many times it was made smaller."""

    left: int = 0
    top: int = 0
    factor: int = 1

    def __call__(self, x: float, y: float) -> tuple[int, int]:
        """Return a photo point's pixel of the copy."""
        return round(x / self.factor - self.left), round(y / self.factor - self.top)


WHOLE = Place()


class Finder(Protocol):
    """Cuts a thing out of a copy (h, w, 3) of what is seen: (h, w) bool."""

    def __call__(self, screen: NDArray[np.uint8], *, place: Place) -> MaskBool: ...


def thing(
    screen: NDArray[np.uint8], clicks: Sequence[Click], net: PromptNet | None = None,
    place: Place = WHOLE,
) -> MaskBool:  # fmt: skip
    """Cut out the thing under the clicks; by the network where there is one."""
    from inpaint_studio.vision.segment import from_points

    plus, minus = ([place(c.x, c.y) for c in clicks if c.good is good] for good in (True, False))
    return from_points(screen, plus, minus, net=net).mask


def boxed(
    screen: NDArray[np.uint8], corners: tuple[Point, Point], net: PromptNet | None = None,
    place: Place = WHOLE,
) -> MaskBool:  # fmt: skip
    """Cut out the thing in a box dragged around it, a little loose; by the network where there is
    one. Raises: BadMask: the box is too small."""
    from inpaint_studio.vision.segment import from_box

    (x, y), (x2, y2) = (place(*corner) for corner in corners)
    box = Box(min(x, x2), min(y, y2), max(x, x2), max(y, y2))
    if net is None or net.why_not():
        return from_box(screen, box).mask
    return net.ask_box(screen, box).mask


def stroked(screen: NDArray[np.uint8], points: Sequence[Point], place: Place = WHOLE) -> MaskBool:
    """Cut out the thing that a stroke was drawn along."""
    from inpaint_studio.vision.segment import from_strokes

    canvas = np.zeros(screen.shape[:2], np.uint8)
    line = np.array([place(x, y) for x, y in points], np.int32)
    cv2.polylines(canvas, [line], False, 1, max(3, round(STROKE * max(screen.shape[:2]))))
    return from_strokes(screen, canvas > 0).mask


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
