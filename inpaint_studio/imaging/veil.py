"""Semi-transparent overlays: c = (1 - w)·b + w·t, and back to b where w and t are known.

Overlays are mixed in encoded values by nearly every program, so everything here works on
encoded 0..1 values. What comes back is the photo that was there, with its own texture, not an
invention; noise grows by 1 / (1 - w), so strong overlays (w > 0.85) are left to be filled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box

Encoded = NDArray[np.float32]

STRONGEST = 0.85
WEAKEST = 0.06
SURE = 0.035
"""Largest mean step left at the strokes' border (0..1, encoded) for an estimate to be kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """An overlay of one colour: `weight` (H, W) 0..1 per pixel, `colour` (3,) encoded 0..1.

    opacity: weight inside the strokes. step: mean colour step left at the strokes' border after
    lifting, encoded 0..1 (how well the estimate fits).
    """

    weight: Plane
    colour: NDArray[np.float32]
    opacity: float
    step: float

    def within(self, box: Box) -> Veil:
        """Return the veil over a part of what it covers."""
        return replace(self, weight=self.weight[box.slices].copy())

    def numbers(self) -> NDArray[np.float32]:
        """Return (5,): colour, opacity, step; with `weight` all that there is to store."""
        return np.array([*self.colour, self.opacity, self.step], dtype=np.float32)

    @staticmethod
    def of(weight: Plane, numbers: NDArray[np.float32]) -> Veil:
        """Return the veil that `weight` and `numbers` describe."""
        colour = np.asarray(numbers[:3], dtype=np.float32)
        return Veil(weight, colour, float(numbers[3]), float(numbers[4]))


def lift(encoded: Encoded, veil: Veil) -> Encoded:
    """Return the photo without the veil, b = (c - w·t) / (1 - w), clipped to 0..1."""
    weight = np.minimum(veil.weight, STRONGEST)[..., None]
    bare = (encoded - weight * veil.colour) / (1 - weight)
    return np.asarray(np.clip(bare, 0.0, 1.0), dtype=np.float32)


def pairs(
    encoded: Encoded, inner: MaskBool, outer: MaskBool, *, reach_px: int = 9
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours (n, 3) just inside the strokes and of the bare ground beside them.

    Both are means over the same small windows, so that texture weighs little; windows with too
    little of either are left out.
    """
    size = (2 * reach_px + 1, 2 * reach_px + 1)
    area = float(size[0] * size[1])
    share_in = cv2.boxFilter(inner.astype(np.float32), -1, size)
    share_out = cv2.boxFilter(outer.astype(np.float32), -1, size)
    mean_in = cv2.boxFilter(encoded * inner[..., None].astype(np.float32), -1, size)
    mean_out = cv2.boxFilter(encoded * outer[..., None].astype(np.float32), -1, size)
    good = (share_in * area >= 6) & (share_out * area >= 20)
    step = max(2, reach_px // 2)
    grid = np.zeros_like(good)
    grid[::step, ::step] = True
    good &= grid
    one = mean_in[good] / share_in[good][:, None]
    two = mean_out[good] / share_out[good][:, None]
    return one.astype(np.float32), two.astype(np.float32)


def mixture(
    inside: NDArray[np.float32], beside: NDArray[np.float32], *, bounded: bool = True
) -> tuple[float, NDArray[np.float32]] | None:
    """Fit inside = (1 - a)·beside + a·t over all pairs; return (a, t), None when undetermined.

    bounded: the colours are encoded ones, 0..1, and so must t be.
    One slope for all channels, robust (iteratively reweighted). A ground of one colour leaves a
    and t undetermined: the spread of `beside` must carry the fit.
    """
    if len(inside) < 12:
        return None
    weight = np.ones(len(inside))
    slope, shift = 1.0, np.zeros(3)
    for _ in range(12):
        total = weight.sum()
        mean_x = (weight[:, None] * beside).sum(axis=0) / total
        mean_y = (weight[:, None] * inside).sum(axis=0) / total
        x, y = beside - mean_x, inside - mean_y
        power = float((weight[:, None] * x * x).sum())
        if power / total < 3 * 0.04**2:
            return None
        slope = float((weight[:, None] * x * y).sum()) / power
        shift = mean_y - slope * mean_x
        error = np.sqrt(((inside - slope * beside - shift) ** 2).sum(axis=1))
        scale = 1.5 * float(np.median(error)) + 1e-4
        weight = 1 / (1 + (error / scale) ** 2)
    opacity = 1 - slope
    if not WEAKEST <= opacity <= STRONGEST:
        return None
    colour = shift / opacity
    if not bounded:
        return opacity, colour.astype(np.float32)
    if (colour < -0.12).any() or (colour > 1.12).any():
        return None
    return opacity, np.clip(colour, 0, 1).astype(np.float32)


def estimate(encoded: Encoded, strokes: MaskBool, mask: MaskBool) -> Veil | None:
    """Return the veil over `strokes` (the grown `mask` has its soft edge), None: cannot be told.

    encoded: (H, W, 3) 0..1. Two tests must pass: the fit is determined by the ground's own
    variation, and after lifting no step is left at the border of the strokes.
    """
    inner = cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if inner.sum() < 0.12 * strokes.sum() or inner.sum() < 30:
        return None
    near = cv2.dilate(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    outer = near & ~mask
    inside, beside = pairs(encoded, inner, outer)
    found = mixture(inside, beside)
    if found is None:
        return None
    opacity, colour = found
    lifted = (inside - opacity * colour) / (1 - opacity)
    before = float(np.abs((inside - beside).mean(axis=0)).max())
    error = lifted - beside
    step = float(np.abs(np.median(error, axis=0)).max())
    scatter = float(np.median(np.abs(error)))
    if step > SURE or step > 0.35 * before or scatter > 0.06:
        return None
    return Veil(inner.astype(np.float32) * opacity, colour, opacity, step)
