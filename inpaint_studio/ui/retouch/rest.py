"""A pin on the rest of a thing that the mask cuts through, while the mask is being painted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import regions
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.records import TEXT_KINDS
from inpaint_studio.ui.canvas.picture import level_size
from inpaint_studio.ui.retouch.document import Document
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.smart_tools import Pins, at_full_size

AFTER_MS = 700
"""Past the pause between two strokes: who is painting on need not be told."""
WORK_PX = 700
"""The longer side of what is looked at."""
MOST_REGIONS = 6
CONTEXT_PX = 64


class RestPins(QObject):
    """Looks, after the mask was edited, for what it leaves of the things it cuts."""

    def __init__(self, editor: Editor, pins: Pins, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor
        self._pins = pins
        self._asked = 0
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_MS)
        self._soon.timeout.connect(self._look)
        editor.mask_edited.connect(self._mask_edited)

    @property
    def is_looking(self) -> bool:
        """Whether it will look soon."""
        return self._soon.isActive()

    def stop(self) -> None:
        self._soon.stop()

    def _mask_edited(self) -> None:
        self._asked += 1
        self._pins.suggest("rest", [])
        document = self._editor.document
        if document is None or document.mask.is_empty or self._editor.kind in TEXT_KINDS:
            self._soon.stop()
        else:
            self._soon.start()

    def _look(self) -> None:
        document = self._editor.document
        if document is None or document.mask.is_empty:
            return
        box, mask = document.mask.copy()
        work = partial(_rests, document, box, mask)
        self._editor.background.run(work, partial(self._found, document, self._asked))

    def _found(self, document: Document, asked: int, found: list[Proposal]) -> None:
        """An answer to an older mask is dropped."""
        if document is self._editor.document and asked == self._asked and found:
            self._pins.suggest("rest", found)
            self._editor.canvas.update()


def _rests(document: Document, box: Box, mask: MaskBool) -> list[Proposal]:
    """Return what the largest regions of a mask (of `box`) leave of the things they cut."""
    parts = sorted(regions(mask), key=lambda part: -int(part.mask.sum()))[:MOST_REGIONS]
    found = (_rest(document, box, mask, part.box, part.mask) for part in parts)
    return [item for item in found if item is not None]


def _rest(
    document: Document, whole: Box, mask: MaskBool, inside: Box, part: MaskBool
) -> Proposal | None:
    """Look at one region (`part`, at `inside` within the mask) in a fitting size."""
    from inpaint_studio.proposals.rest import rest_of

    place = inside.shift(whole.left, whole.top)
    level = 0
    while level + 1 < document.pyramid.levels and max(place.shape) >> level > WORK_PX:
        level += 1
    factor = 2**level
    near = place.pad(CONTEXT_PX * factor)
    view = Box(
        near.left // factor, near.top // factor, -(-near.right // factor), -(-near.bottom // factor)
    ).clamp(Box(0, 0, *level_size(document.pyramid.size, level)))
    own, others = (np.zeros(view.shape, np.bool_) for _ in range(2))
    _lay(mask, whole, view, factor, others)
    _lay(part, place, view, factor, own)
    screen = np.ascontiguousarray(document.pyramid.read(level, view))
    found = rest_of(screen, own, known=~others)
    if found is None:
        return None
    box, full = at_full_size(
        found.full_mask(own.shape), document=document, corner=view, factor=factor
    )
    return replace(found, record=replace(found.record, box=box, pin=(box.left, box.top)), mask=full)


def _lay(mask: MaskBool, box: Box, view: Box, factor: int, canvas: MaskBool) -> None:
    """Put every `factor`-th pixel of a mask at `box` where it lies in a smaller `view`."""
    left, top = -(-box.left // factor), -(-box.top // factor)
    small = mask[top * factor - box.top :: factor, left * factor - box.left :: factor]
    place = Box(left, top, left + small.shape[1], top + small.shape[0])
    fit = place.clamp(view)
    if not fit.is_empty:
        canvas[fit.relative_to(view).slices] |= small[fit.relative_to(place).slices]
