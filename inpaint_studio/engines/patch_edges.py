"""Straight edges that arrive at a hole from outside, found to a fraction of a pixel.

Segments come from OpenCV's line segment detector (von Gioi et al. 2010, doi:10.1109/TPAMI.2008.300)
on the known picture; each that points into the hole is followed outwards pixel by pixel, where the
step across it is sampled along its normal, and fitted anew. What lies under the hole has no say.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.patch_follow import (
    FEWEST_PX,
    FOLLOWED_PX,
    LEAP_PX,
    Arrival,
    Floats,
    followed,
)
from inpaint_studio.engines.patch_levels import LUMA, FloatImage
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

TURN = float(np.cos(np.radians(25)))
"""How far edges that go on in each other may turn."""
_DEEP_PX = 4
_TILE_PX = 640
_MOST = 96


def arrivals(image: FloatImage, hole: MaskBool, token: RunToken) -> list[Arrival]:
    """Return the edges of `image` (H, W, 3) (working values x 255) that arrive at `hole`.

    Raises: Cancelled.
    """
    box = Box.of_mask(hole).pad(FOLLOWED_PX + 8).clamp(Box.of_shape(hole.shape))
    near, gap = np.ascontiguousarray(image[box.slices]), np.ascontiguousarray(hole[box.slices])
    found = _segments(near, gap, token)
    if not len(found):
        return []
    start, inward = _heads(found, gap)
    if not len(start):
        return []
    corner = np.array([box.left, box.top], np.float64)
    # Followed twice: the second time along what was fitted the first time.
    _, start, inward = followed(near, gap, start, inward)
    token.check()
    facing = _wanted(start, inward)
    made, _, _ = followed(near, gap, start[facing], inward[facing])
    return _distinct([replace(arrival, points=arrival.points + corner) for arrival in made])


def _segments(image: FloatImage, hole: MaskBool, token: RunToken) -> Floats:
    """Return segments (n, 2, 2) as x, y; looked for in tiles, only where the hole is near."""
    luma = membrane.smooth_guess((image @ LUMA)[..., None], hole)[..., 0]
    codes = np.clip(np.rint(luma), 0, 255).astype(np.uint8)
    detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD)
    parts = [np.zeros((0, 2, 2))]
    for top in range(0, hole.shape[0], _TILE_PX):
        for left in range(0, hole.shape[1], _TILE_PX):
            token.check()
            tile = np.s_[top : top + _TILE_PX + FOLLOWED_PX, left : left + _TILE_PX + FOLLOWED_PX]
            if hole[tile].all() or not _around(hole, top, left).any():
                continue
            found = detector.detect(np.ascontiguousarray(codes[tile]))[0]
            if found is not None:
                parts.append(found.reshape(-1, 2, 2) + np.array([left, top], np.float64))
    segments = np.concatenate(parts)
    long = np.hypot(*(segments[:, 1] - segments[:, 0]).T) >= FEWEST_PX - 4
    return np.asarray(segments[long])


def _around(hole: MaskBool, top: int, left: int) -> MaskBool:
    """Return the part of the hole that a tile's edges may arrive at."""
    first, last = FOLLOWED_PX, _TILE_PX + 2 * FOLLOWED_PX
    return hole[max(0, top - first) : top + last, max(0, left - first) : left + last]


def _heads(segments: Floats, hole: MaskBool) -> tuple[Floats, Floats]:
    """Return where segments, walked either way, enter the hole, and their directions."""
    both = np.concatenate([segments, segments[:, ::-1]])
    length = np.hypot(*(both[:, 1] - both[:, 0]).T)
    along = (both[:, 1] - both[:, 0]) / length[:, None]
    at = np.full(len(both), -1.0)
    long = length > FOLLOWED_PX
    for some in (np.flatnonzero(long), np.flatnonzero(~long)):
        if len(some):
            at[some] = _entries(both[some, 0], along[some], length[some], hole)
    kept = np.flatnonzero(at >= FEWEST_PX - 4)
    start, inward = both[kept, 0] + at[kept, None] * along[kept], along[kept]
    order = np.argsort(-at[kept], kind="stable")
    order = order[_wanted(start, inward)[order]][:_MOST]
    return start[order], inward[order]


def _entries(first: Floats, along: Floats, length: Floats, hole: MaskBool) -> Floats:
    """Return how far from `first` each walk enters the hole for good, -1 where it does not."""
    t = np.arange(int(length.max()) + LEAP_PX + _DEEP_PX + 1)
    inside = _at(hole, first[:, None] + t[:, None] * along[:, None])
    enters = inside.argmax(axis=1)
    rows = np.arange(len(first))
    deep = np.stack([inside[rows, np.minimum(enters + k, len(t) - 1)] for k in range(_DEEP_PX)])
    reached = deep.all(axis=0) & (enters >= 1) & (enters <= length + LEAP_PX)
    return np.where(reached, enters, -1.0)


def _wanted(start: Floats, inward: Floats) -> MaskBool:
    return np.asarray(partners(start, inward).any(axis=1), np.bool_)


def partners(start: Floats, inward: Floats) -> MaskBool:
    """Return (n, n) which edges come roughly towards each other; others are not looked at."""
    chord = start[None] - start[:, None]
    length = np.maximum(np.hypot(chord[..., 0], chord[..., 1]), 1e-9)
    towards = np.einsum("ijk,ik->ij", chord, inward) / length
    facing: MaskBool = (towards >= TURN) & (towards.T >= TURN) & (inward @ inward.T <= -TURN)
    return facing


def _at(mask: MaskBool, points: Floats) -> MaskBool:
    x, y = np.rint(points[..., 0]).astype(int), np.rint(points[..., 1]).astype(int)
    within = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    x, y = np.clip(x, 0, mask.shape[1] - 1), np.clip(y, 0, mask.shape[0] - 1)
    return np.asarray(mask[y, x] & within, np.bool_)


def _distinct(found: list[Arrival]) -> list[Arrival]:
    """Drop what was found twice, keeping the longer."""
    kept: list[Arrival] = []
    for arrival in sorted(found, key=lambda a: -len(a.points)):
        for other in kept:
            apart = arrival.start - other.start
            normal = np.array([-other.inward[1], other.inward[0]])
            if (
                abs(apart @ normal) < 1.5
                and np.hypot(*apart) < 12
                and arrival.inward @ other.inward > 0.99
                and arrival.step @ other.step > 0
            ):
                break
        else:
            kept.append(arrival)
    return kept
