"""Known-bad edits whose structure is wrong: a line ends, a line steps, a piece floats.

Where no line crosses the hole's contour, or the hole has no room for a piece, the edit comes back
as it was (and counts as not visible).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.scene import distance, to_lab

LINE_DE = 4.0
CROSSING = 0.5
ENDS_PX = 12
BESIDE_PX = (8, 11, 14, 18, 22)
STEP_PX = (2.0, 3.0)
STEP_SPREAD_PX = 10.0
PIECE_PX = (5.0, 12.0)
PIECE_DE = 14.0

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where the strongest line crosses the contour: x, y, and unit vectors into the hole along
    the line, and across it."""

    x: float
    y: float
    along: tuple[float, float]
    across: tuple[float, float]


def strongest_crossing(after: Values, mask: MaskBool) -> Crossing | None:
    """Return the strongest line that goes over the contour; None where there is none."""
    lab = to_lab(np.clip(np.rint(after), 0, 255).astype(np.uint8))
    x, y = (
        cv2.GaussianBlur(cv2.Sobel(lab, cv2.CV_32F, dx, dy, ksize=3, scale=1 / 8), (0, 0), 1.0)
        for dx, dy in ((1, 0), (0, 1))
    )
    pool = 2.5
    xx, yy, xy = (
        cv2.GaussianBlur((a * b).sum(axis=2), (0, 0), pool) for a, b in ((x, x), (y, y), (x, y))
    )
    turn = 0.5 * np.arctan2(2 * xy, xx - yy)
    coherent = np.hypot(xx - yy, 2 * xy)
    inside, outside = distance(mask), distance(~mask)
    field = np.where(mask, 0.5 - inside, outside - 0.5).astype(np.float32)
    slope_x, slope_y = (
        cv2.Sobel(cv2.GaussianBlur(field, (0, 0), 1.5), cv2.CV_32F, dx, dy, ksize=3, scale=1 / 8)
        for dx, dy in ((1, 0), (0, 1))
    )
    along_x, along_y = -np.sin(turn), np.cos(turn)
    lean = along_x * slope_x + along_y * slope_y
    # A line that was there only inside would not be broken by being taken away.
    both = np.minimum(coherent, _moved_out(coherent, lean, along_x, along_y))
    score = np.where((inside >= 1) & (inside <= 2) & (np.abs(lean) > CROSSING), both, 0)
    row, column = (int(n) for n in np.unravel_index(int(score.argmax()), score.shape))
    if score[row, column] < LINE_DE**2:
        return None
    sign = -1.0 if lean[row, column] > 0 else 1.0
    along = sign * float(along_x[row, column]), sign * float(along_y[row, column])
    return Crossing(float(column), float(row), along, (-along[1], along[0]))


def _moved_out(plane: Values, lean: Values, x: Values, y: Values) -> Values:
    """Return the plane's value 6 px along the line, on the contour's outer side."""
    rows, columns = np.mgrid[: plane.shape[0], : plane.shape[1]].astype(np.float32)
    way = np.where(lean > 0, 6, -6).astype(np.float32)
    out: Values = cv2.remap(
        plane, columns + way * x, rows + way * y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return out


def ending(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """The strongest line ends at the contour: ground from beside it lies over its next 20 px."""
    found = strongest_crossing(after, mask)
    if found is None:
        return after
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    x, y = (found.x + 0.8 * ENDS_PX * found.along[0], found.y + 0.8 * ENDS_PX * found.along[1])
    spot = (np.hypot(columns - x, rows - y) <= ENDS_PX).astype(np.float32)
    best, cost = after, np.inf
    for aside in BESIDE_PX:
        for sign in (-1, 1):
            by = sign * aside * found.across[0], sign * aside * found.across[1]
            moved = cv2.remap(
                after, columns + np.float32(by[0]), rows + np.float32(by[1]), cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )  # fmt: skip
            rough = float(cv2.Laplacian(moved, cv2.CV_32F)[spot > 0].std())
            rough += float(cv2.GaussianBlur(moved, (0, 0), 3)[spot > 0].std(axis=0).mean())
            if rough < cost:
                best, cost = moved, rough
    soft = cv2.GaussianBlur(spot, (0, 0), 1.2)[..., None]
    return np.asarray(after + soft * (best - after), dtype=np.float32)


def stepped(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """The strongest line lies 2 to 3 px aside where it enters, and bends back further in."""
    found = strongest_crossing(after, mask)
    if found is None:
        return after
    by = float(rng.uniform(*STEP_PX)) * (1 if rng.integers(2) else -1)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    away = np.hypot(columns - found.x, rows - found.y)
    share = by * np.exp(-0.5 * (away / STEP_SPREAD_PX) ** 2).astype(np.float32)
    out: Values = cv2.remap(
        after, (columns + share * found.across[0]).astype(np.float32),
        (rows + share * found.across[1]).astype(np.float32), cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    return out


def floating(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """A piece of another part of the photo stands in the fill, joined to nothing."""
    inside = distance(np.pad(mask, 1))[1:-1, 1:-1]
    radius = min(float(rng.uniform(*PIECE_PX)), 0.8 * float(inside.max()))
    if radius < PIECE_PX[0] * 0.8:
        return after
    at = np.argwhere(inside >= max(3.0, float(rng.uniform(0.4, 1.0)) * radius))
    row, column = (int(n) for n in at[rng.integers(len(at))])
    lab = cv2.GaussianBlur(to_lab(np.clip(after, 0, 255).astype(np.uint8)), (0, 0), radius / 2)
    outside = distance(~mask)
    edge = int(radius) + 2
    sources = outside > radius + 2
    sources[:edge] = sources[-edge:] = sources[:, :edge] = sources[:, -edge:] = False
    apart = np.linalg.norm(lab - lab[row, column], axis=2)
    choices = np.argwhere(sources & (apart >= PIECE_DE))
    if not len(choices):
        return after
    from_row, from_column = (int(n) for n in choices[rng.integers(len(choices))])
    shape = cv2.GaussianBlur(rng.normal(0, 1, mask.shape).astype(np.float32), (0, 0), radius / 2)
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    bumpy = 0.35 * radius * shape / (np.abs(shape).max() + 1e-6)
    spot = (np.hypot(columns - column, rows - row) + bumpy <= radius).astype(np.float32)
    soft = cv2.GaussianBlur(spot, (0, 0), 0.7)[..., None]
    moved = np.roll(after, (row - from_row, column - from_column), axis=(0, 1))
    return np.asarray(after + soft * (moved - after), dtype=np.float32)
