"""Sources turned, mirrored or scaled: copies of the crop beside the crop, where patches may look.

The search, the vote and the join know nothing of it. They get a canvas: the crop as it is at its
top left, and right of it copies, each in a square of its own. A copy's pixels are the crop's
pixels in another order, so grain survives; scaled ones are computed and lose some of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.patch_levels import Beside, FloatImage

TURNS: dict[str, tuple[tuple[int, bool], ...]] = {
    "no": (),
    "mirrored": ((0, True),),
    "quarters": ((1, False), (2, False), (3, False)),
    "all": tuple((turn, flip) for flip in (False, True) for turn in range(4))[1:],
}
"""Quarter turns, and whether the copy is mirrored first."""
SCALES = (0.8, 1.25)
_CELL = 64
"""Squares start at multiples of this, so that the halves of every scale meet at their borders."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """image: (H', W', 4) float32 and hole, source: (H', W') bool, the crop at their top left.

    away: (H', W') float32, px of the photo that a pixel lies away from the hole where it really
    lies. shape: the crop's own.
    """

    image: FloatImage
    hole: MaskBool
    source: MaskBool
    away: FloatImage
    shape: tuple[int, int]

    def beside(self, scale: int, shape: tuple[int, ...]) -> Beside:
        """Return what lies where in a picture shrunk by `scale` to `shape`."""
        away = np.ascontiguousarray(self.away[::scale, ::scale][: shape[0], : shape[1]])
        height, width = self.shape
        return Beside((-(-height // scale), -(-width // scale)), away)

    def crop(self, picture: FloatImage) -> FloatImage:
        """Return the part of a canvas that is the crop."""
        return np.ascontiguousarray(picture[: self.shape[0], : self.shape[1]])


def copies(turned: str, scaled: bool) -> int:
    """Return how many copies lie beside the crop."""
    return len(TURNS[turned]) + (len(SCALES) if scaled else 0)


def spread(
    image: FloatImage, hole: MaskBool, source: MaskBool, *, turned: str, scaled: bool
) -> Canvas:
    """Lay copies of `image` (H, W, 4) beside it, as `TURNS[turned]` and `SCALES` say.

    Raises: KeyError: no such `turned`.
    """
    height, width = hole.shape
    away = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, 5)
    home = (image, source & ~hole, away)
    tiles = [_turned(home, turn, flip) for turn, flip in TURNS[turned]]
    tiles += [_scaled(home, scale) for scale in (SCALES if scaled else ())]
    side = max(max(tile[1].shape) for tile in (home, *tiles))
    side = -(-side // _CELL) * _CELL
    shape = (side, side * (1 + len(tiles)))
    canvas = np.zeros((*shape, image.shape[2]), np.float32)
    allowed, distance = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
    for number, (pixels, usable, far) in enumerate((home, *tiles)):
        place = np.s_[: usable.shape[0], number * side : number * side + usable.shape[1]]
        canvas[place], allowed[place], distance[place] = pixels, usable, far
    gap = np.zeros(shape, np.bool_)
    gap[:height, :width] = hole
    return Canvas(canvas, gap, allowed, distance, (height, width))


_Tile = tuple[FloatImage, MaskBool, FloatImage]


def _turned(tile: _Tile, turn: int, flip: bool) -> _Tile:
    def move(plane: FloatImage) -> FloatImage:
        return np.rot90(plane[:, ::-1] if flip else plane, turn)

    image, source, away = tile
    return move(image), np.asarray(move(source.astype(np.float32)) > 0), move(away)


def _scaled(tile: _Tile, scale: float) -> _Tile:
    image, source, away = tile
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (max(1, round(source.shape[1] * scale)), max(1, round(source.shape[0] * scale)))
    # Only where every pixel that was weighed may be copied.
    whole = cv2.erode(source.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1)
    usable = cv2.resize(whole, size, interpolation=cv2.INTER_NEAREST) > 0
    pixels = np.maximum(cv2.resize(image, size, interpolation=how), 0)
    return pixels, np.asarray(usable), cv2.resize(away, size, interpolation=cv2.INTER_LINEAR)
