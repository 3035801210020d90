"""Fixed cheap fills of other families, made only to be compared with the fill under judgement.

They never change with the program's own engines, so a reading means the same tomorrow. Each
takes a scene and returns (h, w, 3) float32 Lab, equal to the scene outside the hole.

ns, telea: OpenCV's diffusion (Bertalmio 2001, Telea 2004). clone: the one shifted copy whose rim
fits best, joined by a membrane (as a healing brush does). mosaic: the eight best shifts (shift
statistics, He and Sun 2012, doi:10.1007/978-3-642-33709-3_2), each pixel from the shift that
fits the rim near it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.scene import Scene, masked_blur, to_lab
from inpaint_studio.geometry import Box

RIM_PX = 6.0
REACH_PX = 96
SHIFTS = 8
PIECES = 12
JOIN_PX = 4

Lab = NDArray[np.float32]


def diffusion(scene: Scene, method: int) -> Lab:
    """Return OpenCV's fill of the hole and of the rim that may hold residue."""
    hole = (scene.mask | (scene.outside <= scene.first_px)).astype(np.uint8)
    return to_lab(cv2.inpaint(scene.after, hole, 3, method))


def copies(scene: Scene, start: Lab) -> tuple[Lab, Lab]:
    """Return (clone, mosaic); what no copy reaches stays as in `start`."""
    clone, mosaic = start.copy(), start.copy()
    hole = scene.mask | (scene.outside <= scene.first_px)
    known = scene.known & ~hole
    frame = Box.of_shape(hole.shape)
    for piece in _pieces(hole):
        box = Box.of_mask(piece).pad(REACH_PX).clamp(frame)
        part, ground = piece[box.slices], known[box.slices]
        lab = scene.lab[box.slices]
        shifts = best_shifts(lab, part, ground)
        if not shifts:
            continue
        one = _shifted(lab, part, ground, shifts[:1])
        many = _shifted(lab, part, ground, shifts)
        clone[box.slices][part] = one[part]
        mosaic[box.slices][part] = many[part]
    return clone, mosaic


def _pieces(hole: MaskBool) -> list[MaskBool]:
    """Return the largest pieces of the hole; letters that stand close are one piece."""
    near = cv2.dilate(hole.astype(np.uint8), np.ones((2 * JOIN_PX + 1,) * 2, np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(near)
    order = sorted(range(1, count), key=lambda n: -int(stats[n, cv2.CC_STAT_AREA]))[:PIECES]
    return [(labels == number) & hole for number in order]


def best_shifts(lab: Lab, hole: MaskBool, ground: MaskBool) -> list[tuple[int, int]]:
    """Return up to eight (dx, dy): copying from there fits the rim best, all sources known."""
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    rim = ground & (outside <= RIM_PX)
    if not rim.any():
        return []
    height, width = hole.shape
    size = [cv2.getOptimalDFTSize(2 * n) for n in (height, width)]

    def spectrum(plane: NDArray[np.floating]) -> NDArray[np.complex64]:
        out: NDArray[np.complex64] = np.fft.rfft2(plane, size).astype(np.complex64)
        return out

    def correlate(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> NDArray[np.float32]:
        out: NDArray[np.float32] = np.fft.irfft2(np.conj(a) * b, size).astype(np.float32)
        return out

    centred = lab - lab[rim].mean(axis=0)
    known = spectrum(ground.astype(np.float32))
    weight = spectrum(rim.astype(np.float32))
    cover = correlate(weight, known)
    sources = correlate(spectrum(hole.astype(np.float32)), known)
    cross = sum(
        np.conj(spectrum(centred[..., c] * rim)) * spectrum(centred[..., c] * ground)
        for c in range(3)
    )
    product = np.fft.irfft2(cross, size)
    energy = correlate(weight, spectrum((centred**2).sum(axis=2) * ground))
    own = spectrum((centred**2).sum(axis=2) * rim)
    mine = correlate(own, known)
    cost = (mine + energy - 2 * product) / np.maximum(cover, 1)
    usable = (sources > 0.999 * hole.sum()) & (cover > 0.7 * rim.sum())
    if not usable.any():
        usable = (sources > 0.9 * hole.sum()) & (cover > 0.5 * rim.sum())
    usable[:3, :3] = usable[:3, -2:] = usable[-2:, :3] = usable[-2:, -2:] = False
    cost = np.where(usable, cost, np.inf)
    found: list[tuple[int, int]] = []
    for _ in range(SHIFTS):
        place = np.unravel_index(int(cost.argmin()), cost.shape)
        row, column = int(place[0]), int(place[1])
        if not np.isfinite(cost[row, column]):
            break
        found.append(
            (column - size[1] if column > size[1] // 2 else column,
             row - size[0] if row > size[0] // 2 else row)
        )  # fmt: skip
        rows = np.arange(row - 2, row + 3) % size[0]
        columns = np.arange(column - 2, column + 3) % size[1]
        cost[np.ix_(rows, columns)] = np.inf
    return found


def _shifted(lab: Lab, hole: MaskBool, ground: MaskBool, shifts: list[tuple[int, int]]) -> Lab:
    """Return the hole filled from the shifts, joined to the rim by a membrane."""
    outside = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 3)
    rim = ground & (outside <= RIM_PX)
    depth = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3).max())
    work = hole | rim
    best = np.full(hole.shape, np.inf, dtype=np.float32)
    out = lab.copy()
    for dx, dy in shifts:
        move = np.array([[1, 0, -dx], [0, 1, -dy]], dtype=np.float32)
        size = (hole.shape[1], hole.shape[0])
        copy = cv2.warpAffine(lab, move, size, flags=cv2.INTER_NEAREST)
        there = cv2.warpAffine(ground.astype(np.uint8), move, size, flags=cv2.INTER_NEAREST) > 0
        both = rim & there
        if not both.any():
            continue
        error = ((copy - lab) ** 2).sum(axis=2)
        fit = masked_blur(error, both, max(3.0, depth / 2)) + np.where(there, 0, 1e4)
        take = work & (fit < best)
        best[take] = fit[take]
        out[take] = copy[take]
    near = rim & (outside <= 3) if (rim & (outside <= 3)).any() else rim
    gap = (lab - out).astype(np.float32)
    correction = _membrane(gap, near, depth)
    filled = np.where(hole[..., None], out + correction, lab)
    return np.asarray(filled, dtype=np.float32)


def _membrane(gap: Lab, rim: MaskBool, depth: float) -> Lab:
    """Carry the rim's differences smoothly inwards: near ones near the rim, all of them deep in."""
    result = np.broadcast_to(gap[rim].mean(axis=0), gap.shape).astype(np.float32)
    sigma = max(4.0, depth)
    while sigma >= 2.0:
        weight = cv2.GaussianBlur(rim.astype(np.float32), (0, 0), sigma)
        share = np.clip(weight / 0.05, 0, 1)[..., None]
        result = share * masked_blur(gap, rim, sigma) + (1 - share) * result
        sigma /= 2
    return np.asarray(result, dtype=np.float32)
