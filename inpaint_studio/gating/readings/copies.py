"""A reading of pieces copied from elsewhere in the photo that are joined to nothing where they lie.

What a patch engine or a hand copies is found again byte for byte; chance never does that. To be
copied is no fault. A piece is one whose surroundings here are not those it has where it comes from:
there it goes on, here it ends all around. On 344 true fills the reading was 0.2 at most, on 65 good
ones of twelve engines (those that copy among them) 3.2, on 85 % of 201 planted pieces above 5: so
its band is a definition and it rejects by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Rgb8, Scene, blur, squared, to_lab
from inpaint_studio.geometry import Box

ROUGH_LEVELS = 3
LEAST_BLOCKS = 3
MOST_PIECES = 40
MOST_TWINS = 3
SURE_BLOCKS = 10
NEAR_PX = (3, 6)
SMOOTH_PX = 1.5
JOINED_DE = 6.0
_TABLE_BITS = 22
ALSO = ("copied_alone", "copied_area", "copied_share")

Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Blocks that hang together and come from one place: `where` in `box`, and the way there."""

    where: MaskBool
    box: Box
    lag: tuple[int, int]
    blocks: int


def copied_piece(scene: Scene) -> Measured:
    """Return the ΔE by which the most foreign copied piece differs from what is around its twin.

    Blocks of 3 × 3 px of the fill that are found byte for byte on known ground of the crop, all by
    one lag and hanging together, are a piece. 3 to 6 px around it the photo (smoothed, σ 1.5 px)
    is compared with what lies around the piece's source: the mean ΔE, held back where part of the
    surroundings agree (the piece is joined there) and where it is small. 0: nothing is copied.
    `copied_alone` is the share of those surroundings that disagree, `copied_area` the piece's
    area, log2 px, `copied_share` the share of the fill's textured blocks found again.
    """
    if scene.wide is None:
        return Measured(0.0, also=dict.fromkeys(ALSO, 0.0))
    pixels, mask, _ = scene.wide
    pieces, share = _pieces(pixels, mask)
    also = {"copied_alone": 0.0, "copied_area": 0.0, "copied_share": share}
    best, place, shown = 0.0, None, None
    for piece in pieces:
        score, alone, spot = _foreign(pixels, piece)
        if score > best:
            best, place, shown = score, piece, spot
            also["copied_alone"] = alone
            also["copied_area"] = float(np.log2(piece.where.sum() + 1))
    if place is None or shown is None:
        return Measured(0.0, also=also)
    plane = np.zeros(mask.shape, dtype=np.float32)
    plane[place.box.slices] = shown
    box, plane = scene.from_wide(place.box, plane)
    return Measured(best, plane, box, also)


def _pieces(pixels: Rgb8, mask: MaskBool) -> tuple[list[_Piece], float]:
    """Return the copied pieces, and the share of the hole's textured blocks that are copied."""
    height, width = mask.shape
    if min(height, width) < 3:
        return [], 0.0
    ones = np.ones((3, 3), np.uint8)
    grey = pixels[..., 1]
    rough = cv2.subtract(cv2.dilate(grey, ones), cv2.erode(grey, ones)) >= ROUGH_LEVELS
    hole = cv2.erode(mask.astype(np.uint8), ones) > 0
    known = cv2.dilate(mask.astype(np.uint8), ones) == 0
    inner = (slice(1, -1), slice(1, -1))
    own_at = np.flatnonzero((hole & rough)[inner])
    there_at = np.flatnonzero((known & rough)[inner])
    if not len(own_at) or not len(there_at):
        return [], 0.0
    codes = _codes(pixels).ravel()
    own, lags = _twins(codes, own_at, there_at, width - 2)
    share = len(np.unique(own)) / len(own_at)
    names, counts = np.unique(lags, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_PIECES]
    found: list[_Piece] = []
    for name in names[order[counts[order] >= LEAST_BLOCKS]]:
        down, right = (int(name) + 32768) // 65536, (int(name) + 32768) % 65536 - 32768
        found += _connected(own[lags == name], width - 2, (down, right), mask.shape)
    return found, share


def _codes(pixels: Rgb8) -> Codes:
    """Return (h - 2, w - 2) a number for every 3 × 3 block: the same for the same 27 bytes."""
    factor = np.random.default_rng(3).integers(1, 2**63, 9, dtype=np.uint64) | np.uint64(1)
    colour, across, down = factor.reshape(3, 3)
    one: Codes = np.zeros(pixels.shape[:2], dtype=np.uint64)
    for channel in range(3):
        one += pixels[..., channel].astype(np.uint64) * colour[channel]
    one ^= one >> np.uint64(29)  # sums of products alone are the same for swapped bytes
    row = one[:, :-2] * across[0] + one[:, 1:-1] * across[1] + one[:, 2:] * across[2]
    row ^= row >> np.uint64(31)
    code: Codes = row[:-2] * down[0] + row[1:-1] * down[1] + row[2:] * down[2]
    return code


def _twins(
    codes: Codes, own_at: NDArray[np.int64], there_at: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (blocks of the hole, lag to a known block of the same bytes), up to three each."""
    there_at = _met(codes, there_at, own_at)
    own_at = _met(codes, own_at, there_at)
    there_at = there_at[np.argsort(codes[there_at], kind="stable")]
    ranked = codes[there_at]
    first = np.searchsorted(ranked, codes[own_at], "left")
    last = np.searchsorted(ranked, codes[own_at], "right")
    blocks: list[NDArray[np.int64]] = []
    lags: list[NDArray[np.int64]] = []
    for number in range(MOST_TWINS):
        has = first + number < last
        here, there = own_at[has], there_at[first[has] + number]
        blocks.append(here)
        lags.append((there // width - here // width) * 65536 + there % width - here % width)
    return np.concatenate(blocks), np.concatenate(lags)


def _met(codes: Codes, at: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of `at` whose code may be among the others': the rest costs no search."""
    cut = np.uint64(64 - _TABLE_BITS)
    table = np.zeros(1 << _TABLE_BITS, dtype=bool)
    table[codes[others] >> cut] = True
    met: NDArray[np.int64] = at[table[codes[at] >> cut]]
    return met


def _connected(
    blocks: NDArray[np.int64], width: int, lag: tuple[int, int], shape: tuple[int, ...]
) -> list[_Piece]:
    rows, columns = blocks // width, blocks % width
    box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 3, int(rows.max()) + 3)
    plane = np.zeros((box.height, box.width), dtype=np.uint8)
    plane[rows - box.top + 1, columns - box.left + 1] = 1
    # Blocks without texture are not looked up: a piece may have holes where it is plain.
    joined = cv2.morphologyEx(np.pad(plane, 4), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels = cv2.connectedComponents(joined[4:-4, 4:-4], connectivity=8)
    number = np.bincount(labels[plane > 0], minlength=count)
    found = []
    for name in np.flatnonzero(number >= LEAST_BLOCKS):
        if name:
            where = cv2.dilate((labels == name).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            part = Box.of_mask(where)
            place = part.shift(box.left, box.top).clamp(Box.of_shape(shape))
            found.append(_Piece(where[part.slices], place, lag, int(number[name])))
    return found


def _foreign(pixels: Rgb8, piece: _Piece) -> tuple[float, float, Plane]:
    """Return (score ΔE, share of the surroundings that disagree, the piece as a plane)."""
    frame = Box.of_shape(pixels.shape)
    pad = NEAR_PX[1] + 4
    down, right = piece.lag
    view = piece.box.pad(pad).clamp(frame)
    view = view.shift(right, down).clamp(frame).shift(-right, -down)
    here, there = (
        blur(to_lab(np.ascontiguousarray(pixels[box.slices])), SMOOTH_PX)
        for box in (view, view.shift(right, down))
    )
    inside = np.zeros((view.height, view.width), dtype=np.uint8)
    part = piece.box.clamp(view)
    at = part.shift(-piece.box.left, -piece.box.top)
    inside[part.shift(-view.left, -view.top).slices] = piece.where[at.slices]
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    ring = (away > NEAR_PX[0]) & (away <= NEAR_PX[1])
    if not ring.any():
        return 0.0, 0.0, piece.where.astype(np.float32)
    apart = np.sqrt(squared(here - there))[ring]
    alone = float((apart > JOINED_DE).mean())
    sure = min(1.0, piece.blocks / SURE_BLOCKS)
    score = float(apart.mean()) * alone**2 * sure
    return score, alone, piece.where.astype(np.float32) * score
