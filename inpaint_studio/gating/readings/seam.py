"""Readings along the mask's contour: the step across it, and colour either side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, masked_blur, squared, worst_box

STEP_SIGMA_PX = 4.0
VISIBLE_DE = 2.3
SHIFTS_PX = (5.0, 7.0, 9.0, 11.0)
MARGIN_PX = 4

Points = NDArray[np.float32]
Lab = NDArray[np.float32]


def signed_distance(scene: Scene) -> Plane:
    """Positive outside the core, negative inside, 0 on the contour between the pixels."""
    return np.where(scene.mask, -(scene.inside - 0.5), scene.outside - 0.5).astype(np.float32)


def level_lines(field: Plane, level: float) -> list[Points]:
    """Return the ordered contours {field = level} as (n, 2) points (x, y), pixel steps."""
    inside = (field <= level).astype(np.uint8)
    found, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return [line[:, 0].astype(np.float32) for line in found if len(line) >= 6]


def steps(lab: Lab, field: Plane, level: float) -> tuple[Points, Lab]:
    """Return the points of a level line and the Lab step across it at each, (n, 3) in ΔE.

    Both sides are carried to the line by their own gradients, so a slope is no step; the
    vector is averaged along the line (σ = 4 px), so noise and texture are none either.
    """
    from scipy.ndimage import gaussian_filter1d

    slope_x = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3) / 8
    slope_y = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3) / 8
    points: list[Points] = []
    found: list[Lab] = []
    height, width = field.shape
    for line in level_lines(field, level):
        at = line.astype(np.int32)
        inner = (
            (at[:, 0] >= MARGIN_PX) & (at[:, 0] < width - MARGIN_PX)
            & (at[:, 1] >= MARGIN_PX) & (at[:, 1] < height - MARGIN_PX)
        )  # fmt: skip
        if inner.sum() < 6:
            continue
        normal = np.stack([slope_x[at[:, 1], at[:, 0]], slope_y[at[:, 1], at[:, 0]]], axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-3)
        offset = (level - field[at[:, 1], at[:, 0]])[:, None]
        base = line + normal * np.clip(offset, -1, 1)
        near_out, far_out = take(lab, base + normal), take(lab, base + 3 * normal)
        near_in, far_in = take(lab, base - normal), take(lab, base - 3 * normal)
        step = (1.5 * near_out - 0.5 * far_out) - (1.5 * near_in - 0.5 * far_in)
        step = gaussian_filter1d(step, STEP_SIGMA_PX, axis=0, mode="wrap")
        points.append(line[inner])
        found.append(step[inner].astype(np.float32))
    if not points:
        return np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32)
    return np.concatenate(points), np.concatenate(found)


def take(lab: NDArray[np.float32], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return (n, channels) values at points (x, y), bilinear, the frame repeated outwards."""
    x = np.ascontiguousarray(at[:, 0], dtype=np.float32).reshape(-1, 1)
    y = np.ascontiguousarray(at[:, 1], dtype=np.float32).reshape(-1, 1)
    # remap refuses more than 32767 rows: fold long lines.
    n = len(x)
    columns = 1 + n // 30000
    rows = -(-n // columns)
    fold_x = np.resize(x, (rows, columns))
    fold_y = np.resize(y, (rows, columns))
    taken = cv2.remap(lab, fold_x, fold_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken, dtype=np.float32).reshape(rows * columns, -1)[:n]


def seam(scene: Scene) -> Measured:
    """Measure how far the step across the contour exceeds the steps of shifted contours, in ΔE.

    A fill's edge lies at the core's contour or at the outer end of its feather: the worse of
    both counts. > 2.3 ΔE is visible. `seam_share` is the share of the contour that is higher
    than nine tenths of the shifted ones. `tint` is the length of the mean signed step: a fill
    that is a little off in colour everywhere, too faint for any single place; `tint_z` the same
    in units of what shifted contours have.
    """
    field = signed_distance(scene)
    shifted = [steps(scene.lab, field, shift)[1] for shift in SHIFTS_PX]
    sizes = np.concatenate([np.linalg.norm(step, axis=1) for step in shifted])
    usual = float(np.quantile(sizes, 0.9)) if sizes.size else 0.0
    tints = [float(np.linalg.norm(step.mean(axis=0))) for step in shifted if len(step)]
    worst, share, tint = -usual, 0.0, 0.0
    plane = np.zeros(field.shape, dtype=np.float32)
    for level in sorted({0.0, float(scene.ring_px)}):
        points, vectors = steps(scene.lab, field, level)
        if not len(points):
            continue
        size = np.linalg.norm(vectors, axis=1)
        worst = max(worst, float(np.quantile(size, 0.9)) - usual)
        share = max(share, float((size > usual).mean()))
        tint = max(tint, float(np.linalg.norm(vectors.mean(axis=0))))
        at = points.astype(np.int32)
        np.maximum.at(plane, (at[:, 1], at[:, 0]), np.maximum(size - usual, 0).astype(np.float32))
    box = worst_box(plane, scene.outside <= scene.ring_px + 2) if worst > 0 else None
    also = {
        "seam_share": share,
        "tint": tint,
        "tint_z": tint / (float(np.sqrt(np.mean(np.square(tints)))) + 0.3) if tints else 0.0,
    }
    return Measured(worst, cv2.dilate(plane, np.ones((3, 3))), box, also)


def strip_colour(scene: Scene) -> Measured:
    """Compare the local mean colour of the 5-px strips either side of the contour, in ΔE.

    Value: the 90th percentile along the contour; `strip_mean` the mean.
    """
    outer = (scene.outside > 0) & (scene.outside <= 5 + scene.ring_px)
    inner = scene.mask & (scene.inside <= 5)
    difference = masked_blur(scene.lab, outer, 5.0) - masked_blur(scene.lab, inner, 5.0)
    size = np.sqrt(squared(difference))
    line = (scene.inside > 0) & (scene.inside <= 1.5)
    values = size[line]
    plane = np.where(inner, size, 0).astype(np.float32)
    also = {"strip_mean": float(values.mean())}
    return Measured(float(np.quantile(values, 0.9)), plane, worst_box(plane, inner), also)
