"""How unusual a place's relief is for the surface it lies on.

An embossed mark has the colour of what it is pressed into; what gives it away is more gradient than
the surface has by itself. Whoever looks for one to propose, and whoever asks whether one was left,
must mean the same by that.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CALM, ROUND = 0.8, 0.2
"""Share of a surface from which its grain is told, and how far that is taken for none: at 0.05 what
remains of the grain itself begins to stand out, at 0.8 rims of 20 levels along it are lost."""
FINE_PX, AROUND_PX = 1.2, 2.5
FLAT, EVEN = 0.02, 0.18
"""Power (of L* a px, squared) of a surface without any texture, and octaves by which it varies."""

Planes = NDArray[np.float32]


def relief(light: Planes) -> Planes:
    """Return by how many robust deviations each place's gradients stand out, (H, W).

    light: (H, W) L*, 0..100. The measure is the power of the gradients around a place, in octaves.

    Wood and brushed metal change much across their grain and hardly along it: what runs across
    the grain gives a relief away long before it is as steep as the grain itself. So gradients are
    measured by their own covariance on the calmer part of the surface (Mahalanobis distance), which
    is a circle where there is no grain. Measured alike in all directions, of 40 logos on wood
    three kept a rim that could be seen, and two were not found.
    """
    fine = cv2.GaussianBlur(light, (0, 0), FINE_PX)
    dx, dy = (cv2.Sobel(fine, cv2.CV_32F, *way, ksize=3) / 8 for way in ((1, 0), (0, 1)))
    power = cv2.GaussianBlur(dx * dx + dy * dy, (0, 0), AROUND_PX)
    calm = power <= np.percentile(power, 100 * CALM)
    across = float((dx * dy)[calm].mean())
    shape = np.array([[(dx * dx)[calm].mean(), across], [across, (dy * dy)[calm].mean()]])
    shape = shape / max(np.trace(shape) / 2, 1e-9) + ROUND * np.eye(2)
    (a, b), (_, c) = np.linalg.inv(shape / (np.trace(shape) / 2)).tolist()
    steep = a * dx * dx + 2 * b * dx * dy + c * dy * dy
    octaves = np.log2(cv2.GaussianBlur(steep.astype(np.float32), (0, 0), AROUND_PX) + FLAT)
    middle = np.median(octaves)
    deviation = 1.4826 * float(np.median(np.abs(octaves - middle))) + EVEN
    return np.asarray((octaves - middle) / deviation, dtype=np.float32)
