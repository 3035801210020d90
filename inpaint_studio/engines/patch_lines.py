"""Lines that go on across a hole: pairs of edges that arrive on its two sides and fit each other.

A pair lies on one straight line or one gentle parabola through both ends and shows the same step
of colour on both. An edge without a partner is left alone: where it should end is not known. So is
a line at which others end on both sides, as at the courses of a wall: its joints must go on too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_edges import arrivals, partners
from inpaint_studio.engines.patch_follow import Arrival, Floats, sampled
from inpaint_studio.engines.patch_levels import FloatImage
from inpaint_studio.jobs.token import RunToken

_ALIKE = 0.8
_RATIO = 0.45
_STRAIGHT_RMS = 0.55
_BENT_RMS = 0.6
_MOST_BEND = 0.12
"""How far a bent line may lie from its chord, as a share of its gap."""
_NARROWEST_PX = 12.0
_LONG, _LONG_PX = 0.6, 45.0
"""A dashed edge goes on where it is that long, as a share of the gap or in px."""
_FLANK_FROM_PX, _FLANK_TO_PX = 2.0, 5.0
_JOINT = 0.4
"""A flank whose colour changes along the line by this share of the line's step has joints."""
_FLANK_PX = 60.0


@dataclass(frozen=True)
class Line:
    """A line through the hole: v = bend (1, u, u^2) in the frame of its gap.

    origin: where the gap starts (x, y px); along: unit direction; gap: its length, px; before and
    after: how far the line is known on either side of the gap, px; bend: (3,);
    contrast: the size of the step across it (working values x 255, over the three channels).
    flanks: on which sides (beside < 0, > 0) nothing else ends at the line.
    """

    origin: Floats
    along: Floats
    gap: float
    before: float
    after: float
    bend: Floats
    contrast: float
    flanks: tuple[bool, bool] = (True, True)

    @property
    def normal(self) -> Floats:
        return np.array([-self.along[1], self.along[0]])

    def frame(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return how far along the gap points lie and how far beside the line, px."""
        dx, dy = x - self.origin[0], y - self.origin[1]
        u = dx * self.along[0] + dy * self.along[1]
        v = -dx * self.along[1] + dy * self.along[0]
        a, b, c = self.bend
        return u, v - a - b * u - c * u * u

    def places(self, u: Floats, beside: Floats) -> Floats:
        """Return the points (..., 2) at `u` along and `beside` the line."""
        a, b, c = self.bend
        v = a + b * u + c * u * u + beside
        return np.asarray(self.origin + u[..., None] * self.along + v[..., None] * self.normal)


def find_lines(image: FloatImage, hole: MaskBool, token: RunToken) -> list[Line]:
    """Return the lines that cross `hole`, best first; empty where none is sure.

    image: (H, W, 3), working values x 255. Raises: Cancelled.
    """
    ends = arrivals(image, hole, token)
    if not ends:
        return []
    facing = partners(np.array([e.start for e in ends]), np.array([e.inward for e in ends]))
    tried = []
    for i, j in np.argwhere(np.triu(facing, 1)):
        found = _pair(ends[i], ends[j], hole)
        if found is not None:
            tried.append((found[0], int(i), int(j), found[1]))
    taken: set[int] = set()
    lines = []
    for _, i, j, line in sorted(tried, key=lambda t: t[:3]):
        if i not in taken and j not in taken:
            taken |= {i, j}
            lines.append(replace(line, flanks=steady_flanks(image, line)))
    return [line for line in lines if any(line.flanks)]


def steady_flanks(image: FloatImage, line: Line) -> tuple[bool, bool]:
    """Return for each side whether the picture there stays as it is along both known ends."""
    beside = np.arange(_FLANK_FROM_PX, _FLANK_TO_PX + 0.1)
    worst = [0.0, 0.0]
    for known, first, way in ((line.before, 0.0, -1.0), (line.after, line.gap, 1.0)):
        u = first + way * np.arange(1.5, max(min(known, _FLANK_PX), 6.0))
        for side, sign in enumerate((-1.0, 1.0)):
            places = line.places(u[:, None] + 0 * beside, 0 * u[:, None] + sign * beside)
            x, y = np.moveaxis(places.astype(np.float32), -1, 0)
            shown = sampled(image, x, y).mean(axis=1)
            apart = np.linalg.norm(shown - np.median(shown, axis=0), axis=1)
            change = float(np.convolve(apart, np.ones(3) / 3, "same").max()) / line.contrast
            worst[side] = max(worst[side], change)
    return worst[0] <= _JOINT, worst[1] <= _JOINT


def _pair(one: Arrival, other: Arrival, hole: MaskBool) -> tuple[float, Line] | None:
    """Return how badly two edges go on in each other, and the line, or None."""
    chord = other.start - one.start
    gap = float(np.hypot(*chord))
    if gap < _NARROWEST_PX:
        return None
    if any(end.dashed and end.length < min(_LONG_PX, _LONG * gap) for end in (one, other)):
        return None
    along = chord / gap
    # Seen from the other side a step is the other way round.
    sizes = float(np.linalg.norm(one.step)), float(np.linalg.norm(other.step))
    alike = float(one.step @ -other.step) / (sizes[0] * sizes[1])
    if alike < _ALIKE or min(sizes) < _RATIO * max(sizes):
        return None
    points = np.concatenate([one.points, other.points])
    weight = np.repeat(
        [1 / len(one.points), 1 / len(other.points)], [len(one.points), len(other.points)]
    )
    offset = points - one.start
    u, v = offset @ along, offset @ np.array([-along[1], along[0]])
    fitted = _fit(u, v, weight, gap, min(one.length, other.length))
    if fitted is None:
        return None
    rms, bend = fitted
    line = Line(
        origin=one.start,
        along=along,
        gap=gap,
        before=-float(u.min()),
        after=float(u.max()) - gap,
        bend=bend,
        contrast=min(sizes),
    )
    if not _all_hole(line, hole):
        return None
    return rms + (1 - alike) + gap / 1000, line


def _fit(
    u: Floats, v: Floats, weight: Floats, gap: float, shorter: float
) -> tuple[float, Floats] | None:
    """Fit a straight line, or a parabola where that is needed and both ends are long enough."""
    w = np.sqrt(weight)
    for degree, most in ((1, _STRAIGHT_RMS), (2, _BENT_RMS)):
        if degree == 2 and shorter < max(20.0, 0.3 * gap):
            return None
        found = np.polyfit(u, v, degree, w=w)
        off = v - np.polyval(found, u)
        rms = float(np.sqrt((weight * np.square(off)).sum() / weight.sum()))
        bend = np.zeros(3)
        bend[: degree + 1] = found[::-1]
        if rms <= most and abs(bend[2]) * gap / 4 <= _MOST_BEND:
            return rms, bend
    return None


def _all_hole(line: Line, hole: MaskBool) -> bool:
    """Whether the line lies in the hole between its ends (but for some px beside them)."""
    u = np.arange(5.0, line.gap - 4)
    if not len(u):
        return True
    x, y = np.rint(line.places(u, np.zeros_like(u))).astype(int).T
    x, y = np.clip(x, 0, hole.shape[1] - 1), np.clip(y, 0, hole.shape[0] - 1)
    return float(hole[y, x].mean()) > 0.9
