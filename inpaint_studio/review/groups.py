"""Which waiting items are alike, so that one look can decide several, each excludable.

Three ways to be alike: the very same mask, the same product (the name's prefix), or nearly the
same change (a 64-bit fingerprint of the difference, compared by Hamming distance).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

import cv2
import numpy as np

from inpaint_studio.arrays import Pixels

NEAR_BITS = 6
_VIEW = re.compile(
    r"[\s_\-.]+(?:\(?\d{1,2}\)?|[a-d]|front|back|side|left|right|top|detail|main|alt\d*)$",
    re.IGNORECASE,
)


class Grouped(Protocol):
    """What grouping needs to know of an item."""

    @property
    def item_id(self) -> str: ...
    @property
    def photo_name(self) -> str: ...
    @property
    def mask_sha256(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Group:
    """Items that are alike, and why. `why` is mask, product or change."""

    why: str
    title: str
    members: tuple[str, ...]


def sku_of(name: str) -> str:
    """Return the product part of a file name: `MUG-042_front.tif` and `MUG-042_2.tif` agree.

    Only the last part is taken off, and only when something with a digit or at least three
    letters is left; otherwise the whole stem is the product.
    """
    stem = PurePath(name).stem
    short = _VIEW.sub("", stem)
    kept = short.strip(" _-.")
    if kept and kept != stem and (any(c.isdigit() for c in kept) or len(kept) >= 3):
        return kept.lower()
    return stem.lower()


def fingerprint(before: Pixels, after: Pixels) -> str:
    """Return 16 hex digits that are near for edits that changed nearly the same thing.

    before, after: (H, W, 3) crops of the edit in one depth. The signed luma difference is
    brought to 9x8 cells and each cell compared with its right neighbour (difference hash).
    "" where nothing changed.
    """
    top = 255.0 if before.dtype == np.uint8 else 65535.0
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32) / top
    difference = (after.astype(np.float32) - before.astype(np.float32)) @ weights
    if not difference.any():
        return ""
    small = cv2.resize(difference, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return f"{int(''.join('1' if b else '0' for b in bits), 2):016x}"


def distance(a: str, b: str) -> int:
    """Return how many of 64 bits differ; 64 where one has no fingerprint."""
    if not a or not b:
        return 64
    return (int(a, 16) ^ int(b, 16)).bit_count()


def group_of(item: Grouped, others: Iterable[Grouped]) -> Group:
    """Return the largest group `item` is in among `others` (itself included, itself first)."""
    pool = [other for other in others if other.item_id != item.item_id]
    mask = [o.item_id for o in pool if item.mask_sha256 and o.mask_sha256 == item.mask_sha256]
    sku = sku_of(item.photo_name)
    product = [o.item_id for o in pool if sku_of(o.photo_name) == sku]
    change = [o.item_id for o in pool if distance(item.fingerprint, o.fingerprint) <= NEAR_BITS]
    ways = (
        ("mask", "The same mask", mask),
        ("product", f"The same product: {sku}", product),
        ("change", "Nearly the same change", change),
    )
    why, title, members = max(ways, key=lambda way: len(way[2]))
    if not members:
        return Group("", "Nothing like it is waiting", (item.item_id,))
    return Group(why, title, (item.item_id, *members))
