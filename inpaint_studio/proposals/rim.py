"""Which pixels right beside the strokes hold some of their ink.

A stroke's edge may lie on the pixel grid or between: then the neighbour outside is part ink. On a
rough ground one pixel does not tell. But all edges of a line are drawn alike: how much ink a
neighbour holds goes with how much the strokes' own pixels beside it hold. That is measured over the
line, and a neighbour's own colour counts beside it as much as the ground's texture lets it tell.

Rejected: taking all neighbours along (two thirds of all that was masked for nothing); asking each
neighbour, or five along an edge, how far it stands out from the ground one and two pixels further
out (texture makes every second one stand out, and within letters there is no ground so near).
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.proposals.ground import Planes, behind

SEEN = 1.3
"""Lab; about four of 255 levels."""
_TELLS = 0.05
"""How far a neighbour's ink may lie from what the line's edges have in common, as a part of the
whole ink: a ground that is rougher than that tells less."""
_SURE = 2.5
"""How many times the texture a neighbour's own ink must be to tell by itself."""
_INK_PX = 5.0
"""Ink is looked at so far along the strokes: letters may be of several colours."""
_FINE_PX, _LOCAL_PX, _UNDER = 1.5, 5.0, 1.3
"""What counts as texture, over which room it is measured, and how much more of it a guess of the
ground under a stroke misses."""
_FIRM = 3.0
"""Neighbours' worth of doubt that an edge's form matters at all: short lines tell little."""
_FAR_PX = 2.0
"""Ground lies this far from any stroke."""
_ALONG_PX = 5
_CLEARLY = 4.0
T = TypeVar("T", bound=np.generic)
_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)


def soft_edge(lab: Planes, core: MaskBool, effect: MaskBool) -> MaskBool:
    """Return the straight neighbours (H, W) of `core` that show some of its ink.

    lab: (H, W, 3) CIELAB. effect: (H, W), what else is no bare ground.
    """
    beside = (cv2.dilate(core.astype(np.uint8), _CROSS) > 0) & ~core
    if not beside.any():
        return np.zeros_like(core)
    hidden = core | beside | effect
    ground = behind(lab, hidden)
    way = ink_near(lab, core) - ground
    contrast = np.sqrt((way**2).sum(axis=2)) + np.float32(0.03)
    cover = np.clip(((lab - ground) * way).sum(axis=2) / contrast**2, -1.0, 1.5)
    rough = _texture(lab, ~hidden, way / contrast[..., None], beside) / contrast
    usual = _usual_cover(cover, core, beside, rough)
    weight = _TELLS**2 / (_TELLS**2 + rough**2)
    ink = (weight * cover + (1 - weight) * usual) * contrast
    clear = cover * contrast > np.maximum(SEEN, _SURE * rough * contrast)
    # An outline or shadow of another colour makes the edges of a whole line go the other way.
    other = (ink < -SEEN) & (usual * contrast < -0.5 * SEEN)
    return np.asarray(beside & ((ink > SEEN) | clear | other), dtype=np.bool_)


def ink_near(lab: Planes, core: MaskBool) -> Planes:
    """Return the strokes' colour (H, W, 3) near each pixel, of their inside where they have one."""
    inner = cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8))
    total = np.full((*core.shape, 4), 1e-9, dtype=np.float32)
    for where, reach, weight in ((inner, 1, 1.0), (inner, 4, 0.01), (core, 1, 0.01)):
        plane = np.dstack([lab, np.ones_like(lab[..., 0])]) * where[..., None].astype(np.float32)
        total += np.float32(weight) * cv2.GaussianBlur(plane, (0, 0), reach * _INK_PX)
    return np.asarray(total[..., :3] / total[..., 3:], dtype=np.float32)


def _texture(lab: Planes, known: MaskBool, way: Planes, where: MaskBool) -> Plane:
    """Return by how much (Lab) the ground near each pixel varies along the ink's own colour."""
    weight = known.astype(np.float32)
    mean = cv2.GaussianBlur(lab * weight[..., None], (0, 0), _FINE_PX)
    mean = mean / (cv2.GaussianBlur(weight, (0, 0), _FINE_PX)[..., None] + np.float32(1e-3))
    fine = ((lab - mean) @ np.median(way[where], axis=0)) ** 2 * weight
    power = cv2.GaussianBlur(fine, (0, 0), _LOCAL_PX)
    power = power / (cv2.GaussianBlur(weight, (0, 0), _LOCAL_PX) + np.float32(1e-3))
    return np.asarray(_UNDER * np.sqrt(power), dtype=np.float32)


def _usual_cover(cover: Plane, core: MaskBool, beside: MaskBool, rough: Plane) -> Plane:
    """Return how much ink (0..1) the line's edges have in common at each pixel `beside` the core.

    Ridge regression over all of them on the ink of the pixels in the core that touch one: their
    sum, the most of them, their count. What lies far off counts less (Cauchy weights).
    """
    held = np.where(core, np.clip(cover, 0, 1), 0).astype(np.float32)
    most = np.max([_from(held, dy, dx) for dy, dx in _WAYS], axis=0)
    cross = _CROSS.astype(np.float32)
    sums = [cv2.filter2D(plane, -1, cross, borderType=cv2.BORDER_CONSTANT)
            for plane in (held, core.astype(np.float32))]  # fmt: skip
    terms = np.stack([np.ones_like(held), sums[0], most, sums[1]], axis=-1)[beside]
    terms, seen = terms.astype(np.float64), cover[beside].astype(np.float64)
    trust = 1 / (rough[beside].astype(np.float64) ** 2 + _TELLS**2)
    doubt = np.diag([1e-3, *[_FIRM] * 3])
    weight = trust
    for _ in range(4):
        squares = (terms * weight[:, None]).T @ terms + doubt
        shares = np.linalg.solve(squares, (terms * weight[:, None]).T @ seen)
        off = seen - terms @ shares
        usual = 1.4826 * float(np.median(np.abs(off))) + 0.02
        weight = trust / (1 + (off / (2 * usual)) ** 2)
    plane = np.zeros_like(cover)
    plane[beside] = terms @ shares
    return plane


def faint_edge(lab: Planes, cast: MaskBool, core: MaskBool) -> MaskBool:
    """Return the straight neighbours (H, W) of a shadow that show some of it, past the letters."""
    if not cast.any():
        return cast.copy()
    towards, _, told = _towards(lab, core | cast)
    beside = (cv2.dilate(cast.astype(np.uint8), _CROSS) > 0) & ~core & ~cast
    return np.asarray(beside & ((towards > SEEN) | ~told), dtype=np.bool_)


def clear_edge(lab: Planes, mask: MaskBool, *, surely: float) -> MaskBool:
    """Return the straight neighbours (H, W) of a mask that clearly show what it holds.

    lab: (H, W, 3) CIELAB. surely: Lab in the mean along the edge, next to a pixel that stands out
    `_CLEARLY` times as much: a JPEG's ringing looks like a faint edge everywhere.
    """
    towards, length, told = _towards(lab, mask)
    return np.asarray(told & (towards > surely) & (length > _CLEARLY * surely), dtype=np.bool_)


def _towards(lab: Planes, mask: MaskBool) -> tuple[Plane, Plane, MaskBool]:
    """For the straight neighbours of a mask: how far (Lab) they stand out towards it from the
    ground one and two pixels further out, in the mean along the edge, the most of four ways; how
    far the mask's own pixel does; and whether there is such ground."""
    far = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) >= _FAR_PX
    most = np.full(mask.shape, -np.inf, dtype=np.float32)
    height, told = np.zeros_like(most), np.zeros_like(mask)
    for dy, dx in _WAYS:
        one, two = _from(far, dy, dx), _from(far, 2 * dy, 2 * dx)
        weight = np.maximum(one.astype(np.float32) + two, 1e-3)[..., None]
        ground = _from(lab, dy, dx) * one[..., None] + _from(lab, 2 * dy, 2 * dx) * two[..., None]
        ground = ground / weight
        way = _from(lab, -dy, -dx) - ground
        length = np.sqrt((way**2).sum(axis=2)) + 1e-3
        here = ~mask & _from(mask, -dy, -dx) & (one | two)
        along = (_ALONG_PX, 1) if dy else (1, _ALONG_PX)
        pooled = _mean(((lab - ground) * way).sum(axis=2) / length, here, along)
        better = here & (pooled > most)
        most, height = np.where(better, pooled, most), np.where(better, length, height)
        told |= here
    return most, height, told


def _mean(plane: Plane, where: MaskBool, size: tuple[int, int]) -> Plane:
    """Return the mean of `plane` over `where` in a window of (width, height) around each pixel."""
    count = cv2.boxFilter(where.astype(np.float32), -1, size, normalize=False)
    total = cv2.boxFilter(plane * where, -1, size, normalize=False)
    return np.asarray(total / np.maximum(count, 1), dtype=np.float32)


def _from(plane: NDArray[T], dy: int, dx: int) -> NDArray[T]:
    """Return at each pixel the value `dy` below and `dx` right of it, 0 past the frame."""
    out = np.zeros_like(plane)
    height, width = plane.shape[:2]
    out[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)] = plane[
        max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)
    ]
    return out
