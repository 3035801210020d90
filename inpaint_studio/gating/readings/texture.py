"""Readings of texture: how much fine detail the hole has against its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, worst_box

EPSILON = (0.5 / 255) ** 2
LEVEL = 0.5


def high_frequency_power_ratio(scene: Scene) -> Measured:
    """Return energy of second differences at lag 1 in the hole over that of the context."""
    energy = scene.energy(1)
    inner = scene.deep
    hole, ground = energy[inner], energy[scene.context]
    value = float((hole.mean() + EPSILON) / (ground.mean() + EPSILON))
    have, want = scene.amplitudes(1)
    ratio = ((have[inner] + LEVEL) / (want[inner] + LEVEL)) ** 2
    plane = np.zeros(inner.shape, dtype=np.float32)
    plane[inner] = np.abs(np.log2(ratio))
    worst = float(np.quantile(ratio, 0.1))
    return Measured(value, plane, worst_box(plane, inner), {"hf_worst_tenth": worst})


def spectral_consistency(scene: Scene) -> Measured:
    """Return the RMS of log2 energy ratios hole/context at lags 1, 2, 4 and 8 (any mask shape)."""
    inner = scene.deep
    ratios = []
    for lag in (1, 2, 4, 8):
        if min(scene.luma.shape) <= 2 * lag:
            continue
        energy = scene.energy(lag)
        ratios.append(
            np.log2((energy[inner].mean() + EPSILON) / (energy[scene.context].mean() + EPSILON))
        )
    value = float(np.sqrt(np.mean(np.square(ratios)))) if ratios else 0.0
    return Measured(value)


def texture_amplitude(scene: Scene) -> Measured:
    """Compare local detail amplitude with what the surroundings predict, in code values.

    Local energy at lags 1, 2 and 4 (σ 4 px inside the hole) against the context's carried
    inwards (σ 10 px); amplitude = 255 sqrt(energy / 6). Value: missing + excess detail.
    """
    inner = scene.mask
    missing: list[float] = []
    excess: list[float] = []
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    for lag in (1, 2, 4):
        if min(scene.luma.shape) <= 2 * lag:
            continue
        have, want = scene.amplitudes(lag)
        gap = np.where(inner, have - want, 0).astype(np.float32)
        missing.append(float(np.maximum(-gap[inner], 0).mean()))
        excess.append(float(np.maximum(gap[inner], 0).mean()))
        plane += np.abs(gap)
    if not missing:  # a photo of a few pixels has no detail to compare
        missing = excess = [0.0]
    also = {"texture_missing": float(np.mean(missing)), "texture_excess": float(np.mean(excess))}
    value = also["texture_missing"] + also["texture_excess"]
    return Measured(value, plane, worst_box(plane, inner), also)


def sharpness(scene: Scene) -> Measured:
    """Return how much sharper (< 0: softer) the fill is than its surroundings, in octaves.

    The amplitude of the finest detail (lag 1) over that of coarser detail (lag 4) tells sharp
    from soft whatever is shown; the hole's local ratio against the one carried in from around.
    `sharpness_size` is its size either way, `grain` the octaves between the quietest tenth of
    hole and context at lag 1 (the floor that blur takes away and noise lifts), `fine` the same of
    the medians, `softest` the ratio of the softest tenth of the hole.
    """
    inner = scene.mask
    if min(scene.luma.shape) <= 8:
        return Measured(0.0, also=dict.fromkeys(("sharpness_size", "grain", "fine", "softest"), 0))
    (have_1, want_1), (have_4, want_4) = scene.amplitudes(1), scene.amplitudes(4)
    have = np.log2((have_1[inner] + LEVEL) / (have_4[inner] + LEVEL))
    want = np.log2((want_1[inner] + LEVEL) / (want_4[inner] + LEVEL))
    change = (have - want).astype(np.float32)
    value = float(change.mean())
    plane = np.zeros(inner.shape, dtype=np.float32)
    plane[inner] = np.abs(change)
    detail = 255 * np.sqrt(scene.energy(1) / 6)
    hole, ground = detail[scene.deep], detail[scene.context]
    grain, fine = (
        float(np.log2((np.quantile(hole, q) + 0.1) / (np.quantile(ground, q) + 0.1)))
        for q in (0.25, 0.5)
    )
    also = {
        "sharpness_size": abs(value),
        "grain": grain,
        "fine": fine,
        "softest": float(np.quantile(change, 0.1)),
    }
    return Measured(value, plane, worst_box(plane, inner), also)


def gradient_distribution(scene: Scene) -> Measured:
    """Return the Kolmogorov-Smirnov distance of gradient magnitudes, hole against context."""
    hole, ground = (np.sort(thinned(scene.slope[w])) for w in (scene.deep, scene.context))
    if not hole.size or not ground.size:
        return Measured(0.0)
    grid = np.concatenate([hole, ground])
    gap = np.searchsorted(hole, grid, "right") / hole.size - (
        np.searchsorted(ground, grid, "right") / ground.size
    )
    also = {
        "gradient_less": float(np.maximum(gap, 0).max()),
        "gradient_more": float(np.maximum(-gap, 0).max()),
    }
    return Measured(float(np.abs(gap).max()), None, None, also)


def prior(scene: Scene) -> Measured:
    """Say how hard the hole is before any fill: edges of the context, depth and size.

    Value: 95th percentile of context gradients, levels. Hard is not bad.
    """
    ground = scene.slope[scene.context] * 255
    also = {
        "depth": float(np.log2(scene.inside.max() + 1)),
        "mean_depth": float(np.log2(scene.inside[scene.mask].mean() + 1)),
        "area": float(np.log2(scene.mask.sum() + 1)),
        "context_gradient": float(ground.mean()),
    }
    return Measured(float(np.quantile(ground, 0.95)), None, None, also)


def texture_support(scene: Scene) -> Measured:
    """Measure how far the fill's local texture is from any texture nearby.

    A texture is a vector of pooled log energies (oriented derivatives at three scales, a band
    each) and local colour; the distance to the nearest known vector within 60 px, mean over
    the hole. `texture_usual` is what known pixels beside the hole have among themselves,
    `texture_near_excess` the difference, `texture_near_p90` the worst tenth.
    """
    bank = texture_bank(scene.luma, scene.lab)
    ground = scene.known & (scene.outside > 8) & (scene.outside <= 60)
    if ground.sum() < 100:
        ground = scene.known
    known_at, hole_at = stride(ground, 2500), stride(scene.mask, 500)
    rim_at = stride(scene.known & (scene.outside > 8) & (scene.outside <= 24), 300)
    vectors = _looked_up(bank, known_at)
    far = nearest(_looked_up(bank, hole_at), vectors, hole_at, known_at, 0)
    usual = (
        nearest(_looked_up(bank, rim_at), vectors, rim_at, known_at, 12)
        if len(rim_at) else np.zeros(1, np.float32)
    )  # fmt: skip
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    plane[hole_at[:, 0], hole_at[:, 1]] = far
    plane = cv2.dilate(plane, np.ones((7, 7)))
    plane[~scene.mask] = 0
    value = float(far.mean())
    also = {
        "texture_usual": float(usual.mean()),
        "texture_near_excess": value - float(usual.mean()),
        "texture_near_p90": float(np.quantile(far, 0.9)),
        "texture_near_p90_excess": float(np.quantile(far, 0.9) - np.quantile(usual, 0.9)),
    }
    return Measured(value, plane, worst_box(plane, scene.mask), also)


def texture_bank(luma: Plane, lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (H / 2, W / 2, 18) texture vectors: 3 scales x (4 orientations + band) and colour."""
    planes: list[Plane] = []
    levels = luma * np.float32(255)
    for sigma, pool in ((0.8, 5.0), (1.6, 7.0), (3.2, 10.0)):
        fine = blur(levels, sigma)
        band = fine - blur(levels, 2 * sigma)
        gx = cv2.Sobel(fine, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        gy = cv2.Sobel(fine, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        xx, yy, xy = (_pooled(plane, pool) for plane in (gx * gx, gy * gy, gx * gy))
        for turn in range(4):
            c, s = np.float32(np.cos(turn * np.pi / 4)), np.float32(np.sin(turn * np.pi / 4))
            energy = c * c * xx + s * s * yy + 2 * c * s * xy
            planes.append(np.log2(np.maximum(energy, 0) + np.float32(0.5)))
        planes.append(np.log2(_pooled(band * band, pool) + np.float32(0.5)))
    colours = _pooled(lab, 4.0) / np.float32(6)
    planes.extend(colours[..., c] for c in range(3))
    return np.stack(planes, axis=-1).astype(np.float32)


def _pooled(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return the Gaussian mean at half the size (the pools are wide)."""
    half = (max(1, plane.shape[1] // 2), max(1, plane.shape[0] // 2))
    small: NDArray[np.float32] = cv2.resize(plane, half, interpolation=cv2.INTER_AREA)
    return blur(small, sigma / 2)


def _looked_up(bank: NDArray[np.float32], at: NDArray[np.int64]) -> NDArray[np.float32]:
    rows = np.minimum(at[:, 0] // 2, bank.shape[0] - 1)
    columns = np.minimum(at[:, 1] // 2, bank.shape[1] - 1)
    vectors: NDArray[np.float32] = bank[rows, columns]
    return vectors


def thinned(values: Plane, most: int = 8000) -> Plane:
    """Return up to `most` evenly strided values."""
    return values[:: max(1, -(-len(values) // most))]


def stride(where: MaskBool, most: int) -> NDArray[np.int64]:
    """Return up to `most` evenly strided (row, column) of the True pixels."""
    at = np.argwhere(where)
    if len(at) <= most:
        return at
    return at[(np.arange(most) * (len(at) / most)).astype(np.int64)]


def nearest(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    query_at: NDArray[np.int64],
    vector_at: NDArray[np.int64],
    apart_px: int,
) -> NDArray[np.float32]:
    squared = (queries**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)[None]
    squared -= 2 * queries @ vectors.T
    if apart_px:
        near, far = query_at.astype(np.int16), vector_at.astype(np.int16)
        rows = np.abs(near[:, :1] - far[None, :, 0]) < apart_px
        columns = np.abs(near[:, 1:] - far[None, :, 1]) < apart_px
        squared[rows & columns] = np.inf
    nearest = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return np.where(np.isfinite(nearest), nearest, 0).astype(np.float32)
