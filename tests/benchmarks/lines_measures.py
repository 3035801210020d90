"""Whether a line goes on in a fill: how far it lies from where it belongs, what is missing.

A line is sampled every pixel of its way through the hole. There the truth's mean step across it
(the derivative along the normal, all three channels) is looked for in the fill: the nearest place
that shows at least `ENOUGH` of it is where the line is; none within `REACH_PX`: it is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

ENOUGH = 0.5
REACH_PX = 6.0
WITHIN_PX = 1.0
CONTINUES = 0.9
"""A line continues where at least this share of its way lies within `WITHIN_PX`."""
_HALF_PX = 3.0
_STEP_PX = 0.25
_ALONG_PX = 2.0


@dataclass(frozen=True)
class Way:
    """The way of a line: points (n, 2) as x, y in px, one px apart, and unit normals (n, 2)."""

    points: np.ndarray
    normals: np.ndarray

    def inside(self, mask: np.ndarray) -> Way:
        x, y = np.rint(self.points).astype(int).T
        kept = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
        kept[kept] = mask[y[kept], x[kept]]
        return Way(self.points[kept], self.normals[kept])


@dataclass(frozen=True)
class Found:
    """share: of the way within `WITHIN_PX`; missing: of the way; off_px: mean where it was found.

    Where nothing was found `off_px` is `REACH_PX`.
    """

    share: float
    missing: float
    off_px: float

    @property
    def continues(self) -> bool:
        return self.share >= CONTINUES


def straight(start: np.ndarray, end: np.ndarray) -> Way:
    """Return the way from start to end (x, y)."""
    length = float(np.hypot(*(end - start)))
    along = (end - start) / length
    points = start + np.arange(0.0, length, 1.0)[:, None] * along
    return Way(points, np.broadcast_to([-along[1], along[0]], points.shape))


def line_error(fill: np.ndarray, truth: np.ndarray, path: Way, mask: np.ndarray) -> Found:
    """Measure one line in a fill, both (H, W, 3) uint8, on its way through the mask."""
    way = path.inside(mask)
    steps = np.arange(-_HALF_PX - REACH_PX, _HALF_PX + REACH_PX + _STEP_PX / 2, _STEP_PX)
    there = _across(truth, way, steps)
    here = _across(fill, way, steps)
    middle = np.abs(steps) <= _HALF_PX + 1e-6
    template = there.mean(axis=0)[middle]
    size = int(middle.sum())
    shifts = (np.arange(len(steps) - size + 1) - (len(steps) - size) // 2) * _STEP_PX
    found = np.stack(
        [
            np.einsum("nkc,kc->n", here[:, k : k + size], template) / np.square(template).sum()
            for k in range(len(shifts))
        ],
        axis=1,
    )
    padded = np.pad(found, ((0, 0), (1, 1)), constant_values=-np.inf)
    peak = (found >= padded[:, :-2]) & (found >= padded[:, 2:]) & (found >= ENOUGH)
    off = np.where(peak, np.abs(shifts), np.inf).min(axis=1)
    missing = ~np.isfinite(off)
    return Found(
        share=float((off <= WITHIN_PX).mean()),
        missing=float(missing.mean()),
        off_px=float(np.where(missing, REACH_PX, off).mean()),
    )


def _across(image: np.ndarray, way: Way, steps: np.ndarray) -> np.ndarray:
    """Return the derivative along the normal, (n, steps, 3), smoothed along the line."""
    ends = np.concatenate([steps - 0.5, steps + 0.5])
    x = way.points[:, :1] + ends * way.normals[:, :1]
    y = way.points[:, 1:] + ends * way.normals[:, 1:]
    values = cv2.remap(
        image.astype(np.float32),
        x.astype(np.float32),
        y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    radius = int(3 * _ALONG_PX)
    weight = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / _ALONG_PX))
    padded = np.pad(values, ((radius, radius), (0, 0), (0, 0)), mode="edge")
    total = sum(w * padded[k : k + len(values)] for k, w in enumerate(weight / weight.sum()))
    return total[:, len(steps) :] - total[:, : len(steps)]
