"""What a reading function returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2

from inpaint_studio.arrays import Plane
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
