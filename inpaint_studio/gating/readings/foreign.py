"""Readings of foreign things inside the fill: spots, islands of edges, detail set twice."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.readings.texture import nearest, stride
from inpaint_studio.gating.scene import Scene, blur, squared, worst_box
from inpaint_studio.geometry import Box

SPOT_SIGMAS = (1.2, 2.4, 4.8)
EDGE_DE = 5.0
HARD_COUNT = 12
QUIET_DE = 2.0
SMALL_PX = 5
SOURCES, QUERIES = 2000, 1000
DETAIL_POOL_PX = 3.0
REPEAT_LAG_PX = 4
ROUGH_LEVELS = 3
EXACT_SURE = 0.02


def spot(scene: Scene) -> Measured:
    """Return how far the strongest spot of the fill exceeds every spot around it, in octaves.

    A spot is a colour difference between Gaussians of three sizes (Lab, ΔE); the value is the
    largest ratio of the three. `spot_size` is the strongest difference itself.
    """
    hole, ground = scene.deep, scene.known & (scene.outside > 4)
    if not ground.any():
        ground = ~scene.mask
    value, strongest = -8.0, 0.0
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    fine = scene.lab
    levels = [blur(fine, s) for s in (*SPOT_SIGMAS, 2 * SPOT_SIGMAS[-1])]
    for near, wide in pairwise(levels):
        size = np.sqrt(squared(near - wide))
        inside = float(size[hole].max())
        usual = float(size[ground].max())
        ratio = float(np.log2((inside + QUIET_DE) / (usual + QUIET_DE)))
        if ratio > value:
            value, strongest = ratio, inside
            plane = np.where(scene.mask, size, 0).astype(np.float32)
    box = _around_peak(plane)
    return Measured(value, plane, box, {"spot_size": strongest})


def island(scene: Scene) -> Measured:
    """Return how much stronger the strongest shape that stands alone in the fill is than outside.

    A shape is a connected set of edges at least half as steep as the fill's steepest that does not
    reach the contour; its strength is the sum of its gradients. Octaves over the strongest shape on
    known ground. `island_soft` is the same for all edges of 5 ΔE a px and more, `island_edges`
    their strength itself, log2. `hard_edge` compares the dozen steepest places of the
    fill with as large a share of the ground's, octaves.
    """
    slope = _slope(scene.lab)
    inside = scene.mask & (scene.inside > 1.5)
    outer = scene.known & (scene.outside > 4)
    usual_border, own_border = ~outer & ~scene.mask, ~inside & scene.mask
    deep, ground = slope[inside if inside.any() else scene.mask], slope[outer]
    steep = float(np.sort(deep)[-HARD_COUNT:].mean())
    share = min(1.0, HARD_COUNT / len(deep))
    usual_steep = float(np.quantile(ground, 1 - share)) if ground.size else 0.0
    found: list[tuple[float, Box | None, Plane | None]] = []
    values: list[float] = []
    for limit in (EDGE_DE, max(EDGE_DE, steep / 2)):
        strong = slope > limit
        own = _strongest(slope, strong & scene.mask, own_border)
        usual, _, _ = _strongest(slope, strong & ~scene.mask, usual_border)
        found.append(own)
        values.append(float(np.log2((own[0] + 50) / (usual + 50))))
    _, box, plane = found[1]
    also = {
        "island_edges": float(np.log2(found[0][0] + 50)),
        "island_soft": values[0],
        "hard_edge": float(np.log2((steep + 1) / (usual_steep + 1))),
    }
    return Measured(values[1], plane, box, also)


def _slope(lab: NDArray[np.float32]) -> Plane:
    total = np.zeros(lab.shape[:2], dtype=np.float32)
    for dx, dy in ((1, 0), (0, 1)):
        part = cv2.Sobel(lab, cv2.CV_32F, dx, dy, ksize=3, scale=1 / 8)
        total += squared(part)
    out: Plane = np.sqrt(total)
    return out


def _strongest(
    slope: Plane, strong: MaskBool, border: MaskBool
) -> tuple[float, Box | None, Plane | None]:
    """Return (sum of gradients, box, map) of the strongest shape that touches no border."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        strong.astype(np.uint8), connectivity=8
    )
    if count <= 1:
        return 0.0, None, None
    total = np.bincount(labels.ravel(), weights=slope.ravel(), minlength=count)
    total[np.unique(labels[border])] = 0
    total[0] = 0
    best = int(total.argmax())
    if total[best] <= 0:
        return 0.0, None, None
    left, top, width, height = (int(v) for v in stats[best, :4])
    shown = np.where(labels == best, slope, 0).astype(np.float32)
    return float(total[best]), Box(left, top, left + width, top + height).pad(2), shown


def strange_patch(scene: Scene) -> Measured:
    """Return how much stranger the strangest patches of the fill are than the ground's, octaves.

    Patches of 10 px (5 × 5 at half size) as ten DCT terms of L and mean a, b; distance to the
    nearest of up to 2000 known ones. The four strangest of the fill against the four strangest of
    as many patches around it (which are compared with ground 16 px and more away). `strange_mean`
    is the same for the mean of all.
    """
    lab, mask, known = _halved(scene)
    height, width = mask.shape
    if min(height, width) < 3 * SMALL_PX:
        return Measured(0.0, also={"strange_mean": 0.0})
    reach = SMALL_PX // 2
    frame = np.zeros_like(mask)
    frame[reach:-reach, reach:-reach] = True
    whole = cv2.erode(known.astype(np.uint8), np.ones((SMALL_PX, SMALL_PX), np.uint8)) > 0
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    source_at, own_at = stride(whole & frame, SOURCES), stride(mask & frame, QUERIES)
    rim_at = stride(whole & frame & (outside <= 24), QUERIES)
    if len(source_at) < 50 or not len(own_at) or not len(rim_at):
        return Measured(0.0, also={"strange_mean": 0.0})
    sources = _terms(lab, source_at)
    far = nearest(_terms(lab, own_at), sources, own_at, source_at, 0)
    usual = nearest(_terms(lab, rim_at), sources, rim_at, source_at, 8)
    plane = np.zeros(mask.shape, dtype=np.float32)
    plane[own_at[:, 0], own_at[:, 1]] = far
    plane = cv2.dilate(plane, np.ones((3, 3), np.uint8))
    plane = cv2.resize(plane, scene.mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
    plane = np.where(scene.mask, plane, 0).astype(np.float32)
    top, base = (float(np.sort(v)[-4:].mean()) + QUIET_DE for v in (far, usual))
    mean = float(np.log2((far.mean() + QUIET_DE) / (usual.mean() + QUIET_DE)))
    return Measured(float(np.log2(top / base)), plane, _around_peak(plane), {"strange_mean": mean})


def _halved(scene: Scene) -> tuple[NDArray[np.float32], MaskBool, MaskBool]:
    size = (max(1, scene.mask.shape[1] // 2), max(1, scene.mask.shape[0] // 2))
    lab = cv2.resize(scene.lab, size, interpolation=cv2.INTER_AREA)
    shares = [
        cv2.resize(p.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for p in (scene.mask, scene.known)
    ]
    return lab, shares[0] >= 0.5, shares[1] > 0.999


def _basis() -> NDArray[np.float32]:
    """Return (25, 10): the lowest two-dimensional DCT terms of a 5 × 5 patch."""
    n = np.arange(SMALL_PX)
    one = np.cos(np.pi * (2 * n[None] + 1) * n[:, None] / (2 * SMALL_PX)) * np.sqrt(2 / SMALL_PX)
    one[0] /= np.sqrt(2)
    pairs = sorted(((u, v) for u in range(4) for v in range(4) if u + v <= 3), key=sum)
    columns = [np.outer(one[u], one[v]).ravel() for u, v in pairs]
    return np.stack(columns, axis=1).astype(np.float32)


def _terms(lab: NDArray[np.float32], at: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (n, 12) vectors whose distance is about the RMS ΔE of two patches."""
    steps = np.arange(SMALL_PX) - SMALL_PX // 2
    patch = lab[at[:, 0, None, None] + steps[:, None], at[:, 1, None, None] + steps]
    light = patch[..., 0].reshape(len(at), -1) @ _basis() / SMALL_PX
    colour = patch[..., 1:].reshape(len(at), -1, 2).mean(axis=1)
    return np.concatenate([light, colour], axis=1).astype(np.float32)


def repetition(scene: Scene) -> Measured:
    """Return how surely a part of the fill stands in it twice, in standard deviations.

    Detail (Laplacian of luma over its local strength) is white, so its products at a wrong lag
    are chance; lags from 4 px on are tried. What the ground shows at the same lag (a real pattern
    repeats there too) is taken off. `repetition_share` is the correlation at that lag.
    `repetition_exact` is the share of the hole's textured 3 × 3 blocks that stand in it again, byte
    for byte, all by one lag: chance never does that.
    """
    hole = scene.deep
    exact, exact_lag = _exactly_twice(scene)
    nothing = Measured(0.0, also={"repetition_share": 0.0, "repetition_exact": exact})
    if hole.sum() < 100:
        return nothing
    detail = cv2.Laplacian(scene.luma * np.float32(255), cv2.CV_32F, ksize=1)
    detail /= np.sqrt(blur(detail * detail, DETAIL_POOL_PX) + 1)
    box = Box.of_mask(hole)
    own, cover = _self_product(detail[box.slices], hole[box.slices])
    near = box.pad(32).clamp(Box.of_shape(hole.shape))
    known, known_cover = _self_product(detail[near.slices], (scene.known)[near.slices])
    share_known: Plane = np.divide(known, np.maximum(known_cover, 200), dtype=np.float32)
    usual = _central(share_known, own.shape)
    rows = np.abs(np.arange(own.shape[0]) - own.shape[0] // 2)[:, None]
    columns = np.abs(np.arange(own.shape[1]) - own.shape[1] // 2)[None, :]
    use = (cover >= 60) & (np.maximum(rows, columns) >= REPEAT_LAG_PX)
    if not use.any():
        return nothing
    share = own / np.maximum(cover, 1) - np.maximum(usual, 0)
    sure = np.where(use, share * np.sqrt(np.maximum(cover, 0)), -1)
    at = np.unravel_index(int(sure.argmax()), sure.shape)
    lag = int(at[0]) - own.shape[0] // 2, int(at[1]) - own.shape[1] // 2
    if exact > EXACT_SURE:
        lag = exact_lag
    plane = _twice(detail, hole, lag)
    note = f"{abs(lag[1])} px across and {abs(lag[0])} px down"
    return Measured(
        float(sure.max()), plane, _both(worst_box(plane, scene.mask), lag, plane),
        {"repetition_share": float(share[at]), "repetition_exact": exact}, note,
    )  # fmt: skip


def _both(spot: Box, lag: tuple[int, int], plane: Plane) -> Box:
    """Return the box around a spot and the place a lag away that shows the same."""
    frame = Box.of_shape(plane.shape)
    twins = [spot.shift(sign * lag[1], sign * lag[0]).clamp(frame) for sign in (1, -1)]
    twin = max(twins, key=lambda box: 0.0 if box.is_empty else float(plane[box.slices].sum()))
    return spot if twin.is_empty else Box.around([spot, twin])


def _exactly_twice(scene: Scene) -> tuple[float, tuple[int, int]]:
    """Return (share of textured blocks that are found again at the commonest lag, that lag)."""
    box = Box.of_mask(scene.mask)
    pixels = scene.after[box.slices]
    hole = scene.deep[box.slices]
    if min(hole.shape) < 3:
        return 0.0, (0, 0)
    grey = pixels[..., 1]
    ones = np.ones((3, 3), np.uint8)
    rough = cv2.subtract(cv2.dilate(grey, ones), cv2.erode(grey, ones)) >= ROUGH_LEVELS
    at = np.flatnonzero((hole & rough)[1:-1, 1:-1])
    if len(at) < 50:
        return 0.0, (0, 0)
    code = np.zeros((hole.shape[0] - 2, hole.shape[1] - 2), dtype=np.uint64)
    factor = np.random.default_rng(3).integers(1, 2**63, 27, dtype=np.uint64) | np.uint64(1)
    for number in range(27):
        row, column, channel = number // 9, number // 3 % 3, number % 3
        part = pixels[row : row + code.shape[0], column : column + code.shape[1], channel]
        code += part.astype(np.uint64) * factor[number]
    order = at[np.argsort(code.ravel()[at], kind="stable")]
    ranked = code.ravel()[order]
    same = np.flatnonzero(ranked[1:] == ranked[:-1])
    width = code.shape[1]
    down = order[same + 1] // width - order[same] // width
    right = order[same + 1] % width - order[same] % width
    apart = np.maximum(np.abs(down), np.abs(right)) >= REPEAT_LAG_PX
    if not apart.any():
        return 0.0, (0, 0)
    lags, counts = np.unique(down[apart] * 65536 + right[apart] + 32768, return_counts=True)
    best = int(counts.argmax())
    lag = int(lags[best]) // 65536, int(lags[best]) % 65536 - 32768
    return float(counts[best]) / len(at), lag


def _twice(detail: Plane, hole: MaskBool, lag: tuple[int, int]) -> Plane:
    """Return where the hole's detail is the same as that a lag away, 0..1."""
    move = np.array([[1, 0, lag[1]], [0, 1, lag[0]]], dtype=np.float32)
    size = hole.shape[::-1]
    other = cv2.warpAffine(detail, move, size, flags=cv2.INTER_NEAREST)
    there = cv2.warpAffine(hole.astype(np.uint8), move, size, flags=cv2.INTER_NEAREST) > 0
    both = hole & there
    same = blur(np.where(both, detail * other, 0).astype(np.float32), DETAIL_POOL_PX)
    back = cv2.warpAffine(same, -move + 2 * np.eye(2, 3, dtype=np.float32), size)
    out: Plane = np.clip(np.maximum(same, back), 0, None) * hole
    return out.astype(np.float32)


def _self_product(plane: Plane, where: MaskBool) -> tuple[Plane, Plane]:
    """Return (sum of products, pixels compared) by lag; lag 0 lies at [h // 2, w // 2]."""
    from scipy.fft import fftshift, irfft2, rfft2  # the window does not wait for it

    height, width = plane.shape
    size = (cv2.getOptimalDFTSize(2 * height), cv2.getOptimalDFTSize(2 * width))
    shape = (2 * (height // 2) + 1, 2 * (width // 2) + 1)
    found = []
    for value in (plane * where, where.astype(np.float32)):
        spectrum = rfft2(value.astype(np.float32), size)
        power = spectrum.real**2 + spectrum.imag**2
        found.append(_central(fftshift(irfft2(power, size)).astype(np.float32), shape))
    return found[0], found[1]


def _central(plane: Plane, shape: tuple[int, int]) -> Plane:
    """Return the middle of a plane of lags; lags it lacks are 0."""
    out = np.zeros(shape, dtype=np.float32)
    rows, columns = (min(a // 2, b // 2) for a, b in zip(shape, plane.shape))
    y, x = plane.shape[0] // 2, plane.shape[1] // 2
    v, u = shape[0] // 2, shape[1] // 2
    part = plane[y - rows : y + rows + 1, x - columns : x + columns + 1]
    out[v - rows : v - rows + part.shape[0], u - columns : u - columns + part.shape[1]] = part
    return out


def _around_peak(plane: Plane) -> Box | None:
    peak = float(plane.max(initial=0.0))
    if peak <= 0:
        return None
    _, labels = cv2.connectedComponents((plane >= 0.5 * peak).astype(np.uint8))
    label = labels[np.unravel_index(int(plane.argmax()), plane.shape)]
    return Box.of_mask(labels == label).pad(2).clamp(Box.of_shape(plane.shape))
