"""A watermark repeated over photos of one size: found together, measured together, lifted.

What is the same in all photos is not the photos. The median over the photos of their fine
detail shows the mark and nothing else; how the pixels under the mark follow the pixels beside
it, over all photos, gives its opacity and colour; with those, each pixel's own coverage follows
by least squares over the photos. (The idea of estimating a mark from a collection is that of
Dekel et al., CVPR 2017, doi:10.1109/CVPR.2017.726; the estimation here is simpler.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import as_unit
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.veil import STRONGEST, Veil, lift, mixture, pairs
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.ground import behind
from inpaint_studio.proposals.several import Encoded, Load, looked_at, spread_over

FEWEST = 4
FINE_PX = 5.0
_SURE = 4.5
CROPS_AREA = 40_000_000
"""Pixels of all crops together that a mark is measured on."""


@dataclass(frozen=True, slots=True, eq=False)
class Watermark:
    """A mark over photos of `shape`: `veil` and `mask` (h, w) cover `box`.

    photos: how many it was measured on. left: fine detail of the mark left after lifting, as a
    part of what there was (0: gone, 1: all of it).
    """

    shape: tuple[int, int]
    box: Box
    mask: MaskBool
    veil: Veil
    photos: int
    left: float

    def full_mask(self) -> MaskBool:
        full = np.zeros(self.shape, dtype=np.bool_)
        full[self.box.slices] = self.mask
        return full


@dataclass(frozen=True, slots=True, eq=False)
class Lifted:
    """pixels: the photo without the mark, own depth; leftover: (H, W) pixels that could not be
    computed back (too opaque or clipped) and must be filled."""

    pixels: Pixels
    leftover: MaskBool


def find(photos: Sequence[Pixels], token: RunToken | None = None) -> Watermark | None:
    """Return the mark that all `photos` (sRGB, one size, at least 4) carry; None: there is none."""
    shapes = {photo.shape for photo in photos}
    if len(shapes) != 1:
        return None
    return find_among([partial(as_unit, photo) for photo in photos], token)


def find_among(loads: Sequence[Load], token: RunToken | None = None) -> Watermark | None:
    """Return the mark that most of some photos of one size carry; None: there is none.

    Memory stays that of one photo, of small copies and of the crops that hold the mark.
    """
    token = token or RunToken()
    if len(loads) < FEWEST:
        return None
    chosen = spread_over(loads)
    small: list[Plane] = []
    shape = (0, 0)
    for number, load in enumerate(chosen):
        token.step(0.5 * number / len(chosen), "comparing photos")
        light = load().mean(axis=2)
        if small and light.shape != shape:
            return None
        shape = (light.shape[0], light.shape[1])
        small.append(_fine(looked_at(light)))
    mask = _repeated(np.stack(small))
    if not mask.any():
        return None
    grown_box = Box.of_mask(mask)
    scale = shape[1] / mask.shape[1]
    box = Box(*(round(scale * v) for v in (
        grown_box.left, grown_box.top, grown_box.right, grown_box.bottom,
    ))).pad(round(40 * scale)).clamp(Box.of_shape(shape))  # fmt: skip
    crops = []
    chosen = spread_over(chosen, max(FEWEST, CROPS_AREA // box.area))
    for number, load in enumerate(chosen):
        token.step(0.5 + 0.4 * number / len(chosen), "measuring the mark")
        crops.append(load()[box.slices].copy())
    return _mark_in(crops, box, shape, len(loads))


def _mark_in(
    crops: list[Encoded], box: Box, shape: tuple[int, int], photos: int
) -> Watermark | None:
    detail = np.stack([_fine(crop.mean(axis=2)) for crop in crops])
    mask = _repeated(detail)
    if not mask.any():
        return None
    veil, inside = _measured(crops, mask)
    if veil is None:
        return None
    after = np.stack([_fine(lift(crop, veil).mean(axis=2)) for crop in crops])
    core = veil.weight > 0.5 * veil.opacity
    if not core.any():
        return None
    before = np.abs(np.median(detail, axis=0))[core].mean()
    left = float(np.abs(np.median(after, axis=0))[core].mean() / max(before, 1e-6))
    return Watermark(shape, box, inside, veil, photos, left)


def _fine(light: Plane) -> Plane:
    """Detail finer than `FINE_PX` of a plane of lightness 0..1."""
    return np.asarray(light - cv2.GaussianBlur(light, (0, 0), FINE_PX), dtype=np.float32)


def _repeated(detail: NDArray[np.float32]) -> MaskBool:
    """Pixels whose fine detail is alike in all photos, with what lies between them."""
    middle = np.median(detail, axis=0)
    scatter = 1.4826 * np.median(np.abs(detail - middle), axis=0)
    error = 1.2533 * np.maximum(scatter, 0.004) / np.sqrt(len(detail))
    # A pixel alone may agree by chance; its neighbours do not.
    score = cv2.GaussianBlur(middle / error, (0, 0), 1.0)
    strong = (np.abs(score) > _SURE) & (np.abs(middle) > 0.008)
    weak = (np.abs(score) > 0.45 * _SURE) & (np.abs(middle) > 0.004)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        weak.astype(np.uint8), connectivity=8
    )
    seeds = np.bincount(labels.ravel(), weights=strong.ravel(), minlength=count)
    keep = (seeds >= 6) & (stats[:, cv2.CC_STAT_AREA] >= 10)
    keep[0] = False
    mask = np.asarray(keep[labels], dtype=np.bool_)
    if mask.sum() < 60:
        return np.zeros_like(mask)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(closed > 0, dtype=np.bool_)


def _measured(crops: list[NDArray[np.float32]], mask: MaskBool) -> tuple[Veil | None, MaskBool]:
    """Return the veil over the crops, and the pixels it covers."""
    wide = grow(mask, 3)
    near = grow(wide, 10) & ~wide
    grounds = [behind(crop, wide) for crop in crops]
    strokes = _covered(crops, grounds, mask)
    inner = strokes & (cv2.erode(strokes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    core = inner if inner.sum() >= 40 else strokes
    found = [pairs(crop, core, near) for crop in crops]
    fit = mixture(np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found]))
    if fit is None:
        return None, wide
    opacity, colour = fit
    over = np.zeros(mask.shape, dtype=np.float32)
    under = np.zeros(mask.shape, dtype=np.float32)
    for crop, ground in zip(crops, grounds):
        way = colour - ground
        over += ((crop - ground) * way).sum(axis=2)
        under += (way**2).sum(axis=2)
    weight = np.clip(over / np.maximum(under, 1e-4), 0.0, opacity).astype(np.float32)
    weight = np.asarray(np.where(wide, weight, np.float32(0)), dtype=np.float32)
    weight[weight < 0.06 * opacity] = 0.0
    weight = _of_one_opacity(weight, opacity)
    return Veil(weight, colour, opacity, 0.0), np.asarray(wide & (weight > 0), dtype=np.bool_)


def _of_one_opacity(weight: Plane, opacity: float) -> Plane:
    """Return the weights of a mark without what few photos leave of themselves in them.

    Where nearly all of the mark lies in strokes, what lies apart from them is the photos'; where
    the strokes' inside is about equally opaque, it is one opacity and the rest is noise.
    """
    core = weight > 0.5 * opacity
    near = grow(core, 2)
    if not core.any() or weight[near].sum() < 0.7 * weight.sum():
        return weight
    inner = cv2.erode(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    known = inner.astype(np.float32)
    count = cv2.boxFilter(known, -1, (7, 7), normalize=False)
    mean = cv2.boxFilter(weight * known, -1, (7, 7), normalize=False) / np.maximum(count, 1)
    low, middle, high = np.percentile(mean[inner], [10, 50, 90]) if inner.any() else (0, 1, 9)
    calm = np.where(inner, np.float32(middle), weight) if high - low < 0.4 * middle else weight
    return np.asarray(np.where(near, calm, np.float32(0)), dtype=np.float32)


def _covered(
    crops: list[NDArray[np.float32]], grounds: list[NDArray[np.float32]], mask: MaskBool
) -> MaskBool:
    """The pixels of the mask that the mark covers most: the stronger half of their change."""
    change = np.median(
        np.stack([np.abs(c - g).mean(axis=2) for c, g in zip(crops, grounds)]), axis=0
    )
    if not mask.any():
        return mask
    return np.asarray(mask & (change > 0.6 * np.percentile(change[mask], 90)), dtype=np.bool_)


def carried(crop: Encoded, veil: Veil) -> float:
    """Return how much of a mark one photo carries: 1 all of it, 0 none.

    The change that the mark makes to this photo is known; its share is found by least squares
    on fine detail, which the photo's own large forms do not reach.
    """
    bare = behind(crop, grow(veil.weight > 0, 2))
    change = (veil.weight[..., None] * (veil.colour - bare)).mean(axis=2)
    expected, seen = _fine(change), _fine(crop.mean(axis=2))
    near = grow(veil.weight > 0, 4)
    power = float((expected[near] ** 2).sum())
    return float((expected[near] * seen[near]).sum()) / power if power > 0 else 0.0


def lifted(pixels: Pixels, mark: Watermark) -> Lifted:
    """Return one photo with the mark taken off; outside the mark it is bit-identical."""
    part = as_unit(pixels)[mark.box.slices]
    bare = lift(part, mark.veil)
    covered = mark.veil.weight > 0
    lost = covered & (
        (mark.veil.weight > STRONGEST) | ((bare <= 0.002) | (bare >= 0.998)).all(axis=2)
    )
    top = 255 if pixels.dtype == np.uint8 else 65535
    codes = np.rint(bare.astype(np.float64) * top)
    after = pixels.copy()
    target = after[mark.box.slices]
    target[covered] = codes[covered].astype(pixels.dtype)
    leftover = np.zeros(pixels.shape[:2], dtype=np.bool_)
    leftover[mark.box.slices] = lost
    return Lifted(after, leftover)


def is_sure(mark: Watermark) -> bool:
    """Whether two witnesses agree: the detail is repeated in the photos, and lifting takes at
    least 70 % of it away in all of them together; neither alone would do."""
    return mark.left <= 0.3


def confidence_of(mark: Watermark) -> float:
    return 0.6 + 0.4 * (1 - min(1.0, mark.left))


def reason_of(mark: Watermark) -> str:
    return (
        f"the same mark lies over {mark.photos} photos, {mark.veil.opacity:.0%} opaque; "
        f"lifting it takes {1 - min(1.0, mark.left):.0%} of it away"
    )
