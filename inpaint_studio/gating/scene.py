"""What every reading looks at: one crop, its distances and its bands, computed once.

`luma` is Rec. 709 luma of the sRGB-encoded values, 0..1; `lab` is CIELAB D65. `outside` and
`inside` are distances to the core mask in px. context = 2 < outside <= 18: the first 2 px may
hold what is left of the removed thing, or the feather of the fill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import as_unit, luma

CONTEXT_PX = 64
WIDE_LOOK_PX = 320
FIRST_PX = 2.0
LAST_PX = 18.0
MAX_PIXELS = 700_000
WIDE_PX = 8.0
OVERLAY_PX = 6.0
HALF_PX = 3.0

Rgb8 = NDArray[np.uint8]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Scene:
    """An edit cut to its surroundings, at a scale that keeps the work bounded.

    before, after: (h, w, 3) uint8 sRGB; mask: (h, w) core. Of `before` see `as_if_opaque`.
    box: where the crop lies in the request's pixels; scale: request pixels per scene pixel (1 but
    for very large holes).
    barred: pixels that are no known ground though they are not in the mask, or None.
    wide: after and mask of all that the request shows within `WIDE_LOOK_PX`, at full size, and
    where that lies in the request.
    """

    before: Rgb8
    after: Rgb8
    mask: MaskBool
    ring_px: int
    box: Box
    scale: int
    barred: MaskBool | None = None
    wide: tuple[Rgb8, MaskBool, Box] | None = None
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: RLock = field(default_factory=RLock, repr=False, compare=False)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what several readings need, made by the first that asks; others wait for it."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
        return made

    @cached_property
    def outside(self) -> Plane:
        return distance(~self.mask)

    @cached_property
    def inside(self) -> Plane:
        return distance(self.mask)

    @cached_property
    def luma(self) -> Plane:
        return luma(as_unit(self.after))

    @cached_property
    def luma_before(self) -> Plane:
        return luma(as_unit(self.before))

    @cached_property
    def slope(self) -> Plane:
        """Size of the luma's gradient, 0..1 a px."""
        x = cv2.Sobel(self.luma, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        y = cv2.Sobel(self.luma, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        size: Plane = cv2.magnitude(x, y)
        return size

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        return to_lab(self.after)

    @cached_property
    def lab_before(self) -> NDArray[np.float32]:
        return to_lab(self.before)

    @cached_property
    def first_px(self) -> float:
        """Where known ground begins: past the feather, at least 2 px off the core."""
        return max(FIRST_PX, float(self.ring_px))

    @cached_property
    def context(self) -> MaskBool:
        near = self.known & (self.outside <= LAST_PX)
        return near if near.any() else self.known

    @cached_property
    def known(self) -> MaskBool:
        """Pixels that are surely the photo's own."""
        far: MaskBool = self.outside > self.first_px
        if self.barred is not None:
            far = far & ~self.barred
        return far if far.any() else ~self.mask

    @cached_property
    def deep(self) -> MaskBool:
        """The hole without its outermost pixels (all of it when it is that thin)."""
        inner: MaskBool = self.inside > 1
        return inner if inner.any() else self.mask

    @cached_property
    def _kept(self) -> dict[tuple[str, float], tuple[Plane, ...]]:
        return {}

    def energy(self, lag: int) -> Plane:
        """Return the luma's energy of second differences at a lag, computed once."""
        key = ("energy", lag)
        if key not in self._kept:
            self._kept[key] = (second_differences(self.luma, lag),)
        return self._kept[key][0]

    def amplitudes(self, lag: int) -> tuple[Plane, Plane]:
        """Return local detail amplitude in levels: (of the hole, of the ground carried in)."""
        key = ("amplitudes", lag)
        if key not in self._kept:
            energy = self.energy(lag)
            weight = np.maximum(self._weight("hole", 4.0), np.float32(1e-6))
            own: Plane = np.where(self.mask, energy, np.float32(0))
            inner: Plane = np.divide(blur(own, 4.0), weight)
            self._kept[key] = (_levels(inner), _levels(self._carried(energy)))
        have, want = self._kept[key]
        return have, want

    def _weight(self, name: str, sigma: float) -> Plane:
        """Return the Gaussian mean of the hole or of the known ground, computed once."""
        key = (name, sigma)
        if key not in self._kept:
            where = self.mask if name == "hole" else self.known
            self._kept[key] = (blur(where.astype(np.float32), sigma),)
        return self._kept[key][0]

    def _carried(self, energy: Plane) -> Plane:
        """Return the ground's energy carried into the hole, coarser where the hole is deeper."""
        ground = energy * self.known
        result = np.zeros_like(energy)
        for sigma in (40.0, 20.0, 10.0):
            weight = self._weight("known", sigma)
            near = blur(ground, sigma) / np.maximum(weight, np.float32(1e-6))
            result = np.where((weight > 0.02) | (sigma == 40.0), near, result)
        return result

    def reduced(self, pixels: int) -> Scene:
        """Return this scene at a whole-number scale with at most about `pixels` pixels.

        The scene itself when it is small enough; boxes and maps need `scale` to come back.
        """
        factor = int(np.ceil(np.sqrt(self.mask.size / pixels)))
        if factor <= 1:
            return self
        size = (max(1, self.mask.shape[1] // factor), max(1, self.mask.shape[0] // factor))
        before, after = (
            cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (self.before, self.after)
        )
        mask = _shrunk(self.mask, size)
        barred = None if self.barred is None else _shrunk(self.barred, size)
        ring_px = max(1, self.ring_px // factor)
        return Scene(before, after, mask, ring_px, self.box, self.scale * factor, barred)

    def from_wide(self, box: Box, plane: Plane) -> tuple[Box | None, Plane]:
        """Return a box and a map of `wide`'s pixels in the scene's; None: it lies outside."""
        left, top = (self.wide[2].left, self.wide[2].top) if self.wide else (0, 0)
        own = self.box.shift(-left, -top)
        shown = np.ascontiguousarray(plane[own.slices])
        height, width = self.mask.shape
        if self.scale > 1:
            shown = cv2.resize(shown, (width, height), interpolation=cv2.INTER_AREA)
        moved = box.shift(-own.left, -own.top)
        step = self.scale
        inner = Box(moved.left // step, moved.top // step, -(-moved.right // step),
                    -(-moved.bottom // step)).clamp(Box(0, 0, width, height))  # fmt: skip
        return (None if inner.is_empty else inner), shown

    def to_request(self, box: Box) -> Box:
        """Return a box of scene pixels in the request's pixels."""
        return Box(
            box.left * self.scale, box.top * self.scale, box.right * self.scale,
            box.bottom * self.scale,
        ).shift(self.box.left, self.box.top).clamp(self.box)  # fmt: skip


def make_scene(request: JudgeRequest, *, context_px: int = CONTEXT_PX) -> Scene:
    """Cut the request to the mask's box + `context_px` and bound its size."""
    mask = request.mask
    box = Box.of_mask(mask).pad(context_px).clamp(Box.of_shape(mask.shape))
    before, after, hole = (
        to_rgb8(request.before[box.slices]),
        to_rgb8(request.after[box.slices]),
        np.ascontiguousarray(mask[box.slices]),
    )
    if request.taken_off is not None:
        before = as_if_opaque(before, after, request.taken_off[box.slices])
    view = Box.of_mask(mask).pad(WIDE_LOOK_PX).clamp(Box.of_shape(mask.shape))
    wide = (to_rgb8(request.after[view.slices]), mask[view.slices], view)
    scale = max(1, int(np.ceil(np.sqrt(hole.size / MAX_PIXELS))))
    if scale > 1:
        size = (max(1, hole.shape[1] // scale), max(1, hole.shape[0] // scale))
        before = cv2.resize(before, size, interpolation=cv2.INTER_AREA)
        after = cv2.resize(after, size, interpolation=cv2.INTER_AREA)
        hole = _shrunk(hole, size)
    return Scene(before, after, hole, max(1, request.ring_px // scale), box, scale, wide=wide)


def as_if_opaque(before: Rgb8, after: Rgb8, weight: Plane) -> Rgb8:
    """Return `before` with even ground where the photo showed through an overlay of that weight.

    What was removed there is the overlay alone. The photo's own detail is in both pictures, and
    would be taken for a ghost of what was removed. weight: (H, W) 0..1, 0: no overlay taken off.
    """
    own = weight > 0
    if not own.any():
        return before
    new = after.astype(np.float32)
    strength = masked_blur(weight * weight, own, OVERLAY_PX)[..., None] + np.float32(1e-6)
    change = (before.astype(np.float32) - new) * weight[..., None]
    overlay = weight[..., None] * masked_blur(change, own, OVERLAY_PX) / strength
    even = np.rint(blur(new, OVERLAY_PX) + overlay).clip(0, 255).astype(np.uint8)
    return np.where(own[..., None], even, before)


def _shrunk(mask: MaskBool, size: tuple[int, int]) -> MaskBool:
    """Return the mask at another size; neither the hole nor the known ground is lost."""
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small: MaskBool = share > 0.5
    if not small.any():
        small = share > 0
    if small.all():
        small.ravel()[share.argmin()] = False
    return small


def to_rgb8(pixels: NDArray[np.generic]) -> Rgb8:
    """Return 8-bit codes of 8 or 16-bit pixels."""
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    codes: Rgb8 = np.rint(pixels.astype(np.float32) / 257.0).astype(np.uint8)
    return codes


def to_lab(pixels: Rgb8) -> NDArray[np.float32]:
    lab: NDArray[np.float32] = cv2.cvtColor(as_unit(pixels), cv2.COLOR_RGB2LAB)
    return lab


def lab_in(pixels: NDArray[np.generic], view: Box) -> NDArray[np.float32]:
    """Return CIELAB (h, w, 3) of what a view shows of a photo's pixels (H, W, 3)."""
    return to_lab(to_rgb8(pixels[view.slices]))


def distance(where: MaskBool) -> Plane:
    """Return for every True pixel its distance to the nearest False one, in px."""
    plane: Plane = cv2.distanceTransform(where.astype(np.uint8), cv2.DIST_L2, 5)
    if where.all():
        plane = np.full(where.shape, 1e6, dtype=np.float32)
    return plane


def blur(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return the Gaussian mean; wide ones are made at half or a quarter of the size."""
    factor = 4 if sigma >= WIDE_PX else 2 if sigma >= HALF_PX else 1
    if factor > 1 and min(plane.shape[:2]) >= 4 * factor:
        size = (plane.shape[1], plane.shape[0])
        less = (size[0] // factor, size[1] // factor)
        small = cv2.resize(plane, less, interpolation=cv2.INTER_AREA)
        small = _gaussian(small, sigma / factor)
        wide: NDArray[np.float32] = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
        return wide
    return _gaussian(plane, sigma)


def _gaussian(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    side = 2 * int(3 * sigma + 0.5) + 1
    out: NDArray[np.float32] = cv2.GaussianBlur(
        plane, (side, side), sigma, borderType=cv2.BORDER_REFLECT_101
    )
    return out


def squared(planes: NDArray[np.float32]) -> Plane:
    """Return the sum of squares over the last axis of three (faster than numpy's sum)."""
    out: Plane = cv2.transform(planes * planes, np.ones((1, 3), dtype=np.float32))
    return out


def _levels(energy: Plane) -> Plane:
    """Return the amplitude in code values of an energy of second differences."""
    return np.asarray(255 * np.sqrt(np.maximum(energy, 0) / 6), dtype=np.float32)


def second_differences(luma: Plane, lag: int) -> Plane:
    """Return the energy of second differences at a lag, the mean over both axes, 0..1² units."""
    energy = np.zeros_like(luma)
    across = luma[:, 2 * lag :] - 2 * luma[:, lag:-lag] + luma[:, : -2 * lag]
    down = luma[2 * lag :] - 2 * luma[lag:-lag] + luma[: -2 * lag]
    energy[:, lag:-lag] += across * across * 0.5
    energy[lag:-lag] += down * down * 0.5
    return energy


def masked_blur(plane: NDArray[np.float32], where: MaskBool, sigma: float) -> NDArray[np.float32]:
    """Return the Gaussian mean over the pixels `where`, defined everywhere by what is near."""
    weight = blur(where.astype(np.float32), sigma)
    weighted = plane * (where[..., None] if plane.ndim == 3 else where)
    total = blur(weighted.astype(np.float32), sigma)
    safe = np.maximum(weight, np.float32(1e-6)).astype(np.float32)
    mean: NDArray[np.float32] = total / (safe[..., None] if plane.ndim == 3 else safe)
    return mean


def worst_box(plane: Plane, where: MaskBool, *, sigma: float = 3.0, share: float = 0.6) -> Box:
    """Return the box of the worst spot: the part around the highest smoothed value."""
    field = np.where(where, plane, 0).astype(np.float32)
    smooth = blur(field, sigma) * where
    peak = float(smooth.max(initial=0.0))
    if peak <= 0:
        return Box.of_mask(where)
    _, labels = cv2.connectedComponents((smooth >= share * peak).astype(np.uint8))
    label = labels[np.unravel_index(int(smooth.argmax()), smooth.shape)]
    return Box.of_mask(labels == label).pad(2).clamp(Box.of_shape(where.shape))
