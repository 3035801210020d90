"""Readings of before against after: leak, ghost, and what the hole's change looks like."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, distance, worst_box
from inpaint_studio.geometry import Box

_C1 = 0.01**2
_C2 = 0.03**2
GHOST_SHIFTS = tuple(
    (dy, dx)
    for r in (6, 9, 13)
    for dy, dx in ((0, r), (0, -r), (r, 0), (-r, 0), (r, r), (-r, r), (r, -r), (-r, -r))
)
GHOST_FLOOR = 0.01
GHOST_SIGMA = 3.0
GHOST_SURE = 2.0


def leak(before: Pixels, after: Pixels, mask: MaskBool, ring_px: int) -> Measured:
    """Count pixels changed outside mask + ring; an honest edit has none.

    The map is 1 at each such pixel. Full scale, in the request's own pixels.
    """
    changed = (before != after).any(axis=2)
    stray = changed & (distance(~mask) > ring_px + 0.5)
    count = int(stray.sum())
    if not count:
        return Measured(0.0)
    return Measured(float(count), stray.astype(np.float32), Box.of_mask(stray))


def ghost(scene: Scene) -> Measured:
    """Return how much of the removed thing's detail still shows in the fill, as a share.

    The fill's high-passed luma is regressed on that of before, inside the mask, where the two
    pictures differ. The slope counts (0.1: a tenth of the thing is left) when it is surely above
    the slopes found with before laid 6 to 13 px aside; else 0, as mere likeness of texture is no
    ghost. `ghost_z` is how sure. A fill that happens to restore the very ground under something
    transparent reads high too: a witness, no veto.
    """
    hole = scene.mask
    old = scene.luma_before - blur(scene.luma_before, GHOST_SIGMA)
    new = scene.luma - blur(scene.luma, GHOST_SIGMA)
    apart = blur(np.abs(scene.luma_before - scene.luma), 1.5) * 255
    weight = np.where(hole, apart**2 / (apart**2 + 36.0), 0).astype(np.float32)
    slope = _slope(old, new, weight)
    # The ghost itself must not widen what chance gives: it is taken out first.
    rest = (new - np.float32(slope) * old).astype(np.float32)
    aside = [
        _slope(np.roll(old, shift, axis=(0, 1)), rest, _rolled(weight, shift) * hole)
        for shift in GHOST_SHIFTS
    ]
    z = slope / (float(np.sqrt(np.mean(np.square(aside)))) + GHOST_FLOOR)
    plane = np.where(hole, np.maximum(old * new, 0) * weight, 0).astype(np.float32)
    box = worst_box(plane, hole)
    return Measured(slope if z >= GHOST_SURE else 0.0, plane, box, {"ghost_z": z})


def _slope(old: Plane, new: Plane, weight: Plane) -> float:
    power = float((weight * old * old).sum(dtype=np.float64))
    floor = (1.0 / 255) ** 2 * float(weight.sum(dtype=np.float64)) + 1e-9
    return float((weight * old * new).sum(dtype=np.float64)) / (power + floor)


def _rolled(weight: Plane, shift: tuple[int, int]) -> Plane:
    moved: Plane = np.roll(weight, shift, axis=(0, 1))
    return moved


def ssim_plane(one: Plane, two: Plane, sigma: float = 1.5) -> Plane:
    """Return the SSIM index of two luma planes (Wang et al. 2004, doi:10.1109/TIP.2003.819861)."""
    mean_1, mean_2 = blur(one, sigma), blur(two, sigma)
    var_1 = blur(one * one, sigma) - mean_1 * mean_1
    var_2 = blur(two * two, sigma) - mean_2 * mean_2
    both = blur(one * two, sigma) - mean_1 * mean_2
    top = (2 * mean_1 * mean_2 + _C1) * (2 * both + _C2)
    bottom = (mean_1 * mean_1 + mean_2 * mean_2 + _C1) * (var_1 + var_2 + _C2)
    out: Plane = (top / bottom).astype(np.float32)
    return out


def ssim(scene: Scene) -> Measured:
    """Return the mean SSIM of before and after in the hole, with the mean squared difference."""
    plane = ssim_plane(scene.luma_before, scene.luma)
    hole = scene.mask
    difference = (scene.before.astype(np.float32) - scene.after) / 255.0
    mse = float((difference[hole] ** 2).mean())
    shown = np.where(hole, 1 - plane, 0).astype(np.float32)
    return Measured(float(plane[hole].mean()), shown, None, {"change_mse": mse})


def residue(scene: Scene) -> Measured:
    """Tell how far the 2-px rim outside the mask still leans towards what was removed.

    The rim's colour is projected on the direction from the surroundings to the removed thing;
    0 is clean, 1 is the thing itself: the mask was too tight, or its shadow is left.
    """
    rim = (scene.outside > 0) & (scene.outside <= 2)
    if not rim.any():
        return Measured(0.0)
    field = cv2.blur(scene.lab_before, (1, 1))
    ground = _local(field, scene.context)
    thing = _local(field, scene.inside > 1 if (scene.inside > 1).any() else scene.mask)
    direction = thing - ground
    length = (direction**2).sum(axis=2)
    lean = ((scene.lab - ground) * direction).sum(axis=2) / np.maximum(length, 1.0)
    weight = length / (length + 25.0)
    plane = np.where(rim, np.clip(lean, 0, 1) * weight, 0).astype(np.float32)
    value = float(plane[rim].mean())
    return Measured(value, plane, worst_box(plane, rim))


def _local(lab: np.ndarray, where: MaskBool) -> np.ndarray:
    from inpaint_studio.gating.scene import masked_blur

    return masked_blur(lab, where, 6.0)
