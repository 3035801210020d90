"""How a photo was compressed last, told from its pixels, and what compressing it so again shows.

A JPEG keeps the cosine transform of each block of 8 × 8 px in steps. Its pixels still lie on these
steps, and compressing them once more in the same way changes nothing. Where it does change a block,
something was put there since. So the last of several compressions is the one whose steps are found,
and letters written into a photo that was a JPEG before lie on no steps at all.

The steps looked for are those of the Independent JPEG Group's tables (Annex K of ITU T.81, scaled
by quality), which most programs write; a camera's own tables are not found, and then nothing is
said. Fan and de Queiroz 2003 (doi:10.1109/TIP.2002.807361) tell a JPEG's steps from its pixels much
the same way.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

Rgb8 = NDArray[np.uint8]
Light = NDArray[np.float32]
T = TypeVar("T", bound=np.generic)

BLOCK = 8
_LUMA_OF_RGB = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_VIEW_PX = 448
QUALITIES = range(30, 96)
"""Finer steps than the last one's are no larger than what rounding does."""
_FEW_BLOCKS, _BLOCKS = 40, 160
_LEAST_BLOCKS = 12
_ON_STEPS = 0.13
"""Mean distance of the coefficients from the nearest step, in steps; a quarter by chance."""
_LEAST_STEP = 3.0
_SAME, _PASSES = 0.1, 6
"""How far blocks may lie from the steps, as a part of the mean step: of letters that were in the
photo when it was compressed 0.02 to 0.05, of others 0.21 and more."""
_SAMPLINGS = (2, 0)
"""Chroma halved both ways, and whole, as Pillow counts them."""
_UNITS = ((0, 0), (0, BLOCK), (BLOCK, 0), (BLOCK, BLOCK))
_LUMA = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], dtype=np.float32)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compression:
    """quality: of the IJG's tables; sampling: of its chroma, as Pillow counts; down, right: where
    the first whole unit of 16 × 16 px begins, px."""

    quality: int
    sampling: int
    down: int
    right: int


def last_compression(rgb: Rgb8, where: MaskBool) -> Compression | None:
    """Return how a photo (H, W, 3) was compressed after what `where` (H, W) says stands in it.

    where: what the blocks must hold that are on the steps, too. None: it was not, or not in a way
    that is known, or too little of it is here to tell.
    """
    if not where.any():
        return None
    view = _looked_at(where)
    part = np.ascontiguousarray(rgb[view.slices])
    light = np.asarray(part.astype(np.float32) @ _LUMA_OF_RGB - 128, dtype=np.float32)
    starts = ((down, right) for down in range(BLOCK) for right in range(BLOCK))
    quick = [(found[0], start) for start in starts
             if (found := _steps(light, start, _FEW_BLOCKS)) is not None]  # fmt: skip
    if not quick:
        return None
    start = min(quick)[1]
    found = _steps(light, start, _BLOCKS)
    if found is None:
        return None
    ends = ((part == 0) | (part == 255)).any(axis=2)
    off = _off_steps(light, ends, where[view.slices], found[1], start)
    if off > _SAME * float(_table(found[1]).mean()):
        return None
    return _least_changing(part, found[1], start)


def _looked_at(where: MaskBool) -> Box:
    """A part of the photo around what stands in it that is enough to tell; it begins where whole
    units would if the photo did."""
    unit = 2 * BLOCK
    rows, columns = np.nonzero(where)
    top, left = (max(0, int(np.median(n)) - _VIEW_PX // 2) // unit * unit for n in (rows, columns))
    whole = Box.of_shape(where.shape)
    return Box(left, top, left + _VIEW_PX, top + _VIEW_PX).clamp(whole)


def compressed(rgb: Rgb8, how: Compression) -> Rgb8:
    """Return what a photo (H, W, 3) shows after that compression."""
    up, left = -how.down % (2 * BLOCK), -how.right % (2 * BLOCK)
    whole = cv2.copyMakeBorder(rgb, up, 0, left, 0, cv2.BORDER_REPLICATE)
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "JPEG", quality=how.quality, subsampling=how.sampling)
    with Image.open(file, formats=("JPEG",)) as picture:
        return np.ascontiguousarray(np.asarray(picture)[up:, left:])


def _steps(light: Light, start: tuple[int, int], most: int) -> tuple[float, int] | None:
    """How far the coefficients of the blocks from `start` on lie from the steps of the quality that
    fits best, and that quality."""
    blocks = _blocks(light, start, most)
    if len(blocks) < _LEAST_BLOCKS:
        return None
    turn = _cosines()
    values = (turn @ blocks @ turn.T).reshape(len(blocks), -1)[:, 1:]
    best: tuple[float, int] | None = None
    for quality in QUALITIES:
        table = _table(quality)[1:]
        parts = values / table
        told = (np.abs(parts) > 0.5) & (table >= _LEAST_STEP)
        if int(told.sum()) < 4 * _LEAST_BLOCKS:
            continue
        off = float(np.abs(parts - np.rint(parts))[told].mean())
        if off <= _ON_STEPS and (best is None or off < best[0]):
            best = (off, quality)
    return best


def _parted(plane: NDArray[T], start: tuple[int, int]) -> NDArray[T]:
    """The whole blocks (n, 8, 8) of a plane from `start` on."""
    cut = plane[start[0] :, start[1] :]
    rows, columns = (side // BLOCK for side in cut.shape)
    cut = cut[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return cut.transpose(0, 2, 1, 3).reshape(-1, BLOCK, BLOCK)


def _blocks(light: Light, start: tuple[int, int], most: int) -> Light:
    """The blocks (n, 8, 8) with the most detail, of those that nowhere touch black or white."""
    blocks = _parted(light, start)
    flat = blocks.reshape(len(blocks), -1)
    blocks = blocks[(flat.min(axis=1) > -124) & (flat.max(axis=1) < 123)]
    rough = blocks.reshape(len(blocks), -1).std(axis=1)
    return np.asarray(blocks[np.argsort(-rough, kind="stable")[:most]], dtype=np.float32)


def _cosines() -> NDArray[np.float32]:
    k, n = np.arange(BLOCK)[:, None], np.arange(BLOCK)[None]
    turn = np.cos(np.pi * (2 * n + 1) * k / (2 * BLOCK)) * np.sqrt(2 / BLOCK)
    turn[0] /= np.sqrt(2)
    return np.asarray(turn, dtype=np.float32)


def _table(quality: int) -> NDArray[np.float32]:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((_LUMA * scale + 50) // 100, 1, 255)


def _least_changing(rgb: Rgb8, quality: int, start: tuple[int, int]) -> Compression:
    """The compression of that quality and start that changes the fewest pixels."""
    tried = []
    for sampling in _SAMPLINGS:
        for down, right in _UNITS if sampling else _UNITS[:1]:
            how = Compression(quality, sampling, start[0] + down, start[1] + right)
            # What was cut off at white changes much and tells nothing: count, don't add up.
            change = np.abs(compressed(rgb, how).astype(np.int16) - rgb) > 1
            tried.append((float(change.mean()), how))
    return min(tried, key=lambda one: one[0])[1]


def _off_steps(
    light: Light, ends: MaskBool, where: MaskBool, quality: int, start: tuple[int, int]
) -> float:
    """How far (levels) the blocks that hold some of `where` lie from the steps, in the median.

    ends: what is black or white, where more may have been cut off: as much as the steps ask for is
    put back, a few times over.
    """
    seen, cut = _parted(light, start), _parted(ends, start)
    held = _parted(where, start)
    told = held.any(axis=(1, 2)) & ~cut.all(axis=(1, 2))
    if not told.any():
        return np.inf
    seen, cut = seen[told], cut[told]
    table, turn = _table(quality).reshape(BLOCK, BLOCK), _cosines()
    whole = seen
    for _ in range(_PASSES):
        kept = turn.T @ (np.rint(turn @ whole @ turn.T / table) * table) @ turn
        beyond = np.where(seen > 0, np.maximum(kept, seen), np.minimum(kept, seen))
        whole = np.where(cut, beyond, seen)
    off = np.where(cut, 0, np.abs(kept - seen)).sum(axis=(1, 2)) / (~cut).sum(axis=(1, 2))
    return float(np.median(off))
