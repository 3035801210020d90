"""Lines of text: what a reader found, and the geometry of taking one out of a photo.

A line is known by its `polygon`, the outline of the detector's probability grown to the full
height of the letters. For straight text that is nearly the `quad`; for text on an arc the
polygon follows the arc where the quad would take in half of the photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

Points = NDArray[np.float32]

UNCLIP = 1.6
"""How far the shrunk probability is grown back: area · UNCLIP / perimeter (Liao et al., DB)."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of text in photo pixels.

    polygon: (N, 2) float32; quad: (4, 2) float32, top left first, clockwise as read.
    found: mean probability of the detector, 0..1; score: the recogniser's, 0..1 (0: unread).
    thickness_px: height of the line across its run; length_px: along it.
    """

    polygon: Points
    quad: Points
    found: float
    thickness_px: float
    length_px: float
    curved: bool = False
    text: str = ""
    score: float = 0.0

    @property
    def box(self) -> Box:
        low = np.floor(self.polygon.min(axis=0)).astype(int)
        high = np.ceil(self.polygon.max(axis=0)).astype(int) + 1
        return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    @property
    def angle_deg(self) -> float:
        """Direction of reading, degrees clockwise from the x axis."""
        run = self.quad[1] - self.quad[0]
        return float(np.degrees(np.arctan2(run[1], run[0])))

    def area_mask(self, shape: tuple[int, int]) -> MaskBool:
        """Return (H, W) bool, True inside the polygon."""
        canvas = np.zeros(shape, dtype=np.uint8)
        cv2.fillPoly(canvas, [np.rint(self.polygon).astype(np.int32)], 1)
        return canvas.astype(np.bool_)

    def longer_mask(self, shape: tuple[int, ...], heights: float) -> MaskBool:
        """Return (H, W) bool, True inside the line and so many of its heights before and after it;
        nowhere for a line on an arc."""
        canvas = np.zeros(shape[:2], dtype=np.uint8)
        if self.curved:
            return canvas.astype(np.bool_)
        quad = self.quad
        run, down = quad[1] - quad[0], quad[3] - quad[0]
        if float(np.linalg.norm(down)) > float(np.linalg.norm(run)):
            quad, run = np.roll(quad, 1, axis=0), -down
        reach = run / max(float(np.linalg.norm(run)), 1.0) * heights * self.thickness_px
        wide = np.stack([quad[0] - reach, quad[1] + reach, quad[2] + reach, quad[3] - reach])
        cv2.fillPoly(canvas, [np.rint(wide).astype(np.int32)], 1)
        return canvas.astype(np.bool_)


def ordered(corners: Points) -> Points:
    """Return four corners as top left, top right, bottom right, bottom left."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)


def from_heat(
    heat: NDArray[np.float32], *, threshold: float = 0.3, found: float = 0.5, least_px: float = 3.0
) -> list[Line]:
    """Return the lines in a map of text probability (H, W) 0..1, in the map's pixels."""
    bitmap = (heat > threshold).astype(np.uint8)
    bitmap = cv2.dilate(bitmap, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(bitmap, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for contour in contours:
        rect = cv2.minAreaRect(contour)
        if min(rect[1]) < least_px:
            continue
        line = _line_of(heat, contour, rect)
        if line.found >= found and line.thickness_px >= least_px + 2:
            lines.append(line)
    lines.sort(key=lambda line: (line.box.top, line.box.left))
    return lines


def _line_of(
    heat: NDArray[np.float32],
    contour: NDArray[np.int32],
    rect: tuple[tuple[float, float], tuple[float, float], float],
) -> Line:
    left, top, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(inside, [contour - (left, top)], 1)
    part = heat[top : top + height, left : left + width]
    found = float(part[inside > 0].mean())
    area, around = float(cv2.contourArea(contour)), float(cv2.arcLength(contour, True))
    box_area = rect[1][0] * rect[1][1]
    # A straight line fills its rectangle; one on an arc leaves most of it empty.
    curved = area < 0.72 * box_area and max(rect[1]) > 1.8 * min(rect[1]) and _bows(inside, rect[2])
    if curved:
        reach = area * UNCLIP / max(around, 1.0)
        polygon = _grown_outline(inside, reach) + np.array([left, top], dtype=np.float32)
        thickness = 2 * (2 * area / max(around, 1.0)) * 0.5 + 2 * reach
        length = around / 2 + 2 * reach
        quad = ordered(cv2.boxPoints(cv2.minAreaRect(polygon)).astype(np.float32))
        return Line(polygon, quad, found, thickness, length, curved=True)
    sides = rect[1]
    reach = sides[0] * sides[1] * UNCLIP / (2 * (sides[0] + sides[1]))
    grown = (rect[0], (sides[0] + 2 * reach, sides[1] + 2 * reach), rect[2])
    quad = ordered(cv2.boxPoints(grown).astype(np.float32))
    across, along = sorted(grown[1])
    return Line(quad.copy(), quad, found, float(across), float(along))


def _bows(inside: NDArray[np.uint8], degrees: float) -> bool:
    """Whether the middle of a piece is an arc, higher than a fifth of its thickness."""
    rows, columns = np.nonzero(inside)
    turn = np.radians(degrees)
    x = columns * np.cos(turn) + rows * np.sin(turn)
    y = rows * np.cos(turn) - columns * np.sin(turn)
    if np.ptp(x) < np.ptp(y):
        x, y = y, x
    cell = np.minimum(((x - x.min()) / (np.ptp(x) + 1e-6) * 14).astype(int), 13)
    count = np.maximum(np.bincount(cell, minlength=14), 1)
    middle = np.bincount(cell, weights=y, minlength=14) / count
    thickness = float(np.median(count)) / max(1.0, float(np.ptp(x)) / 14)
    bend = np.polyfit(np.arange(12.0), middle[1:-1], 2)[0]
    return bool(abs(bend) * 5.5**2 > 0.2 * thickness)


def _grown_outline(inside: NDArray[np.uint8], reach: float) -> Points:
    """Return the outline of a piece grown by `reach` px, in the piece's coordinates."""
    pad = int(np.ceil(reach)) + 2
    canvas = cv2.copyMakeBorder(inside, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(1 - canvas, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = (distance <= reach).astype(np.uint8)
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1)
    largest = max(contours, key=cv2.contourArea)
    outline: Points = (largest.reshape(-1, 2) - pad).astype(np.float32)
    return outline


def scaled(line: Line, factor_x: float, factor_y: float, left: float, top: float) -> Line:
    """Return the line mapped by x·factor + offset (from a map's pixels to the photo's)."""
    factor = np.array([factor_x, factor_y], dtype=np.float32)
    offset = np.array([left, top], dtype=np.float32)
    mean = (factor_x + factor_y) / 2
    return Line(
        line.polygon * factor + offset,
        line.quad * factor + offset,
        line.found,
        line.thickness_px * mean,
        line.length_px * mean,
        curved=line.curved,
        text=line.text,
        score=line.score,
    )


def strip(rgb: NDArray[np.uint8], line: Line) -> NDArray[np.uint8]:
    """Return the line cut out of an 8-bit photo, made straight and level."""
    if line.curved:
        return unrolled(rgb, line)
    quad = line.quad
    width = max(4, round(float(max(_gap(quad, 0, 1), _gap(quad, 3, 2)))))
    height = max(4, round(float(max(_gap(quad, 0, 3), _gap(quad, 1, 2)))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    cut = cv2.warpPerspective(
        rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.ascontiguousarray(np.rot90(cut)) if height >= 1.5 * width else cut


def _gap(quad: Points, first: int, second: int) -> float:
    return float(np.linalg.norm(quad[first] - quad[second]))


def unrolled(rgb: NDArray[np.uint8], line: Line) -> NDArray[np.uint8]:
    """Return a curved line made straight along a curve fitted through its middle.

    The middle is a parabola (or cubic) in the frame of the polygon's main axes; good for arcs
    up to about a half circle.
    """
    box = line.box
    # The outline may reach over the photo's edge, so the piece has a canvas of its own.
    canvas = np.zeros((box.height, box.width), dtype=np.uint8)
    corner = np.array([box.left, box.top], dtype=np.float32)
    cv2.fillPoly(canvas, [np.rint(line.polygon - corner).astype(np.int32)], 1)
    rows, columns = np.nonzero(canvas)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    center = points.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((points - center).T))
    main, cross = axes[:, 1], axes[:, 0]
    if main[0] < 0:
        main = -main
    if cross[1] < 0:
        cross = -cross
    along, across = (points - center) @ main, (points - center) @ cross
    fit = np.polynomial.Polynomial.fit(along, across, 4)
    low, high = float(along.min()), float(along.max())
    step = np.linspace(low, high, max(16, round(line.length_px)))
    slope = fit.deriv()(step)
    norm = np.sqrt(1 + slope**2)
    half = line.thickness_px / 2
    offsets = np.arange(-half, half + 0.5)
    x = step[None, :] - offsets[:, None] * (slope / norm)[None, :]
    y = fit(step)[None, :] + offsets[:, None] / norm[None, :]
    where = center + np.array([box.left, box.top])
    map_x = (where[0] + x * main[0] + y * cross[0]).astype(np.float32)
    map_y = (where[1] + x * main[1] + y * cross[1]).astype(np.float32)
    level = cv2.remap(rgb, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(level, dtype=np.uint8)
