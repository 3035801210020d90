"""Readings against fixed cheap fills of other families: how far is this fill from all of them?"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, masked_blur, squared, worst_box
from inpaint_studio.gating.witnesses import copies, diffusion

LOW_PX = 3.0
MOST_PIXELS = 160_000


def consensus(scene: Scene) -> Measured:
    """Return the mean low-pass (σ 3) ΔE in the hole to the witness that is nearest overall.

    `agree_NAME` is the distance to each witness, `agree_mean`, `agree_max` over them,
    `agree_point` the mean of the pixelwise smallest; `witness_spread` is how far they are from
    each other: where they disagree themselves, the hole is hard.
    """
    full, scene = scene, scene.reduced(MOST_PIXELS)
    ns = diffusion(scene, cv2.INPAINT_NS)
    clone, mosaic = copies(scene, ns)
    fills = {
        "ns": ns,
        "telea": diffusion(scene, cv2.INPAINT_TELEA),
        "clone": clone,
        "mosaic": mosaic,
    }
    hole = scene.mask
    own = blur(scene.lab, LOW_PX)
    low = {name: blur(fill, LOW_PX) for name, fill in fills.items()}
    apart = {name: np.sqrt(squared(own - plane)) for name, plane in low.items()}
    means = {name: float(plane[hole].mean()) for name, plane in apart.items()}
    nearest = np.minimum.reduce(list(apart.values())).astype(np.float32)
    names = sorted(low)
    spread = [
        float(np.sqrt(squared(low[a] - low[b]))[hole].mean())
        for i, a in enumerate(names) for b in names[i + 1 :]
    ]  # fmt: skip
    also = {f"agree_{name}": value for name, value in means.items()}
    also["agree_mean"] = float(np.mean(list(means.values())))
    also["agree_max"] = max(means.values())
    also["agree_point"] = float(nearest[hole].mean())
    also["agree_point_p90"] = float(np.quantile(nearest[hole], 0.9))
    also["witness_spread"] = float(np.mean(spread))
    also["agree_excess"] = also["agree_mean"] - also["witness_spread"]
    plane = np.where(hole, nearest, 0).astype(np.float32)
    if scene is not full:
        size = (full.mask.shape[1], full.mask.shape[0])
        plane = cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
    return Measured(min(means.values()), plane, worst_box(plane, full.mask, sigma=5.0), also)


def light_break(scene: Scene) -> Measured:
    """Return how unevenly light and colour run on from the rim into the hole, in ΔE.

    The low band (σ 6) of the fill against the rim's, carried in over its own width.
    """
    rim = scene.known & (scene.outside <= 10)
    if not rim.any():
        return Measured(0.0)
    inner = scene.mask & (scene.inside <= 10)
    want = masked_blur(scene.lab, rim, 6.0)
    have = masked_blur(scene.lab, scene.mask, 6.0)
    size = np.where(inner, np.sqrt(squared(want - have)), 0).astype(np.float32)
    return Measured(float(size[inner].mean()), size, worst_box(size, inner))
