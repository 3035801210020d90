"""What the arrays are. One name per kind of pixels, so that a signature says its contract."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W, 3) RGB in the photo's own depth, uint8 or uint16, in the photo's own colour space."""

Linear: TypeAlias = NDArray[np.float32]
"""(H, W, 3) RGB, float32, linear light, 0..1 nominal."""

MaskBool: TypeAlias = NDArray[np.bool_]
"""(H, W), True = replace."""

Plane: TypeAlias = NDArray[np.float32]
"""(H, W) float32."""


def frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return a read-only view of `array` (the caller gives the array away)."""
    view = array.view()
    view.flags.writeable = False
    return view


def as_pixels(array: NDArray[np.generic]) -> Pixels:
    """Return `array` as pixels for the type checker; its dtype must be uint8 or uint16."""
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    return array.astype(np.uint16, copy=False)
