"""What lies around strokes: how far, beside which part of them, and in which direction.

Whoever looks for an effect of letters (the growth of a mask before, a gate after the fill) pools
pixels alike by these three, and must mean the same by them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool

SECTORS = 8
_CELL, _CELL_LEAST_PX = 0.6, 8.0
_HIGH = 85


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """Of each pixel, (H, W) each: `distance` from the nearest stroke, px; `cell`, the number of the
    part of the strokes that it lies beside; `sector`, its direction from there, 0 (right) to 7,
    clockwise; `row`, `column` of the stroke's pixel."""

    distance: NDArray[np.float32]
    cell: NDArray[np.int64]
    sector: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    def for_height(self, height_px: float) -> Around:
        """Return the same with cells as lines of another height have them."""
        return replace(self, cell=_cells(self.row, self.column, height_px))


def around(strokes: MaskBool, height_px: float) -> Around:
    """Sort the surroundings of `strokes` (H, W), of which one must be True.

    height_px: of a letter or line; a cell is 0.6 of it wide, 8 px at least.
    """
    distance, labels = cv2.distanceTransformWithLabels(
        (~strokes).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(strokes)
    table = np.zeros((int(labels.max()) + 1, 2), dtype=np.int64)
    table[labels[rows, columns]] = np.stack([rows, columns], axis=1)
    row, column = (table[labels][..., k] for k in range(2))
    down = np.arange(strokes.shape[0])[:, None] - row
    right = np.arange(strokes.shape[1])[None, :] - column
    turn = np.arctan2(down, right) / (2 * np.pi / SECTORS)
    sector = np.rint(turn).astype(np.int64) % SECTORS
    cell = _cells(row, column, height_px)
    return Around(np.asarray(distance, dtype=np.float32), cell, sector, row, column)


def _cells(
    row: NDArray[np.int64], column: NDArray[np.int64], height_px: float
) -> NDArray[np.int64]:  # fmt: skip
    size = max(_CELL_LEAST_PX, _CELL * height_px)
    return (row // size).astype(np.int64) * 4096 + (column // size).astype(np.int64)


def letter_height(strokes: MaskBool, *, longer_side: bool, least_px: int = 1) -> float:
    """Return how high the letters are, px: the side that most connected pieces are shorter than.

    longer_side: of each piece's box the longer one, else the shorter, which a line of joined
    letters does not stretch. least_px: pieces of fewer pixels are specks. 0: there is no piece.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    sides = (sides.max(axis=1) if longer_side else sides.min(axis=1))[
        stats[1:, cv2.CC_STAT_AREA] >= least_px
    ]
    return float(np.percentile(sides, _HIGH)) if sides.size else 0.0
