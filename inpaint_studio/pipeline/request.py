"""What goes into the road and what comes out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.records import RunOptions, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Everything one run needs.

    pixels: (h, w, 3) u8/u16, the whole photo or a part of it; origin: where that part lies in
        the photo (None: it is the whole photo).
    mask: (h, w) bool core. source: (h, w) bool or None, where patches may be copied from.
    icc: the photo's embedded profile, None = sRGB.
    veil: a semi-transparent overlay over `pixels` that is known already, to be taken off.
    things: what is known to lie where in `pixels`: boxes, and what the detector called each.
    """

    pixels: Pixels
    mask: MaskBool
    options: RunOptions = field(default_factory=RunOptions)
    origin: Box | None = None
    icc: bytes | None = None
    source: MaskBool | None = None
    photo_name: str = ""
    photo_sha256: str = ""
    threads: int = 0
    veil: Veil | None = None
    things: tuple[tuple[Box, str], ...] = ()


Fatal: TypeAlias = Mapping[tuple[str, Box], str]
"""By engine and region: how the process died while that engine filled there."""


def learns(options: RunOptions) -> str:
    """Return the keyword under which a run is told what is `Fatal` (`WorkerPool.submit`).

    "" where nothing may stand in: an engine the user named is not replaced behind his back.
    """
    return "fatal" if options.engine == "auto" else ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What really changed and nothing else: `box` in photo pixels, pixels before and after."""

    box: Box
    before: Pixels
    after: Pixels

    def apply(self, pixels: NDArray[Any]) -> None:
        """Write the new pixels into a whole (H, W, 3) photo, in place."""
        pixels[self.box.slices] = self.after

    def undo(self, pixels: NDArray[Any]) -> None:
        pixels[self.box.slices] = self.before


@dataclass(frozen=True, slots=True)
class RunResult:
    """The record, one delta per edit (in the order of `record.edits`; None where the pixels were
    left alone), the cores as filled, and the evidence maps by edit id and reading name."""

    record: RunRecord
    deltas: tuple[Delta | None, ...]
    cores: tuple[tuple[Box, MaskBool], ...]
    maps: dict[str, dict[str, Plane]] = field(default_factory=dict)


class Sink(Protocol):
    """Where artifacts go; the object store is one. Both return the key to find them by."""

    def put_array(self, array: NDArray[Any]) -> str: ...

    def put_bytes(self, data: bytes) -> str: ...


class Source(Protocol):
    """Where artifacts come from on replay. Reading one that is not what its name says raises."""

    def has(self, key: str) -> bool: ...

    def get_array(self, key: str) -> NDArray[Any]: ...

    def get_bytes(self, key: str) -> bytes: ...


class HashOnly:
    """A sink that keeps nothing but the sum: for runs without a library."""

    def put_array(self, array: NDArray[Any]) -> str:
        digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def put_bytes(self, data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()
