"""A JPEG's ringing of removed letters that was left standing beside the mask.

It goes up and down, so the colour beside the mask is right on the mean, and no pixel of it is ink.
But on plain ground it shows as a faint ghost of the line: what lies right past the mask is rougher
than what lies a little further out, in most cells along the line. On rough ground nobody sees it.
Of 207 accepted edits of drawn overlays (a fifth of them in JPEGs) seven are named; of these four
were looked at, and an eye sees a ghost in each.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.around import Around

BESIDE_PX, FURTHER_PX = (2.5, 6.5), (10.0, 18.0)
"""Distances from the mask between which the two are measured: a JPEG's block is 8 px wide."""
ROUGHER, SHARE = 0.6, 0.5
"""log2 of how much rougher it is in the middle cell, and the share of cells that are so by 0.5."""
PLAIN, SEEN = 1.5, 0.25
"""Lab: rougher ground hides it, and less of it is not seen."""
_CELL_ROUGHER, _CELL_PX, _CELLS = 0.5, 12, 8
_SMOOTH_PX, _NOISE = 1.5, 0.15


def ringing(lab: NDArray[np.float32], beside: Around) -> float:
    """Return by how much (Lab) the ground beside the mask is rougher than further out; 0: not so.

    lab: (H, W, 3) of the edited photo; beside: what lies around its mask.
    """
    cell = np.unique(beside.cell, return_inverse=True)[1].reshape(beside.cell.shape)
    fine = lab - cv2.GaussianBlur(lab, (0, 0), _SMOOTH_PX)
    energy = (fine**2).sum(axis=2)
    count = int(cell.max()) + 1
    near, far = (_rough(energy, cell, _within(beside, band), count)
                 for band in (BESIDE_PX, FURTHER_PX))  # fmt: skip
    told = ~np.isnan(near) & ~np.isnan(far)
    if int(told.sum()) < _CELLS:
        return 0.0
    near, far = near[told], far[told]
    rougher = np.log2((near + _NOISE) / (far + _NOISE))
    seen = float(np.median(far)) <= PLAIN and float(np.median(rougher)) >= ROUGHER
    if not seen or float((rougher > _CELL_ROUGHER).mean()) < SHARE:
        return 0.0
    excess = float(np.median(near - far))
    return excess if excess >= SEEN else 0.0


def _within(beside: Around, band: tuple[float, float]) -> MaskBool:
    return np.asarray((beside.distance > band[0]) & (beside.distance <= band[1]), dtype=np.bool_)


def _rough(
    energy: NDArray[np.float32], cell: NDArray[np.int64], here: MaskBool, count: int
) -> NDArray[np.float64]:
    """The root mean square by cell; NaN where too few pixels tell."""
    number = np.bincount(cell[here], minlength=count)
    total = np.bincount(cell[here], weights=energy[here], minlength=count)
    return np.where(number >= _CELL_PX, np.sqrt(total / np.maximum(number, 1)), np.nan)
