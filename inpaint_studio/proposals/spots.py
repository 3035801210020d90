"""Find spots that do not belong: dust, flecks, the soft discs of dirt on a sensor.

Differences of Gaussians at scales half an octave apart give candidates; each is then looked at
in its own surroundings. A blemish is closed (lower on every side of it), about round or at
least compact, stands on ground that one smooth surface describes, and nothing near it is of its
kind: what the ground does by itself, at the same scale, is what it is measured against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import Planes

SIGMAS = (1.0, 1.45)
"""Widths looked at in each octave, px of its copy."""
LARGEST = 0.012
"""Radius of the largest spot looked for, as a part of the photo's longer side."""
SECTORS = 8
FAINT = 0.35
"""Part of the ground's lightness under which a spot lets the ground through."""
RIM = 1.2
"""Lightness by which a spot's rim differs from the ground where it ends."""
_MOST_LOOKED_AT = 110
"""Candidates of one scale that are looked at closely."""
_OUT = 4.5
"""Radius of the surroundings, in sigmas."""


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """mask over `box` (photo px), soft rim included; features: see `FEATURES`.

    times_ground: how much higher it is than the surface around it is rough.
    """

    box: Box
    mask: MaskBool
    is_dark: bool
    is_faint: bool
    width_px: float
    times_ground: float
    features: tuple[float, ...]


FEATURES = (
    "contrast", "noise_ratio", "alone", "closed", "even", "round", "solid", "rough", "size",
    "rare", "far", "colour", "sharp",
)  # fmt: skip


def spots(lab: Planes, token: RunToken) -> list[Spot]:
    """Return the candidates of a photo (H, W, 3, CIELAB); one place may hold several."""
    longest = max(lab.shape)
    found: list[Spot] = []
    copy, factor = lab, 1
    while 2.2 * SIGMAS[0] * factor <= max(10.0, LARGEST * longest) and min(copy.shape[:2]) >= 16:
        for sigma in SIGMAS:
            token.step(min(0.95, factor / (factor + 3.0)), "looking for spots")
            found += _at_scale(copy, sigma, factor, Box.of_shape(lab.shape))
        copy = cv2.pyrDown(copy)
        factor *= 2
    return found


def _at_scale(lab: Planes, sigma: float, factor: int, photo: Box) -> list[Spot]:
    copy = np.ascontiguousarray(lab[..., 0])
    inner = cv2.GaussianBlur(copy, (0, 0), sigma)
    gap = inner - cv2.GaussianBlur(copy, (0, 0), 2.0 * sigma)
    size = round(2 * sigma) * 2 + 1
    strength = np.abs(gap)
    wide = 2 * round(8 * sigma) + 1
    usual = np.sqrt(np.maximum(cv2.blur(gap * gap, (wide, wide)), 0.0))
    good = (strength > 0.8) & (strength > 2.3 * usual)
    good &= strength >= cv2.dilate(strength, np.ones((size, size), np.uint8))
    edge = round(2.5 * sigma)
    good[:edge] = good[-edge:] = False
    good[:, :edge] = good[:, -edge:] = False
    rows, columns = np.nonzero(good)
    rank = (strength / (usual + 0.05))[rows, columns]
    order = np.argsort(-rank, kind="stable")[:_MOST_LOOKED_AT]
    found = []
    for k in order:
        spot = _looked_at(lab, gap, usual, int(rows[k]), int(columns[k]), sigma, factor, photo)
        if spot is not None:
            found.append(spot)
    return found


def _looked_at(
    lab: Planes,
    gap: Planes,
    usual: Planes,
    row: int,
    column: int,
    sigma: float,
    factor: int,
    photo: Box,
) -> Spot | None:
    reach = round(_OUT * sigma * 1.5) + 2
    place = Box(column - reach, row - reach, column + reach + 1, row + reach + 1)
    inner = place.clamp(Box.of_shape(lab.shape))
    part = lab[inner.slices][..., 0]
    yy, xx = np.mgrid[inner.top : inner.bottom, inner.left : inner.right].astype(np.float32)
    yy, xx = yy - row, xx - column
    far = np.hypot(yy, xx)
    ring = (far > 3.0 * sigma) & (far <= reach)
    ground, rough = _plane(part, xx, yy, ring)
    if ground is None:
        return None
    sign = -1.0 if gap[row, column] < 0 else 1.0
    rise = sign * (part - ground)
    at = (row - inner.top, column - inner.left)
    top = float(cv2.GaussianBlur(rise, (3, 3), 0)[at])
    if top < 1.0:
        return None
    body = (rise > max(0.4 * top, 1.2 * rough)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=4)
    name = int(labels[at])
    if name == 0:
        return None
    _, _, wide, high, area = (int(v) for v in stats[name])
    if max(wide, high) > 5.0 * sigma + 2 or area < 2:
        return None
    shape = labels == name
    radius = np.sqrt(area / np.pi)
    # Every side of it must be back at the ground.
    turn = np.floor((np.arctan2(yy, xx) + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    rim = (far > 1.5 * radius + 0.8) & (far <= 1.5 * radius + 0.8 + max(1.5, 0.8 * sigma))
    sides = np.array([_mean(rise, rim & (turn == k)) for k in range(SECTORS)]) / top
    outside = ring & (far > 2.2 * radius + 1)
    others = np.abs(gap[inner.slices])[outside]
    mine = float(abs(gap[row, column]))
    alone = mine / (float(np.percentile(others, 97)) + 0.05) if others.size else 0.0
    far_box = Box(column - 6 * reach, row - 6 * reach, column + 6 * reach + 1, row + 6 * reach + 1)
    far_part = np.abs(gap[far_box.clamp(Box.of_shape(gap.shape)).slices][::2, ::2])
    rare = float((far_part > 0.5 * mine).mean()) * far_part.size / max(1.0, area / 4)
    wide_usual = float(usual[row, column])
    tint = lab[inner.slices][..., 1:]
    colour = tint[shape].mean(axis=0) - tint[ring].mean(axis=0)
    slope = np.abs(np.diff(rise, axis=1))[shape[:, 1:] ^ shape[:, :-1]]
    sharp = float(slope.mean()) * sigma / top if slope.size else 0.0
    features = (
        np.log(top), np.log(top / (rough + 0.25)), np.log(alone + 1e-3), float(sides.max()),
        float(sides.std()), min(wide, high) / max(wide, high), area / (wide * high),
        np.log(rough + 0.25), np.log2(radius * factor), np.log(rare + 0.5),
        np.log(mine / (wide_usual + 0.05)), float(np.hypot(*colour)) / (top + 1.0), sharp,
    )  # fmt: skip
    grown = _grown(shape, _reached(rise, far, radius, top) - radius)
    room = (grown.shape[0] - shape.shape[0]) // 2
    whole = _full(grown, inner.left - room, inner.top - room, factor)
    box = whole[0].clamp(photo)
    faint = top < FAINT * float(part[ring].mean())
    return Spot(
        box, whole[1][box.relative_to(whole[0]).slices], sign < 0, faint,
        2 * radius * factor, top / (rough + 0.25), tuple(float(v) for v in features),
    )  # fmt: skip


def _reached(rise: Planes, far: Planes, radius: float, top: float) -> float:
    """How far from its middle a spot can still be seen, px."""
    step = 0.5 * max(1.0, 0.25 * radius)
    at = radius
    while at < 2.2 * radius + 2:
        ring = (far > at) & (far <= at + 2 * step)
        if abs(_mean(rise, ring)) < max(RIM, 0.05 * top):
            break
        at += step
    return at + step


def _grown(shape: MaskBool, by: float) -> MaskBool:
    """The shape grown by a distance, px, on a canvas with that much more room on every side."""
    padded = np.pad(shape, math.ceil(by) + 1)
    distance = cv2.distanceTransform((~padded).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(distance <= by + 0.5, dtype=np.bool_)


def _plane(part: Planes, xx: Planes, yy: Planes, ring: MaskBool) -> tuple[Planes | None, float]:
    """A plane through the ring, what is least like it left out once, and how far it is off."""
    if int(ring.sum()) < 12:
        return None, 0.0
    terms = np.stack([np.ones(int(ring.sum()), np.float32), xx[ring], yy[ring]], axis=1)
    values = part[ring]
    keep = np.ones(len(values), np.bool_)
    fit = np.zeros(3, np.float32)
    for _ in range(2):
        a = terms[keep]
        fit = np.linalg.solve(a.T @ a + 1e-3 * np.eye(3, dtype=np.float32), a.T @ values[keep])
        off = np.abs(values - terms @ fit)
        keep = off <= np.percentile(off, 85)
    rough = float(np.sqrt(((values - terms @ fit) ** 2).mean()))
    return fit[0] + fit[1] * xx + fit[2] * yy, rough


def _mean(values: Planes, where: MaskBool) -> float:
    return float(values[where].mean()) if where.any() else 0.0


def _full(shape: MaskBool, left: int, top: int, factor: int) -> tuple[Box, MaskBool]:
    """A shape found on a copy `factor` times smaller, at full size."""
    full = np.repeat(np.repeat(shape, factor, axis=0), factor, axis=1)
    box = Box.of_mask(full)
    return box.shift(left * factor, top * factor), full[box.slices]
