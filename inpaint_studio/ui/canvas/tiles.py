"""Finished 256-px tiles at device resolution, patched where something has changed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.render import Rendered, Scene, Side, render

TILE_PX = 256
BUDGET_MB = 32
_DASH_BIT = 4
_LIGHT, _DARK = np.uint32(0xFFFFFFFF), np.uint32(0xFF101010)


@dataclass(slots=True)
class Tile:
    """Device pixels of `box` (relative to the photo's corner), ready to be drawn."""

    box: Box
    pixels: NDArray[np.uint8]
    image: QImage
    edge: NDArray[np.uint8] | None = None
    index: NDArray[np.intp] | None = None
    phase: NDArray[np.intp] | None = None


class TileStore:
    """Tiles by side and place for one zoom, least recently used thrown out first."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.zoom = 1.0
        self.ants = 0
        self._tiles: OrderedDict[tuple[Side, int, int], Tile] = OrderedDict()

    def set_zoom(self, zoom: float) -> None:
        if zoom != self.zoom:
            self.zoom = zoom
            self._tiles.clear()

    def clear(self) -> None:
        self._tiles.clear()

    @property
    def megabytes(self) -> float:
        return sum(tile.pixels.nbytes for tile in self._tiles.values()) / 1e6

    def bounds(self) -> Box:
        """The photo's device pixels at this zoom."""
        picture = self.scene.after or self.scene.before
        if picture is None:
            return Box(0, 0, 0, 0)
        width, height = picture.size
        return Box(0, 0, max(1, round(width * self.zoom)), max(1, round(height * self.zoom)))

    def get(self, side: Side, column: int, row: int, *, make: bool = True) -> Tile | None:
        """Return one tile, made now when `make` (else None when it is not there yet)."""
        key = (side, column, row)
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
            return tile
        if not make:
            return None
        left, top = column * TILE_PX, row * TILE_PX
        box = Box(left, top, left + TILE_PX, top + TILE_PX).clamp(self.bounds())
        if box.is_empty:
            return None
        pixels = np.empty((*box.shape, 4), np.uint8)
        image = QImage(
            pixels.data, box.width, box.height, box.width * 4, QImage.Format.Format_RGB32
        )
        tile = Tile(box, pixels, image)
        self._draw(tile, side, box)
        self._tiles[key] = tile
        while len(self._tiles) * TILE_PX * TILE_PX * 4 > BUDGET_MB * 1e6:
            self._tiles.popitem(last=False)
        return tile

    def patch(self, dirty: Box) -> None:
        """Draw anew what lies in `dirty` (device pixels) of the tiles there are."""
        for (side, _, _), tile in self._tiles.items():
            part = dirty.clamp(tile.box)
            if not part.is_empty and dirty.overlaps(tile.box):
                self._draw(tile, side, part)

    def _draw(self, tile: Tile, side: Side, part: Box) -> None:
        done = render(self.scene, side, self.zoom, part)
        slot = part.relative_to(tile.box).slices
        rows = tile.pixels[slot]
        rows[...] = cv2.cvtColor(np.ascontiguousarray(done.pixels), cv2.COLOR_RGB2BGRA)
        self._mark(tile, part, slot, done)

    def _mark(self, tile: Tile, part: Box, slot: tuple[slice, slice], done: Rendered) -> None:
        if done.edge is None and tile.edge is None:
            return
        if tile.edge is None:
            tile.edge = np.zeros(tile.box.shape, np.uint8)
        tile.edge[slot] = 0 if done.edge is None else done.edge
        tile.index = None
        if done.edge is not None:
            rows, columns = np.nonzero(done.edge)
            phase = (rows + part.top + columns + part.left) & 7
            colors = np.where((phase + self.ants) & _DASH_BIT, _LIGHT, _DARK)
            words = tile.pixels.view(np.uint32)[..., 0]
            words[slot][rows, columns] = colors

    def march(self, side: Side, columns: range, rows: range) -> list[Box]:
        """Move the ants of the tiles named on by the store's phase; return what changed."""
        changed = []
        for row in rows:
            for column in columns:
                tile = self._tiles.get((side, column, row))
                if tile is None or tile.edge is None:
                    continue
                if tile.index is None or tile.phase is None:
                    tile.index = np.flatnonzero(tile.edge)
                    y, x = np.divmod(tile.index, tile.box.width)
                    tile.phase = (x + y + tile.box.left + tile.box.top) & 7
                if tile.index.size == 0:
                    continue
                words = tile.pixels.view(np.uint32).reshape(-1)
                words[tile.index] = np.where((tile.phase + self.ants) & _DASH_BIT, _LIGHT, _DARK)
                changed.append(tile.box)
        return changed
