"""Probe holes: known ground of the same shape, filled by the same recipe, against the truth."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.change import ssim_plane
from inpaint_studio.gating.readings.texture import EPSILON
from inpaint_studio.gating.scene import (
    blur,
    distance,
    second_differences,
    to_lab,
    to_rgb8,
    worst_box,
)
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import luma
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken

REACH_PX = 160
PROBES = 4
FREE_PX = 2.0
FRAME_PX = 1
RIM_PX = 3
APART_PX = 12


def places(request: JudgeRequest, *, most: int = PROBES) -> list[tuple[int, int]]:
    """Return shifts (dx, dy) of the mask onto known ground whose rims look most like ours.

    Likeness is the distance of mean and spread of Lab over a 3-px rim, for every shift at once
    by correlation with the rim's shape. Where the whole shape fits nowhere, shifts that keep at
    least three quarters of it on known ground are taken.
    """
    mask = request.mask
    box = Box.of_mask(mask)
    shape = np.pad(mask[box.slices], RIM_PX).astype(np.uint8)
    grown = cv2.dilate(shape, np.ones((2 * RIM_PX + 1,) * 2, np.uint8))
    rim = (grown > shape).astype(np.float32)
    height, width = shape.shape
    frame = np.zeros(mask.shape, dtype=np.float32)
    frame[FRAME_PX:-FRAME_PX, FRAME_PX:-FRAME_PX] = 1
    free = (distance(~mask) > FREE_PX + request.ring_px) * frame
    pad = ((RIM_PX, RIM_PX), (RIM_PX, RIM_PX))
    free = np.pad(free, pad).astype(np.float32)
    if free.shape[0] < height or free.shape[1] < width:
        return []
    lab = np.pad(to_lab(to_rgb8(request.after)), (*pad, (0, 0)), mode="edge") - np.float32(50)
    seen = _correlate(free, rim)
    whole = _correlate(free, grown.astype(np.float32)) / float(grown.sum())
    count = np.maximum(seen, 1)
    apart = np.zeros_like(seen)
    for channel in range(3):
        plane = np.ascontiguousarray(lab[..., channel])
        mean = _correlate(plane * free, rim) / count
        spread = np.sqrt(np.maximum(_correlate(plane * plane * free, rim) / count - mean**2, 0))
        own = plane[box.top : box.top + height, box.left : box.left + width][rim > 0]
        apart += np.abs(mean - own.mean()) + np.abs(spread - own.std())
    rows = np.abs(np.arange(seen.shape[0]) - box.top)[:, None]
    columns = np.abs(np.arange(seen.shape[1]) - box.left)[None, :]
    near = (rows <= REACH_PX + box.height) & (columns <= REACH_PX + box.width)
    for share in (0.999, 0.75):
        usable = near & (whole >= share)
        if usable.any():
            return _lowest(np.where(usable, apart, np.inf), box, most)
    return []


def _correlate(plane: Plane, kernel: Plane) -> Plane:
    """Return the sum of `plane` under `kernel` for each place it fits in wholly."""
    out: Plane = cv2.matchTemplate(
        np.ascontiguousarray(plane, dtype=np.float32), kernel, cv2.TM_CCORR
    )
    return out


def _lowest(cost: Plane, box: Box, most: int) -> list[tuple[int, int]]:
    chosen: list[tuple[int, int]] = []
    for _ in range(most):
        place = np.unravel_index(int(cost.argmin()), cost.shape)
        top, left = int(place[0]), int(place[1])
        if not np.isfinite(cost[top, left]):
            break
        chosen.append((left - box.left, top - box.top))
        cost[max(0, top - APART_PX) : top + APART_PX, max(0, left - APART_PX) : left + APART_PX] = (
            np.inf
        )
    return chosen


def moved(mask: MaskBool, dx: int, dy: int) -> MaskBool:
    """Return the mask shifted by whole pixels; what leaves the frame is lost."""
    out = np.zeros_like(mask)
    box = Box.of_mask(mask)
    target = box.shift(dx, dy).clamp(Box.of_shape(mask.shape))
    source = target.shift(-dx, -dy)
    out[target.slices] = mask[source.slices]
    return out


def reconstruction(
    request: JudgeRequest, token: RunToken, *, most: int = PROBES
) -> Measured | None:
    """Return the mean squared error of probe holes, 0..1² units; None when none fits.

    `probe_psnr` is the same in dB, `probe_ssim` and `probe_hf` compare detail, `probe_spread` is
    the worst hole over the mean. The map shows the squared error where the probes lay.
    """
    if request.refill is None:
        return None
    shifts = places(request, most=most)
    if not shifts:
        return None
    known = distance(~request.mask) > FREE_PX
    truth = to_rgb8(request.after).astype(np.float32) / 255
    shown = np.zeros(request.mask.shape, dtype=np.float32)
    errors: list[float] = []
    likeness: list[float] = []
    detail: list[float] = []
    for index, (dx, dy) in enumerate(shifts):
        token.step(index / len(shifts), "probing known ground")
        hole = moved(request.mask, dx, dy) & known
        filled = to_rgb8(request.refill(request.after, hole)).astype(np.float32) / 255
        error = ((filled - truth) ** 2).mean(axis=2)
        errors.append(float(error[hole].mean()))
        shown = np.where(hole, np.maximum(shown, error), shown)
        one, two = luma(filled), luma(truth)
        likeness.append(float(ssim_plane(one, two)[hole].mean()))
        ratio = [second_differences(p, 1)[hole].mean() + EPSILON for p in (one, two)]
        detail.append(float(np.log2(ratio[0] / ratio[1])))
    value = float(np.mean(errors))
    also = {
        "probe_psnr": float(-10 * np.log10(value + 1e-8)),
        "probe_ssim": float(np.mean(likeness)),
        "probe_hf": float(np.mean(detail)),
        "probe_worst": float(np.max(errors)),
    }
    return Measured(value, shown.astype(np.float32), worst_box(shown, shown > 0), also)


def sensitivity(request: JudgeRequest, token: RunToken) -> Measured | None:
    """Return the low-pass (σ 3) ΔE between the fill and the same recipe on a jittered hole.

    The mask is grown by 2 and 4 px; a fill that hangs on those pixels is an accident.
    `sensitivity_mse` is the plain squared difference, 0..1² units.
    """
    if request.refill is None:
        return None
    own = to_rgb8(request.after)
    low = blur(to_lab(own), 3.0)
    shown = np.zeros(request.mask.shape, dtype=np.float32)
    apart: list[float] = []
    squares: list[float] = []
    for index, px in enumerate((2, 4)):
        token.step(index / 2, "jittering the mask")
        hole = grow(request.mask, px)
        if hole.all():
            continue
        filled = to_rgb8(request.refill(request.after, hole))
        gap = np.linalg.norm(blur(to_lab(filled), 3.0) - low, axis=2)
        shown = np.maximum(shown, np.where(request.mask, gap, 0)).astype(np.float32)
        apart.append(float(gap[request.mask].mean()))
        difference = (filled.astype(np.float32) - own) / 255
        squares.append(float((difference[request.mask] ** 2).mean()))
    if not apart:
        return None
    box = worst_box(shown, request.mask)
    return Measured(float(np.mean(apart)), shown, box, {"sensitivity_mse": float(np.mean(squares))})
