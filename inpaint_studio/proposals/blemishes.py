"""Propose blemishes: dust and sensor spots, scratches and wires.

Spots: a difference of Gaussians at several sizes finds small round things; one counts when it
stands out from its own surroundings, is about round, and the surroundings are calm (a spot on
texture is texture). Thin lines are looked for in `thin`.
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.ground import Planes, to_lab
from inpaint_studio.proposals.thin import thin_lines
from inpaint_studio.vision.readers import Readers, as_rgb8

SPOT_PX = (1.2, 2.0, 3.2, 5.0, 8.0)
MOST_SPOTS = 60
MOST_LINES = 12
LINE_LOOK_PX = 1600
MOST_AREA = 0.05
_CALM = 2.2


def propose_blemishes(pixels: Pixels, readers: Readers, token: RunToken) -> list[Proposal]:
    """Return spots and thin lines, surest first. Lines are suggestions, spots too unless sure."""
    del readers
    lab = to_lab(as_rgb8(pixels))
    token.step(0.05, "looking for spots")
    found = _spots(lab, token.within(0.05, 0.5))
    token.step(0.5, "looking for scratches")
    found += _lines(lab[..., 0], token.within(0.5, 1.0))
    token.step(1.0, "looking for scratches")
    return sorted(found, key=lambda item: (-item.record.confidence, item.record.box))


def _spots(lab: Planes, token: RunToken) -> list[Proposal]:
    light = lab[..., 0]
    frame = Box.of_shape(light.shape)
    taken: list[Box] = []
    found: list[tuple[float, Proposal]] = []
    for number, sigma in enumerate(reversed(SPOT_PX)):
        token.step(number / len(SPOT_PX), "looking for spots")
        # Large spots are looked for in a smaller photo.
        factor = 1 if sigma < 2.5 else 2 if sigma < 6 else 4
        small = light
        if factor > 1:
            size = (light.shape[1] // factor, light.shape[0] // factor)
            if min(size) < 1:
                continue
            small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
        for score, place, shape, dark in _spots_of_size(small, sigma / factor):
            box = Box(*(factor * v for v in (place.left, place.top, place.right, place.bottom)))
            mask = np.repeat(np.repeat(shape, factor, axis=0), factor, axis=1)
            if any(box.overlaps(other) for other in taken):
                continue
            taken.append(box)
            room = grow(np.pad(mask, 3), 2)
            wide = box.pad(3)
            inner = wide.clamp(frame)
            made = proposal(
                room[inner.relative_to(wide).slices], offset=(inner.left, inner.top),
                kind="blemish", confidence=min(0.95, 0.35 + 0.035 * score),
                reason=f"a {'dark' if dark else 'bright'} spot {max(mask.shape)} px wide, "
                f"{score:.1f} times what its surroundings vary by",
                text="spot",
            )  # fmt: skip
            if made is not None:
                found.append((score, made))
    found.sort(key=lambda item: -item[0])
    return [made for _, made in found[:MOST_SPOTS]]


def _spots_of_size(light: Planes, sigma: float) -> list[tuple[float, Box, MaskBool, bool]]:
    """(score, box, mask, is dark) of round things of about 3 sigma width on calm ground."""
    inner = cv2.GaussianBlur(light, (0, 0), sigma)
    outer = cv2.GaussianBlur(light, (0, 0), 2.2 * sigma)
    gap = inner - outer
    wide = 5 * sigma
    mean = cv2.GaussianBlur(light, (0, 0), wide)
    # Roughness of the ring around, the spot itself left out by the median of four sides.
    rough = np.sqrt(np.maximum(cv2.GaussianBlur((light - mean) ** 2, (0, 0), sigma), 0))
    step = max(2, round(4.5 * sigma))
    sides = np.stack([np.roll(rough, s, axis=a) for a in (0, 1) for s in (step, -step)])
    calm = np.sort(sides, axis=0)[2] + 0.35
    strength = np.abs(gap)
    peak = strength == cv2.dilate(strength, np.ones((2 * step + 1,) * 2, np.uint8))
    good = peak & (strength > 1.6) & (strength / calm > 2.6) & (np.max(sides, axis=0) < _CALM * 2)
    edge = 2 * step
    good[:edge] = good[-edge:] = False
    good[:, :edge] = good[:, -edge:] = False
    rows, columns = np.nonzero(good)
    order = np.argsort(-(strength / calm)[rows, columns])[: 3 * MOST_SPOTS]
    found = []
    for row, column in zip(rows[order], columns[order]):
        spot = _grown_spot(light, int(row), int(column), sigma, bool(gap[row, column] < 0))
        if spot is not None:
            ratio = float(strength[row, column] / calm[row, column])
            found.append((ratio, *spot, bool(gap[row, column] < 0)))
    return found


def _grown_spot(
    light: Planes, row: int, column: int, sigma: float, dark: bool
) -> tuple[Box, MaskBool] | None:
    """The spot's pixels around its middle; None when it is not round or not alone."""
    reach = round(5 * sigma) + 2
    top, left = row - reach, column - reach
    part = light[top : row + reach + 1, left : column + reach + 1]
    frame = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    level = float(np.median(frame))
    noise = 1.4826 * float(np.median(np.abs(frame - level))) + 0.4
    gap = level - part if dark else part - level
    top_value = float(gap[reach, reach])
    if top_value < 3.5 * noise:
        return None
    shape = (gap > max(0.35 * top_value, 2 * noise)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(shape, connectivity=8)
    name = int(labels[reach, reach])
    if name == 0:
        return None
    width, height = int(stats[name, 2]), int(stats[name, 3])
    area = int(stats[name, 4])
    if max(width, height) > 2 * reach - 2 or max(width, height) > 2.2 * min(width, height) + 1:
        return None
    if area < 0.45 * width * height or area < 3:
        return None
    # Other things of the same look nearby mean texture, not a blemish.
    if shape.sum() - area > 0.6 * area:
        return None
    mask = np.asarray(labels == name, dtype=np.bool_)
    box = Box.of_mask(mask)
    return box.shift(left, top), mask[box.slices]


def _lines(light: Planes, token: RunToken) -> list[Proposal]:
    """Scratches and wires; large photos are looked at smaller, the masks come back full size."""
    scale = min(1.0, LINE_LOOK_PX / max(light.shape))
    small = light
    if scale < 1:
        small = cv2.resize(light, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = []
    for line in thin_lines(small, token)[:MOST_LINES]:
        left, top = line.box.left, line.box.top
        mask = line.mask
        if scale < 1:
            left, top = round(left / scale), round(top / scale)
            size = (round(mask.shape[1] / scale), round(mask.shape[0] / scale))
            mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            mask = mask[: light.shape[0] - top, : light.shape[1] - left]
        if mask.sum() > MOST_AREA * light.size:
            continue
        made = proposal(
            mask, offset=(left, top), kind="blemish", confidence=line.confidence,
            reason=f"a thin {'dark' if line.dark else 'bright'} line, "
            f"{line.length_px / scale:.0f} px long, the same ground on both sides",
            text="line",
        )  # fmt: skip
        if made is not None:
            found.append(made)
    return found
