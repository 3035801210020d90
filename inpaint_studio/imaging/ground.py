"""What the ground around a hole is like: the plan and the engines must mean the same by plain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool

LEAST_PX = 32
MOST_SAMPLES = 20000
UNKNOWN = 255.0


def smooth_residual(part: NDArray[np.float32], ground: MaskBool) -> float:
    """Return the RMS by which a quadratic surface misses the low band of the ground, levels.

    part: (H, W, 3), levels of 255; ground: the pixels asked about, (H, W). Grain does not count,
    a slope or a vignette neither. `UNKNOWN` where there is too little ground to tell.
    """
    rows, columns = np.nonzero(ground)
    if len(rows) < LEAST_PX:
        return UNKNOWN
    keep = np.linspace(0, len(rows) - 1, min(len(rows), MOST_SAMPLES)).astype(np.int64)
    y, x = rows[keep], columns[keep]
    weight = cv2.GaussianBlur(ground.astype(np.float32), (0, 0), 2.0)
    low = cv2.GaussianBlur(part * ground[..., None], (0, 0), 2.0)[y, x] / weight[y, x][:, None]
    u, v = x / ground.shape[1] - 0.5, y / ground.shape[0] - 0.5
    basis = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)
    solution = np.linalg.lstsq(basis, low, rcond=None)[0]
    return float(np.sqrt(((low - basis @ solution) ** 2).mean()))
