"""Cut a thing out again, weighing what its own neighbourhood says.

GrabCut's colour models know no place: ground between a horse's legs stays with the horse when
its colour is rare elsewhere in the photo. Here each pixel is asked twice, by colour over all of
the crop and by colour near by (a grid over place and colour), and by the first cut; the cut
itself minimises that plus the length of its border along weak edges, a convex problem (total
variation) solved by a primal-dual scheme (Chambolle & Pock 2011, doi:10.1007/s10851-010-0251-1),
so that it repeats to the bit and needs no seed.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from inpaint_studio.arrays import MaskBool

Rgb8 = NDArray[np.uint8]
Planes = NDArray[np.float32]

ROUNDS, STEPS = 3, 50
LIGHT_CELL, COLOUR_CELL = 5.0, 4.0
"""Cells of the colour grid, Lab; the grid over places has wider ones."""
WIDER = 1.6
PLACES = 4
"""Cells along the longer side of the grid over places."""
BORDER = 4.0
"""What a pixel of border along no edge costs, against log odds of 1."""
FIRST, GLOBAL, LOCAL, MIDDLE = 1.2, 1.0, 0.4, 0.5
"""Weights of the first cut, of colour, of colour near by, of lying in the middle."""
_MOST_ODDS = 3.0


def refined(rgb: Rgb8, marks: NDArray[np.uint8], first: MaskBool) -> MaskBool:
    """Return the thing in a small crop: `first`, a cut from `marks` (GrabCut's values), amended.

    rgb: (h, w, 3), some 250 px; marks that are sure are kept.
    """
    ground = np.asarray(marks == cv2.GC_BGD, dtype=np.bool_)
    thing = np.asarray(marks == cv2.GC_FGD, dtype=np.bool_)
    hoped = thing | (marks == cv2.GC_PR_FGD)
    lab = _stretched(rgb)
    depth = cv2.distanceTransform(np.pad(hoped.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    depth = np.minimum(depth / max(1e-6, 0.5 * float(depth.max())), 1)
    part = first.astype(np.float32)
    guess = np.where(hoped, 0.3 + 0.5 * depth, 0.1)
    share = np.asarray(0.7 * part + 0.3 * guess, dtype=np.float32)
    share[ground], share[thing] = 0, 1
    given = FIRST * (2 * part - 1) + MIDDLE * np.where(hoped, 2 * depth - 0.7, -1.5)
    across, down = _border_cost(lab)
    colour, place = _Grid(lab, 1.0, 0), _Grid(lab, WIDER, max(lab.shape) / PLACES)
    for _ in range(ROUNDS):
        odds = (
            given + GLOBAL * colour.odds(share, even=True) + LOCAL * place.odds(share, even=False)
        )
        odds = np.where(ground, -50, np.where(thing, 50, odds)).astype(np.float32)
        share = _cut(odds, across, down, share)
    return np.asarray(share > 0.5, dtype=np.bool_)


def _stretched(rgb: Rgb8) -> Planes:
    """Lab with colour counted more, and dark or flat photos brought to a usual contrast."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    spread = float(np.sqrt((lab.reshape(-1, 3).std(axis=0) ** 2).sum()))
    gain = float(np.clip(14 / (spread + 1e-3), 0.8, 2.5))
    return np.asarray(lab * np.array([gain, 1.3 * gain, 1.3 * gain], np.float32), np.float32)


class _Grid:
    """Counts over colour, and over place too where `place_px` is not 0; nearest cell, blurred."""

    def __init__(self, lab: Planes, wider: float, place_px: float) -> None:
        low = lab.reshape(-1, 3).min(axis=0)
        size = np.array([LIGHT_CELL, COLOUR_CELL, COLOUR_CELL], np.float32) * wider
        cells = [np.rint((lab[..., k] - low[k]) / size[k]) for k in range(3)]
        if place_px:
            rows, columns = np.mgrid[: lab.shape[0], : lab.shape[1]]
            cells = [np.rint(rows / place_px), np.rint(columns / place_px), *cells]
        whole = [cell.astype(np.int64) + 1 for cell in cells]
        self._shape = tuple(int(cell.max()) + 2 for cell in whole)
        self._cell = np.ravel_multi_index(tuple(whole), self._shape)
        self._blur = 0.8 if place_px else 1.0

    def odds(self, share: Planes, *, even: bool) -> Planes:
        """Log odds of being the thing; `even`: as if there were as much thing as ground."""
        thing, ground = self._counted(share), self._counted(1 - share)
        few: float = 0.3
        if even:
            thing, ground = thing / max(1e-6, share.sum()), ground / max(1e-6, (1 - share).sum())
            few = 1e-3 * max(float(thing.max()), float(ground.max())) + 1e-7
        return np.clip(np.log((thing + few) / (ground + few)), -_MOST_ODDS, _MOST_ODDS)

    def _counted(self, weight: Planes) -> Planes:
        size = int(np.prod(self._shape))
        grid = np.bincount(self._cell.ravel(), weights=weight.ravel(), minlength=size)
        grid = grid.reshape(self._shape).astype(np.float32)
        for axis in range(grid.ndim):
            grid = gaussian_filter1d(grid, self._blur, axis=axis, truncate=2.0, mode="constant")
        return np.asarray(grid.ravel()[self._cell], dtype=np.float32)


def _border_cost(lab: Planes) -> tuple[Planes, Planes]:
    """What it costs to part a pixel from the next to its right, and from the one below."""
    right = ((lab[:, 1:] - lab[:, :-1]) ** 2).sum(axis=2)
    below = ((lab[1:] - lab[:-1]) ** 2).sum(axis=2)
    usual = max(1e-3, float(right.sum() + below.sum()) / max(1, right.size + below.size))
    across = np.zeros(lab.shape[:2], np.float32)
    down = np.zeros(lab.shape[:2], np.float32)
    across[:, :-1] = BORDER * (0.05 + 0.95 * np.exp(-right / (2 * usual)))
    down[:-1] = BORDER * (0.05 + 0.95 * np.exp(-below / (2 * usual)))
    return across, down


def _cut(odds: Planes, across: Planes, down: Planes, start: Planes) -> Planes:
    """Minimise border cost minus odds over shares 0..1, from `start`."""
    step = np.float32(0.35)
    flow_x, flow_y = np.zeros_like(start), np.zeros_like(start)
    share, ahead = start, start.copy()
    for _ in range(STEPS):
        flow_x[:, :-1] += step * (ahead[:, 1:] - ahead[:, :-1])
        np.clip(flow_x, -across, across, out=flow_x)
        flow_y[:-1] += step * (ahead[1:] - ahead[:-1])
        np.clip(flow_y, -down, down, out=flow_y)
        before = share
        share = share + step * odds
        share[:, :-1] += step * flow_x[:, :-1]
        share[:, 1:] -= step * flow_x[:, :-1]
        share[:-1] += step * flow_y[:-1]
        share[1:] -= step * flow_y[:-1]
        np.clip(share, 0, 1, out=share)
        ahead = 2 * share - before
    return share
