"""The mask being painted: a bool array, and steps that can be undone. No Qt.

A step keeps the boxes it changed and the bits in them before and after, packed eight to a byte
and compressed: a stroke across a 50 MP photo costs some kilobytes. While a stroke is drawn, the
128-px tiles it touches are copied when first touched; whole-mask copies were rejected (50 MB a
stroke), and so was replaying strokes (wand and imports cannot be replayed).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.strokes import Dab, draw_segment, segment_box

TILE = 128


@dataclass(frozen=True, slots=True)
class MaskStep:
    """One change of the mask. `before`/`after`: packed bits of `boxes`, one after the other."""

    label: str
    boxes: tuple[Box, ...]
    before: bytes
    after: bytes

    @property
    def box(self) -> Box:
        return Box.around(self.boxes)

    @property
    def size_bytes(self) -> int:
        return len(self.before) + len(self.after)


def pack(parts: Sequence[MaskBool]) -> bytes:
    return zlib.compress(b"".join(np.packbits(part).tobytes() for part in parts), 1)


def unpack(data: bytes, boxes: Sequence[Box]) -> list[MaskBool]:
    bits = np.frombuffer(zlib.decompress(data), np.uint8)
    found: list[MaskBool] = []
    at = 0
    for box in boxes:
        size = -(-box.area // 8)
        flat = np.unpackbits(bits[at : at + size], count=box.area).view(np.bool_)
        found.append(flat.reshape(box.shape))
        at += size
    return found


class MaskDocument:
    """The live mask of one photo. `mask` is the array the canvas reads; never replaced."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.mask: MaskBool = np.zeros(shape, np.bool_)
        self._plane: NDArray[np.uint8] = self.mask.view(np.uint8)
        self._touched: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self._stroke_box = Box(0, 0, 0, 0)
        self._bounds = Box(0, 0, 0, 0)
        """A box outside of which the mask is surely empty."""

    @property
    def shape(self) -> tuple[int, int]:
        return self.mask.shape[0], self.mask.shape[1]

    @property
    def bounds(self) -> Box:
        """A box that holds all of the mask (it may be larger)."""
        return self._bounds

    def tight_bounds(self) -> Box:
        """The tightest box around the mask; looks at its pixels."""
        if self._bounds.is_empty:
            return self._bounds
        inner = Box.of_mask(self.mask[self._bounds.slices])
        if inner.is_empty:
            self._bounds = inner
        else:
            self._bounds = inner.shift(self._bounds.left, self._bounds.top)
        return self._bounds

    @property
    def is_empty(self) -> bool:
        return self._bounds.is_empty or not bool(self.mask[self._bounds.slices].any())

    # Strokes

    def begin(self) -> None:
        self._touched.clear()
        self._stroke_box = Box(0, 0, 0, 0)

    def draw(self, start: Dab, end: Dab, *, add: bool) -> Box:
        """Draw one segment of the stroke; return the box that may have changed."""
        box = segment_box(start, end).clamp(Box.of_shape(self.mask.shape))
        if box.is_empty:
            return box
        self._save_tiles(box)
        draw_segment(self._plane, start, end, 1 if add else 0)
        self._stroke_box = self._stroke_box.union(box)
        if add:
            self._bounds = self._bounds.union(box)
        return box

    def _save_tiles(self, box: Box) -> None:
        for row in range(box.top // TILE, (box.bottom - 1) // TILE + 1):
            for column in range(box.left // TILE, (box.right - 1) // TILE + 1):
                if (column, row) not in self._touched:
                    part = self._plane[
                        row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE
                    ]
                    self._touched[(column, row)] = part.copy()

    def before_stroke(self, box: Box) -> MaskBool:
        """The mask in `box` as it was before the stroke in progress."""
        before = self._plane[box.slices].copy()
        for (column, row), saved in self._touched.items():
            left, top = column * TILE, row * TILE
            tile = Box(left, top, left + saved.shape[1], top + saved.shape[0])
            part = tile.clamp(box)
            if not part.is_empty and tile.overlaps(box):
                before[part.relative_to(box).slices] = saved[part.relative_to(tile).slices]
        return before.view(np.bool_)

    def end(self, label: str) -> MaskStep | None:
        """Finish the stroke; return its step, None when it changed nothing."""
        boxes: list[Box] = []
        before: list[MaskBool] = []
        after: list[MaskBool] = []
        for (column, row), saved in sorted(self._touched.items()):
            left, top = column * TILE, row * TILE
            box = Box(left, top, left + saved.shape[1], top + saved.shape[0])
            now = self._plane[box.slices]
            if not np.array_equal(saved, now):
                boxes.append(box)
                before.append(saved.view(np.bool_))
                after.append(now.view(np.bool_))
        self._touched.clear()
        self._stroke_box = Box(0, 0, 0, 0)
        return MaskStep(label, tuple(boxes), pack(before), pack(after)) if boxes else None

    def abandon(self) -> Box:
        """Take the stroke in progress back; return what changed."""
        box = self._stroke_box
        if not box.is_empty:
            self.mask[box.slices] = self.before_stroke(box)
        self._touched.clear()
        self._stroke_box = Box(0, 0, 0, 0)
        return box

    # Whole shapes

    def put(self, label: str, box: Box, shape: MaskBool, how: str = "replace") -> MaskStep | None:
        """Combine `shape` (box.height, box.width) with the mask in `box`.

        how: add, subtract, intersect (empties everything outside the box too) or replace.
        Return the step, None when nothing changed.
        """
        inside = box.clamp(Box.of_shape(self.mask.shape))
        if inside.is_empty and how != "intersect":
            return None
        shape = shape[inside.relative_to(box).slices]
        area = inside.union(self._bounds) if how == "intersect" else inside
        before = self.mask[area.slices].copy()
        after = before.copy()
        slot = inside.relative_to(area).slices
        if how == "add":
            after[slot] |= shape
        elif how == "subtract":
            after[slot] &= ~shape
        elif how == "intersect":
            kept = np.zeros_like(after)
            kept[slot] = after[slot] & shape
            after = kept
        else:
            after[slot] = shape
        self.mask[area.slices] = after
        self._bounds = self._bounds.union(area)
        return self._step(label, area, before)

    def _step(self, label: str, box: Box, before: MaskBool) -> MaskStep | None:
        now = self.mask[box.slices]
        changed = Box.of_mask(before != now)
        if changed.is_empty:
            return None
        tight = changed.shift(box.left, box.top)
        after = pack([self.mask[tight.slices]])
        return MaskStep(label, (tight,), pack([before[changed.slices]]), after)

    def apply(self, step: MaskStep, *, forward: bool) -> tuple[Box, ...]:
        """Redo or undo a step; return what changed."""
        parts = unpack(step.after if forward else step.before, step.boxes)
        for box, part in zip(step.boxes, parts):
            self.mask[box.slices] = part
        self._bounds = self._bounds.union(step.box)
        return step.boxes

    def copy(self) -> tuple[Box, MaskBool]:
        """The mask's tight box and its pixels there."""
        box = self.tight_bounds()
        return box, self.mask[box.slices].copy()
