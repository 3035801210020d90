"""Specks told by a filter that is matched to an ink and to what the photo itself shows.

A photo varies much in light and little in colour, and here more than there. So what lies off its
ground is measured in deviations of the bare photo: along each axis of colour by how much that
varies anywhere (the spectral matched filter: Manolakis and Shaw 2002, doi:10.1109/79.974724), and
at each place by how much it varies around there, of which one strong border nearby says little (a
mean of roots). A speck of a coloured ink then stands out where light alone hides it. It counts
where such are many times as common in and beside the mask as further off in the photo. Of what the
mask left out amid letters it is enough that such are as much commoner there than around it.

Of 123 edits of drawn overlays that all else accepted (tuned on) it names 23: eleven show dots,
dashes or bits of letters, four a border of the photo that was drawn wrongly, eight nothing to be
sure of. Under 236 masks over the bare photo it names 19 beside the 74 that `specks` does without
it. Rejected: what is commoner than around it within the fill as well (the photo's own forms, which
go on into the mask); three deviations, Lab 3.5 (no more found).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.letter_inks import APART, Lab, along, median
from inpaint_studio.gating.scene import distance

SIZES = (5, 11, 21)
"""Of the medians that are the ground, px: of dots, dashes, scraps."""
OFTEN = 8.0
"""How many times as common as further off."""
NEAR_PX, ROUND_PX = 6.0, 24.0
"""Deviations of the weights for what lies close together and for what lies around it."""
AMID, AMID_PX = 0.3, (1.5, 4.0)
"""Share of the mask in what lies so far around a speck that is no form of the photo."""
FILLED = 0.4
"""Share of a speck that may lie in the fill."""
_SPREAD_PX, _NO_GROUND = 10.0, 0.02
_LEAST, _NOISE, _SHARE = 0.6, 0.6, 0.9
"""Lab: the least that a ground varies, and what any colour may; which share of the bare photo tells
how colours vary: its strongest borders do not."""
_USUAL = 1.2
"""A mean of roots, squared, to the root mean square of what varies evenly."""
_OFF_LAB = 2.0


@dataclass(frozen=True, slots=True)
class _Look:
    """seen, rougher: Lab, and deviations of the ground, that a speck shows at least; cover, off:
    its share of ink at least, and how far off the way to it it may lie; few: so many pixels."""

    seen: float
    rougher: float
    cover: float
    off: float
    few: int


ANYWHERE = (_Look(5.0, 4.0, 0.1, 0.4, 2), _Look(5.0, 6.0, 0.1, 0.4, 3))
AROUND = (_Look(8.0, 4.0, 0.15, 0.35, 3), _Look(20.0, 3.0, 0.35, 0.35, 3))


def matched_specks(
    after: Lab, mask: MaskBool, near: MaskBool, bare: MaskBool, inks: list[Lab]
) -> MaskBool:
    """Return the pixels (H, W) in and beside a mask that are specks of one of the inks.

    after: (H, W, 3) CIELAB; mask, near, bare: (H, W), near: where a speck may lie, bare: the photo
    further off.
    """
    left = np.zeros_like(near)
    for size_px in SIZES:
        beside = _Deviations(after, bare, size_px)
        for look in ANYWHERE:
            each = [beside.towards(ink, look) for ink in inks]
            for told in (np.any(each, axis=0), *each):
                found = told & near
                if found.sum() >= max(look.few, _common(near, bare, told)):
                    left |= found
        for look in AROUND:
            told = np.any([beside.towards(ink, look) for ink in inks], axis=0)
            left |= _amid(_commoner(told, near, bare, look.few), told, mask, look.few)
    return left


def _common(near: MaskBool, bare: MaskBool, told: MaskBool) -> float:
    """How many pixels near the mask would be OFTEN times as common as further off."""
    return OFTEN * int(near.sum()) / int(bare.sum()) * (int((told & bare).sum()) + 1)


def _commoner(told: MaskBool, near: MaskBool, bare: MaskBool, few: int) -> MaskBool:
    """What of the pixels told lies near, and far closer together than any do around there."""
    found = told & near
    if found.sum() < few:
        return np.zeros_like(found)
    close, around = _mean(found, NEAR_PX), _mean(told & bare, ROUND_PX)
    one = 1 / (2 * np.pi * ROUND_PX**2)
    density = close / np.maximum(_mean(near, NEAR_PX), _NO_GROUND)
    usual = (around + one) / np.maximum(_mean(bare, ROUND_PX), _NO_GROUND)
    many = close * 2 * np.pi * NEAR_PX**2 >= few
    return np.asarray(found & many & (density >= OFTEN * usual), dtype=np.bool_)


def _amid(found: MaskBool, told: MaskBool, mask: MaskBool, few: int) -> MaskBool:
    """What of the pixels found was left out amid letters: the photo's own forms go on away from
    them, or into the fill."""
    if not found.any():
        return found
    _, labels = cv2.connectedComponents(told.astype(np.uint8), connectivity=8)
    kept = np.zeros_like(found)
    for name in np.unique(labels[found]):
        piece = labels == name
        away = distance(~piece)
        around = (away > AMID_PX[0]) & (away <= AMID_PX[1])
        is_left = float(mask[piece].mean()) <= FILLED and float(mask[around].mean()) >= AMID
        if is_left and int((piece & found).sum()) >= few:
            kept |= piece & found
    return kept


def _mean(plane: MaskBool, sigma_px: float) -> NDArray[np.float32]:
    mean = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), sigma_px)
    return np.asarray(mean, dtype=np.float32)


class _Deviations:
    """How far each pixel lies off its ground, in Lab and in deviations of the bare photo."""

    def __init__(self, after: Lab, bare: MaskBool, size_px: int) -> None:
        self.ground = median(after, size_px)
        self.off = after - self.ground
        self.even = _evened(self.off[bare])
        length = np.sqrt(((self.off @ self.even) ** 2).sum(axis=2))
        spread = _mean(bare, _SPREAD_PX)
        roots = cv2.GaussianBlur(np.sqrt(length) * bare, (0, 0), _SPREAD_PX)
        rough = _USUAL * (roots / np.maximum(spread, _NO_GROUND)) ** 2
        self.rough = np.maximum(rough, _LEAST)
        self.rough[spread < _NO_GROUND] = np.inf

    def towards(self, ink: Lab, look: _Look) -> MaskBool:
        """Which pixels (H, W) stand out from their ground towards an ink."""
        told = (self.off**2).sum(axis=2) >= look.seen**2
        off, way = self.off[told], ink - self.ground[told]
        contrast, shown, _ = along(off, way)
        is_ink = (contrast > APART) & (shown >= np.maximum(look.seen, look.cover * contrast))
        _, shown, rest = along(off @ self.even, way @ self.even)
        is_ink &= (shown >= look.rougher * self.rough[told]) & (rest <= look.off * shown + _OFF_LAB)
        told[told] = is_ink
        return np.asarray(told, dtype=np.bool_)


def _evened(off: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what (3, 3) scales Lab so that (n, 3) varies alike along all axes, as much as along
    the one where it varies most."""
    size = (off**2).sum(axis=1)
    usual = off[size <= max(float(np.quantile(size, _SHARE)), 1.0)].astype(np.float64)
    square = usual.T @ usual / max(len(usual), 1) + _NOISE**2 * np.eye(3)
    power, axes = np.linalg.eigh(square)
    scale = np.sqrt(power.max() / power)
    return np.asarray((axes * scale) @ axes.T, dtype=np.float32)
