"""Pixels as they are about to be: changes over a photo that is not touched until all are proved."""

from __future__ import annotations

from inpaint_studio.arrays import Pixels
from inpaint_studio.geometry import Box


class Scratch:
    """Changed boxes over `pixels`. Never takes more memory than the photo and one box more."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._parts: list[tuple[Box, Pixels]] = []
        self._bytes = 0
        self.changed = Box(0, 0, 0, 0)

    def read(self, box: Box) -> Pixels:
        """Return the pixels of `box` with all changes so far, as a new array."""
        found = self._pixels[box.slices].copy()
        for part, pixels in self._parts:
            _lay(pixels, part, found, box)
        return found

    def put(self, box: Box, pixels: Pixels) -> None:
        """Change `box`; the array is given away."""
        self.changed = self.changed.union(box)
        self._parts.append((box, pixels))
        self._bytes += pixels.nbytes
        if self._bytes > self._pixels.nbytes:
            whole = Box.of_shape(self._pixels.shape)
            self._parts = [(whole, self.read(whole))]
            self._bytes = 0

    def show(self, pixels: Pixels) -> None:
        """Write all changes into `pixels`."""
        for box, part in self._parts:
            pixels[box.slices] = part


def _lay(pixels: Pixels, box: Box, onto: Pixels, onto_box: Box) -> None:
    if box.overlaps(onto_box):
        common = box.intersect(onto_box)
        onto[common.relative_to(onto_box).slices] = pixels[common.relative_to(box).slices]
