"""Deltas: what an edit really changed, and nothing else.

A delta holds, for each 128-px tile that changed, the difference `after - before` in the
photo's own integers, which wraps around: adding it redoes, subtracting it undoes, both exact
to the bit. SHA-256 of the box before and after stand beside it, so that a delta is never put
on pixels it was not made for. (Storing before and after was rejected: twice the bytes; XOR was
rejected: it compresses worse on photos.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import zstandard
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels, as_pixels
from inpaint_studio.errors import LibraryError, ShapeMismatch
from inpaint_studio.geometry import Box
from inpaint_studio.store.objects import ObjectStore

TILE = 128
LEVEL = 1
_MAGIC = b"ISD1"


class Change(Protocol):
    """New pixels for a box of the photo: `before` and `after` are (h, w, 3), the box's shape."""

    @property
    def box(self) -> Box: ...
    @property
    def before(self) -> Pixels: ...
    @property
    def after(self) -> Pixels: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """A change as two arrays (a restore stroke, a dab of colour)."""

    box: Box
    before: Pixels
    after: Pixels


@dataclass(frozen=True, slots=True)
class StoredDelta:
    """A delta whose bytes lie in the object store. `before`/`after`: SHA-256 of the box."""

    sha256: str
    bytes: int
    box: Box
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Delta:
    """Decoded: the box in photo pixels and the differences of its changed tiles.

    tiles: boxes in photo pixels; differences: one (h, w, C) array per tile.
    """

    box: Box
    tiles: tuple[Box, ...]
    differences: tuple[Pixels, ...]


def pack(box: Box, before: Pixels, after: Pixels) -> bytes:
    """Return the delta that turns `before` into `after`, compressed; exact, a pure function.

    before, after: (h, w, C) uint8 or uint16 of `box`'s shape.
    Raises: ShapeMismatch.
    """
    _check(box, before, after)
    difference = after - before
    tiles = [
        tile for tile in _grid(box) if difference[tile.relative_to(box).slices].any()
    ]  # fmt: skip
    head = json.dumps({
        "box": [box.left, box.top, box.right, box.bottom],
        "dtype": difference.dtype.name,
        "channels": difference.shape[2],
        "tiles": [[tile.left, tile.top, tile.right, tile.bottom] for tile in tiles],
    }).encode()  # fmt: skip
    parts = [_bytes_of(difference[tile.relative_to(box).slices]) for tile in tiles]
    body = np.concatenate(parts) if parts else np.empty(0, np.uint8)
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(body.data)
    return _MAGIC + len(head).to_bytes(4, "little") + head + packed


def unpack(data: bytes) -> Delta:
    """Return the delta that `pack` gave. Raises: LibraryError: these bytes are none."""
    if data[:4] != _MAGIC:
        raise LibraryError("A stored edit cannot be read; it was written by another program.")
    size = int.from_bytes(data[4:8], "little")
    try:
        head = json.loads(data[8 : 8 + size])
        dtype = np.dtype(head["dtype"])
        body = np.frombuffer(zstandard.ZstdDecompressor().decompress(data[8 + size :]), np.uint8)
        tiles = tuple(Box(*edges) for edges in head["tiles"])
        shapes = [(tile.height, tile.width, int(head["channels"])) for tile in tiles]
        ends = np.cumsum([0, *(np.prod(shape) * dtype.itemsize for shape in shapes)])
        differences = tuple(
            _array_of(body[start:end], shape, dtype)
            for start, end, shape in zip(ends[:-1], ends[1:], shapes, strict=True)
        )
        return Delta(Box(*head["box"]), tiles, differences)
    except (zstandard.ZstdError, ValueError, TypeError, KeyError) as error:
        raise LibraryError("A stored edit has been damaged on the disk.") from error


def applied(delta: Delta, pixels: Pixels, *, forward: bool) -> Pixels:
    """Return `pixels` (those of the delta's box) with the delta added or taken away.

    Raises: ShapeMismatch: they are not of the box's size or not of the delta's depth.
    """
    fits = pixels.shape[:2] == delta.box.shape
    if not fits or any(part.dtype != pixels.dtype for part in delta.differences):
        raise ShapeMismatch("A stored edit does not fit this photo's size or depth.")
    result = pixels.copy()
    for tile, difference in zip(delta.tiles, delta.differences, strict=True):
        part = result[tile.relative_to(delta.box).slices]
        if forward:
            part += difference
        else:
            part -= difference
    return result


def digest(pixels: Pixels) -> str:
    """SHA-256 of the pixels' values, row by row."""
    return hashlib.sha256(np.ascontiguousarray(pixels).view(np.uint8).data).hexdigest()


def store(objects: ObjectStore, changes: Sequence[Change]) -> tuple[StoredDelta, ...]:
    """Pack changes into the object store; may be called from any thread.

    Changes that change nothing are left out. Raises: ShapeMismatch, StorageError.
    """
    stored = []
    for change in changes:
        _check(change.box, change.before, change.after)
        inner = _changed(change.before, change.after)
        if inner.is_empty:
            continue
        before, after = change.before[inner.slices], change.after[inner.slices]
        box = inner.shift(change.box.left, change.box.top)
        data = pack(box, before, after)
        sha256 = objects.put_bytes(data)
        stored.append(StoredDelta(sha256, len(data), box, digest(before), digest(after)))
    return tuple(stored)


def load(objects: ObjectStore, stored: StoredDelta, *, check: bool = True) -> Delta:
    """Return a stored delta.

    check: False leaves it to the caller to prove by `digest` what the delta gives.
    Raises: LibraryError: the object is gone or damaged.
    """
    return unpack(objects.get_bytes(stored.sha256, check=check))


def _grid(box: Box) -> Iterator[Box]:
    """The photo's 128-px tiles, cut to `box`, row by row."""
    for top in range(box.top // TILE * TILE, box.bottom, TILE):
        for left in range(box.left // TILE * TILE, box.right, TILE):
            yield Box(left, top, left + TILE, top + TILE).clamp(box)


def _changed(before: Pixels, after: Pixels) -> Box:
    """The tightest box around pixels that differ."""
    height, width, channels = before.shape
    differs = (before != after).reshape(height, width * channels)
    rows = differs.any(axis=1)
    columns = differs.any(axis=0).reshape(width, channels).any(axis=1)
    if not rows.any():
        return Box(0, 0, 0, 0)
    top, left = int(rows.argmax()), int(columns.argmax())
    return Box(left, top, width - int(columns[::-1].argmax()), height - int(rows[::-1].argmax()))


def _bytes_of(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bytes of (h, w, C) integers as they lie; of 16 bit all low bytes, then all high ones.

    (Channel after channel was tried: no smaller, and slower to add.)
    """
    flat = np.ascontiguousarray(values).reshape(-1)
    if flat.dtype == np.uint8:
        return flat
    low_high = flat.astype("<u2", copy=False).view(np.uint8).reshape(-1, 2)
    return np.ascontiguousarray(low_high.T).reshape(-1)


def _array_of(body: NDArray[np.uint8], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Pixels:
    if dtype == np.uint8:
        return as_pixels(body.reshape(shape))
    flat = np.ascontiguousarray(body.reshape(2, -1).T).reshape(-1).view("<u2")
    return as_pixels(flat.reshape(shape))


def _check(box: Box, before: Pixels, after: Pixels) -> None:
    same = before.shape == after.shape and before.shape[:2] == box.shape
    if not same or before.dtype != after.dtype:
        raise ShapeMismatch(
            f"An edit of {before.dtype} {before.shape} to {after.dtype} {after.shape} does not "
            f"fit its box of {box.width} x {box.height} px."
        )
