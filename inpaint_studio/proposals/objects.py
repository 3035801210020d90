"""Propose objects, people and faces: a detector's box, outlined; and what a thing casts.

A detector is one witness, so nothing here is ever automatic.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.ground import behind, to_lab
from inpaint_studio.vision.readers import Readers, as_rgb8
from inpaint_studio.vision.segment import Outline, PromptNet, from_box

LEAST = 0.5
MOST_AREA = 0.6
_SAME = 0.6


def propose_objects(pixels: Pixels, readers: Readers, token: RunToken) -> list[Proposal]:
    """Return one proposal per thing the detectors find, best first."""
    rgb = as_rgb8(pixels)
    frame = Box.of_shape(rgb.shape)
    token.step(0.1, "finding objects")
    things = _distinct([item for item in readers.objects(pixels) if item[2] >= LEAST])
    net = readers.net
    found: list[Proposal] = []
    for number, (box, label, score) in enumerate(things):
        token.step(0.2 + 0.8 * number / len(things), "outlining objects")
        inner = box.clamp(frame)
        if inner.width < 8 or inner.height < 8 or inner.area > MOST_AREA * frame.area:
            continue
        outline = outlined(rgb, inner, net)
        if outline.mask.sum() < 0.08 * inner.area:
            continue
        made = proposal(
            grow(outline.mask, 2), kind="object", confidence=score * (0.5 + 0.5 * outline.trust),
            reason=f"looks like a {label.replace('-', ' ')} ({score:.2f}), {outline.how}",
            text=label,
        )  # fmt: skip
        if made is not None:
            found.append(made)
            shadow = cast_by(rgb, outline.mask)
            found += [shadow] if shadow is not None else []
    return sorted(found, key=lambda item: (-item.record.confidence, item.record.box))


def outlined(rgb: np.ndarray, box: Box, net: PromptNet) -> Outline:
    """Return the thing in a box, by the network when there is one, else by GrabCut."""
    return from_box(rgb, box) if net.why_not() else net.ask_box(rgb, box)


def _distinct(things: list[tuple[Box, str, float]]) -> list[tuple[Box, str, float]]:
    """One reading per place; a face inside a person stays a thing of its own."""
    kept: list[tuple[Box, str, float]] = []
    for box, label, score in sorted(things, key=lambda item: (-item[2], item[0])):
        rivals = [other for other in kept if (other[1] == "face") == (label == "face")]
        if all(_shared(box, other[0]) < _SAME for other in rivals):
            kept.append((box, label, score))
    return kept


def _shared(one: Box, two: Box) -> float:
    if not one.overlaps(two):
        return 0.0
    both = one.intersect(two).area
    return both / max(1, min(one.area, two.area))


def cast_by(pixels: Pixels, mask: MaskBool) -> Proposal | None:
    """Return the shadow and reflection of a thing as a proposal of its own, to be taken with it.

    None: it casts none that can be told. Removed alone, a thing leaves them behind.
    """
    added = with_shadow(pixels, mask) & ~mask
    if added.sum() < 0.03 * mask.sum():
        return None
    return proposal(
        added, kind="object", confidence=0.4, text="shadow",
        reason="looks like the shadow or reflection of the thing beside it; take both or neither",
    )  # fmt: skip


def with_shadow(pixels: Pixels, mask: MaskBool) -> MaskBool:
    """Return the mask extended by the thing's own shadow and reflection, if it casts any.

    A shadow: ground beside or below the thing, darker than the ground further out but of its
    hue, in one piece with the thing. A reflection: below the thing, alike to it upside down.
    A suggestion: the caller shows it before using it.
    """
    box = Box.of_mask(mask)
    if box.is_empty:
        return mask.copy()
    rgb = as_rgb8(pixels)
    reach = round(0.8 * max(box.width, box.height)) + 8
    crop = box.pad(reach).clamp(Box.of_shape(mask.shape))
    lab, inside = to_lab(rgb[crop.slices]), mask[crop.slices]
    result = mask.copy()
    result[crop.slices] |= _shadow(lab, inside) | _reflection(lab, inside)
    return result


def _shadow(lab: np.ndarray, mask: MaskBool) -> MaskBool:
    box = Box.of_mask(mask)
    size = max(6, round(0.35 * max(box.width, box.height)))
    zone = grow(mask, size)
    ground = behind(lab, zone)
    gap = lab - ground
    dark = (gap[..., 0] < -5.0) & (np.hypot(gap[..., 1], gap[..., 2]) < 13)
    dark &= zone & ~mask
    middle = (box.top + box.bottom) // 2
    dark[:middle] = False
    dark = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        dark.astype(np.uint8), connectivity=8
    )
    touch = grow(mask, 3) & ~mask
    contact = np.bincount(labels.ravel(), weights=touch.ravel(), minlength=count)
    area = stats[:, cv2.CC_STAT_AREA]
    keep = (contact >= 0.08 * box.width) & (area >= 30) & (area <= 1.2 * mask.sum())
    keep[0] = False
    found = keep[labels]
    return grow(np.asarray(found, dtype=np.bool_), 2) & ~mask if found.any() else found


def _reflection(lab: np.ndarray, mask: MaskBool) -> MaskBool:
    box = Box.of_mask(mask)
    none = np.zeros_like(mask)
    room = min(box.height, mask.shape[0] - box.bottom)
    if room < 12 or room < 0.3 * box.height:
        return none
    above = slice(box.bottom - room, box.bottom)
    columns = slice(box.left, box.right)
    thing = lab[above, columns][::-1]
    shape = mask[above, columns][::-1]
    best, where = 0.0, 0
    for gap in range(min(8, mask.shape[0] - box.bottom - room + 1)):
        below = lab[box.bottom + gap : box.bottom + gap + room, columns]
        alike = _alike(thing[..., 0], below[..., 0], shape)
        if alike > best:
            best, where = alike, gap
    if best < 0.6:
        return none
    top = box.bottom + where
    none[top : top + room, columns] = shape
    none[box.bottom : top, columns] = shape[0]
    return grow(none, 2) & ~mask


def _alike(one: np.ndarray, two: np.ndarray, where: MaskBool) -> float:
    """Correlation of two planes after fine noise is taken out."""
    a = cv2.GaussianBlur(one, (0, 0), 1.5)[where]
    b = cv2.GaussianBlur(two, (0, 0), 1.5)[where]
    if a.size < 50 or a.std() < 2 or b.std() < 1:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
