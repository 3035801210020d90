"""The three bands, defined once: low (colour, light), mid (edges, texture), high (detail, grain).

    photo = low + mid + high      exactly, in whatever working space the values are in

low: Gaussian of sigma `LOW_SIGMA_PX`; high: what a Gaussian of `HIGH_SIGMA_PX` takes away; mid:
the rest. Pixels of a hole are not counted (normalised convolution), so nothing of what lies under
a mask bleeds into the bands around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool

LOW_SIGMA_PX = 6.0
HIGH_SIGMA_PX = 1.0

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bands:
    """Three (H, W, C) float32 fields whose sum is the picture; 0 where nothing is known."""

    low: Field
    mid: Field
    high: Field


def split(values: Field, known: MaskBool) -> Bands:
    """Split `values` (H, W, C) in its bands, learning from `known` pixels alone."""
    low = smooth(values, known, LOW_SIGMA_PX)
    fine = smooth(values, known, HIGH_SIGMA_PX)
    inside = known[..., None]
    mid = np.where(inside, fine - low, np.float32(0))
    high = np.where(inside, values - fine, np.float32(0))
    return Bands(np.where(inside, low, np.float32(0)), mid, high)


def smooth(values: Field, known: MaskBool, sigma_px: float) -> Field:
    """Return the Gaussian mean of known pixels around each pixel (0 where none is near)."""
    weight = known.astype(np.float32)
    total = _blur(values * weight[..., None], sigma_px)
    count = _blur(weight, sigma_px)
    mean = total / np.maximum(count, np.float32(1e-6))[..., None]
    return mean.astype(np.float32, copy=False)


def _blur(field: Field, sigma_px: float) -> Field:
    blurred: Field = cv2.GaussianBlur(
        np.ascontiguousarray(field), (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101
    )
    return blurred.reshape(field.shape)
