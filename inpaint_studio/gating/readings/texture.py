"""Readings of texture: how much fine detail the hole has against its surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, masked_blur, worst_box

EPSILON = (0.5 / 255) ** 2


def second_differences(luma: Plane, lag: int) -> Plane:
    """Return the energy of second differences at a lag, the mean over both axes, 0..1² units."""
    energy = np.zeros_like(luma)
    across = luma[:, 2 * lag :] - 2 * luma[:, lag:-lag] + luma[:, : -2 * lag]
    down = luma[2 * lag :] - 2 * luma[lag:-lag] + luma[: -2 * lag]
    energy[:, lag:-lag] += across * across * 0.5
    energy[lag:-lag] += down * down * 0.5
    return energy


def high_frequency_power_ratio(scene: Scene) -> Measured:
    """Return energy of second differences at lag 1 in the hole over that of the context."""
    energy = second_differences(scene.luma, 1)
    inner = scene.deep
    hole, ground = energy[inner], energy[scene.context]
    value = float((hole.mean() + EPSILON) / (ground.mean() + EPSILON))
    local = masked_blur(energy, inner, 4.0) + EPSILON
    expected = masked_blur(energy, scene.context, 10.0) + EPSILON
    change = np.abs(np.log2(local / expected)).astype(np.float32)
    plane = np.where(inner, change, 0).astype(np.float32)
    worst = float(np.quantile((local / expected)[inner], 0.1))
    return Measured(value, plane, worst_box(plane, inner), {"hf_worst_tenth": worst})


def spectral_consistency(scene: Scene) -> Measured:
    """Return the RMS of log2 energy ratios hole/context at lags 1, 2, 4 and 8 (any mask shape)."""
    inner = scene.deep
    ratios = []
    for lag in (1, 2, 4, 8):
        if min(scene.luma.shape) <= 2 * lag:
            continue
        energy = second_differences(scene.luma, lag)
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
        energy = second_differences(scene.luma, lag)
        have = 255 * np.sqrt(masked_blur(energy, inner, 4.0) / 6)
        want = 255 * np.sqrt(_carried(energy, scene) / 6)
        gap = np.where(inner, have - want, 0).astype(np.float32)
        missing.append(float(np.maximum(-gap[inner], 0).mean()))
        excess.append(float(np.maximum(gap[inner], 0).mean()))
        plane += np.abs(gap)
    if not missing:  # a photo of a few pixels has no detail to compare
        missing = excess = [0.0]
    also = {"texture_missing": float(np.mean(missing)), "texture_excess": float(np.mean(excess))}
    value = also["texture_missing"] + also["texture_excess"]
    return Measured(value, plane, worst_box(plane, inner), also)


def _carried(energy: Plane, scene: Scene) -> Plane:
    """Return the context's energy carried into the hole, coarser where the hole is deeper."""
    ground = scene.known
    result = masked_blur(energy, ground, 40.0)
    for sigma in (20.0, 10.0):
        weight = masked_blur(ground.astype(np.float32), np.ones_like(ground), sigma)
        near = masked_blur(energy, ground, sigma)
        result = np.where(weight > 0.02, near, result)
    return np.maximum(result, 0).astype(np.float32)


def gradient_distribution(scene: Scene) -> Measured:
    """Return the Kolmogorov-Smirnov distance of gradient magnitudes, hole against context."""
    slope = np.hypot(
        cv2.Sobel(scene.luma, cv2.CV_32F, 1, 0, ksize=3) / 8,
        cv2.Sobel(scene.luma, cv2.CV_32F, 0, 1, ksize=3) / 8,
    )
    hole, ground = np.sort(slope[scene.deep]), np.sort(slope[scene.context])
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
    slope = np.hypot(
        cv2.Sobel(scene.luma, cv2.CV_32F, 1, 0, ksize=3) / 8,
        cv2.Sobel(scene.luma, cv2.CV_32F, 0, 1, ksize=3) / 8,
    )
    ground = slope[scene.context] * 255
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
    vectors = bank[known_at[:, 0], known_at[:, 1]]
    far = _nearest(bank[hole_at[:, 0], hole_at[:, 1]], vectors, hole_at, known_at, 0)
    usual = (
        _nearest(bank[rim_at[:, 0], rim_at[:, 1]], vectors, rim_at, known_at, 12)
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
    """Return (H, W, 18) local texture vectors: 3 scales x (4 orientations + band) and colour."""
    planes: list[Plane] = []
    levels = luma * np.float32(255)
    for sigma, pool in ((0.8, 5.0), (1.6, 7.0), (3.2, 10.0)):
        fine = blur(levels, sigma)
        band = fine - blur(levels, 2 * sigma)
        gx = cv2.Sobel(fine, cv2.CV_32F, 1, 0, ksize=3) / 8
        gy = cv2.Sobel(fine, cv2.CV_32F, 0, 1, ksize=3) / 8
        xx, yy, xy = (_pooled(plane, pool) for plane in (gx * gx, gy * gy, gx * gy))
        for turn in range(4):
            c, s = np.float32(np.cos(turn * np.pi / 4)), np.float32(np.sin(turn * np.pi / 4))
            energy = c * c * xx + s * s * yy + 2 * c * s * xy
            planes.append(np.log2(np.maximum(energy, 0) + np.float32(0.5)))
        planes.append(np.log2(_pooled(band * band, pool) + np.float32(0.5)))
    planes.extend(_pooled(np.ascontiguousarray(lab[..., c]), 4.0) / np.float32(6) for c in range(3))
    return np.stack(planes, axis=-1).astype(np.float32)


def _pooled(plane: Plane, sigma: float) -> Plane:
    """Return the Gaussian mean, made at half the size (the pools are wide)."""
    size = (plane.shape[1], plane.shape[0])
    half = (max(1, size[0] // 2), max(1, size[1] // 2))
    small = blur(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), sigma / 2)
    out: Plane = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return out


def stride(where: MaskBool, most: int) -> NDArray[np.int64]:
    """Return up to `most` evenly strided (row, column) of the True pixels."""
    at = np.argwhere(where)
    if len(at) <= most:
        return at
    return at[(np.arange(most) * (len(at) / most)).astype(np.int64)]


def _nearest(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    query_at: NDArray[np.int64],
    vector_at: NDArray[np.int64],
    apart_px: int,
) -> NDArray[np.float32]:
    squared = (
        (queries**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)[None] - 2 * queries @ vectors.T
    )
    if apart_px:
        rows = np.abs(query_at[:, :1] - vector_at[None, :, 0]) < apart_px
        columns = np.abs(query_at[:, 1:] - vector_at[None, :, 1]) < apart_px
        squared[rows & columns] = np.inf
    nearest = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return np.where(np.isfinite(nearest), nearest, 0).astype(np.float32)
