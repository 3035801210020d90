"""Grow strokes over what belongs to them: soft edges, outline, shadow, glow, JPEG ringing.

One pixel beside a letter tells nothing on a textured ground. But all letters of a line wear
the same effect, and a ground does not know where the letters are. So pixels are pooled by
distance and direction from the nearest stroke, in small cells along the line; from one distance
to the next an effect changes colour in most cells alike, a ground in each cell its own way.
The median over cells, against its own scatter, tells where the effect ends.

Rejected: comparing with a smooth guess of the ground (its error on any structured ground looks
like a shadow; the masks came out two to five times too large).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.proposals.ground import Planes, behind
from inpaint_studio.proposals.shadows import shadow

SECTORS = 8
_LEAST = 4
"""Pixels a cell needs at a distance before its mean says anything."""
_GAP = 2


def grown_to_effects(
    lab: Planes, core: MaskBool, region: MaskBool, thickness_px: float, stroke_px: float
) -> MaskBool:
    """Return `core` (H, W) grown over its soft edge, effects and ringing, within `region`.

    lab: (H, W, 3) CIELAB of the crop. thickness_px: height of the line.
    """
    if not core.any():
        return core.copy()
    core = core | _filled_holes(lab, core, thickness_px)
    core = core | (shadow(lab, core, thickness_px) & region)
    reach = int(np.clip(round(0.30 * thickness_px), 4, 24))
    distance, labels = cv2.distanceTransformWithLabels(
        (~core).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = _nearest(core, labels)
    cell = max(8.0, 0.6 * thickness_px)
    cells = (rows // cell).astype(np.int64) * 4096 + (columns // cell).astype(np.int64)
    use = (distance > 0.5) & (distance <= reach + 3.5)
    profile = _Profile(lab[use], distance[use], cells[use], reach + 3)
    base = 1.5 if stroke_px < 8 else 2.0
    round_about = max(base, profile.ends_at(np.ones(int(use.sum()), dtype=bool), 1.0))
    sector = _sectors(rows, columns, core.shape)
    limit = np.full(SECTORS, round_about, dtype=np.float32)
    for k in range(SECTORS):
        limit[k] = max(round_about, profile.ends_at((sector == k)[use], 1.5))
    # Letters have round corners: a direction's neighbours carry some of its reach.
    eased = np.maximum(limit, 0.6 * np.maximum(np.roll(limit, 1), np.roll(limit, -1)))
    grown = core | (distance <= eased[sector])
    return np.asarray((grown & region) | core, dtype=np.bool_)


class _Profile:
    """Colours around the strokes by cell and distance."""

    def __init__(
        self, lab: Planes, distance: NDArray[np.float32], cells: NDArray[np.int64], last: int
    ) -> None:
        self.lab = lab
        self.step = np.rint(distance).astype(np.int64)
        self.cells = np.unique(cells, return_inverse=True)[1].ravel()
        self.count = int(self.cells.max()) + 1 if self.cells.size else 0
        self.last = last

    def ends_at(self, here: MaskBool, least: float) -> float:
        """Return how far the strokes' effect reaches among the pixels `here`, px.

        least: change of Lab from one pixel to the next that counts.
        """
        if self.count < 3 or not here.any():
            return 0.0
        width = self.last + 1
        key = self.cells[here] * width + np.minimum(self.step[here], self.last)
        size = self.count * width
        number = np.bincount(key, minlength=size).reshape(self.count, width)
        sums = [np.bincount(key, weights=self.lab[here, c], minlength=size) for c in range(3)]
        total = np.stack(sums, axis=-1).reshape(self.count, width, 3)
        mean = np.asarray(total / np.maximum(number, 1)[..., None], dtype=np.float64)
        end, missed = 0.0, 0
        for step in range(1, self.last):
            both = (number[:, step] >= _LEAST) & (number[:, step + 1] >= _LEAST)
            if int(both.sum()) < 3:
                break
            change = mean[both, step + 1] - mean[both, step]
            if _is_shared(change, least):
                end, missed = step + 0.6, 0
            else:
                missed += 1
                if missed > _GAP:
                    break
        return end


def _is_shared(change: NDArray[np.float64], least: float) -> bool:
    """Whether the cells change alike, by more than `least` and more than chance."""
    middle = np.median(change, axis=0)
    scatter = 1.4826 * np.median(np.abs(change - middle), axis=0)
    error = 1.2533 * scatter / np.sqrt(len(change))
    size = float(np.linalg.norm(middle))
    if size < least:
        return False
    direction = middle / size
    # Error of the change along its own direction.
    along = float(np.sqrt(((direction * error) ** 2).sum()))
    alike = float((change @ direction > 0).mean())
    return size > 3.5 * along and alike >= 0.72


def _filled_holes(lab: Planes, core: MaskBool, thickness_px: float) -> MaskBool:
    """Return holes that hold ink: the inside of letters known by their outline alone.

    The counters of letters show the ground; a fill differs from it alike in all holes.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~core).astype(np.uint8), connectivity=4
    )
    height, width = core.shape
    empty = np.zeros_like(core)
    inner = [
        k
        for k in range(1, count)
        if stats[k, 0] > 0
        and stats[k, 1] > 0
        and stats[k, 0] + stats[k, 2] < width
        and stats[k, 1] + stats[k, 3] < height
        and stats[k, cv2.CC_STAT_AREA] < thickness_px**2
    ]
    if not inner:
        return empty
    near = cv2.dilate(core.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ground = behind(lab, near | np.isin(labels, inner))
    gaps, areas = [], []
    for k in inner:
        left, top, wide, high, area = (int(v) for v in stats[k])
        part = (slice(top, top + high), slice(left, left + wide))
        here = labels[part] == k
        gaps.append((lab[part] - ground[part])[here].mean(axis=0))
        areas.append(area)
    gap, weight = np.array(gaps), np.array(areas, dtype=np.float64)
    mean = (gap * weight[:, None]).sum(axis=0) / weight.sum()
    size = float(np.linalg.norm(mean))
    if size < 10:
        return empty
    alike = gap @ (mean / size) > 0.5 * size
    if weight[alike].sum() < 0.7 * weight.sum() or weight.sum() < 0.25 * core.sum():
        return empty
    return np.asarray(np.isin(labels, np.array(inner)[alike]), dtype=np.bool_)


def _nearest(
    core: MaskBool, labels: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Row and column of the stroke pixel nearest to each pixel."""
    rows, columns = np.nonzero(core)
    table = np.zeros((int(labels.max()) + 1, 2), dtype=np.float32)
    table[labels[rows, columns]] = np.stack([rows, columns], axis=1)
    nearest = table[labels]
    return nearest[..., 0], nearest[..., 1]


def _sectors(
    rows: NDArray[np.float32], columns: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """The direction (0..7) from the nearest stroke to each pixel."""
    dy = np.arange(shape[0], dtype=np.float32)[:, None] - rows
    dx = np.arange(shape[1], dtype=np.float32)[None, :] - columns
    angle = np.arctan2(dy, dx)
    return np.asarray(np.rint(angle / (2 * np.pi / SECTORS)).astype(np.int64) % SECTORS)
