"""The mask as the canvas reads it: a pyramid where a pixel is set when any below it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.picture import level_count, level_size


def _any_of_four(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Halve (H, W) 0/1: 1 where any of the four pixels is 1 (thin strokes stay in sight)."""
    height, width = plane.shape
    if height % 2 or width % 2:
        plane = np.pad(plane, ((0, height % 2), (0, width % 2)))
    rows = np.maximum(plane[0::2], plane[1::2])
    pairs: NDArray[np.uint8] = (np.ascontiguousarray(rows).view(np.uint16) != 0).view(np.uint8)
    return pairs


class MaskPlane:
    """A mask and its halved copies. The mask's own memory is level 0, shared, never copied."""

    def __init__(self, mask: MaskBool) -> None:
        self.size = (int(mask.shape[1]), int(mask.shape[0]))
        self._levels = [mask.view(np.uint8)]
        for level in range(1, level_count(self.size)):
            width, height = level_size(self.size, level)
            # Untouched pages of a zeroed array cost no memory.
            self._levels.append(np.zeros((height, width), np.uint8))
        self.bounds = Box(0, 0, 0, 0)

    def attach(self, mask: MaskBool) -> None:
        """Read another array of the same size from now on (call `update` for what differs)."""
        self._levels[0] = mask.view(np.uint8)

    def update(self, box: Box) -> None:
        """Refresh the halved copies where the mask has changed, and the bounds."""
        self.bounds = self.bounds.union(box)
        for level in range(1, len(self._levels)):
            source, target = self._levels[level - 1], self._levels[level]
            box = Box(box.left // 2, box.top // 2, -(-box.right // 2), -(-box.bottom // 2))
            box = box.clamp(Box.of_shape(target.shape))
            if box.is_empty:
                return
            part = source[2 * box.top : 2 * box.bottom, 2 * box.left : 2 * box.right]
            target[box.slices] = _any_of_four(part)

    def read(self, level: int, box: Box) -> NDArray[np.uint8]:
        return self._levels[min(level, len(self._levels) - 1)][box.slices]
