"""Draws panes out of tiles, and stands in for those not ready."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas import chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.canvas.picture import level_size
from inpaint_studio.ui.canvas.render import Scene, Side
from inpaint_studio.ui.canvas.tiles import TILE_PX, TileStore


def tiles_of(box: Box) -> tuple[range, range]:
    """Columns and rows of the tiles that device pixels of a photo lie in."""
    columns = range(box.left // TILE_PX, (box.right - 1) // TILE_PX + 1)
    return columns, range(box.top // TILE_PX, (box.bottom - 1) // TILE_PX + 1)


class Drawing:
    """Draws the photo of a stage. Coarse stand-ins come from the pyramid's smallest copy."""

    def __init__(self, tiles: TileStore) -> None:
        self._tiles = tiles
        self._coarse: dict[Side, QImage] = {}

    def forget(self) -> None:
        """The picture is another one."""
        self._coarse.clear()

    def pane(
        self, painter: QPainter, scene: Scene, photo: Box, pane: Pane, clip: Box, zoom: float,
        deadline: float,
    ) -> bool:  # fmt: skip
        """Draw one pane's part in `clip`; True when tiles had to be left coarse for now.

        photo: where the photo lies without the pane's shift; all boxes in device pixels.
        deadline: of `time.perf_counter`; later no new tile is made.
        """
        tiles = self._tiles
        photo = photo.shift(pane.shift, 0)
        shown = clip.shift(-photo.left, -photo.top).clamp(tiles.bounds())
        if shown.is_empty:
            return False
        chrome.draw_shadow(painter, photo, clip)
        waiting = False
        columns, rows = tiles_of(shown)
        for row in rows:
            for column in columns:
                in_time = time.perf_counter() < deadline
                tile = tiles.get(pane.side, column, row, make=in_time)
                if tile is not None:
                    left, top = tile.box.left + photo.left, tile.box.top + photo.top
                    painter.drawImage(left, top, tile.image)
                else:
                    waiting = True
                    box = Box(
                        column * TILE_PX, row * TILE_PX, (column + 1) * TILE_PX, (row + 1) * TILE_PX
                    ).clamp(tiles.bounds())
                    self._stand_in(painter, scene, pane.side, box, (photo.left, photo.top), zoom)
        return waiting

    def _stand_in(
        self, painter: QPainter, scene: Scene, side: Side, box: Box, offset: tuple[int, int],
        zoom: float,
    ) -> None:  # fmt: skip
        picture = (scene.before if side == "before" else None) or scene.after or scene.before
        assert picture is not None
        level = picture.levels - 1
        if side not in self._coarse:
            size = level_size(picture.size, level)
            pixels = picture.read(level, Box(0, 0, *size)).copy()
            image = QImage(pixels.data, size[0], size[1], size[0] * 3, QImage.Format.Format_RGB888)
            self._coarse[side] = image.copy()
        scale = 1 / (zoom * 2**level)
        target = QRectF(box.left + offset[0], box.top + offset[1], box.width, box.height)
        source = QRectF(box.left * scale, box.top * scale, box.width * scale, box.height * scale)
        painter.drawImage(target, self._coarse[side], source)
