"""The eight EXIF orientations, as views: nothing is copied, nothing is interpolated."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def upright(stored: NDArray[T], orientation: int) -> NDArray[T]:
    """Return the picture as it is to be seen, a view of the picture as stored."""
    turned = np.swapaxes(stored, 0, 1) if orientation >= 5 else stored
    rows = slice(None, None, -1) if orientation in (3, 4, 7, 8) else slice(None)
    columns = slice(None, None, -1) if orientation in (2, 3, 6, 7) else slice(None)
    return turned[rows, columns]


def as_stored(seen: NDArray[T], orientation: int) -> NDArray[T]:
    """Return the picture as the file stores it, a view of the picture as seen."""
    rows = slice(None, None, -1) if orientation in (3, 4, 7, 8) else slice(None)
    columns = slice(None, None, -1) if orientation in (2, 3, 6, 7) else slice(None)
    flipped = seen[rows, columns]
    return np.swapaxes(flipped, 0, 1) if orientation >= 5 else flipped


def turned_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return (width, height) of the upright picture."""
    return (height, width) if orientation >= 5 else (width, height)
