"""Draws panes out of tiles, and stands in for those not ready; keeps the ants marching."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QImage, QPainter

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas import chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.canvas.picture import level_size
from inpaint_studio.ui.canvas.render import Side
from inpaint_studio.ui.canvas.tiles import TILE_PX

if TYPE_CHECKING:
    from inpaint_studio.ui.canvas.stage import Stage

ANTS_MS = 140


def tiles_of(box: Box) -> tuple[range, range]:
    """Columns and rows of the tiles that device pixels of a photo lie in."""
    columns = range(box.left // TILE_PX, (box.right - 1) // TILE_PX + 1)
    return columns, range(box.top // TILE_PX, (box.bottom - 1) // TILE_PX + 1)


class Drawing:
    """Draws the photo of a stage. Coarse stand-ins come from the pyramid's smallest copy."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._coarse: dict[Side, QImage] = {}

    def forget(self) -> None:
        """The picture is another one."""
        self._coarse.clear()

    def pane(self, painter: QPainter, pane: Pane, clip: Box, deadline: float) -> bool:
        """Draw one pane's part in `clip`; True when tiles had to be left coarse for now."""
        stage = self._stage
        left, top = stage.view.left + pane.shift, stage.view.top
        shown = clip.shift(-left, -top).clamp(stage.tiles.bounds())
        if shown.is_empty:
            return False
        chrome.draw_shadow(painter, stage.tiles.bounds().shift(left, top), clip)
        waiting = False
        columns, rows = tiles_of(shown)
        for row in rows:
            for column in columns:
                in_time = time.perf_counter() < deadline
                tile = stage.tiles.get(pane.side, column, row, make=in_time)
                if tile is not None:
                    painter.drawImage(tile.box.left + left, tile.box.top + top, tile.image)
                else:
                    waiting = True
                    self._stand_in(painter, pane.side, column, row, (left, top))
        return waiting

    def _stand_in(
        self, painter: QPainter, side: Side, column: int, row: int, offset: tuple[int, int]
    ) -> None:
        stage = self._stage
        scene = stage.scene
        picture = (scene.before if side == "before" else None) or scene.after or scene.before
        assert picture is not None
        level = picture.levels - 1
        if side not in self._coarse:
            size = level_size(picture.size, level)
            pixels = picture.read(level, Box(0, 0, *size)).copy()
            image = QImage(pixels.data, size[0], size[1], size[0] * 3, QImage.Format.Format_RGB888)
            self._coarse[side] = image.copy()
        box = Box(
            column * TILE_PX, row * TILE_PX, (column + 1) * TILE_PX, (row + 1) * TILE_PX
        ).clamp(stage.tiles.bounds())
        scale = 1 / (stage.view.zoom * 2**level)
        target = QRectF(box.left + offset[0], box.top + offset[1], box.width, box.height)
        source = QRectF(box.left * scale, box.top * scale, box.width * scale, box.height * scale)
        painter.drawImage(target, self._coarse[side], source)


class Ants(QTimer):
    """Moves the mask's outline on while there is a mask in sight and nothing is dragged."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._stage = stage
        self.setInterval(ANTS_MS)
        self.timeout.connect(self._march)

    def tend(self) -> None:
        """Start or stop, as the scene wants it."""
        scene = self._stage.scene
        has_mask = scene.mask is not None and not scene.mask.bounds.is_empty
        if scene.show_ants and has_mask and self._stage.isVisible():
            if not self.isActive():
                self.start()
        else:
            self.stop()

    def _march(self) -> None:
        stage = self._stage
        if stage.is_dragged or stage.scene.mask is None:
            return
        stage.tiles.ants = (stage.tiles.ants + 1) & 7
        for pane in stage.panes():
            box = pane.clip.shift(-stage.view.left - pane.shift, -stage.view.top)
            box = box.clamp(stage.tiles.bounds())
            if box.is_empty:
                continue
            for changed in stage.tiles.march(pane.side, *tiles_of(box)):
                stage.update_device(changed)
