"""What lies behind: a smooth guess of the background under a mask, cheap and deterministic."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool

Planes = NDArray[np.float32]


def behind(picture: Planes, hidden: MaskBool) -> Planes:
    """Return (H, W, C) float32: `picture` with `hidden` bridged smoothly from what is known.

    Pull-push (Gortler et al. 1996, doi:10.1145/237170.237200): averages of the known pixels go
    down a pyramid, missing ones come back up from the coarser level.
    """
    weight = (~hidden).astype(np.float32)
    if not hidden.any():
        return picture.astype(np.float32)
    levels = [(picture.astype(np.float32) * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 1 and not (levels[-1][1] > 0.999).all():
        colour, known = levels[-1]
        colour, known = _half(colour), _half(known)
        full = np.minimum(known, 0.25)
        scale = full / np.maximum(known, 1e-6)
        levels.append((colour * (scale * 4)[..., None], full * 4))
    colour, known = levels[-1]
    total = max(float(known.sum()), 1e-6)
    mean = colour.reshape(-1, colour.shape[-1]).sum(axis=0) / total
    result = colour + mean * (1 - known)[..., None]
    for colour, known in reversed(levels[:-1]):
        size = (known.shape[1], known.shape[0])
        coarse = cv2.resize(result, size, interpolation=cv2.INTER_LINEAR)
        coarse = coarse.reshape(colour.shape)
        result = colour + coarse * (1 - known)[..., None]
    smooth: Planes = np.asarray(result, dtype=np.float32)
    return smooth


def _half(plane: Planes) -> Planes:
    rows, columns = plane.shape[:2]
    half = cv2.pyrDown(plane, dstsize=((columns + 1) // 2, (rows + 1) // 2))
    if plane.ndim == 3 and half.ndim == 2:
        half = half[..., None]
    return np.asarray(half, dtype=np.float32)


def to_lab(rgb: NDArray[np.uint8]) -> Planes:
    """Return CIELAB (H, W, 3) float32, L 0..100, of 8-bit sRGB."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    return np.asarray(lab, dtype=np.float32)


def spread(values: NDArray[np.float32]) -> float:
    """Return a robust standard deviation."""
    if values.size == 0:
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
