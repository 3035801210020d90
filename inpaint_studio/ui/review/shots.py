"""Items as the canvas shows them, made ready ahead of the reviewer in the background."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from inpaint_studio.geometry import Box
from inpaint_studio.review.look import Look, evidence_of, look_at
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Patched, Picture, Pyramid
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.picture import Screen, ToScreen, level_count, to_8bit
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.review.wholes import Wholes, key_of

KEEP = 12
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


@dataclass(frozen=True, slots=True)
class Shot:
    """One item ready for the canvas. `is_whole`: the photo around the crop is there too."""

    look: Look
    before: Picture | None = None
    after: Picture | None = None
    mask: MaskPlane | None = None
    evidence: tuple[Evidence, ...] = ()
    is_whole: bool = False


def shot_of(library: Library, item: ReviewRow) -> Shot:
    """Make an item ready from its own artifacts alone: quick, any thread."""
    look = look_at(library, item)
    if look.before is None:
        return Shot(look)
    show: ToScreen = look.space.to_srgb8 if look.space is not None else to_8bit
    base = Patched(Blank(look.size), [(look.box, look.before)], show)
    return Shot(
        look, base, Patched(base, look.patches, show), _outline(look), _evidence(library, look)
    )


def _outline(look: Look) -> MaskPlane | None:
    if look.mask is None:
        return None
    whole = np.zeros((look.size[1], look.size[0]), bool)
    whole[look.box.slices] = look.mask
    plane = MaskPlane(whole)
    plane.update(look.box)
    return plane


def _evidence(library: Library, look: Look) -> tuple[Evidence, ...]:
    if look.edit is None:
        return ()
    maps = evidence_of(library, look.edit).values()
    return tuple(
        Evidence(box=look.box, plane=plane) for plane in maps if plane.shape == look.box.shape
    )


def completed(shot: Shot, whole: Pyramid) -> Shot:
    """Return the shot with the whole photo around it. Any thread."""
    look = shot.look
    show: ToScreen = look.space.to_srgb8 if look.space is not None else to_8bit
    # The run's own input shows what this edit began from (an earlier edit may lie below it).
    base = Patched(whole, [(look.box, look.before)] if look.before is not None else (), show)
    return replace(shot, before=base, after=Patched(base, look.patches, show), is_whole=True)


class Shots:
    """A few items around the reviewer's, ready or on their way.

    arrived: called on the window's thread when an item, or the photo around it, is there.
    """

    def __init__(
        self, library: Library, background: Background, arrived: Callable[[str], object]
    ) -> None:
        self._library = library
        self._background = background
        self._arrived = arrived
        self._wholes = Wholes(background, self._photo_here)
        self._ready: OrderedDict[str, Shot] = OrderedDict()
        self._asked: set[str] = set()
        self._wished: list[str] = []

    def get(self, item: ReviewRow) -> Shot:
        """Return an item at once: what is ready, or its crop read now."""
        shot = self._ready.get(item.item_id)
        if shot is None:
            shot = shot_of(self._library, item)
            self._put(item.item_id, shot)
        self._ready.move_to_end(item.item_id)
        return shot

    def wish(self, items: Sequence[ReviewRow]) -> None:
        """Make these ready, photos too, the first one first; earlier wishes are forgotten."""
        self._wished = [item.item_id for item in items]
        for item in items:
            name = item.item_id
            if name not in self._ready and name not in self._asked:
                self._asked.add(name)
                self._background.run(
                    partial(shot_of, self._library, item),
                    partial(self._here, name),
                    partial(self._failed, name),
                )
        self._want_photos()

    def is_ready(self, item_id: str, *, whole: bool = False) -> bool:
        shot = self._ready.get(item_id)
        return shot is not None and (shot.is_whole or not whole)

    def _want_photos(self) -> None:
        """Put photos that are there around the crops, and decode those that are not."""
        missing: list[Look] = []
        for name in self._wished:
            shot = self._ready.get(name)
            if shot is None or shot.is_whole or shot.before is None:
                continue
            whole = self._wholes.get(key_of(shot.look))
            if whole is None:
                missing.append(shot.look)
            else:
                self._background.run(
                    partial(completed, shot, whole), partial(self._whole_here, name)
                )
        self._wholes.want(missing)

    def _photo_here(self, key: str) -> None:
        whole = self._wholes.get(key)
        for name in self._wished:
            shot = self._ready.get(name)
            if shot is None or shot.is_whole or whole is None or key_of(shot.look) != key:
                continue
            self._background.run(partial(completed, shot, whole), partial(self._whole_here, name))

    def _here(self, name: str, shot: Shot) -> None:
        self._asked.discard(name)
        if name not in self._ready:
            self._put(name, shot)
            self._want_photos()
        self._arrived(name)

    def _whole_here(self, name: str, shot: Shot) -> None:
        if name in self._ready:
            self._ready[name] = shot
            self._arrived(name)

    def _failed(self, name: str, _error: Exception) -> None:
        self._asked.discard(name)

    def _put(self, name: str, shot: Shot) -> None:
        self._ready[name] = shot
        while len(self._ready) > KEEP:
            self._ready.popitem(last=False)
