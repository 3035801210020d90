"""Propose logos and stickers, embossed ones too: what stands out from an even surface.

An embossed logo has the colour of what it is pressed into; what gives it away is relief: more
gradient than the surface's own texture, a light side and a dark side. A sticker gives itself
away by colour. Both are asked as "how unusual is this place for this surface", measured by the
surface's own robust spread, so a busy photo, where everything is unusual, yields nothing. A
find must lie alone: the surface around it must be ordinary.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.relief import relief as relief_of
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.ground import Planes, spread, to_lab
from inpaint_studio.proposals.plates import plates_in
from inpaint_studio.vision.readers import Readers, as_rgb8

LOOK_PX = 720
LEAST_AREA, MOST_AREA = 0.0006, 0.05
"""Of a find that stands out just enough, as parts of the photo."""
HULL, RELIEF_HULL = 1.5, 2.5
"""Times its area up to which a find is rounded off to its convex hull. Of a relief's rims those
that run with the light are not lit and stay unseen: more of it is filled in."""
JOINED, MARGIN = 0.015, 0.0065
"""A third of how far apart the parts of a find may lie, and how far its mask goes past it, as
shares of the photo's longer side."""
MOST = 8
_STRONG, _WEAK = 4.5, 3.0
_AROUND_PX, _FEW_PX = 7, 20
CORE = 0.7
"""Share of a relief's strength that its core has at least."""
BELIEF = (2.71, 1.72, -0.67, 6.74, -0.56, -0.36, 0.38, -0.82)
"""Log odds that something of another colour is a logo or sticker: a constant, then the weights of
its `evidence`. Fitted by `tests/benchmarks/logos` where half of the photos have one."""
LEAST_CONFIDENCE = 0.15


@dataclass(frozen=True, slots=True)
class _Find:
    mask: MaskBool
    strength: float
    lonely: float
    relief: bool
    confidence: float
    evidence: tuple[float, ...]


def propose_logos(pixels: Pixels, readers: Readers, token: RunToken) -> list[Proposal]:
    """Return what stands out from the surface around it, and plates under letters, surest first;
    never automatic.

    Text on the surface is part of a logo when it lies in one; its own proposer has the rest.
    """
    rgb = as_rgb8(pixels)
    scale = min(1.0, LOOK_PX / max(rgb.shape[:2]))
    small = rgb
    if scale < 1:
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    token.step(0.1, "looking for logos")
    lab = to_lab(np.asarray(small, dtype=np.uint8))
    colour, relief = unusual(lab)
    token.step(0.4, "looking for logos")
    plates = [] if readers.why_no_text() else plates_in(rgb, readers, token.within(0.4, 0.9))
    plated = np.zeros(rgb.shape[:2], dtype=np.bool_)
    for plate in plates:
        plated[plate.record.box.slices] |= plate.mask
    found: list[Proposal] = []
    for find in finds(lab, colour, relief)[:MOST]:
        mask = find.mask
        if scale < 1:
            size = (rgb.shape[1], rgb.shape[0])
            soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
            mask = np.asarray(soft > 0.4, dtype=np.bool_)
        if plated[mask].mean() > 0.5:
            continue
        what = "relief" if find.relief else "colour"
        made = proposal(
            mask, kind="logo", confidence=find.confidence,
            reason=f"stands out from the surface by its {what}, "
            f"{find.strength:.1f} times the surface's own variation",
            text="embossed" if find.relief else "sticker",
        )  # fmt: skip
        if made is not None:
            found.append(made)
    token.step(1.0, "looking for logos")
    every = [*found, *plates]
    return sorted(every, key=lambda item: (-item.record.confidence, item.record.box))


def unusual(lab: Planes) -> tuple[Planes, Planes]:
    """Return how unusual each place's colour and relief are, in robust deviations."""
    side = max(lab.shape[:2])
    smooth = cv2.GaussianBlur(lab, (0, 0), 2.0)
    wide = _surface(smooth, side)
    gap = smooth - wide
    colour = np.zeros(lab.shape[:2], dtype=np.float32)
    for k in range(3):
        colour += (gap[..., k] / (1.2 * spread(gap[..., k]) + 0.9)) ** 2
    colour = np.sqrt(colour / 1.5)
    return colour.astype(np.float32), relief_of(lab[..., 0])


def _surface(smooth: Planes, side: int) -> Planes:
    """The surface's own slow change: a quadratic fitted to all, outliers left out in rounds."""
    height, width = smooth.shape[:2]
    step = max(1, side // 90)
    y, x = np.mgrid[0:height:step, 0:width:step].astype(np.float64)
    x, y = x.ravel() / side, y.ravel() / side
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values = smooth[::step, ::step].reshape(-1, 3).astype(np.float64)
    keep = np.ones(len(values), dtype=bool)
    for _ in range(4):
        fit, *_ = np.linalg.lstsq(terms[keep], values[keep], rcond=None)
        error = np.abs(values - terms @ fit).sum(axis=1)
        keep = error <= 2.5 * np.median(error) + 1e-6
    full_y, full_x = np.mgrid[0:height, 0:width].astype(np.float32) / side
    ones = np.ones_like(full_x)
    every = np.stack([ones, full_x, full_y, full_x**2, full_x * full_y, full_y**2], axis=-1)
    return np.asarray(every @ fit.astype(np.float32), dtype=np.float32)


def finds(lab: Planes, colour: Planes, relief: Planes) -> list[_Find]:
    """Return what stands out from the surface around it, surest first.

    lab: (H, W, 3) CIELAB; colour, relief: (H, W), how `unusual` each place is.
    """
    score = np.maximum(colour, relief)
    slope = _slope(lab)
    frame = Box.of_shape(score.shape)
    busy = float((score > _WEAK).mean())
    size = max(3, round(JOINED * max(score.shape))) | 1
    weak = cv2.morphologyEx(
        (score > _WEAK).astype(np.uint8), cv2.MORPH_CLOSE,
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3 * size, 3 * size)),
    )  # fmt: skip
    weak = cv2.morphologyEx(weak, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    found = []
    for name in range(1, count):
        left, top, width, height, area = (int(v) for v in stats[name])
        box = Box(left, top, left + width, top + height)
        if not LEAST_AREA * frame.area <= area <= 2 * MOST_AREA * frame.area:
            continue
        wide = box.pad(4 * size).clamp(frame)
        here = labels[wide.slices] == name
        part = score[wide.slices]
        strength = float(np.percentile(part[here], 90))
        by_relief = float(np.percentile(relief[wide.slices][here], 90)) >= float(
            np.percentile(colour[wide.slices][here], 90)
        )
        # Joining reaches over the frame; what counts is whether the find itself is cut by it.
        # Relief is measured over some pixels, the further the stronger it is: at the frame only
        # its core says that.
        core = part > (max(_STRONG, CORE * strength) if by_relief else _STRONG)
        solid = Box.of_mask(here & core).shift(wide.left, wide.top)
        if not frame.pad(-2).contains(solid):
            continue
        around = grow(here, 3 * size) & ~grow(here, size // 2 + 1)
        lonely = float((part[around] < _WEAK).mean()) if around.any() else 0.0
        usual = float(np.percentile(part[around], 98)) if around.any() else _STRONG
        if strength < max(_STRONG, 2.2 * usual) or lonely < 0.85:
            continue
        mask = np.zeros(score.shape, dtype=np.bool_)
        whole = _rounded(_closed(here), RELIEF_HULL if by_relief else HULL)
        mask[wide.slices] = grow(whole, max(3, round(MARGIN * max(score.shape))))
        # What covers much of the photo is a part of it, unless it stands out the more.
        most = MOST_AREA * float(np.clip(strength / (1.3 * _STRONG), 1, 2))
        if mask.sum() > most * frame.area:
            continue
        alone = (lonely - 0.85) / 0.15
        told = evidence(mask, busy, strength, lab, score, slope)
        sure = _confidence(told)
        if by_relief:
            sure = min(0.9, 0.25 + 0.05 * min(7.0, strength - _STRONG) + 0.3 * alone)
        if sure >= LEAST_CONFIDENCE:
            found.append(_Find(mask, strength, alone, by_relief, sure, told))
    found.sort(key=lambda item: (-item.confidence, -item.strength))
    return found


def _confidence(told: tuple[float, ...]) -> float:
    """Return how likely a find by colour is right, 0..1, from its evidence."""
    constant, *weights = BELIEF
    return float(1 / (1 + np.exp(-constant - float(np.dot(weights, told)))))


def evidence(
    mask: MaskBool, busy: float, strength: float, lab: Planes, score: Planes, slope: Planes
) -> tuple[float, ...]:
    """Return what the belief weighs.

    log2 of the find's share of the photo and of the share that is unusual (`busy`), the find's
    share of its convex hull, and log2 of how strongly it stands out, of how much its colour varies
    (Lab), of its steepest edges and of those around it (Lab a px). A busy photo is full of things
    that stand out a little, mostly small and ragged ones; a thing in the scene is shaded and stands
    among edges, a logo is of even ink with crisp edges on a calm ground.
    """
    full = float(mask.sum() / max(1, np.count_nonzero(_hull(mask))))
    box = Box.of_mask(mask).pad(_AROUND_PX).clamp(Box.of_shape(mask.shape)).slices
    here = mask[box]
    core = here & (score[box] > _STRONG)
    inside = lab[box][core if core.sum() > _FEW_PX else here]
    varies = np.median(np.sqrt(((inside - np.median(inside, axis=0)) ** 2).sum(axis=1)))
    around = (
        cv2.dilate(here.astype(np.uint8), np.ones((2 * _AROUND_PX + 1,) * 2, np.uint8)) > 0
    ) & ~here
    edges = float(np.percentile(slope[box][here], 95))
    others = float(np.percentile(slope[box][around], 95)) if around.any() else 0.0
    return (
        float(np.log2(mask.mean() + 1e-3)), float(np.log2(busy + 1e-3)), full,
        float(np.log2(strength)), float(np.log2(varies + 0.5)), float(np.log2(edges + 1)),
        float(np.log2(others + 1)),
    )  # fmt: skip


def _slope(lab: Planes) -> Planes:
    """How steeply lightness changes at each pixel, Lab a px."""
    dx, dy = (cv2.Sobel(lab[..., 0], cv2.CV_32F, *way, ksize=3) / 8 for way in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(dx, dy), dtype=np.float32)


def _rounded(mask: MaskBool, most: float) -> MaskBool:
    """The mask's convex hull where that adds little: a rim that runs with the surface's own
    grain does not stand out, but belongs to the same thing."""
    hull = _hull(mask)
    return hull if hull.sum() <= most * mask.sum() else mask


def _hull(mask: MaskBool) -> MaskBool:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    return hull.astype(np.bool_)


def _closed(mask: MaskBool) -> MaskBool:
    """Close small holes: between the rims of a relief lies the relief's own top."""
    filled, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~mask).astype(np.uint8), connectivity=4
    )
    small = stats[:, cv2.CC_STAT_AREA] < 0.35 * mask.sum()
    small[0] = False
    height, width = mask.shape
    for name in range(1, filled):
        left, top, wide, high = (int(v) for v in stats[name, :4])
        if left == 0 or top == 0 or left + wide == width or top + high == height:
            small[name] = False
    return np.asarray(mask | small[labels], dtype=np.bool_)
