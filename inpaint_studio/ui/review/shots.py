"""Items as the canvas shows them, made ready ahead of the reviewer in the background."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import Photo
from inpaint_studio.review.look import Look, evidence_of, look_at, photo_of
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Patched, Picture, Pyramid
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.picture import Screen, ToScreen, level_count, to_8bit
from inpaint_studio.ui.canvas.render import Evidence

KEEP = 10
KEEP_PHOTOS_MB = 900
GREY = 38


class Blank:
    """A photo that is not decoded yet: its size, and the canvas's own grey."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    @property
    def levels(self) -> int:
        return level_count(self._size)

    def read(self, level: int, box: Box) -> Screen:
        return np.full((*box.shape, 3), GREY, np.uint8)


@dataclass(slots=True)
class Shot:
    """One item ready for the canvas. `is_whole`: the photo around the crop is there too."""

    look: Look
    before: Picture | None = None
    after: Picture | None = None
    mask: MaskPlane | None = None
    evidence: tuple[Evidence, ...] = ()
    is_whole: bool = False
    photo_mb: float = 0.0


def shot_of(library: Library, item: ReviewRow) -> Shot:
    """Make an item ready from its own artifacts alone: quick, any thread."""
    look = look_at(library, item)
    if look.before is None:
        return Shot(look)
    show: ToScreen = look.space.to_srgb8 if look.space is not None else to_8bit
    base = Patched(Blank(look.size), [(look.box, look.before)], show)
    shot = Shot(look, base, Patched(base, look.patches, show))
    if look.mask is not None:
        whole = np.zeros((look.size[1], look.size[0]), bool)
        whole[look.box.slices] = look.mask
        shot.mask = MaskPlane(whole)
        shot.mask.update(look.box)
    if look.edit is not None:
        shot.evidence = tuple(
            Evidence(box=look.box, plane=plane)
            for plane in evidence_of(library, look.edit).values()
            if plane.shape == look.box.shape
        )
    return shot


def completed(shot: Shot, photo: Photo | None) -> Shot:
    """Return the shot with the whole photo around it. Any thread."""
    if photo is None or shot.before is None or photo.shape != shot.look.size[::-1]:
        return shot
    show: ToScreen = shot.look.space.to_srgb8 if shot.look.space is not None else to_8bit
    pyramid = Pyramid(photo.pixels, show).build()
    # The run's own input shows what this edit began from (an earlier edit may lie below it).
    base = Patched(pyramid, [(shot.look.box, shot.look.before)], show) if (
        shot.look.before is not None
    ) else pyramid  # fmt: skip
    mb = (photo.pixels.nbytes + pyramid.extra_bytes) / 1e6
    return Shot(
        shot.look, base, Patched(base, shot.look.patches, show), shot.mask, shot.evidence,
        is_whole=True, photo_mb=mb,
    )  # fmt: skip


@dataclass(slots=True)
class Shots:
    """A few items around the reviewer's, ready or on their way."""

    library: Library
    background: Background
    arrived: Callable[[str], object]
    """Called on the window's thread when an item, or the photo around it, is there."""
    _ready: OrderedDict[str, Shot] = field(default_factory=OrderedDict)
    _asked: dict[str, Future[Any]] = field(default_factory=dict)
    _whole: dict[str, Future[Any]] = field(default_factory=dict)

    def get(self, item: ReviewRow) -> Shot:
        """Return an item at once: what is ready, or its crop read now."""
        shot = self._ready.get(item.item_id)
        if shot is None:
            shot = shot_of(self.library, item)
            self._put(item.item_id, shot)
        self._ready.move_to_end(item.item_id)
        self._complete(item.item_id, shot)
        return shot

    def ahead(self, items: Sequence[ReviewRow]) -> None:
        """Make these ready too, the first one first."""
        for item in items:
            name = item.item_id
            if name in self._ready:
                self._complete(name, self._ready[name])
            elif name not in self._asked:
                self._asked[name] = self.background.run(
                    partial(shot_of, self.library, item),
                    partial(self._here, name),
                    partial(self._failed, name),
                )

    def is_ready(self, item_id: str, *, whole: bool = False) -> bool:
        shot = self._ready.get(item_id)
        return shot is not None and (shot.is_whole or not whole)

    def forget(self, item_id: str) -> None:
        self._ready.pop(item_id, None)

    def _complete(self, name: str, shot: Shot) -> None:
        if shot.is_whole or shot.before is None or name in self._whole:
            return
        self._whole[name] = self.background.run(
            partial(_complete_now, shot), partial(self._whole_here, name),
            partial(self._failed, name),
        )  # fmt: skip

    def _here(self, name: str, shot: Shot) -> None:
        self._asked.pop(name, None)
        if name not in self._ready:
            self._put(name, shot)
            self._complete(name, shot)
        self.arrived(name)

    def _whole_here(self, name: str, shot: Shot) -> None:
        # The mark stays where no photo was found, so that it is not looked for again.
        if shot.is_whole:
            self._whole.pop(name, None)
        if name in self._ready and shot.is_whole:
            self._ready[name] = shot
            self._trim()
            self.arrived(name)

    def _failed(self, name: str, _error: Exception) -> None:
        self._asked.pop(name, None)
        self._whole.pop(name, None)

    def _put(self, name: str, shot: Shot) -> None:
        self._ready[name] = shot
        self._trim()

    def _trim(self) -> None:
        while len(self._ready) > KEEP or (
            len(self._ready) > 3 and sum(s.photo_mb for s in self._ready.values()) > KEEP_PHOTOS_MB
        ):
            name, _ = self._ready.popitem(last=False)
            self._whole.pop(name, None)


def _complete_now(shot: Shot) -> Shot:
    return completed(shot, photo_of(shot.look))
