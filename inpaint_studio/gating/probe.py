"""Probe holes: known ground of the same shape, filled by the same recipe, against the truth."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import distance, to_lab, to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

REACH_PX = 160
PROBES = 4
STRIDE_PX = 8
FREE_PX = 2.0


def places(request: JudgeRequest, *, most: int = PROBES) -> list[tuple[int, int]]:
    """Return shifts (dx, dy) of the mask onto known ground whose rims look most like ours."""
    mask = request.mask
    box = Box.of_mask(mask)
    shape = mask[box.slices]
    free = distance(~mask) > FREE_PX + request.ring_px
    kernel = np.pad(shape, 3).astype(np.uint8)
    grown = cv2.dilate(kernel, np.ones((7, 7), np.uint8)).astype(bool)
    rim = grown & ~kernel.astype(bool)
    lab = to_lab(to_rgb8(request.after))
    # Not free pixels under the shifted mask: a correlation with the mask's shape.
    taken = cv2.filter2D(
        (~free).astype(np.float32), -1, grown.astype(np.float32),
        anchor=(0, 0), borderType=cv2.BORDER_CONSTANT,
    )  # fmt: skip
    height, width = grown.shape
    own = _rim_look(lab, rim, box.left - 3, box.top - 3)
    found: list[tuple[float, int, int]] = []
    for top in range(0, mask.shape[0] - height + 1, STRIDE_PX):
        for left in range(0, mask.shape[1] - width + 1, STRIDE_PX):
            dx, dy = left + 3 - box.left, top + 3 - box.top
            if taken[top, left] > 0.5 or max(abs(dx), abs(dy)) > REACH_PX + max(shape.shape):
                continue
            look = _rim_look(lab, rim, left, top)
            if look is not None and own is not None:
                found.append((float(np.abs(look - own).sum()), dx, dy))
    found.sort()
    chosen: list[tuple[int, int]] = []
    for _, dx, dy in found:
        if all(max(abs(dx - x), abs(dy - y)) >= 12 for x, y in chosen):
            chosen.append((dx, dy))
        if len(chosen) == most:
            break
    return chosen


def _rim_look(lab: np.ndarray, rim: MaskBool, left: int, top: int) -> np.ndarray | None:
    """Return mean and spread of Lab over the rim laid at (left, top); None off the frame."""
    height, width = rim.shape
    y0, x0 = max(top, 0), max(left, 0)
    part = lab[y0 : top + height, x0 : left + width]
    inner = rim[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]]
    if not inner.any():
        return None
    values = part[inner]
    return np.concatenate([values.mean(axis=0), values.std(axis=0)])


def moved(mask: MaskBool, dx: int, dy: int) -> MaskBool:
    """Return the mask shifted by whole pixels; what leaves the frame is lost."""
    out = np.zeros_like(mask)
    box = Box.of_mask(mask)
    target = box.shift(dx, dy).clamp(Box.of_shape(mask.shape))
    source = target.shift(-dx, -dy)
    out[target.slices] = mask[source.slices]
    return out


def reconstruction(request: JudgeRequest, token: RunToken) -> Measured | None:
    """Return the mean squared error of probe holes, 0..1² units; None when none fits."""
    if request.refill is None:
        return None
    shifts = places(request)
    errors: list[float] = []
    for index, (dx, dy) in enumerate(shifts):
        token.step(index / len(shifts), "probing")
        hole = moved(request.mask, dx, dy)
        filled = request.refill(request.after, hole)
        top = 255.0 if request.after.dtype == np.uint8 else 65535.0
        gap = (filled[hole].astype(np.float64) - request.after[hole]) / top
        errors.append(float((gap * gap).mean()))
    if not errors:
        return None
    return Measured(float(np.mean(errors)), None, None, {"probes": float(len(errors))})
