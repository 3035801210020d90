"""Whole photos around the edits: decoded ahead, one at a time, the most wanted one first.

Items of one photo share it. Only one is decoded at a time, so that reading the crop of an item
(which is what the reviewer sees first) never waits behind photos of 24 MP. Rejected: asking for
the photo of every item looked at, as a queue of photos nobody wants any more then stood before
the next item.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from inpaint_studio.imaging.photo import Photo
from inpaint_studio.review.look import Look, photo_of
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Pyramid
from inpaint_studio.ui.canvas.picture import ToScreen, to_8bit

KEEP_MB = 700


@dataclass(slots=True)
class Wholes:
    """Pyramids of whole photos by the photo's name and hash; None where the file is gone."""

    background: Background
    arrived: Callable[[str], object]
    """Told the key of a photo that is there now, on the window's thread."""
    _ready: OrderedDict[str, Pyramid | None] = field(default_factory=OrderedDict)
    _wanted: list[Look] = field(default_factory=list)
    _under_way: str = ""

    def want(self, looks: Sequence[Look]) -> None:
        """Decode the photos of these, the first one first; earlier wishes are forgotten."""
        self._wanted = list(looks)
        self._next()

    def get(self, key: str) -> Pyramid | None:
        """Return a photo that is there."""
        if key in self._ready:
            self._ready.move_to_end(key)
        return self._ready.get(key)

    def _next(self) -> None:
        if self._under_way:
            return
        while self._wanted:
            look = self._wanted.pop(0)
            key = key_of(look)
            if key not in self._ready:
                self._under_way = key
                self.background.run(
                    partial(_decoded, look), partial(self._here, key), partial(self._gone, key)
                )
                return

    def _here(self, key: str, pyramid: Pyramid | None) -> None:
        self._under_way = ""
        self._ready[key] = pyramid
        while len(self._ready) > 1 and sum(map(_megabytes, self._ready.values())) > KEEP_MB:
            self._ready.popitem(last=False)
        self._next()
        if pyramid is not None:
            self.arrived(key)

    def _gone(self, key: str, _error: Exception) -> None:
        self._here(key, None)


def key_of(look: Look) -> str:
    """Name the photo of a look: where it lies and what is in it."""
    return f"{look.record.photo_sha256 if look.record else ''} {look.path}"


def _decoded(look: Look) -> Pyramid | None:
    photo: Photo | None = photo_of(look)
    if photo is None or photo.shape != look.size[::-1]:
        return None
    show: ToScreen = look.space.to_srgb8 if look.space is not None else to_8bit
    return Pyramid(photo.pixels, show).build()


def _megabytes(pyramid: Pyramid | None) -> float:
    return 0.0 if pyramid is None else (pyramid.pixels.nbytes + pyramid.extra_bytes) / 1e6
