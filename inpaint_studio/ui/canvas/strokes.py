"""Brush strokes as pixels: round, hard-edged, gap-free between two mouse events. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.geometry import Box

_SHIFT = 4
_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 49)[:-1]), np.sin(np.linspace(0, 2 * np.pi, 49)[:-1])], axis=1
)


@dataclass(frozen=True, slots=True)
class Dab:
    """One sample of a stroke: centre in photo pixels (pixel centres at .5) and radius in px."""

    x: float
    y: float
    radius: float


def segment_box(start: Dab, end: Dab) -> Box:
    """The pixels that the segment may touch."""
    return Box(
        math.floor(min(start.x - start.radius, end.x - end.radius)) - 1,
        math.floor(min(start.y - start.radius, end.y - end.radius)) - 1,
        math.ceil(max(start.x + start.radius, end.x + end.radius)) + 1,
        math.ceil(max(start.y + start.radius, end.y + end.radius)) + 1,
    )


def draw_segment(plane: NDArray[np.uint8], start: Dab, end: Dab, value: int) -> Box:
    """Draw the capsule from `start` to `end` into (H, W) `plane`, in place.

    Both ends may have radii of their own (pen pressure). A radius of half a pixel marks exactly
    the pixel under the centre. Returns the box that may have changed, clamped to the plane.
    """
    box = segment_box(start, end).clamp(Box.of_shape(plane.shape))
    if box.is_empty:
        return box
    if max(start.radius, end.radius) <= 0.75:
        _draw_thin(plane, start, end, value)
        return box
    outline = np.concatenate(
        [
            _CIRCLE * (start.radius - 0.5) + (start.x, start.y),
            _CIRCLE * (end.radius - 0.5) + (end.x, end.y),
        ]
    )
    # cv2 fills the outline too, hence half a pixel less; pixel centres lie at .5 for us and
    # at whole numbers for cv2.
    points = np.rint((outline - 0.5) * (1 << _SHIFT)).astype(np.int32)
    part = plane[box.slices]
    hull = cv2.convexHull(points) - np.array([box.left, box.top], np.int32) * (1 << _SHIFT)
    cv2.fillConvexPoly(part, hull, value, cv2.LINE_8, _SHIFT)
    return box


def _draw_thin(plane: NDArray[np.uint8], start: Dab, end: Dab, value: int) -> None:
    first = (math.floor(start.x), math.floor(start.y))
    last = (math.floor(end.x), math.floor(end.y))
    cv2.line(plane, first, last, value, 1, cv2.LINE_8)
