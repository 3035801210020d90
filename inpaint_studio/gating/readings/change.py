"""Readings of before against after: leak, ghost, and what the hole's change looks like."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, distance, squared, worst_box
from inpaint_studio.geometry import Box

_C1 = 0.01**2
_C2 = 0.03**2
GHOST_SHIFTS = tuple(
    (dy, dx)
    for r in (6, 9, 13)
    for dy, dx in ((0, r), (0, -r), (r, 0), (-r, 0), (r, r), (-r, r), (r, -r), (-r, -r))
)
GHOST_FLOOR = 0.005
GHOST_SIGMAS = (3.0, 8.0)
GHOST_NOISE = 0.5
GHOST_SURE = 2.0
GHOST_MOST = 12_000
GHOST_DETAIL = 0.25


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


def known_ground(mask: MaskBool) -> Measured:
    """Return how much of the picture is known, as a share of the hole's area.

    Every other reading compares the hole with what is known. Full scale, the request's own pixels.
    """
    hole = int(np.count_nonzero(mask))
    return Measured((mask.size - hole) / max(1, hole))


def ghost(scene: Scene) -> Measured:
    """Return how much of the removed thing's detail still shows in the fill, as a share.

    The fill's high-passed Lab is regressed on that of before, inside the mask, where the two
    pictures differ; every pixel and channel weighs by how quiet the fill is there, so that a
    coloured ghost on grey texture and a grey one on plain ground both show. The slope counts
    (0.1: a tenth of the thing is left) when it is surely above the slopes found with before laid
    6 to 13 px aside; else 0, as mere likeness of texture is no ghost. `ghost_z` is how sure,
    `ghost_slope` the slope as it is; `_wide` are the same of a coarser high pass. A fill that
    happens to restore the very ground under something transparent reads high too: no veto.
    """
    places = _places(scene.mask)
    slope, z, plane = _ghost(scene, GHOST_SIGMAS[0], places)
    wide, wide_z, _ = _ghost(scene, GHOST_SIGMAS[1], places)
    also = {
        "ghost_z": z, "ghost_slope": slope, "ghost_wide": wide, "ghost_wide_z": wide_z,
        "ghost_most_z": max(z, wide_z),
    }  # fmt: skip
    value = slope if z >= GHOST_SURE else 0.0
    return Measured(value, plane, worst_box(plane, scene.mask), also)


def _places(hole: MaskBool) -> list[NDArray[np.intp]]:
    """Return the flat places of up to `GHOST_MOST` pixels of the hole, and those laid aside."""
    at = np.flatnonzero(hole)
    at = at[:: max(1, -(-len(at) // GHOST_MOST))]
    height, width = hole.shape
    rows, columns = np.divmod(at, width)
    found = [at]
    for down, right in GHOST_SHIFTS:
        row_of = (np.arange(height) - down) % height * width
        column_of = (np.arange(width) - right) % width
        found.append(row_of[rows] + column_of[columns])
    return found


def _ghost(
    scene: Scene, sigma: float, places: list[NDArray[np.intp]]
) -> tuple[float, float, Plane]:
    """Return (slope, its z, where it shows) of one high pass."""
    hole = scene.mask
    old = scene.lab_before - blur(scene.lab_before, sigma)
    new = scene.lab - blur(scene.lab, sigma)
    apart = blur(squared(scene.lab_before - scene.lab), 1.5)
    noise = blur(new * new, 2 * sigma) + np.float32(GHOST_NOISE)
    weight = (hole * apart / (apart + 36))[..., None] / noise
    at = places[0]
    seen = new.reshape(-1, 3)[at]
    leaning = (weight * old).reshape(-1, 3)
    power = _power(old, weight).ravel()
    slope = _slope(leaning[at], power[at], seen)
    # The ghost itself must not widen what chance gives: it is taken out first.
    rest = seen - np.float32(slope) * old.reshape(-1, 3)[at]
    aside = [_slope(leaning[other], power[other], rest) for other in places[1:]]
    z = slope / (float(np.sqrt(np.mean(np.square(aside)))) + GHOST_FLOOR)
    shown = np.maximum(old * new * weight, 0) @ np.ones(3, np.float32)
    return slope, z, shown.astype(np.float32)


def _power(old: NDArray[np.float32], weight: NDArray[np.float32]) -> Plane:
    """Return what a pixel adds to the regression's denominator: its detail, and a floor."""
    out: Plane = cv2.transform(
        weight * (old * old + np.float32(GHOST_DETAIL)), np.ones((1, 3), np.float32)
    )
    return out


def _slope(
    leaning: NDArray[np.float32], power: NDArray[np.float32], new: NDArray[np.float32]
) -> float:
    """Return the weighted slope of `new` on the old detail. leaning: weight * old, (n, 3)."""
    both = float(np.dot(leaning.ravel(), new.ravel()))
    return both / (float(power.sum(dtype=np.float64)) + 1e-9)


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
    field = scene.lab_before
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
