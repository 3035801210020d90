"""Semi-transparent overlays: c = (1 - w)·b + w·t, and back to b where w and t are known.

Overlays are mixed in encoded values by nearly every program, so everything here works on
encoded 0..1 values. What comes back is the photo that was there, with its own texture, not an
invention; noise grows by 1 / (1 - w), so strong overlays (w > 0.85) are left to be filled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box

Encoded = NDArray[np.float32]
Check = Callable[[], None]
"""Asked again and again in long work; raises where all is to end."""


def never() -> None:
    """Nobody asks for an end."""


STRONGEST = 0.85
WEAKEST = 0.06
SURE = 0.035
"""Largest mean step left at the strokes' border (0..1, encoded) for an estimate to be kept."""
NEUTRAL = (np.zeros(3, dtype=np.float32), np.ones(3, dtype=np.float32))
"""Most marks are of white or of black."""
_ALIKE = 1.3
"""How much larger the median error of such a fit may be (of 119 drawn marks 1.1 helped 11, this
12, a fit of all colours alone 7)."""
GROUND_PX = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """An overlay of one colour: `weight` (H, W) 0..1 per pixel, `colour` (3,) encoded 0..1.

    opacity: weight inside the strokes. step: mean colour step left at the strokes' border after
    lifting, encoded 0..1 (how well the estimate fits). places: of how many places of the photo
    itself it was measured together; 0: at one place, or on other photos.
    """

    weight: Plane
    colour: NDArray[np.float32]
    opacity: float
    step: float
    places: int = 0

    def within(self, box: Box) -> Veil:
        """Return the veil over a part of what it covers."""
        return replace(self, weight=self.weight[box.slices].copy())

    def numbers(self) -> NDArray[np.float32]:
        """Return (5,): colour, opacity, step, or (6,) with places, where there are any; with
        `weight` all that there is to store."""
        places = [self.places] if self.places else []
        return np.array([*self.colour, self.opacity, self.step, *places], dtype=np.float32)

    @staticmethod
    def of(weight: Plane, numbers: NDArray[np.float32]) -> Veil:
        """Return the veil that `weight` and `numbers` describe."""
        colour = np.asarray(numbers[:3], dtype=np.float32)
        places = int(numbers[5]) if len(numbers) > 5 else 0
        return Veil(weight, colour, float(numbers[3]), float(numbers[4]), places)


def lift(encoded: Encoded, veil: Veil) -> Encoded:
    """Return the photo without the veil, b = (c - w·t) / (1 - w), clipped to 0..1."""
    weight = np.minimum(veil.weight, STRONGEST)[..., None]
    bare = (encoded - weight * veil.colour) / (1 - weight)
    return np.asarray(np.clip(bare, 0.0, 1.0), dtype=np.float32)


def ground_around(
    encoded: Encoded, mask: MaskBool, blur_px: float = GROUND_PX
) -> tuple[Encoded, Plane]:
    """Return the ground (H, W, 3) around `mask`, blurred, and how much of it told (H, W)."""
    known = (~mask).astype(np.float32)
    near = cv2.GaussianBlur(known, (0, 0), blur_px) + 1e-4
    blurred = cv2.GaussianBlur(encoded * known[..., None], (0, 0), blur_px)
    ground = np.asarray(blurred / near[..., None], dtype=np.float32)
    return ground, np.asarray(near, dtype=np.float32)


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
    inside: NDArray[np.float32],
    beside: NDArray[np.float32],
    *,
    bounded: bool = True,
    check: Check = never,
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
        check()
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
    found = fitted(inside, beside)
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


def fitted(
    inside: NDArray[np.float32], beside: NDArray[np.float32], check: Check = never
) -> tuple[float, NDArray[np.float32]] | None:
    """Return (opacity, colour) of the overlay between two sets of colours (n, 3), see `pairs`.

    Of fits alike that of a neutral overlay: one number to tell, not four.
    """
    tried = [
        mixture(inside, beside, check=check),
        *(of_colour(inside, beside, colour, check) for colour in NEUTRAL),
    ]
    check()
    fits = [(_scatter(inside, beside, fit), fit) for fit in tried if fit is not None]
    least = min((scatter for scatter, _ in fits), default=0.0)
    alike = [fit for scatter, fit in fits if scatter <= _ALIKE * least]
    return alike[-1] if alike else None


def of_colour(
    inside: NDArray[np.float32],
    beside: NDArray[np.float32],
    colour: NDArray[np.float32],
    check: Check = never,
) -> tuple[float, NDArray[np.float32]] | None:
    """Fit inside = (1 - a)·beside + a·t over all pairs for a known t; return (a, t).

    None where a is out of bounds, or the ground everywhere is of the overlay's colour.
    """
    if len(inside) < 12:
        return None
    x, y = colour - beside, inside - beside
    power = (x * x).sum(axis=1)
    if float(power.mean()) < 3 * 0.1**2:
        return None
    weight = np.ones(len(inside))
    for _ in range(12):
        check()
        opacity = float((weight * (x * y).sum(axis=1)).sum() / max(1e-9, (weight * power).sum()))
        error = np.sqrt(((y - opacity * x) ** 2).sum(axis=1))
        weight = 1 / (1 + (error / (1.5 * float(np.median(error)) + 1e-4)) ** 2)
    return (opacity, colour) if WEAKEST <= opacity <= STRONGEST else None


def _scatter(
    inside: NDArray[np.float32],
    beside: NDArray[np.float32],
    fit: tuple[float, NDArray[np.float32]],
) -> float:
    opacity, colour = fit
    return float(np.median(np.abs(inside - (1 - opacity) * beside - opacity * colour)))
