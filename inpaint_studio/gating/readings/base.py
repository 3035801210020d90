"""What a reading function returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box


@dataclass(frozen=True, slots=True)
class Measured:
    """One value, where in the scene it is worst, and the evidence behind it.

    `also` are further numbers of the same evidence, features of the risk model. `note` is what
    was found, in words (letters read, an object's name).
    """

    value: float
    map: Plane | None = None
    box: Box | None = None
    also: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def grown(self, shape: tuple[int, ...]) -> Measured:
        """Return what was measured at a smaller size with map and box at `shape`."""
        if self.map is None:
            return self
        y, x = (large / small for large, small in zip(shape, self.map.shape))
        plane = cv2.resize(self.map, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST)
        box = self.box
        if box is not None:
            box = Box(
                int(box.left * x), int(box.top * y), math.ceil(box.right * x),
                math.ceil(box.bottom * y),
            ).clamp(Box.of_shape(shape))  # fmt: skip
        return replace(self, map=plane, box=box)


def found_in(
    view: Box, found: MaskBool, shape: tuple[int, ...], value: float | None = None
) -> Measured:  # fmt: skip
    """Return what was found over a view of a photo of that shape, as large as `value`; without it
    the number of its pixels counts. 0 where nothing was.

    found: (h, w) over `view`.
    """
    if not found.any():
        return Measured(0.0)
    plane = np.zeros(shape[:2], dtype=np.float32)
    plane[view.slices] = found
    size = float(found.sum()) if value is None else value
    return Measured(size, plane, Box.of_mask(plane > 0))
