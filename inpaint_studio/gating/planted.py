"""Known-bad edits: one fault put into an edit on purpose, to see whether the gates notice.

Every fault is the same bytes for the same seed. They are used by the tests of the gates and
by the review's own audit (a person who accepts a planted fault is not looking).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating import planted_structure
from inpaint_studio.gating.scene import Rgb8, distance, to_lab
from inpaint_studio.geometry import Box

SEAM_LEVELS = 14
HUE_LEVELS = 4
BLUR_PX = 2.5
GHOST_SHARE = 0.10
SHIFT_PX = 2
VISIBLE_LEVELS = 2.0
VISIBLE_SPOT_LEVELS = 12.0
VISIBLE_SPOT_PX = 30
LEGIBLE_DE = 12.0
LEGIBLE_PX = 24
"""How many px of letters or of a pasted thing must stand out how far from the right edit.

Decided by eye alone, on 149 places at 100 % shown in random order, 28 of them without a fault: of
letters with 1 to 21 such px (23 shown) none could be read, 21 were a speck or a mark; with 25 and
more (39) all could but one. Of things with 3 to 20 px (13) six were seen, with 25 and more (46) all
but one."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """An edit with a fault. `box`: where it is, in the crop's pixels. `visible`: the hole changed
    by 2 levels RMS or more (of a fault of structure 30 px by 12 will do, of letters and pasted
    things 24 px by 12 ΔE must); a blurred sky is no fault that anyone could find, nor is the dot
    that a mask of a hair's width leaves of a letter."""

    fault: str
    after: Rgb8
    box: Box
    visible: bool


def seam(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """The whole fill a little lighter or darker: a hard edge along the contour."""
    sign = 1.0 if after[mask].mean() < 128 else -1.0
    return after + np.float32(sign * SEAM_LEVELS)


def blur(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    out: Values = cv2.GaussianBlur(after, (0, 0), BLUR_PX)
    return out


def hue(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """Four levels more of one channel, four fewer of another."""
    up, down = rng.permutation(3)[:2]
    out = after.copy()
    out[..., up] += HUE_LEVELS
    out[..., down] -= HUE_LEVELS
    return out


def ghost(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """A tenth of what was removed shines through."""
    mixed = (1 - GHOST_SHARE) * after + GHOST_SHARE * before
    return np.asarray(mixed, dtype=np.float32)


def letters(
    before: Values, after: Values, mask: MaskBool, rng: np.random.Generator, *, smooth: bool = False
) -> Values:
    """A few letters stand where the hole is widest."""
    box = _roomy(mask)
    size = max(0.3, min(box.height / 24, box.width / 60))
    ink = np.zeros(mask.shape, dtype=np.uint8)
    cv2.putText(
        ink, "SALE", (box.left, box.bottom - max(2, box.height // 5)), cv2.FONT_HERSHEY_SIMPLEX,
        size, 255, max(1, round(size * 2)), cv2.LINE_AA if smooth else cv2.LINE_8,
    )  # fmt: skip
    colour = np.float32(15.0 if after[mask].mean() > 110 else 240.0)
    cover = ink[..., None] / np.float32(255)
    return np.asarray(after + cover * (colour - after), dtype=np.float32)


def texture(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """Detail twice as strong as it should be."""
    out = after + (after - cv2.GaussianBlur(after, (0, 0), 2.0))
    return np.asarray(out + rng.normal(0, 1.5, after.shape), dtype=np.float32)


def repeat(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """The right half of the hole's largest part shows the same as its left half."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    left, width = int(stats[largest, cv2.CC_STAT_LEFT]), int(stats[largest, cv2.CC_STAT_WIDTH])
    lag = max(4, width // 2)
    part = labels == largest
    right = part & np.roll(part, lag, axis=1)
    right[:, : left + lag] = False
    if right.sum() < 0.05 * mask.sum():
        return after  # No room: too little of it would show twice.
    return np.where(right[..., None], np.roll(after, lag, axis=1), after).astype(np.float32)


def pasted(
    before: Values, after: Values, mask: MaskBool, rng: np.random.Generator, *, smooth: bool = False
) -> Values:
    """A shaded ball of a foreign colour in the roomiest place."""
    box = _roomy(mask)
    x, y = box.center
    radius = max(3.0, 0.48 * min(box.width, box.height))
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    away_px = np.hypot(columns - x, rows - y)
    away = away_px / radius
    mean = after[mask].mean(axis=0)
    colour = np.where(mean > 128, mean - 110, mean + 110)[rng.permutation(3)]
    shade = np.clip(1.1 - 0.6 * away + 0.3 * (x - columns) / radius, 0.3, 1.3)[..., None]
    cover = np.clip(radius - away_px + 0.5, 0, 1) if smooth else away <= 1
    ball = after + cover[..., None] * (colour * shade - after)
    return np.asarray(ball, dtype=np.float32)


def shift(before: Values, after: Values, mask: MaskBool, rng: np.random.Generator) -> Values:
    """The fill sits two px beside where it belongs."""
    dx, dy = ((SHIFT_PX, 0), (0, SHIFT_PX), (-SHIFT_PX, 0), (0, -SHIFT_PX))[int(rng.integers(4))]
    return np.roll(after, (dy, dx), axis=(0, 1))


_FAULTS: dict[str, Callable[[Values, Values, MaskBool, np.random.Generator], Values]] = {
    "seam": seam,
    "blur": blur,
    "hue": hue,
    "ghost": ghost,
    "letters": letters,
    "texture": texture,
    "repeat": repeat,
    "pasted": pasted,
    "shift": shift,
    "ending": planted_structure.ending,
    "stepped": planted_structure.stepped,
    "floating": planted_structure.floating,
}
FAULTS = tuple(_FAULTS)
_SMOOTH = {"letters": partial(letters, smooth=True), "pasted": partial(pasted, smooth=True)}
LEGIBLE = ("letters", "pasted")
"""Faults of which a thin mask may leave too little to be seen for what it is."""
STRUCTURE = ("ending", "stepped", "floating")
"""Faults that need a line or room for a piece, and are seen in one place alone."""


def plant(
    before: Rgb8, after: Rgb8, mask: MaskBool, fault: str, *, seed: int = 0, smooth: bool = False
) -> Planted:
    """Return `after` with one fault inside the mask; outside every byte stays.

    before, after: (H, W, 3) uint8; fault: one of `FAULTS`; smooth: letters and pasted things end
    over a pixel, as what is drawn well does, not from one to the next (the others know no edge).
    Raises: KeyError.
    """
    rng = np.random.default_rng([seed, FAULTS.index(fault)])
    drawn = _SMOOTH.get(fault, _FAULTS[fault]) if smooth else _FAULTS[fault]
    made = drawn(before.astype(np.float32), after.astype(np.float32), mask, rng)
    out = after.copy()
    out[mask] = np.clip(np.rint(made[mask]), 0, 255).astype(np.uint8)
    changed = (out != after).any(axis=2)
    apart = np.square(out[mask].astype(np.float32) - after[mask]).mean(axis=1)
    visible = np.sqrt(apart.mean()) >= VISIBLE_LEVELS
    if fault in STRUCTURE:
        spot = np.count_nonzero(apart >= VISIBLE_SPOT_LEVELS**2)
        visible = visible or spot >= VISIBLE_SPOT_PX
    elif fault in LEGIBLE:
        visible = bool(legible_px(after, out, mask) >= LEGIBLE_PX)
    return Planted(
        fault=fault, after=out, box=Box.of_mask(changed if changed.any() else mask),
        visible=bool(visible),
    )  # fmt: skip


def legible_px(right: Rgb8, planted: Rgb8, mask: MaskBool) -> int:
    """Return how many pixels of a mask stand out by `LEGIBLE_DE` from the right edit."""
    view = Box.of_mask(mask).slices
    apart = to_lab(right[view]) - to_lab(planted[view])
    return int(np.count_nonzero((np.linalg.norm(apart, axis=2) >= LEGIBLE_DE) & mask[view]))


def _roomy(mask: MaskBool) -> Box:
    """Return the largest square that lies in the mask, about its deepest point."""
    inside = distance(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(inside.argmax()), mask.shape)
    half = max(2, int(float(inside.max()) / np.sqrt(2)))
    box = Box(int(column) - half, int(row) - half, int(column) + half, int(row) + half)
    return box.clamp(Box.of_shape(mask.shape))
