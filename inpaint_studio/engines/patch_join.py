"""Join copied pixels by their gradients, without bleeding where two things really meet.

Where two neighbours were copied from different places, the step between them should be what their
sources show there. A screened Poisson equation spreads what is left over some pixels: small
mismatches of light vanish. A large one is the border of two things; spread like the small ones it
would be a blurred edge with colour bleeding over it, so it stays the step that was copied.

Where patches do not agree their average is softer than the copies, as a seam should be, and what
differs by no more than grain stays copied (`softened`): of 72 blind votes on brush strokes and
captions 51 were for the average (captions 30 of 38), of 52 35 for keeping the grain of it; object
and rectangle holes 40 of 73. Thin holes are not softened (scratches 5 of 15). Left out: steps that
keep each pixel's own mismatch and lose the mean along the seam alone (more detail, harder edges).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.patch_levels import LUMA, FloatImage, Level, Points
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

_SCREEN = 0.001
"""How much a pixel keeps to what was copied, beside its steps to each neighbour.

With 0.02 (`_NARROW`), as up to version 13, light that differs is that of the copy again after 7 px,
and plain ground that was copied from several places is blotched; now after 32 (48 cases each of
object holes, rectangles, brush strokes and captions of two seeds: look index 0.743, 0.711, 0.600
and 0.593; now 0.741, 0.709, 0.597, 0.591; with 0.0002 no better). Tried and left out: a sharper
passage from light to border (0.742, 0.708, 0.602, 0.595), the mean along a seam weighed by its own
size (0.744, 0.711).
"""
_NARROW = 0.02
_MOST = np.float32(40)
"""How far light may move (working values x 255): a slope copied again and again runs away, where
no rim holds it. With 24 captions and brush strokes lose 0.0005."""
_EDGE = 20.0
"""A mismatch of this size (working values x 255) along a seam counts half as a border."""
_OLD_EDGE = 24.0
"""Up to version 14, where a passage less sharp let 10 to 18 levels of every border through: spread
over 32 px, a haze beside whatever the hole cut. The look index does not see it."""
_GRAINS = 6.0
"""How many deviations of the grain a change must have to be made for half."""
_GRAIN_PX = 1 << 20
"""About how many pixels are looked at for grain: rows are left out of a larger crop."""
_SECOND = 0.6745 * 6**0.5
"""The median of the second differences of grain whose deviation is 1."""
_ALONG_PX = 1.5
_STRIP = 256
"""Rows worked on between two looks at the token, and how far the mean along a seam reaches."""
_HALO = 8

Where = tuple[slice, slice]


def join(
    level: Level,
    at: Points,
    token: RunToken,
    shape: tuple[int, int] | None = None,
    *,
    wide: bool = True,
    clear: bool = True,
) -> FloatImage:
    """Return the picture (H, W, 3) with the hole's pixels copied from `at` (n, 2) and joined.

    shape: the part at the top left of a canvas that is the crop; beyond it nothing is known.
    wide: see `_SCREEN`; without, as up to version 13. clear: see `_EDGE`; without, as up to 14.
    """
    screen = _SCREEN if wide else _NARROW
    image, holes = level.image, level.holes
    image[holes[:, 0], holes[:, 1]] = image[at[:, 0], at[:, 1]]
    origin = np.full((*level.hole.shape, 2), -1, np.int32)
    origin[holes[:, 0], holes[:, 1]] = at
    whole = Box.of_shape(level.hole.shape if shape is None else shape)
    box = Box.of_mask(level.hole).pad(1).clamp(whole).slices
    shown = np.ascontiguousarray(image[box][..., :3])
    hole, origin = level.hole[box], origin[box]
    height, width = hole.shape
    rhs: FloatImage = np.where(hole[..., None], np.float32(-screen) * shown, np.float32(0))
    for down, right in ((1, 0), (0, 1)):
        pairs = height - down
        for top in range(0, pairs, _STRIP):
            token.check()
            first, last = max(0, top - _HALO), min(pairs, top + _STRIP + _HALO)
            part = np.s_[first : last + down]
            step = _steps(level, shown[part], hole[part], origin[part], down, right, clear)
            step = step[top - first :][:_STRIP]
            end = min(top + _STRIP, pairs)
            rhs[top:end, : width - right] += step
            rhs[top + down : end + down, right:] -= step
    rhs[~hole] = 0
    result = np.ascontiguousarray(image[..., :3])
    solved = membrane.solve(result[box], hole, token, rhs=rhs, screen=screen, cycles=6)
    result[box] = np.where(hole[..., None], _bound(shown, solved), shown) if wide else solved
    return result


def softened(joined: FloatImage, level: Level, copied: FloatImage) -> FloatImage:
    """Soften the seams of a joined picture (H, W, 3) by what its patches show on average.

    level: with the hole's votes in its picture; copied: (n, 4), the copies instead. Inside a piece
    that was copied whole both are the same; along a seam the average has no hard edge. What does
    not differ by more than grain does stays as copied, so that grain survives.
    """
    rows, columns = level.holes[:, 0], level.holes[:, 1]
    change = (level.at(level.holes) - copied)[:, :3]
    size = np.square(change).mean(axis=1, keepdims=True)
    grain = np.float32(np.square(_GRAINS * _grain(level)) + 1e-6)
    joined[rows, columns] += change * (size / (size + grain))
    return joined


def _grain(level: Level) -> float:
    """Return the deviation of the known pixels' grain, from second differences along rows."""
    skip = 1 + level.hole.size // _GRAIN_PX
    luma, known = level.image[::skip, :, :3] @ LUMA, ~level.hole[::skip]
    step = luma[:, 2:] - 2 * luma[:, 1:-1] + luma[:, :-2]
    found = np.abs(step[known[:, 2:] & known[:, 1:-1] & known[:, :-2]])
    return float(np.median(found)) / _SECOND if found.size else 0.0


def _bound(shown: FloatImage, solved: FloatImage) -> FloatImage:
    """Return what was solved, no further than `_MOST` from what was copied."""
    change = solved - shown
    size = np.sqrt(np.sqrt(1 + np.square(np.square(change / _MOST))))
    bound: FloatImage = shown + change / size
    return bound


def _steps(
    level: Level,
    shown: FloatImage,
    hole: MaskBool,
    origin: NDArray[np.int32],
    down: int,
    right: int,
    clear: bool,
) -> FloatImage:
    """Return the step wanted from every pixel to its neighbour there, 0 between known pixels."""
    height, width = hole.shape
    here: Where = np.s_[: height - down, : width - right]
    there: Where = np.s_[down:, right:]
    ahead, has_ahead = _step(level, origin[here], down, right)
    behind, has_behind = _step(level, origin[there], -down, -right)
    count = (has_ahead.astype(np.float32) + has_behind)[..., None]
    copied = shown[there] - shown[here]
    shows = ahead * has_ahead[..., None] - behind * has_behind[..., None]
    mean = shows / np.maximum(count, np.float32(1))
    wanted: FloatImage = np.where(count > 0, mean, copied).astype(np.float32, copy=False)
    step = _keep_borders(wanted, copied, clear)
    step[~(hole[here] | hole[there])] = 0
    return step


def _step(
    level: Level, origin: NDArray[np.int32], down: int, right: int
) -> tuple[FloatImage, MaskBool]:
    """Return the step a pixel's source shows towards that side, and where it shows a known one."""
    height, width = level.hole.shape
    y, x = np.maximum(origin[..., 0], 0), np.maximum(origin[..., 1], 0)
    v, u = np.clip(y + down, 0, height - 1), np.clip(x + right, 0, width - 1)
    shows = (origin[..., 0] >= 0) & ~level.hole[v, u]
    step: FloatImage = (level.image[v, u] - level.image[y, x])[..., :3]
    return step, np.asarray(shows, np.bool_)


def _keep_borders(wanted: FloatImage, copied: FloatImage, clear: bool) -> FloatImage:
    """Return the wanted steps, and the copied ones where the mismatch along a seam is large.

    The mismatch is averaged along the seam, so that grain and texture do not count as borders.
    """
    mismatch = copied - wanted
    seam = (np.abs(mismatch).max(axis=-1) > 0).astype(np.float32)
    if not seam.any():
        return wanted
    near = cv2.GaussianBlur(seam, (0, 0), _ALONG_PX)
    total = cv2.GaussianBlur(mismatch, (0, 0), _ALONG_PX)
    mean = total / np.maximum(near, np.float32(1e-3))[..., None]
    size = np.square(mean).sum(axis=-1)
    if clear:
        share = np.square(size)
        share /= share + np.float32(_EDGE**4)
    else:
        share = np.square(size / (size + np.float32(_OLD_EDGE**2)))
    kept: FloatImage = wanted + share[..., None] * mismatch
    return kept.astype(np.float32, copy=False)
