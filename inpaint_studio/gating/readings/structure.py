"""Readings of structure: do edges go on, do patches exist, does the fill explain its rim?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.seam import level_lines, signed_distance, take
from inpaint_studio.gating.scene import Scene, blur, worst_box

PATCH_PX = 7
QUERIES = 250
SOURCES = 2500
BAND_PX = 6.0
STEP_OUT_PX = 3.0
STEP_IN_PX = 6.0


def edge_continuation(scene: Scene) -> Measured:
    """Return the share of edges crossing the contour that do not go on inside.

    Derivatives along the contour, 3 px outside, are looked for 6 px inside, up to 3 px sideways.
    `edge_usual` is the same share between two lines of known ground (3 and 12 px outside),
    `edge_extra` the share of edges inside that nothing outside explains.
    """
    field = signed_distance(scene)
    smooth = blur(scene.lab, 1.0)
    plane = np.zeros(field.shape, dtype=np.float32)
    gone = have = usual = usual_have = extra = extra_have = 0.0
    slope_x = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3) / 8
    slope_y = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3) / 8
    known = scene.known.astype(np.float32)
    for line in level_lines(field, 0.0):
        if len(line) < 12:
            continue
        at = line.astype(np.int32)
        normal = np.stack([slope_x[at[:, 1], at[:, 0]], slope_y[at[:, 1], at[:, 0]]], axis=1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-3)
        outer = _along(smooth, line + STEP_OUT_PX * normal)
        inner = _along(smooth, line - STEP_IN_PX * normal)
        far = _along(smooth, line + 12.0 * normal)
        depth = take(field[..., None], line - STEP_IN_PX * normal)[:, 0]
        sure = take(known[..., None], line + STEP_OUT_PX * normal)[:, 0] > 0.9
        sure_far = sure & (take(known[..., None], line + 12.0 * normal)[:, 0] > 0.9)
        use = (depth < -2.0) & sure
        lost = np.maximum(np.linalg.norm(outer, axis=1) - _best(outer, inner), 0)
        strength = np.linalg.norm(outer, axis=1)
        gone += float(lost[use].sum())
        have += float(strength[use].sum())
        usual += float(np.maximum(strength - _best(outer, far), 0)[sure_far].sum())
        usual_have += float(strength[sure_far].sum())
        inside = np.linalg.norm(inner, axis=1)
        extra += float(np.maximum(inside - _best(inner, outer), 0)[use].sum())
        extra_have += float(inside[use].sum())
        np.maximum.at(plane, (at[use, 1], at[use, 0]), lost[use].astype(np.float32))
    value = (gone + 1) / (have + 4)
    also = {
        "edge_usual": (usual + 1) / (usual_have + 4),
        "edge_extra": (extra + 1) / (extra_have + 4),
    }
    also["edge_excess"] = value - also["edge_usual"]
    plane = cv2.dilate(plane, np.ones((5, 5)))
    return Measured(value, plane, worst_box(plane, scene.outside <= 3), also)


def _along(lab: NDArray[np.float32], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the Lab derivative along a closed line, over two px."""
    values = take(lab, at.astype(np.float32))
    ahead = np.roll(values, -1, axis=0) - np.roll(values, 1, axis=0)
    return np.asarray(ahead, dtype=np.float32)


def _best(wanted: NDArray[np.float32], offered: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of each wanted derivative is found within 3 steps of the same place."""
    size = np.maximum(np.linalg.norm(wanted, axis=1), 1e-6)
    found = np.zeros(len(wanted), dtype=np.float32)
    for shift in range(-3, 4):
        other = np.roll(offered, shift, axis=0)
        found = np.maximum(found, (wanted * other).sum(axis=1) / size)
    return found


def ring_back(scene: Scene) -> Measured:
    """Rebuild the known 6-px band from the fill and judge the fill by how well that works.

    Value: log2 of the error against rebuilding the band without the fill; below 0 the fill
    explains its surroundings. `ring_back_mse` is the error itself (levels²).
    """
    band = scene.known & (scene.outside <= BAND_PX + scene.first_px) & ~scene.mask
    if not band.any():
        return Measured(0.0)
    rim = (scene.outside <= scene.first_px) & ~scene.mask
    # The band is reached from outside long before anything from deep in the hole arrives.
    edge = scene.mask & (scene.inside <= BAND_PX + 8)
    helped = cv2.inpaint(scene.after, (band | rim).astype(np.uint8), 3, cv2.INPAINT_NS)
    alone = cv2.inpaint(scene.after, (band | rim | edge).astype(np.uint8), 3, cv2.INPAINT_NS)
    truth = scene.after.astype(np.float32)
    with_fill = ((helped - truth) ** 2).mean(axis=2)
    without = ((alone - truth) ** 2).mean(axis=2)
    value = float(np.log2((with_fill[band].mean() + 1) / (without[band].mean() + 1)))
    plane = np.where(band, np.sqrt(with_fill), 0).astype(np.float32)
    also = {
        "ring_back_mse": float(with_fill[band].mean()),
        "ring_back_p90": float(np.quantile(blur(with_fill * band, 3.0)[band], 0.9)),
    }
    return Measured(value, plane, worst_box(plane, band), also)


def patch_support(scene: Scene) -> Measured:
    """Compare 7×7 patches of the fill with the nearest wholly known patch, at two scales.

    Distances are RMS Lab. Value: log2 of the border patches' distance over what known patches of
    the rim have; `patch_inside` the same for patches inside, `patch_border_2` and
    `patch_inside_2` at half size. Sampling is by a fixed stride: no chance is involved.
    """
    found: dict[str, float] = {}
    plane: Plane | None = None
    value = 0.0
    for suffix, factor in (("", 1), ("_2", 2)):
        looked = _support(scene, factor)
        if looked is None:
            continue
        border, inside, spots = looked
        if factor == 1:
            value, plane = border, spots
        else:
            found["patch_border_2"] = border
        found[f"patch_inside{suffix}"] = inside
    box = worst_box(plane, scene.mask, sigma=4.0) if plane is not None else None
    return Measured(value, plane, box, found)


def _support(scene: Scene, factor: int) -> tuple[float, float, Plane] | None:
    lab, mask, known = scene.lab, scene.mask, scene.known
    if factor > 1:
        size = (max(1, mask.shape[1] // factor), max(1, mask.shape[0] // factor))
        lab = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
        known = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
        mask = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    if min(mask.shape) < 2 * PATCH_PX or not mask.any():
        return None
    reach = PATCH_PX // 2
    whole = cv2.erode(known.astype(np.uint8), np.ones((PATCH_PX, PATCH_PX), np.uint8)) > 0
    whole[:reach] = whole[-reach:] = False
    whole[:, :reach] = whole[:, -reach:] = False
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    source_at = _sample(whole, SOURCES)
    if len(source_at) < 50:
        return None
    frame = np.zeros_like(mask)
    frame[reach:-reach, reach:-reach] = True
    border_at = _sample(frame & (inside > 0) & (inside <= 2.5), QUERIES)
    inside_at = _sample(frame & (inside > reach), QUERIES)
    if not len(inside_at):
        inside_at = border_at
    rim_at = _sample(whole & (outside <= 24), QUERIES)
    if not len(border_at) or not len(rim_at):
        return None
    sources = _patches(lab, source_at)
    usual = _nearest(_patches(lab, rim_at), sources, rim_at, source_at)
    border = _nearest(_patches(lab, border_at), sources, border_at, source_at)
    middle = _nearest(_patches(lab, inside_at), sources, inside_at, source_at)
    base = float(np.median(usual)) + 0.5
    spots = np.zeros(mask.shape, dtype=np.float32)
    for at, far in ((border_at, border), (inside_at, middle)):
        spots[at[:, 0], at[:, 1]] = np.maximum(far / base - 1, 0)
    spots = cv2.dilate(spots, np.ones((5, 5)))
    return (
        float(np.log2((border.mean() + 0.5) / (usual.mean() + 0.5))),
        float(np.log2((middle.mean() + 0.5) / (usual.mean() + 0.5))),
        spots,
    )


def _sample(where: MaskBool, most: int) -> NDArray[np.int64]:
    """Return up to `most` evenly strided (row, column) of the True pixels."""
    at = np.argwhere(where)
    if len(at) <= most:
        return at
    # A stride coprime to the rows' length spreads the picks; plain linspace aligns them.
    picks = (np.arange(most) * (len(at) / most) + 0.618 * np.arange(most) % 1.0).astype(np.int64)
    return at[np.minimum(picks, len(at) - 1)]


def _patches(lab: NDArray[np.float32], at: NDArray[np.int64]) -> NDArray[np.float32]:
    reach = PATCH_PX // 2
    steps = np.arange(-reach, reach + 1)
    rows = at[:, 0, None, None] + steps[None, :, None]
    columns = at[:, 1, None, None] + steps[None, None, :]
    out: NDArray[np.float32] = lab[rows, columns].reshape(len(at), -1)
    return out


def _nearest(
    queries: NDArray[np.float32],
    sources: NDArray[np.float32],
    query_at: NDArray[np.int64],
    source_at: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return each query's RMS distance to the nearest source that does not overlap it."""
    squared = (
        (queries**2).sum(axis=1)[:, None] + (sources**2).sum(axis=1)[None] - 2 * queries @ sources.T
    )
    rows = np.abs(query_at[:, :1] - source_at[None, :, 0].astype(np.int64)) < PATCH_PX
    columns = np.abs(query_at[:, 1:] - source_at[None, :, 1].astype(np.int64)) < PATCH_PX
    squared[rows & columns] = np.inf
    best = np.sqrt(np.maximum(squared.min(axis=1), 0) / queries.shape[1])
    return np.where(np.isfinite(best), best, 0).astype(np.float32)
