"""Masks: checked once, grown, ringed, and split in regions.

A mask is (H, W) bool, True = replace. A soft selection becomes a hard core; the feather lies
only OUTSIDE the core (blurring a mask instead leaves 40 % of an 8 px letter in the picture).

Regions: pieces closer than `MERGE_PX` are one region, so that what belongs together is planned,
filled and judged together. Every masked pixel belongs to exactly one region, and a region treats
the others' pixels as unknown, so no hole is ever filled twice however close the crops lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadMask, ShapeMismatch
from inpaint_studio.geometry import Box

MERGE_PX = 48
REGION_MAX_PX = 1536
_CELL = 16


@dataclass(frozen=True, slots=True)
class Region:
    """One connected piece of work: `box` in the photo, `mask` (box.height, box.width) bool."""

    box: Box
    mask: MaskBool

    def full_mask(self, shape: tuple[int, int]) -> MaskBool:
        full = np.zeros(shape, dtype=bool)
        full[self.box.slices] = self.mask
        return full


def as_mask(array: NDArray[np.generic]) -> MaskBool:
    """Return the hard core of any mask-like array: True where it is above half of its range.

    Takes bool, integer (half of the type's range, or of 1 when nothing exceeds 1), float 0..1,
    one channel or equal channels (an alpha channel is ignored).
    """
    plane: NDArray[Any] = np.asarray(array)
    if plane.ndim == 3:
        plane = plane[..., :3].max(axis=2) if plane.shape[2] != 2 else plane[..., 0]
    if plane.ndim != 2:
        raise BadMask(f"A mask must be a flat picture, not an array of shape {array.shape}.")
    if plane.dtype == np.bool_:
        return plane.astype(np.bool_)
    if np.issubdtype(plane.dtype, np.integer):
        top = int(np.iinfo(plane.dtype).max)
        if plane.size and int(plane.max()) <= 1:
            top = 1
        return np.asarray(plane > top / 2, dtype=np.bool_)
    if not np.isfinite(plane).all():
        raise BadMask("The mask holds NaN or infinite values; export it again as black and white.")
    return np.asarray(plane > 0.5, dtype=np.bool_)


def validate(
    mask: NDArray[np.generic], shape: tuple[int, ...], *, may_be_full: bool = False
) -> MaskBool:
    """Return the hard core of `mask`, checked against a photo of `shape` (H, W, ...).

    may_be_full: what is asked for needs nothing of the photo to be left.
    Raises: ShapeMismatch, BadMask (empty or full), each with what to do.
    """
    mask = np.asarray(mask)
    if mask.ndim < 2:
        raise BadMask(f"A mask must be (H, W), not an array of shape {mask.shape}.")
    if mask.shape[:2] != tuple(shape[:2]):
        raise ShapeMismatch(
            f"The mask is {mask.shape[1]} × {mask.shape[0]} px but the photo is "
            f"{shape[1]} × {shape[0]} px; export the mask at the photo's own size."
        )
    core = as_mask(mask)
    if not core.any():
        raise BadMask("The mask is empty: paint what shall be replaced in white (over 50 %).")
    if core.all() and not may_be_full:
        raise BadMask("The mask covers the whole photo: leave some of it to fill from.")
    return core


def grow(mask: MaskBool, px: int, within: Box | None = None) -> MaskBool:
    """Return the mask grown (px > 0) or shrunk (px < 0) by a disc of that radius.

    within: outside this box nothing changes; None: all around.
    """
    if within is not None:
        part = within.clamp(Box.of_shape(mask.shape)).slices
        changed = mask.copy()
        changed[part] = grow(mask, px)[part]
        return changed
    if px == 0 or not mask.any():
        return mask.copy()
    if px < 0:
        return ~grow(~mask, -px)
    box = Box.of_mask(mask).pad(px + 1).clamp(Box.of_shape(mask.shape))
    distance = cv2.distanceTransform(
        (~mask[box.slices]).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    grown = mask.copy()
    grown[box.slices] |= distance <= px
    return grown


def ring(mask: MaskBool, px: int) -> MaskBool:
    """Return the pixels outside the mask within `px` of it."""
    return grow(mask, px) & ~mask


def feather(mask: MaskBool, ring_mask: MaskBool) -> NDArray[np.float32]:
    """Return alpha (H, W): 1 on the mask, falling over the ring, 0 elsewhere."""
    alpha = mask.astype(np.float32)
    if not ring_mask.any():
        return alpha
    box = Box.of_mask(mask | ring_mask).pad(1).clamp(Box.of_shape(mask.shape))
    distance = cv2.distanceTransform(
        (~mask[box.slices]).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    inside = ring_mask[box.slices]
    width = float(distance[inside].max()) + 1.0
    part = alpha[box.slices]
    part[inside] = 0.5 + 0.5 * np.cos(np.pi * distance[inside] / width)
    return alpha


def fullest_window(mask: MaskBool, side: int) -> Box:
    """Return the box, at most `side` px a side, that holds the most of the mask (first of equals).

    A mask that is smaller than that is returned as its own box.
    """
    box = Box.of_mask(mask)
    if max(box.width, box.height) <= side:
        return box
    total = cv2.integral(mask[box.slices].astype(np.uint8))
    width, height = min(side, box.width), min(side, box.height)
    counts = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    top, left = np.unravel_index(int(counts.argmax()), counts.shape)
    found = Box(int(left), int(top), int(left) + width, int(top) + height)
    return found.shift(box.left, box.top)


def stroke_width(mask: MaskBool) -> float:
    """Return twice the largest inner distance: the thickness of the mask at its thickest, px."""
    box = Box.of_mask(mask).pad(1)
    padded = np.zeros((max(box.height, 0), max(box.width, 0)), dtype=np.uint8)
    inner = box.clamp(Box.of_shape(mask.shape))
    padded[inner.relative_to(box).slices] = mask[inner.slices]
    if padded.size == 0:
        return 0.0
    return 2 * float(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())


def usual_stroke_px(mask: MaskBool, *, by_area: bool = False) -> float:
    """Return the usual thickness of strokes, px: a pen's width.

    Twice the median depth along the strokes' middle lines, less one. Each point of a line counts
    alike, which a blob hardly changes; by_area: as much as its stroke is wide, which many specks
    and the spurs of jagged edges hardly change. 0 for an empty mask; to a pixel, an even width
    reads one less.
    """
    if not mask.any():
        return 0.0
    box = Box.of_mask(mask)
    padded = np.pad(mask[box.slices], 1).astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)) - 1e-6) & (depth > 0)
    depths = np.sort(depth[ridge])
    if not by_area:
        return float(2 * np.median(depths) - 1)
    area = np.cumsum(depths)
    return float(2 * depths[int(np.searchsorted(area, 0.5 * area[-1]))] - 1)


def regions(mask: MaskBool, *, merge_px: int = MERGE_PX) -> list[Region]:
    """Split `mask` in regions, top to bottom, left to right; together they cover it exactly once.

    Pieces closer than about `merge_px` share a region, unless that region would be larger than
    `REGION_MAX_PX` and mostly empty (specks all over a photo): then it is cut along a grid, each
    connected piece staying whole.
    """
    labels = _cluster(mask, merge_px)
    stats = _stats(labels)
    result: list[Region] = []
    for name in np.flatnonzero(stats[:, 4]):
        left, top, width, height = (int(value) for value in stats[name, :4])
        box = Box(left, top, left + width, top + height)
        result.append(Region(box, np.asarray(labels[box.slices] == name, dtype=np.bool_)))
    result.sort(key=lambda region: (region.box.top, region.box.left))
    return result


def groups(mask: MaskBool, join_px: int) -> list[Region]:
    """Split `mask` in groups of what lies together, as letters of a word do; none is empty.

    join_px: odd; pieces are joined over gaps of less. A group's box has half of that around it.
    """
    joined = cv2.dilate(mask.astype(np.uint8), np.ones((join_px, join_px), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for name in range(1, count):
        left, top, wide, high = (int(value) for value in stats[name, :4])
        box = Box(left, top, left + wide, top + high)
        found.append(Region(box, mask[box.slices] & (labels[box.slices] == name)))
    return found


def pieces(mask: MaskBool, side_px: int) -> list[Region]:
    """Cut `mask` along a grid in pieces of at most `side_px` a side, row by row."""
    found: list[Region] = []
    for top in range(0, mask.shape[0], side_px):
        for left in range(0, mask.shape[1], side_px):
            cell = Box(left, top, left + side_px, top + side_px).clamp(Box.of_shape(mask.shape))
            part = mask[cell.slices]
            if part.any():
                tight = Box.of_mask(part)
                found.append(Region(tight.shift(left, top), part[tight.slices].copy()))
    return found


def _cluster(mask: MaskBool, merge_px: int) -> NDArray[np.int32]:
    """Label the masked pixels by region, 0 = not masked."""
    height, width = mask.shape
    rows, columns = -(-height // _CELL), -(-width // _CELL)
    padded = np.zeros((rows * _CELL, columns * _CELL), dtype=np.uint8)
    padded[:height, :width] = mask
    coarse = padded.reshape(rows, _CELL, columns, _CELL).max(axis=(1, 3))
    reach = max(0, round(merge_px / 2 / _CELL))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    _, groups = cv2.connectedComponents(cv2.dilate(coarse, kernel), connectivity=8)
    fine = np.repeat(np.repeat(groups, _CELL, axis=0), _CELL, axis=1)[:height, :width]
    labels: NDArray[np.int32] = np.where(mask, fine, 0).astype(np.int32)
    return _cut_sparse(mask, labels)


def _cut_sparse(mask: MaskBool, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cut regions that are huge and mostly empty along a grid, keeping pieces whole."""
    stats = _stats(labels)
    sides = stats[:, 2:4].max(axis=1)
    fraction = stats[:, 4] / np.maximum(stats[:, 2] * stats[:, 3], 1)
    sparse = np.flatnonzero((sides > REGION_MAX_PX) & (fraction < 0.05))
    sparse = sparse[sparse > 0]
    if sparse.size == 0:
        return labels
    target = np.isin(labels, sparse)
    _, pieces, piece_stats, centers = cv2.connectedComponentsWithStats(
        target.astype(np.uint8), connectivity=8
    )
    tile = (centers // (REGION_MAX_PX / 2)).astype(np.int64)
    owner = labels.ravel()[np.unique(pieces.ravel(), return_index=True)[1]].astype(np.int64)
    key = (owner * 100_000 + tile[:, 1]) * 100_000 + tile[:, 0]
    key[0] = -1
    # A piece that is itself larger than a tile stays alone, so that no box grows past it.
    large = piece_stats[:, 2:4].max(axis=1) > REGION_MAX_PX
    key[large] = -10 - np.flatnonzero(large)
    names = np.unique(key, return_inverse=True)[1] + int(labels.max()) + 1
    renamed = names[pieces].astype(np.int32)
    return np.where(target, renamed, labels).astype(np.int32)


def _stats(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """(left, top, width, height, area) by label, row 0 unused."""
    rows, columns = np.nonzero(labels)
    names = labels[rows, columns]
    size = int(labels.max()) + 1
    left = np.full(size, labels.shape[1], dtype=np.int64)
    top = np.full(size, labels.shape[0], dtype=np.int64)
    right = np.zeros(size, dtype=np.int64)
    bottom = np.zeros(size, dtype=np.int64)
    np.minimum.at(left, names, columns)
    np.minimum.at(top, names, rows)
    np.maximum.at(right, names, columns + 1)
    np.maximum.at(bottom, names, rows + 1)
    area = np.bincount(names, minlength=size)
    return np.stack([left, top, right - left, bottom - top, area], axis=1)
