"""What is compared over several photos: how they are given, which are read, how large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane

Encoded: TypeAlias = NDArray[np.float32]
Load: TypeAlias = Callable[[], Encoded]
"""Gives one photo, encoded values 0..1, (H, W, 3); called twice, so that no two lie in memory."""

MOST_PHOTOS = 24
"""More photos add little; as many are read, spread over the collection."""
LOOK_AREA = 1_500_000
"""Photos with more pixels are compared smaller."""


def spread_over(loads: Sequence[Load], most: int = MOST_PHOTOS) -> Sequence[Load]:
    """Return at most so many of them, from all over the collection."""
    if len(loads) <= most:
        return loads
    return [loads[int(index)] for index in np.linspace(0, len(loads) - 1, most)]


def looked_at(light: Plane) -> Plane:
    """Return a photo's lightness (H, W) as it is compared: of at most `LOOK_AREA` pixels."""
    scale = min(1.0, (LOOK_AREA / light.size) ** 0.5)
    if scale == 1.0:
        return light
    size = (round(light.shape[1] * scale), round(light.shape[0] * scale))
    return np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
