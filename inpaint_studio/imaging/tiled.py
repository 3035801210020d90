"""A see-through mark that lies over a photo many times, measured from all its places together.

At each of a mark's pixels its weight is the same wherever the mark lies, and the photo under it is
another each time: one place tells little of the weight where the ground is rough, all of them tell
it to a hundredth, soft rims and thin letters included. Dekel et al. 2017
(doi:10.1109/CVPR.2017.726) measure marks so over many photos.

Where the mark lies again is read from the mask: the peaks of its correlation with itself. Tiles lie
on whole pixels, whatever their period is, so each group of letters looks for its own place beside
a peak, and takes only places where the mask has the same form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import Region, groups
from inpaint_studio.imaging.veil import (
    GROUND_PX,
    WEAKEST,
    Check,
    Encoded,
    Veil,
    fitted,
    ground_around,
    never,
    pairs,
)

LEAST_APART_PX = 24
LEAST_SHARED_PX = 150
ALIKE = 0.6
"""Correlation of the mask with itself, of what both cover, from which a shift is looked at."""
SHIFTS = 24
SAME_FORM = 0.8
"""Share of what either mask covers that both must, for a place to count."""
SEEN = 0.3
"""Part of a group that another place must show, where the photo cuts it off."""
ENOUGH = 12
PLACES = 3
"""How many places must tell a weight for it to be taken off."""
_LEAST = np.float32(1e-4)
_LARGEST_PX = 1200
_JOIN_PX = 15
_ROUNDING = (2 / 255) ** 2

Shift = tuple[int, int]
Look = Callable[[Box], Encoded]


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """weight: (H, W) of the mark, 0..1; colour: (3,) encoded; places: (H, W), how many told it."""

    weight: Plane
    colour: NDArray[np.float32]
    places: NDArray[np.int32]

    def veil(self) -> Veil | None:
        """Return what can be taken off: no weight where nothing was measured, all of it where too
        few places told (hidden for good). None: the mark is too faint to tell."""
        is_told = self.places >= PLACES
        if not is_told.any():
            return None
        opacity = float(np.percentile(self.weight[is_told], 95))
        if opacity < WEAKEST:
            return None
        weight = np.where(is_told, np.maximum(self.weight, _LEAST), np.float32(1))
        weight[self.places == 0] = 0
        return Veil(weight, self.colour, opacity, 0.0, int(np.median(self.places[is_told])))


def measuring_mb(shape: tuple[int, ...]) -> float:
    """Return how much memory a mark in a photo of `shape` is measured in, MB: its sums by place and
    by all places, weights and counts, four bytes each."""
    return 4 * (3 + 3 + 1 + 1) * shape[0] * shape[1] / 2**20


def measure_repeated(look: Look, mask: MaskBool, check: Check = never) -> Repeated | None:
    """Return the mark of one colour that `mask` shows several times; None: it does not.

    look: gives the encoded pixels (h, w, 3), 0..1, of a part of the photo; mask: (H, W), what the
    mark covers and some pixels around it; check: asked again and again, raises where all is to end.
    """
    shifts = shifts_of(mask, check)
    if not shifts:
        return None
    letters = groups(mask, _JOIN_PX)
    colour = _colour(look, mask, letters, check)
    if colour is None:
        return None
    seen = np.zeros((3, *mask.shape), dtype=np.float32)
    seen[2] = mask
    for group in letters:
        check()
        view, own = _around(group.box, mask)
        encoded = look(view)
        ground, variance = _ground(encoded, mask[view.slices])
        change, way = (encoded - ground)[own], colour - ground[own]
        for plane, value in zip(seen, (change * way, way * way), strict=False):
            plane[group.box.slices] += group.mask * value.sum(axis=2) / variance[own]
    total = np.empty_like(seen)
    for plane, value in zip(total, seen, strict=True):
        check()
        plane[:] = value
    for group in letters:
        check()
        for here, there in _same_places(mask, group, shifts):
            own = here.relative_to(group.box).slices
            total[:, *here.slices] += seen[:, *there.slices] * group.mask[own]
    if total[2].max() < PLACES:
        return None
    weight = np.zeros(mask.shape, dtype=np.float32)
    for group in letters:
        check()
        change, way = (plane[group.box.slices][group.mask] for plane in total[:2])
        told = (change / np.maximum(way, np.float32(1e-6))).clip(0, 1)
        weight[group.box.slices][group.mask] = told
    check()
    return Repeated(weight, colour, total[2].astype(np.int32))


def _around(box: Box, mask: MaskBool) -> tuple[Box, tuple[slice, slice]]:
    """A box with the ground around it, and where it lies there."""
    view = box.pad(round(3 * GROUND_PX)).clamp(Box.of_shape(mask.shape))
    return view, box.relative_to(view).slices


def _colour(
    look: Look, mask: MaskBool, letters: list[Region], check: Check
) -> NDArray[np.float32] | None:
    """The mark's colour by all its letters together, however much of a pixel they cover."""
    found = []
    for group in letters:
        check()
        view, _ = _around(group.box, mask)
        inside = mask[view.slices]
        deep = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        found.append(pairs(look(view), deep, ~inside))
    under, beside = (np.concatenate(side) for side in zip(*found, strict=True))
    fit = fitted(under, beside, check)
    return None if fit is None else fit[1]


def shifts_of(mask: MaskBool, check: Check = never) -> list[Shift]:
    """Return (down, right) by which the mask lies over itself again, the most alike first."""
    small = max(1, -(-max(mask.shape) // _LARGEST_PX))
    plane = mask.astype(np.float32)
    if small > 1:
        size = (mask.shape[1] // small, mask.shape[0] // small)
        plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    check()
    alike = _correlation(plane, LEAST_SHARED_PX / small**2, check)
    check()
    apart = LEAST_APART_PX / small
    high, wide = alike.shape
    peaks = (alike > ALIKE) & (alike == cv2.dilate(alike, np.ones((9, 9), np.uint8)))
    rows, columns = np.nonzero(peaks)
    down, right = rows - high // 2, columns - wide // 2
    # Of shifts alike to the rounding of the transform the near ones share the most letters.
    order = np.lexsort((right, down, np.hypot(down, right), -np.round(alike[rows, columns], 2)))
    found = ((int(down[n]), int(right[n])) for n in order)
    far = [shift for shift in found if np.hypot(*shift) > apart][:SHIFTS]
    if small == 1:
        return far
    found_whole = []
    for shift in far:
        check()
        found_whole.append(_refined(mask, shift, small))
    return found_whole


def _correlation(plane: Plane, least: float, check: Check) -> Plane:
    """How alike (0..1) a mask (H, W) and itself are at each shift; no shift in the middle."""

    def correlated(a: NDArray[np.complexfloating], b: NDArray[np.complexfloating]) -> Plane:
        check()
        return np.asarray(np.fft.irfft2(a * np.conj(b), shape), dtype=np.float32)

    check()
    shape = tuple(cv2.getOptimalDFTSize(2 * side) for side in plane.shape)
    own = np.fft.rfft2(plane, shape)
    check()
    frame = np.fft.rfft2(np.ones_like(plane), shape)
    shared, one, two = correlated(own, own), correlated(own, frame), correlated(frame, own)
    check()
    alike = np.where(np.minimum(one, two) < least, 0, shared / np.sqrt(np.maximum(one * two, 1)))
    return np.asarray(np.fft.fftshift(alike), dtype=np.float32)


def _refined(mask: MaskBool, shift: Shift, small: int) -> Shift:
    """A shift found at 1 / `small` of the size, on whole pixels."""
    whole = Box.of_shape(mask.shape)
    rough = (shift[0] * small, shift[1] * small)
    room = whole.shift(rough[1], rough[0]).clamp(whole)
    count = cv2.boxFilter(mask[room.slices].astype(np.float32), -1, (255, 255))
    row, column = np.unravel_index(int(count.argmax()), count.shape)
    at = Box(
        room.left + int(column) - 128, room.top + int(row) - 128,
        room.left + int(column) + 128, room.top + int(row) + 128,
    ).clamp(room)  # fmt: skip
    best, found = -1, rough
    for down, right in product(range(-small, small + 1), repeat=2):
        there = at.shift(-rough[1] - right, -rough[0] - down).clamp(whole)
        here = there.shift(rough[1] + right, rough[0] + down)
        shared = int(np.count_nonzero(mask[here.slices] & mask[there.slices]))
        if shared > best:
            best, found = shared, (rough[0] + down, rough[1] + right)
    return found


def _ground(encoded: Encoded, mask: MaskBool) -> tuple[Encoded, Plane]:
    """The ground (H, W, 3) as it is around the mark, and how far it varies there (variance)."""
    ground, near = ground_around(encoded, mask)
    known = (~mask).astype(np.float32)
    off = ((encoded - ground) ** 2).sum(axis=2) * known
    variance = cv2.GaussianBlur(off, (0, 0), GROUND_PX) / near + _ROUNDING
    return ground, np.asarray(variance, dtype=np.float32)


def _same_places(mask: MaskBool, group: Region, shifts: list[Shift]) -> Iterator[tuple[Box, Box]]:
    """Where a group lies again: the part of its box that is seen there, and the part there."""
    whole, box, size = Box.of_shape(mask.shape), group.box, int(group.mask.sum())
    count = 0
    for down, right in shifts:
        best: float = SAME_FORM
        found: tuple[Box, Box] | None = None
        for y, x in product((-1, 0, 1), repeat=2):
            there = box.shift(-right - x, -down - y).clamp(whole)
            if there.width <= 0 or there.height <= 0:
                continue
            here = there.shift(right + x, down + y)
            if np.count_nonzero(group.mask[here.relative_to(box).slices]) < SEEN * size:
                continue
            own, other = mask[here.slices], mask[there.slices]
            both = int(np.count_nonzero(own & other))
            share = both / max(1, int(np.count_nonzero(own | other)))
            if share > best:
                best, found = share, (here, there)
        if found is not None:
            yield found
            count += 1
        if count == ENOUGH:
            return
