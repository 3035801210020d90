"""Readings of colour: colours in the hole that its surroundings do not have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, blur, worst_box

STRANGE_DE = 4.0
MOST_COLOURS = 60_000
BIG_PX = 20_000


def new_colour(scene: Scene) -> Measured:
    """Return the share of the hole whose colour is > 4 ΔE from every context colour.

    `new_colour_mean` is the mean distance beyond 1 ΔE, `new_colour_spot` the largest that a
    spot of a few px has.
    """
    # In a big hole every second pixel each way tells as much.
    if scene.mask.sum() <= BIG_PX:
        return _measured(scene)
    return _measured(scene.reduced(scene.mask.size // 4)).grown(scene.mask.shape)


def _measured(scene: Scene) -> Measured:
    from scipy.spatial import cKDTree  # 0.4 s of import that a window does not wait for

    near = (scene.outside > scene.first_px) & (scene.outside <= 48)
    palette = _cells(scene.lab[near & scene.known if (near & scene.known).any() else scene.known])
    own, back = np.unique(_codes(scene.lab[scene.mask]), return_inverse=True)
    if len(palette) > MOST_COLOURS:
        # Noise fills whole solids of colour: every second of their points is as good.
        keep = len(palette) // MOST_COLOURS + 1
        palette = palette[::keep]
    nearest = np.asarray(cKDTree(_colours(palette)).query(_colours(own))[0], dtype=np.float32)
    apart = nearest[back.ravel()]
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    plane[scene.mask] = np.maximum(apart - 1.0, 0)
    spots = blur(plane, 1.5) * scene.mask
    also = {
        "new_colour_mean": float(np.maximum(apart - 1.0, 0).mean()),
        "new_colour_spot": float(spots.max(initial=0.0)),
    }
    return Measured(float((apart > STRANGE_DE).mean()), plane, worst_box(plane, scene.mask), also)


def _codes(lab: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return one number per colour, on a grid of 1 ΔE."""
    cells = np.rint(lab).astype(np.int32) + np.array([0, 128, 128], dtype=np.int32)
    codes: NDArray[np.int32] = (cells[:, 0] * 256 + cells[:, 1]) * 256 + cells[:, 2]
    return codes


def _cells(lab: NDArray[np.float32]) -> NDArray[np.int32]:
    return np.unique(_codes(lab))


def _colours(codes: NDArray[np.int32]) -> NDArray[np.float32]:
    cells = np.stack([codes // 65536, codes // 256 % 256 - 128, codes % 256 - 128], axis=1)
    return cells.astype(np.float32)
