"""Photos as the canvas reads them: a mip pyramid, converted to the screen tile by tile.

Level 0 is the photo's own array, never copied, and level 1 is halved from it when it is read
(0.2 ms a tile): a photo costs a twelfth of its size more, for levels 2 and up, and nothing is
converted to screen colours before it is drawn. The rejected option, a converted copy of the
whole photo, costs 200 MB at 50 MP and a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels
from inpaint_studio.geometry import Box

Screen: TypeAlias = NDArray[np.uint8]
"""(h, w, 3) uint8 RGB, ready for the screen."""

ToScreen: TypeAlias = Callable[[Pixels], Screen]
SMALLEST_PX = 512
SLICE_ROWS = 1024


class Picture(Protocol):
    """Anything the canvas can show."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in photo pixels."""
        ...

    @property
    def levels(self) -> int: ...

    def read(self, level: int, box: Box) -> Screen:
        """Return screen pixels of `box`, given in the pixels of `level` and inside it."""
        ...


def level_size(size: tuple[int, int], level: int) -> tuple[int, int]:
    """(width, height) of a level: halved and rounded up `level` times."""
    width, height = size
    for _ in range(level):
        width, height = (width + 1) // 2, (height + 1) // 2
    return width, height


def level_count(size: tuple[int, int]) -> int:
    levels = 1
    while max(level_size(size, levels - 1)) > SMALLEST_PX:
        levels += 1
    return levels


def to_8bit(pixels: Pixels) -> Screen:
    """Return 8-bit codes of the pixels, taking them as sRGB."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return (pixels >> 8).astype(np.uint8)


def _halve(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    shrunk: NDArray[np.generic] = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    return shrunk


class Pyramid:
    """A photo with its halved copies. Building them may run in any thread.

    pixels: (H, W, 3) uint8/uint16, kept by reference as level 0 and never written.
    to_screen: turns photo colours into screen colours; called per tile.
    """

    def __init__(self, pixels: Pixels, to_screen: ToScreen = to_8bit) -> None:
        self.pixels = pixels
        self._to_screen = to_screen
        self._count = 1
        self._levels: list[NDArray[np.generic]] = []
        """Levels 2 and up."""

    @property
    def size(self) -> tuple[int, int]:
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    @property
    def levels(self) -> int:
        return self._count

    @property
    def extra_bytes(self) -> int:
        """Memory beside the photo itself."""
        return sum(int(level.nbytes) for level in self._levels)

    def _part(self, level: int, box: Box) -> NDArray[np.generic]:
        """The pixels of `box` at a level, in the photo's own colours."""
        if level == 0:
            return self.pixels[box.slices]
        if level == 1:
            return _halve(self.pixels[2 * box.top : 2 * box.bottom, 2 * box.left : 2 * box.right])
        return self._levels[level - 2][box.slices]

    def build(self) -> Pyramid:
        """Make every level. cv2 releases the interpreter; rows go in slices."""
        count = level_count(self.size)
        for level in range(2, count):
            width, height = level_size(self.size, level)
            above = level_size(self.size, level - 1)
            made = np.empty((height, width, 3), self.pixels.dtype)
            for top in range(0, height, SLICE_ROWS):
                rows = Box(0, 2 * top, above[0], min(2 * (top + SLICE_ROWS), above[1]))
                made[top : top + SLICE_ROWS] = _halve(self._part(level - 1, rows))
            self._levels.append(made)
            self._count = level + 1
        self._count = count
        return self

    def replace(self, pixels: Pixels, box: Box) -> None:
        """Take `pixels` as the photo from now on; it differs from the old one only in `box`."""
        self.pixels = pixels
        for level in range(1, self._count):
            box = Box(box.left // 2, box.top // 2, -(-box.right // 2), -(-box.bottom // 2))
            box = box.clamp(Box(0, 0, *level_size(self.size, level)))
            if box.is_empty:
                return
            if level >= 2:
                above = Box(2 * box.left, 2 * box.top, 2 * box.right, 2 * box.bottom)
                above = above.clamp(Box(0, 0, *level_size(self.size, level - 1)))
                self._levels[level - 2][box.slices] = _halve(self._part(level - 1, above))

    def read(self, level: int, box: Box) -> Screen:
        return self._to_screen(self._part(level, box))  # type: ignore[arg-type]


class Patched:
    """A picture with some boxes shown otherwise: what the photo looked like before its edits.

    base: the picture as it is; patches: (box, pixels of that box), the later over the earlier.
    """

    def __init__(
        self,
        base: Picture,
        patches: Sequence[tuple[Box, Pixels]],
        to_screen: ToScreen = to_8bit,
    ) -> None:
        self._base = base
        self._patches = [_Patch(box, to_screen(pixels), base.levels) for box, pixels in patches]

    @property
    def size(self) -> tuple[int, int]:
        return self._base.size

    @property
    def levels(self) -> int:
        return self._base.levels

    def read(self, level: int, box: Box) -> Screen:
        shown = self._base.read(level, box)
        touching = [p for p in self._patches if p.boxes[level].overlaps(box)]
        if not touching:
            return shown
        shown = shown.copy()
        for patch in touching:
            part = patch.boxes[level].clamp(box)
            inside = part.relative_to(patch.boxes[level])
            shown[part.relative_to(box).slices] = patch.pixels[level][inside.slices]
        return shown


class _Patch:
    """One patch with its halved copies, aligned to the levels of the whole photo."""

    def __init__(self, box: Box, pixels: Screen, levels: int) -> None:
        self.boxes = [box]
        self.pixels: list[Screen] = [pixels]
        for _ in range(1, levels):
            above, source = self.boxes[-1], self.pixels[-1]
            pad_left, pad_top = above.left % 2, above.top % 2
            if pad_left or pad_top:
                source = cv2.copyMakeBorder(source, pad_top, 0, pad_left, 0, cv2.BORDER_REPLICATE)
            half = np.asarray(_halve(source), np.uint8)
            left, top = above.left // 2, above.top // 2
            self.boxes.append(Box(left, top, left + half.shape[1], top + half.shape[0]))
            self.pixels.append(half)
