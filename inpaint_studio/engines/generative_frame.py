"""Cut the crop a model sees, and put its answer back: own code, at native scale where possible.

Why not the helpers of diffusers: their crop returns an invalid box for an empty mask, and their
overlay pastes the original's top-left corner when sizes differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.generative_match import match
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

Floats = NDArray[np.float32]
CELL_PX = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """A crop and its size at the model. `height, width` include the padding to the multiple."""

    box: Box
    scale: float
    height: int
    width: int

    @property
    def inner(self) -> tuple[int, int]:
        """(rows, columns) of the model's picture that show the crop; the rest is padding."""
        if self.scale == 1.0:
            return self.box.shape
        return (
            max(1, round(self.box.height * self.scale)),
            max(1, round(self.box.width * self.scale)),
        )


def frame_for(
    target: MaskBool, *, native_px: int, largest_px: int, multiple: int, smallest_px: int = 0
) -> Frame:
    """Return the frame around the True pixels of `target`, inside its array.

    Native scale unless the crop is longer than `largest_px` (then smaller) or the whole photo is
    much smaller than what the model knows (then larger).
    """
    bounds = Box.of_shape(target.shape)
    hole = Box.of_mask(target)
    margin = max(32, native_px // 8)
    left, right = _span(hole.left, hole.right, bounds.right, margin, native_px, multiple)
    top, bottom = _span(hole.top, hole.bottom, bounds.bottom, margin, native_px, multiple)
    box = Box(left, top, right, bottom)
    longest = max(box.width, box.height)
    scale = 1.0
    if longest > largest_px:
        scale = largest_px / longest
    elif longest < (smallest_px or 0.75 * min(native_px, largest_px)):
        scale = (smallest_px or min(native_px, largest_px)) / longest
    frame = Frame(box, scale, 0, 0)
    rows, columns = frame.inner
    return Frame(
        box,
        scale,
        math.ceil(rows / multiple) * multiple,
        math.ceil(columns / multiple) * multiple,
    )


def _span(
    start: int, stop: int, limit: int, margin: int, native_px: int, multiple: int
) -> tuple[int, int]:
    """Return start and stop of a side: the hole, its margin, at least the native size."""
    wanted = max(stop - start + 2 * margin, native_px)
    wanted = min(math.ceil(wanted / multiple) * multiple, limit)
    first = (start + stop - wanted) // 2
    first = min(max(first, 0), limit - wanted)
    return first, first + wanted


def cut(frame: Frame, picture: Floats) -> Floats:
    """Return the frame's part of (H, W, 3), scaled and padded by reflection to (height, width)."""
    crop = picture[frame.box.slices]
    rows, columns = frame.inner
    if frame.scale != 1.0:
        how = cv2.INTER_AREA if frame.scale < 1 else cv2.INTER_CUBIC
        crop = np.clip(cv2.resize(crop, (columns, rows), interpolation=how), 0.0, 1.0)
    return _pad(crop, frame)


def cut_mask(frame: Frame, mask: MaskBool, *, cell_px: int = CELL_PX) -> MaskBool:
    """Return the frame's part of a mask; a latent cell that it touches is taken whole.

    Models shrink the mask by taking every eighth pixel: a thin stroke would fall through.
    """
    crop = mask[frame.box.slices]
    rows, columns = frame.inner
    if frame.scale != 1.0:
        how = cv2.INTER_AREA if frame.scale < 1 else cv2.INTER_LINEAR
        crop = cv2.resize(crop.astype(np.float32), (columns, rows), interpolation=how) > 0
    full = np.zeros((frame.height, frame.width), dtype=bool)
    full[:rows, :columns] = crop
    if cell_px > 1:
        cells = full.reshape(frame.height // cell_px, cell_px, frame.width // cell_px, cell_px)
        full = cells.any(axis=(1, 3)).repeat(cell_px, axis=0).repeat(cell_px, axis=1)
    return full


def uncut(frame: Frame, answer: Floats) -> Floats:
    """Return the model's answer at the size of the frame's box."""
    rows, columns = frame.inner
    crop = np.ascontiguousarray(answer[:rows, :columns])
    if frame.scale == 1.0:
        return crop
    how = cv2.INTER_LANCZOS4 if frame.scale < 1 else cv2.INTER_AREA
    resized: Floats = cv2.resize(crop, (frame.box.width, frame.box.height), interpolation=how)
    return np.clip(resized, 0.0, 1.0)


def put_back(
    frame: Frame,
    canvas: Floats,
    target: MaskBool,
    answer: Floats,
    hole: MaskBool,
    *,
    matches: bool,
    token: RunToken,
) -> Floats:
    """Return the canvas with the model's answer where `target` is True, colours matched.

    answer, hole: the model's picture and mask, (frame.height, frame.width).
    """
    crop = canvas[frame.box.slices]
    painted = uncut(frame, np.clip(answer, 0.0, 1.0))
    if matches:
        painted, _ = match(painted, crop, uncut_mask(frame, hole), token)
    result = canvas.copy()
    inside = target[frame.box.slices][..., None]
    result[frame.box.slices] = np.where(inside, painted, crop)
    return result


def uncut_mask(frame: Frame, mask: MaskBool) -> MaskBool:
    """Return the model's mask at the size of the frame's box (any touched pixel is True)."""
    rows, columns = frame.inner
    crop = mask[:rows, :columns]
    if frame.scale == 1.0:
        return crop.copy()
    size = (frame.box.width, frame.box.height)
    how = cv2.INTER_AREA if frame.scale > 1 else cv2.INTER_LINEAR
    grown: MaskBool = cv2.resize(crop.astype(np.float32), size, interpolation=how) > 0
    return grown


def _pad(crop: Floats, frame: Frame) -> Floats:
    rows, columns = crop.shape[:2]
    below, beside = frame.height - rows, frame.width - columns
    if not (below or beside):
        return np.ascontiguousarray(crop)
    mode = "symmetric" if below <= rows and beside <= columns else "edge"
    padded: Floats = np.pad(crop, ((0, below), (0, beside), (0, 0)), mode=mode)  # type: ignore[call-overload]
    return padded


def tiles(target: MaskBool, *, side_px: int, overlap_px: int) -> tuple[Box, ...]:
    """Return boxes of `side_px` that cover the True pixels, row by row, overlapping.

    Boxes lie inside the array; those that hold no True pixel are left out.
    """
    bounds = Box.of_shape(target.shape)
    hole = Box.of_mask(target).pad(overlap_px).clamp(bounds)
    found = []
    for top in _starts(hole.top, hole.bottom, bounds.bottom, side_px, overlap_px):
        for left in _starts(hole.left, hole.right, bounds.right, side_px, overlap_px):
            box = Box(left, top, left + side_px, top + side_px).clamp(bounds)
            if target[box.slices].any():
                found.append(box)
    return tuple(found)


def _starts(start: int, stop: int, limit: int, side_px: int, overlap_px: int) -> list[int]:
    if limit <= side_px:
        return [0]
    step = side_px - overlap_px
    count = max(1, math.ceil((stop - start - overlap_px) / step))
    first = start + (stop - start - (count * step + overlap_px)) // 2
    places = [min(max(first + index * step, 0), limit - side_px) for index in range(count)]
    return sorted(set(places))
