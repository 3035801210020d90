"""Tools that look at the photo: wand, object, and pins of what the program proposes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.ui import theme
from inpaint_studio.ui.canvas import Stage, chrome
from inpaint_studio.ui.canvas.panes import Pane
from inpaint_studio.ui.canvas.picture import level_size
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.canvas.tool import Pointer, Tool
from inpaint_studio.ui.retouch import shapes
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.shape_tools import ShapeTool, draw_box, draw_line
from inpaint_studio.ui.text import tr

if TYPE_CHECKING:
    from inpaint_studio.proposals.base import Proposal
    from inpaint_studio.ui.retouch.document import Document

PREVIEW_PX = 1100
DRAG_PX = 6
BLUE = (90, 150, 250)


class WandTool(ShapeTool):
    """Takes what looks like the pixel clicked; the preview shows it while hovering."""

    name = "wand"

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._at: tuple[int, int] | None = None
        self._busy = False

    def hover(self, pointer: Pointer) -> None:
        document = self.editor.document
        if document is None or self._busy:
            return
        x, y = pointer.pixel
        if Box(x, y, x + 1, y + 1).clamp(document.bounds).is_empty:
            self.leave()
            return
        level = next(
            n for n in range(document.pyramid.levels)
            if max(level_size(document.pyramid.size, n)) <= PREVIEW_PX
            or n == document.pyramid.levels - 1
        )  # fmt: skip
        place = (x >> level, y >> level)
        if place == self._at:
            return
        self._at, self._busy = place, True
        work = partial(
            _preview, document, level, place, self.editor.tolerance, self.editor.contiguous
        )
        self.editor.background.run(work, self._show_preview, self._failed)

    def _show_preview(self, found: Evidence | None) -> None:
        self._busy = False
        if self.editor.canvas.tool is self and self._at is not None:
            self.editor.canvas.set_preview(found)

    def _failed(self, _error: Exception) -> None:
        self._busy = False

    def leave(self) -> None:
        self._at = None
        self.editor.canvas.set_preview(None)

    def press(self, pointer: Pointer) -> None:
        document = self.editor.document
        x, y = pointer.pixel
        if document is None or Box(x, y, x + 1, y + 1).clamp(document.bounds).is_empty:
            return
        work = partial(_taken, document, (x, y), self.editor.tolerance, self.editor.contiguous)
        self.editor.in_order(work, partial(self._take, self.how(pointer)))

    def _take(self, how: str, found: tuple[Box, MaskBool]) -> None:
        self.editor.canvas.set_preview(None)
        self.editor.put_mask(tr("Wand"), *found, how)
        self.done()


def _preview(
    document: Document, level: int, place: tuple[int, int], tolerance: int, joined: bool
) -> Evidence | None:
    screen = document.pyramid.read(level, Box(0, 0, *level_size(document.pyramid.size, level)))
    mask = shapes.alike(screen, place, tolerance, joined=joined)
    box = Box.of_mask(mask)
    if box.is_empty:
        return None
    factor = 2**level
    whole = Box(box.left * factor, box.top * factor, box.right * factor, box.bottom * factor)
    plane = mask[box.slices].astype(np.float32)
    return Evidence(box=whole, plane=plane, color=BLUE, scale=factor)


def _taken(
    document: Document, place: tuple[int, int], tolerance: int, joined: bool
) -> tuple[Box, MaskBool]:
    """The wand at full size: found on a small copy first, then sharpened in that box."""
    x, y = place
    screen = document.pyramid.read(0, document.bounds)
    mask = shapes.alike(screen, (x, y), tolerance, joined=joined)
    box = Box.of_mask(mask)
    return box, mask[box.slices].copy()


class ObjectTool(ShapeTool):
    """Click a thing to take it; further clicks add to it, Alt+clicks say what it is not.

    A box dragged around it, or a stroke along it (Shift), takes it at once; with Alt out of the
    mask again.
    """

    name = "object"

    def __init__(self, editor: Editor, pins: Pins) -> None:
        super().__init__(editor)
        self._pins = pins
        self._clicks: list[shapes.Click] = []
        self._base = -1
        self._drawn: list[tuple[float, float]] = []
        """Where the button was pressed, and what has been dragged since."""
        self._strokes = False
        from inpaint_studio.vision.segment import PromptNet

        self._net = PromptNet()

    def press(self, pointer: Pointer) -> None:
        self._drawn, self._strokes = [(pointer.x, pointer.y)], pointer.shift

    def drag(self, pointer: Pointer) -> None:
        self._drawn.append((pointer.x, pointer.y))
        self.editor.canvas.update()

    def release(self, pointer: Pointer) -> None:
        drawn, self._drawn = self._drawn, []
        self.editor.canvas.update()
        if not drawn:
            return
        if not self._is_drag([*drawn, (pointer.x, pointer.y)]):
            self._click(pointer)
            return
        self._clicks, self._how = [], self.how(pointer)
        end = (pointer.x, pointer.y)
        if self._strokes:
            self._cut(partial(shapes.stroked, points=[*drawn, end]))
        else:
            self._cut(partial(shapes.boxed, corners=(drawn[0], end), net=self._net))

    def _is_drag(self, points: list[tuple[float, float]]) -> bool:
        """A hand that shakes while it clicks draws nothing."""
        least = DRAG_PX * self.editor.canvas.devicePixelRatioF() / self.editor.canvas.view.zoom
        x, y = points[0]
        return any(max(abs(px - x), abs(py - y)) >= least for px, py in points)

    def _click(self, pointer: Pointer) -> None:
        document = self.editor.document
        if document is None:
            return
        if not (pointer.alt or pointer.shift) or not self._is_at_it():
            self._clicks = []
        if not self._clicks:
            self._base = document.timeline.cursor
            self._how = "add" if self.editor.combine == "intersect" else self.editor.combine
        elif document.timeline.cursor == self._base + 1:
            self.editor.undo()
        self._clicks.append(shapes.Click(pointer.x, pointer.y, not pointer.alt))
        self.editor.canvas.update()
        if any(click.good for click in self._clicks):
            self._cut(partial(shapes.thing, clicks=tuple(self._clicks), net=self._net))

    def _is_at_it(self) -> bool:
        """Whether nothing came after the clicks, as a run does: what they took is still in hand."""
        document = self.editor.document
        return document is not None and document.timeline.cursor in (self._base, self._base + 1)

    def _cut(self, find: shapes.Finder) -> None:
        """Cut a thing out of what is seen, as `find` says, off the window's thread."""
        document, canvas = self.editor.document, self.editor.canvas
        if document is None:
            return
        seen = Box(*(int(v) for v in (
            *canvas.view.to_photo(0, 0), *canvas.view.to_photo(*canvas.device_size()),
        ))).clamp(document.bounds)  # fmt: skip
        self.editor.in_order(partial(_cut_out, document, find, seen), self._take)

    def _take(self, found: tuple[Box, MaskBool, Proposal | None]) -> None:
        box, mask, shadow = found
        self.editor.put_mask(tr("Object"), box, mask, self._how)
        self._suggest(shadow)
        self.done()

    def _suggest(self, shadow: Proposal | None) -> None:
        """Put a pin on the shadow or reflection the thing casts, instead of an earlier click's."""
        self._pins.suggest("shadow", [shadow] if shadow is not None and self._how == "add" else [])
        self.editor.canvas.update()

    def leave(self) -> None:
        self._clicks, self._drawn = [], []

    def cancel(self) -> bool:
        had = bool(self._clicks or self._drawn)
        self._clicks, self._drawn = [], []
        self.editor.canvas.update()
        return had

    def paint(self, painter: QPainter, canvas: Stage) -> None:
        ratio = canvas.devicePixelRatioF()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._is_drag(self._drawn or [(0.0, 0.0)]):
            if self._strokes:
                draw_line(painter, canvas, self._drawn)
            else:
                draw_box(painter, canvas, self._drawn[0], self._drawn[-1])
        for click in self._clicks if self._is_at_it() else ():
            at = canvas.to_device(click.x, click.y)
            painter.setPen(QPen(QColor(255, 255, 255), 1.5 * ratio))
            painter.setBrush(theme.active().color("good" if click.good else "bad"))
            painter.drawEllipse(at, 6 * ratio, 6 * ratio)
            arm = QPointF(3 * ratio, 0)
            painter.drawLine(at - arm, at + arm)
            if click.good:
                painter.drawLine(at - QPointF(0, 3 * ratio), at + QPointF(0, 3 * ratio))


def _cut_out(
    document: Document, find: shapes.Finder, seen: Box
) -> tuple[Box, MaskBool, Proposal | None]:
    """Cut the thing out of what is seen, read at a fitting level; and what it casts, if it does."""
    level = 0
    while level + 1 < document.pyramid.levels and max(seen.shape) >> level > 2 * shapes.WORK_PX:
        level += 1
    factor = 2**level
    size = level_size(document.pyramid.size, level)
    box = Box(
        seen.left // factor, seen.top // factor, -(-seen.right // factor), -(-seen.bottom // factor)
    ).clamp(Box(0, 0, *size))
    screen = np.ascontiguousarray(document.pyramid.read(level, box))
    found = find(screen, place=shapes.Place(box.left, box.top, factor))
    if not found.any():
        return Box(0, 0, 0, 0), np.zeros((0, 0), np.bool_), None
    from inpaint_studio.proposals.objects import cast_by

    at = partial(at_full_size, document=document, corner=box, factor=factor)
    shadow = cast_by(screen, found)
    made = None
    if shadow is not None:
        place, mask = at(shadow.full_mask(found.shape))
        record = shadow.record
        made = replace(
            shadow, record=replace(record, box=place, pin=(place.left, place.top)), mask=mask
        )
    return *at(found), made


def at_full_size(
    found: MaskBool, *, document: Document, corner: Box, factor: int
) -> tuple[Box, MaskBool]:
    """Return a mask found on a small copy (whose place is `corner`) at the photo's own size."""
    inside = Box.of_mask(found)
    part = found[inside.slices]
    whole = inside.shift(corner.left, corner.top)
    full = Box(whole.left * factor, whole.top * factor, whole.right * factor, whole.bottom * factor)
    import cv2

    big = cv2.resize(
        part.astype(np.float32), (full.width, full.height), interpolation=cv2.INTER_LINEAR
    )
    fit = full.clamp(document.bounds)
    return fit, np.asarray(big[fit.relative_to(full).slices] > 0.5, np.bool_)


TRIES = 8
"""How often a pin gives way to others before it lies where it would."""
KIND_ICONS = {"text": "T", "object": "◆", "blemish": "•", "logo": "®", "watermark": "w"}


class Pins:
    """Proposals over the photo: a pin each, and the mask's box. An overlay of the canvas."""

    def __init__(self) -> None:
        self.items: list[Proposal] = []
        self.chosen = -1
        self._tags: list[QRectF] = []
        """Where each pin was painted last, in photo pixels."""
        self._suggested: dict[str, list[Proposal]] = {}

    def suggest(self, source: str, found: list[Proposal]) -> None:
        """Add pins nobody asked for, instead of those of the same source before."""
        old = self._suggested.pop(source, [])
        if any(item in old for item in self.items):
            self.items = [item for item in self.items if item not in old]
            self.chosen = -1
        self._suggested[source] = found
        self.items += found

    def paint(self, painter: QPainter, canvas: Stage, pane: Pane) -> None:
        ratio = canvas.devicePixelRatioF()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._tags = []
        accent = theme.active().color("accent")
        for number, item in enumerate(self.items):
            place = _on_screen(item.record.box, canvas, pane)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(0, 0, 0, 120), 3 * ratio))
            painter.drawRoundedRect(place, 3 * ratio, 3 * ratio)
            painter.setPen(QPen(accent, (2 if number == self.chosen else 1.2) * ratio))
            painter.drawRoundedRect(place, 3 * ratio, 3 * ratio)
        # Pins over all boxes, and none over another: else neither can be read.
        taken: list[QRectF] = []
        for item in self.items:
            words = f"{KIND_ICONS.get(item.record.kind, '?')} {item.record.confidence:.0%}"
            corner = _on_screen(item.record.box, canvas, pane).topLeft()
            size = chrome.tag_size(words, ratio)
            place = _free(QRectF(corner - QPointF(0, 22 * ratio), size), taken)
            tag = chrome.draw_tag(painter, place.topLeft(), words, fill=accent, ratio=ratio)
            taken.append(QRectF(tag))
            tag.translate(-pane.shift, 0)
            left, top = canvas.view.to_photo(tag.left(), tag.top())
            right, bottom = canvas.view.to_photo(tag.right(), tag.bottom())
            self._tags.append(QRectF(left, top, right - left, bottom - top))
        painter.restore()

    def at(self, x: float, y: float) -> int:
        """The proposal whose pin holds a photo point, else the smallest box; -1: none."""
        if len(self._tags) == len(self.items):
            # The pin painted last lies on top.
            for number in range(len(self._tags) - 1, -1, -1):
                if self._tags[number].contains(x, y):
                    return number
        hits = [
            (item.record.box.area, number)
            for number, item in enumerate(self.items)
            if item.record.box.left <= x < item.record.box.right
            and item.record.box.top <= y < item.record.box.bottom
        ]
        return min(hits)[1] if hits else -1


def _on_screen(box: Box, canvas: Stage, pane: Pane) -> QRectF:
    return QRectF(
        canvas.to_device(box.left, box.top, pane), canvas.to_device(box.right, box.bottom, pane)
    )


def _free(place: QRectF, taken: list[QRectF]) -> QRectF:
    """Return the place of a pin, moved up as far as those before it ask for; among very many
    some still meet."""
    free = QRectF(place)
    for _ in range(TRIES):
        met = next((other for other in taken if other.intersects(free)), None)
        if met is None:
            return free
        free.moveBottom(met.top() - 1)
    return place


class PickTool(Tool):
    """Click a proposal to keep it, Alt+click to drop it."""

    name = "pick"
    cursor = Qt.CursorShape.PointingHandCursor
    pans = False

    def __init__(self, editor: Editor, pins: Pins) -> None:
        self.editor = editor
        self.pins = pins

    def hover(self, pointer: Pointer) -> None:
        found = self.pins.at(pointer.x, pointer.y)
        if found != self.pins.chosen:
            self.pins.chosen = found
            self.editor.canvas.update()
        item = self.pins.items[found] if found >= 0 else None
        words = f"{item.record.text}\n{item.record.reason}".strip() if item is not None else ""
        self.editor.canvas.setToolTip(words)

    def press(self, pointer: Pointer) -> None:
        found = self.pins.at(pointer.x, pointer.y)
        if found >= 0:
            self.decide(found, keep=not pointer.alt)

    def decide(self, number: int, *, keep: bool) -> None:
        """Take a proposal into the mask, or forget it."""
        item = self.pins.items.pop(number)
        self.pins.chosen = -1
        if keep:
            self.editor.take_up([item])
            label = tr("Proposal: {kind}", kind=item.record.kind)
            self.editor.put_mask(label, item.record.box, item.mask, "add")
        self.editor.canvas.update()
        self.editor.mask_edited.emit()

    def leave(self) -> None:
        self.editor.canvas.setToolTip("")
