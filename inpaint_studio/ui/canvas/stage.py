"""What the canvas shows: pictures through tiles, in one pane or two, at any zoom. No tools.

A plain QWidget was the best of nine designs measured (0.1–0.9 ms CPU a dab at 50 MP); scene
graphs, OpenGL on software drivers, pyqtgraph and vispy were 10–200 times slower.
"""

from __future__ import annotations

import time
from typing import Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from inpaint_studio.geometry import Box
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas import chrome
from inpaint_studio.ui.canvas.ants import Ants
from inpaint_studio.ui.canvas.drawing import Drawing, tiles_of
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.panes import Mode, Pane, panes, viewport
from inpaint_studio.ui.canvas.picture import Picture
from inpaint_studio.ui.canvas.render import Evidence, Scene
from inpaint_studio.ui.canvas.tiles import TileStore
from inpaint_studio.ui.canvas.view import View

PAINT_BUDGET_S = 0.009
MARGIN_PX = 24


class Overlay(Protocol):
    """Something drawn over the photo in every pane (pins, evidence boxes)."""

    def paint(self, painter: QPainter, canvas: Stage, pane: Pane) -> None: ...


class Stage(QWidget):
    """Shows a picture, or a before/after pair, with a mask over it.

    Lengths are device pixels inside and photo pixels at the border (`Box`).
    """

    view_changed = Signal()
    mode_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Photo canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        self.scene = Scene()
        self.tiles = TileStore(self.scene)
        self.view = View()
        self.mode = Mode.AFTER
        self.overlays: list[Overlay] = []
        self.split = 0.5
        self.empty_text = ""
        self._fit = True
        self._before_held = False
        self._swapped = False
        self._drag = ""
        self._drawing = Drawing(self.tiles)
        self.ants = Ants(self, wanted=self._has_ants, step=self._march)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.update)
        theme.active().changed.connect(self.update)

    # What is shown

    def set_pictures(
        self, after: Picture | None, before: Picture | None = None, *, keep_view: bool = False
    ) -> None:
        """Show another picture or pair. The view is kept when asked and the size is the same."""
        old = self.scene.after
        same = old is not None and after is not None and old.size == after.size
        self.scene.after, self.scene.before = after, before
        self._drawing.forget()
        self.tiles.clear()
        if not (keep_view and same):
            self.fit()
        self.update()

    def set_before(self, before: Picture | None) -> None:
        """Change what the photo is compared with."""
        self.scene.before = before
        self._drawing.forget()
        self.tiles.clear()
        self.update()

    def set_mask(self, mask: MaskPlane | None) -> None:
        self.scene.mask = mask
        self.refresh()
        self.ants.tend()

    def set_evidence(self, evidence: tuple[Evidence, ...]) -> None:
        self.scene.evidence = evidence
        self.refresh()

    def set_preview(self, preview: Evidence | None) -> None:
        """Tint what a tool would take; None takes the tint away."""
        old, self.scene.preview = self.scene.preview, preview
        for item in (old, preview):
            if item is not None:
                self._patch(item.box)

    def refresh(self) -> None:
        """Draw everything anew (the scene's style has changed)."""
        self.tiles.clear()
        self.update()

    def photo_changed(self, box: Box) -> None:
        """The picture differs in `box`; its pyramid has been brought up to date already."""
        self._drawing.forget()
        self._patch(box)

    def mask_changed(self, *boxes: Box) -> None:
        """The mask differs in `boxes`: bring its pyramid and the tiles up to date."""
        for plane in (self.scene.mask, self.scene.source):
            if plane is not None:
                for box in boxes:
                    plane.update(box)
        self._patch(Box.around(boxes))
        self.ants.tend()

    def hint_changed(self, box: Box) -> None:
        """The preview plane differs in `box`."""
        if self.scene.hint is not None:
            self.scene.hint.update(box)
        self._patch(box)

    def _patch(self, box: Box) -> None:
        if box.is_empty:
            return
        device = self.view.device_box(box).pad(3)
        self.tiles.patch(device)
        self.update_device(device)

    def update_device(self, device: Box) -> None:
        """Ask for a repaint of device pixels relative to the photo's corner, in every pane."""
        ratio = self.devicePixelRatioF()
        for pane in self.panes():
            box = device.shift(self.view.left + pane.shift, self.view.top).clamp(pane.clip)
            if not box.is_empty:
                left, top = int(box.left / ratio), int(box.top / ratio)
                right, bottom = -int(-box.right // ratio), -int(-box.bottom // ratio)
                self.update(QRect(left, top, right - left, bottom - top))

    @property
    def is_fitted(self) -> bool:
        """Whether the whole photo is kept in sight."""
        return self._fit

    @property
    def has_photo(self) -> bool:
        return self.scene.after is not None or self.scene.before is not None

    @property
    def photo_size(self) -> tuple[int, int]:
        picture = self.scene.after or self.scene.before
        return picture.size if picture is not None else (1, 1)

    # Zoom, pan, mode

    def device_size(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def _viewport(self) -> tuple[int, int]:
        return viewport(self.mode, self.device_size())

    def fit(self) -> None:
        """Show the whole photo, and keep doing so when the canvas is resized."""
        self._fit = True
        margin = round(MARGIN_PX * self.devicePixelRatioF())
        self._set_view(View.fitted(self.photo_size, self._viewport(), margin), keep_fit=True)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom (device pixels per photo pixel) about a point of the canvas, or its middle."""
        width, height = self._viewport()
        x, y = (width / 2, height / 2) if at is None else self._pane_point(at)
        self._set_view(self.view.zoomed(zoom, x, y))

    def zoom_step(self, direction: int) -> None:
        self.zoom_to(self.view.stepped(direction))

    def frame(self, box: Box) -> None:
        """Zoom so that `box` of the photo is seen with its surroundings, never past the photo."""
        margin = round(MARGIN_PX * self.devicePixelRatioF())
        whole = View.fitted(self.photo_size, self._viewport(), margin)
        near = View.framing(box, self._viewport())
        self._set_view(near if near.zoom > whole.zoom else whole)

    def set_view(self, view: View) -> None:
        """Show exactly this part (views are carried from photo to photo in review)."""
        self._set_view(view)

    def _set_view(self, view: View, *, keep_fit: bool = False) -> None:
        if not keep_fit:
            self._fit = False
        self.view = view.clamped(self.photo_size, self._viewport())
        self.tiles.set_zoom(self.view.zoom)
        self.scene.line_px = max(1, round(self.devicePixelRatioF()))
        self.update()
        self.view_changed.emit()

    def pan_by(self, dx: int, dy: int) -> None:
        """Move the photo by device pixels; what stays in sight is scrolled, not drawn anew."""
        old = self.view
        new = old.moved(dx, dy).clamped(self.photo_size, self._viewport())
        dx, dy = new.left - old.left, new.top - old.top
        if not dx and not dy:
            return
        self._fit = False
        self.view = new
        ratio = self.devicePixelRatioF()
        steady = self.mode is Mode.AFTER and not self._before_held and self.is_bare
        if steady and not self.overlays and dx % ratio == 0 and dy % ratio == 0:
            self.scroll(int(dx / ratio), int(dy / ratio), self.rect())
        else:
            self.update()
        self.view_changed.emit()

    def set_mode(self, mode: Mode) -> None:
        """Compare in another way; the photo's point in the middle stays there."""
        if mode is self.mode:
            return
        width, height = self._viewport()
        middle = self.view.to_photo(width / 2, height / 2)
        self.mode = mode
        self._swapped = False
        if self._fit:
            self.fit()
        else:
            width, height = self._viewport()
            zoom = self.view.zoom
            self._set_view(
                View(
                    zoom, round(width / 2 - middle[0] * zoom), round(height / 2 - middle[1] * zoom)
                )
            )
        self.mode_changed.emit(mode.value)

    def hold_before(self, held: bool) -> None:
        """Show the original while a key is held."""
        if held != self._before_held:
            self._before_held = held
            self.update()

    def swap(self) -> None:
        """Turn the swipe over: before, after, before."""
        self._swapped = not self._swapped
        self.update()

    # Places

    def to_device(self, x: float, y: float, pane: Pane | None = None) -> QPointF:
        """Where a photo point lies on the canvas, in device pixels."""
        dx, dy = self.view.to_device(x, y)
        return QPointF(dx + (pane.shift if pane else 0), dy)

    def to_widget(self, x: float, y: float) -> QPoint:
        """Where a photo point lies on the canvas, in the widget's own pixels."""
        ratio = self.devicePixelRatioF()
        dx, dy = self.view.to_device(x, y)
        return QPoint(round(dx / ratio), round(dy / ratio))

    def _pane_point(self, at: QPointF) -> tuple[float, float]:
        ratio = self.devicePixelRatioF()
        x, y = at.x() * ratio, at.y() * ratio
        for pane in self.panes():
            if pane.clip.left <= x < pane.clip.right:
                return x - pane.shift, y
        return x, y

    def to_photo(self, at: QPointF) -> tuple[float, float]:
        """The photo point under a point of the widget."""
        return self.view.to_photo(*self._pane_point(at))

    def panes(self) -> tuple[Pane, ...]:
        """How the canvas is divided now."""
        before = self._before_held
        return panes(
            self.mode, self.device_size(), split=self.split, before=before, swapped=self._swapped
        )

    def color_at(self, x: int, y: int) -> QColor | None:
        """The screen colour of one photo pixel."""
        picture = self.scene.after
        if picture is None or not (0 <= x < picture.size[0] and 0 <= y < picture.size[1]):
            return None
        red, green, blue = (int(v) for v in picture.read(0, Box(x, y, x + 1, y + 1))[0, 0])
        return QColor(red, green, blue)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        region = event.rect()
        painter.fillRect(region, theme.active().color("canvas"))
        if not self.has_photo:
            chrome.draw_empty(painter, self.rect(), self.empty_text)
            painter.end()
            return
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        dirty = Box(
            int(region.left() * ratio), int(region.top() * ratio),
            int((region.right() + 1) * ratio) + 1, int((region.bottom() + 1) * ratio) + 1,
        )  # fmt: skip
        photo = self.tiles.bounds().shift(self.view.left, self.view.top)
        deadline = time.perf_counter() + PAINT_BUDGET_S
        waiting = False
        for pane in self.panes():
            clip = pane.clip.clamp(dirty)
            if clip.is_empty:
                continue
            painter.setClipRect(clip.left, clip.top, clip.width, clip.height)
            waiting |= self._drawing.pane(
                painter, self.scene, photo, pane, clip, self.view.zoom, deadline
            )
            for overlay in self.overlays:
                overlay.paint(painter, self, pane)
            chrome.draw_label(painter, photo.shift(pane.shift, 0), pane, ratio)
        painter.setClipRect(dirty.left, dirty.top, dirty.width, dirty.height)
        if self.mode is Mode.SPLIT and not self._before_held:
            chrome.draw_split(painter, photo, Box(0, 0, *self.device_size()), self.split, ratio)
        self.paint_over(painter)
        painter.end()
        if waiting:
            self._later.start()

    # The mask's marching outline

    def _has_ants(self) -> bool:
        mask = self.scene.mask
        has_mask = mask is not None and not mask.bounds.is_empty
        return self.scene.show_ants and has_mask and self.isVisible()

    def _march(self) -> None:
        """Move the outline on by a pixel, in the tiles in sight; not while something is dragged."""
        if self.is_dragged or self.scene.mask is None:
            return
        self.tiles.ants = (self.tiles.ants + 1) & 7
        for pane in self.panes():
            box = pane.clip.shift(-self.view.left - pane.shift, -self.view.top)
            box = box.clamp(self.tiles.bounds())
            if box.is_empty:
                continue
            for changed in self.tiles.march(pane.side, *tiles_of(box)):
                self.update_device(changed)

    # What the hands add

    @property
    def is_dragged(self) -> bool:
        """Whether a button is held and something moves with it."""
        return bool(self._drag)

    @property
    def is_bare(self) -> bool:
        """Whether nothing is drawn over the photo that would have to move against it."""
        return True

    def paint_over(self, painter: QPainter) -> None:
        """Draw over everything, in device pixels."""
