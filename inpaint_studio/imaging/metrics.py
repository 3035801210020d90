"""How like two fills look: measures against a known truth, for benchmarks and tests.

PSNR and SSIM rank fills backwards (they love blur) and stand here for reference only. What
agrees with the eye is the look index: distance of local gradient-orientation cells to the truth,
plus a quarter of how much stranger the fill's texture is to its surroundings than the truth's.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.imaging.color import luma

STRANGENESS_SHARE = 0.25
KNOWN_SAMPLES = 3000
HOLE_SAMPLES = 600

Rgb = NDArray[np.uint8]


def hog_cells(grey: Plane) -> NDArray[np.float32]:
    """Return (H, W, 8) local histograms of gradient orientation, pooled by σ = 4 px.

    grey: luma in code values.
    """
    gx = cv2.Scharr(grey, cv2.CV_32F, 1, 0) / 16
    gy = cv2.Scharr(grey, cv2.CV_32F, 0, 1) / 16
    size = np.hypot(gx, gy)
    angle = np.mod(np.arctan2(gy, gx), np.pi)
    planes = []
    for turn in range(8):
        apart = np.abs((angle - turn * np.pi / 8 + np.pi / 2) % np.pi - np.pi / 2)
        share = np.maximum(0, 1 - apart / (np.pi / 8))
        planes.append(_blur((size * share).astype(np.float32), 4.0))
    cells = np.stack(planes, axis=-1)
    normal: NDArray[np.float32] = cells / (np.linalg.norm(cells, axis=-1, keepdims=True) + 2)
    return normal


def hog_distance(fill: Rgb, truth: Rgb, mask: MaskBool) -> float:
    """Return the mean distance of orientation cells in the hole; 0 is equal structure."""
    one, two = (hog_cells(luma(rgb.astype(np.float32))) for rgb in (fill, truth))
    return float(np.abs(one - two).sum(axis=-1)[mask].mean())


def texture_strangeness(fill: Rgb, mask: MaskBool, *, where: MaskBool | None = None) -> float:
    """Return how far local textures in the hole are from the nearest known one, mean.

    where: the part of the hole that is asked about (None: all of it).

    A texture is a vector of pooled log energies of oriented derivatives at three scales and a
    band each, with local Lab colour. Known ground: 8 to 60 px outside. No truth is needed.
    """
    vectors = _texture_vectors(fill)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    near = (outside > 8) & (outside <= 60)
    ground = near if near.sum() > 500 else outside > 8
    if not ground.any():
        return 0.0
    known = vectors[_evenly(ground, KNOWN_SAMPLES)]
    hole = vectors[_evenly(mask if where is None else where, HOLE_SAMPLES)]
    squared = (hole**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None] - 2 * hole @ known.T
    return float(np.sqrt(np.maximum(squared.min(axis=1), 0)).mean())


def look(fill: Rgb, truth: Rgb, mask: MaskBool) -> float:
    """Return the look index of a fill, lower is better (AUC 0.95 with the eye).

    fill, truth: (H, W, 3) uint8 sRGB-encoded; mask: (H, W).
    """
    strange = texture_strangeness(fill, mask) - texture_strangeness(truth, mask)
    return hog_distance(fill, truth, mask) + STRANGENESS_SHARE * max(0.0, strange)


def _texture_vectors(rgb: Rgb) -> NDArray[np.float32]:
    grey = luma(rgb.astype(np.float32))
    planes: list[Plane] = []
    for sigma, pool in ((0.8, 5.0), (1.6, 7.0), (3.2, 10.0)):
        fine = _blur(grey, sigma)
        band = fine - _blur(grey, 2 * sigma)
        gx = cv2.Sobel(fine, cv2.CV_32F, 1, 0, ksize=3) / 8
        gy = cv2.Sobel(fine, cv2.CV_32F, 0, 1, ksize=3) / 8
        for turn in range(4):
            angle = turn * np.pi / 4
            along = np.float32(np.cos(angle)) * gx + np.float32(np.sin(angle)) * gy
            planes.append(np.log2(_blur(along * along, pool) + np.float32(0.5)))
        planes.append(np.log2(_blur(band * band, pool) + np.float32(0.5)))
    lab = cv2.cvtColor(rgb.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    planes.extend(_blur(np.ascontiguousarray(lab[..., c]), 4.0) / np.float32(6) for c in range(3))
    return np.stack(planes, axis=-1).astype(np.float32)


def _blur(plane: NDArray[np.float32], sigma: float) -> Plane:
    out: Plane = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return out


def _evenly(where: MaskBool, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.nonzero(where)
    if len(rows) > most:
        picks = (np.arange(most) * (len(rows) / most)).astype(np.int64)
        rows, columns = rows[picks], columns[picks]
    return rows, columns
