"""Thin lines that do not belong: scratches, hairs, wires.

A line here is thin, long, and has the same ground on both sides; that last test is what tells
it from the edge of a thing. The photo is averaged along short strokes of many directions; a
stroke counts when it is darker (or brighter) than both of its neighbours a few pixels to the
side. Long runs of such strokes come from the Hough transform; a run amid many others like it
is texture (bark, grass, fur) and is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import Planes

STROKE_PX = 15
DIRECTIONS = 16
SIDE_PX = 4
LEAST_SHARE = 0.13
"""Shortest line, as a part of the photo's longer side."""
_MOST_RUNS = 160


@dataclass(frozen=True, slots=True, eq=False)
class Thin:
    """A thin line: `mask` over `box`, its length, whether it is dark, 0..1 how sure."""

    box: Box
    mask: MaskBool
    length_px: float
    dark: bool
    confidence: float


def thin_lines(light: Planes, token: RunToken) -> list[Thin]:
    """Return the thin lines of a lightness plane (H, W, 0..100), surest first."""
    found: list[Thin] = []
    for number, dark in enumerate((True, False)):
        token.step(number / 2, "looking for scratches")
        response = _two_sided(light if dark else -light)
        found += _runs(response, dark)
    return sorted(found, key=lambda item: (-item.confidence, item.box))


def _two_sided(light: Planes) -> Planes:
    """How much darker each pixel's stroke is than both strokes beside it, best direction."""
    best = np.zeros_like(light)
    for k in range(DIRECTIONS):
        angle = np.pi * k / DIRECTIONS
        mean = cv2.filter2D(light, -1, _stroke(angle), borderType=cv2.BORDER_REPLICATE)
        dx, dy = -np.sin(angle) * SIDE_PX, np.cos(angle) * SIDE_PX
        one, two = _moved(mean, dx, dy), _moved(mean, -dx, -dy)
        depth = np.minimum(one, two) - mean
        # The two sides must be one ground: a step of the ground is no line.
        depth -= 0.5 * np.abs(one - two)
        np.maximum(best, depth, out=best)
    return best


def _stroke(angle: float) -> Planes:
    size = STROKE_PX | 1
    middle = size // 2
    canvas = np.zeros((size * 4, size * 4), np.uint8)
    reach = np.array([np.cos(angle), np.sin(angle)]) * middle * 4
    center = np.array([size * 2, size * 2])
    start, end = np.rint(center - reach).astype(int), np.rint(center + reach).astype(int)
    cv2.line(canvas, tuple(int(v) for v in start), tuple(int(v) for v in end), 255, 4)
    kernel = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def _moved(plane: Planes, dx: float, dy: float) -> Planes:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float32)
    size = (plane.shape[1], plane.shape[0])
    moved = cv2.warpAffine(
        plane, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, dtype=np.float32)


def _runs(response: Planes, dark: bool) -> list[Thin]:
    usual = cv2.GaussianBlur(response, (0, 0), 14)
    strong = response > np.maximum(1.6, 2.5 * usual)
    strong[:4] = strong[-4:] = False
    strong[:, :4] = strong[:, -4:] = False
    busy = cv2.boxFilter((response > 1.6).astype(np.float32), -1, (41, 41))
    strong &= busy < 0.45
    longest = max(response.shape)
    least = max(40, round(LEAST_SHARE * longest))
    lines = cv2.HoughLinesP(
        strong.astype(np.uint8), 1, np.pi / 360, max(24, least // 2),
        minLineLength=least, maxLineGap=max(6, round(0.02 * longest)),
    )  # fmt: skip
    if lines is None:
        return []
    drawn = np.zeros(response.shape, dtype=np.uint8)
    for left, top, right, bottom in lines.reshape(-1, 4)[:_MOST_RUNS]:
        if _stands_alone(strong, response, (left, top), (right, bottom)):
            cv2.line(drawn, (int(left), int(top)), (int(right), int(bottom)), 1, 3)
    return _pieces(drawn, response, dark, least)


def _stands_alone(
    strong: MaskBool, response: Planes, start: tuple[int, int], end: tuple[int, int]
) -> bool:
    """Whether the run is well covered, and the strips beside it are not."""
    vector = np.array(end, dtype=np.float64) - np.array(start)
    length = float(np.hypot(*vector))
    along = np.linspace(0, 1, max(8, int(length)))
    normal = np.array([-vector[1], vector[0]]) / max(length, 1.0)
    height, width = strong.shape

    def along_at(offset: float) -> np.ndarray:
        points = np.array(start) + along[:, None] * vector + offset * normal
        x = np.clip(np.rint(points[:, 0]).astype(int), 0, width - 1)
        y = np.clip(np.rint(points[:, 1]).astype(int), 0, height - 1)
        return np.asarray(response[y, x])

    own = max((along_at(offset) for offset in (-1.0, 0.0, 1.0)), key=np.median)
    limit = max(1.0, 0.4 * float(np.median(own)))
    beside = max(float((along_at(o) > limit).mean()) for o in (-20, -13, 13, 20))
    return float((own > limit).mean()) >= 0.7 and beside <= 0.2


def _pieces(drawn: np.ndarray, response: Planes, dark: bool, least: int) -> list[Thin]:
    joined = cv2.dilate(drawn, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for name in range(1, count):
        left, top, width, height = (int(v) for v in stats[name, :4])
        box = Box(left, top, left + width, top + height).pad(4)
        box = box.clamp(Box.of_shape(response.shape))
        here = labels[box.slices] == name
        core = here & (drawn[box.slices] > 0)
        length = float(np.hypot(width, height))
        thickness = float(core.sum() / max(length, 1.0))
        if length < least or thickness > 14:
            continue
        depth = float(np.median(response[box.slices][core]))
        body = here & (response[box.slices] > 0.5 * depth)
        confidence = 0.25 + 0.06 * min(6.0, depth) + 0.2 * min(1.0, length / (4 * least))
        found.append(Thin(box, grow(body, 1), length, dark, min(0.9, confidence)))
    return found
