"""Readings of texture: how much fine detail the hole has against its surroundings."""

from __future__ import annotations

import numpy as np

from inpaint_studio.arrays import Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, masked_blur, worst_box

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
    inner = scene.inside > 1 if (scene.inside > 1).any() else scene.mask
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
    inner = scene.inside > 1 if (scene.inside > 1).any() else scene.mask
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
