"""Geometry as types: half-open pixel boxes, never four loose ints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A half-open rectangle of pixels: `left <= x < right`, `top <= y < bottom`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return max(0, self.width) * max(0, self.height)

    @property
    def is_empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns), ready to index an (H, W, ...) array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def center(self) -> tuple[float, float]:
        """(x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def pad(self, px: int) -> Box:
        return Box(self.left - px, self.top - px, self.right + px, self.bottom + px)

    def clamp(self, bounds: Box) -> Box:
        """The part of this box inside `bounds`; empty boxes stay inside `bounds` too."""
        left = min(max(self.left, bounds.left), bounds.right)
        top = min(max(self.top, bounds.top), bounds.bottom)
        right = max(left, min(self.right, bounds.right))
        bottom = max(top, min(self.bottom, bounds.bottom))
        return Box(left, top, right, bottom)

    def union(self, other: Box) -> Box:
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def intersect(self, other: Box) -> Box:
        return self.clamp(other)

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def contains(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def shift(self, dx: int, dy: int) -> Box:
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def relative_to(self, outer: Box) -> Box:
        """This box in the coordinates of a crop taken at `outer`."""
        return self.shift(-outer.left, -outer.top)

    @staticmethod
    def of_shape(shape: tuple[int, ...]) -> Box:
        """The box of a whole (H, W, ...) array."""
        return Box(0, 0, shape[1], shape[0])

    @staticmethod
    def of_mask(mask: NDArray[np.bool_]) -> Box:
        """The tightest box around the True pixels; an empty box when there are none."""
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size == 0:
            return Box(0, 0, 0, 0)
        columns = np.flatnonzero(mask.any(axis=0))
        return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        result = Box(0, 0, 0, 0)
        for box in boxes:
            result = result.union(box)
        return result
