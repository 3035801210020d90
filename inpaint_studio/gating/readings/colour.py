"""Readings of colour: colours in the hole that its surroundings do not have."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, worst_box

STRANGE_DE = 4.0
GRID_DE = 1.0


def new_colour(scene: Scene) -> Measured:
    """Return the share of the hole whose colour is > 4 ΔE from every context colour.

    `new_colour_mean` is the mean distance beyond 1 ΔE.
    """
    near = (scene.outside > scene.first_px) & (scene.outside <= 48)
    palette = scene.lab[near if near.any() else scene.known]
    grid = np.unique(np.rint(palette / GRID_DE).astype(np.int16), axis=0) * GRID_DE
    colours = scene.lab[scene.mask]
    grid_codes, back = np.unique(np.rint(colours).astype(np.int16), axis=0, return_inverse=True)
    nearest = np.asarray(cKDTree(grid).query(grid_codes)[0], dtype=np.float32)
    apart = nearest[back.ravel()]
    plane = np.zeros(scene.mask.shape, dtype=np.float32)
    plane[scene.mask] = np.maximum(apart - 1.0, 0)
    also = {"new_colour_mean": float(np.maximum(apart - 1.0, 0).mean())}
    return Measured(float((apart > STRANGE_DE).mean()), plane, worst_box(plane, scene.mask), also)
