"""A contact sheet: before and after, side by side at 100 %, with the verdict under each pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

CELL = 320
_GAP, _TEXT = 12, 44
_GROUND, _INK, _DIM = (30, 30, 32), (235, 235, 235), (150, 150, 155)
_GOOD, _BAD = (88, 196, 130), (232, 100, 92)


@dataclass(frozen=True, slots=True)
class Tile:
    """One edit: (H, W, 3) uint8 before and after, the mask, and two lines of text."""

    title: str
    subtitle: str
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    mask: MaskBool
    accepted: bool


def write_sheet(path: Path, tiles: list[Tile], *, columns: int = 2) -> None:
    """Write the sheet as PNG; crops show the edit at 100 % where it fits in `CELL` px."""
    width = columns * (2 * CELL + 2 * _GAP) + _GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (width, rows * (CELL + _TEXT + _GAP) + _GAP), _GROUND)
    for index, tile in enumerate(tiles):
        left = _GAP + (index % columns) * (2 * CELL + 2 * _GAP)
        top = _GAP + (index // columns) * (CELL + _TEXT + _GAP)
        _draw(sheet, tile, left, top)
    sheet.save(path)


def _draw(sheet: Image.Image, tile: Tile, left: int, top: int) -> None:
    box = _view(tile)
    for number, pixels in enumerate((tile.before, tile.after)):
        crop = Image.fromarray(np.ascontiguousarray(pixels[box.slices]))
        if max(crop.size) > CELL:
            crop.thumbnail((CELL, CELL))
        sheet.paste(crop, (left + number * (CELL + 4), top))
    draw = ImageDraw.Draw(sheet)
    y = top + CELL + 6
    draw.ellipse((left, y + 4, left + 9, y + 13), fill=_GOOD if tile.accepted else _BAD)
    draw.text((left + 16, y), tile.title, fill=_INK, font=ImageFont.load_default(15))
    draw.text((left + 16, y + 19), tile.subtitle, fill=_DIM, font=ImageFont.load_default(13))


def _view(tile: Tile) -> Box:
    """The crop to show: around the mask, `CELL` px wide where the photo allows."""
    bounds = Box.of_shape(tile.before.shape)
    box = Box.of_mask(tile.mask) if tile.mask.any() else bounds
    grow_x = max(0, CELL - box.width) // 2
    grow_y = max(0, CELL - box.height) // 2
    wide = Box(box.left - grow_x, box.top - grow_y, box.right + grow_x, box.bottom + grow_y)
    shift_x = max(0, -wide.left) - max(0, wide.right - bounds.right)
    shift_y = max(0, -wide.top) - max(0, wide.bottom - bounds.bottom)
    return wide.shift(shift_x, shift_y).clamp(bounds)
