"""From a run to what the library keeps of it: review items, thumbnails, the audit's share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from inpaint_studio.arrays import Pixels
from inpaint_studio.geometry import Box
from inpaint_studio.pipeline.request import Delta
from inpaint_studio.records import EditRecord, RunRecord
from inpaint_studio.review import audit
from inpaint_studio.review.items import content_of, item_for
from inpaint_studio.store.rows import ReviewRow

THUMB_PX = 160


class Bytes(Protocol):
    """Where thumbnails go; the object store is one."""

    def put_bytes(self, data: bytes) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Parts (0..1) of the edits: accepted ones shown to a person, items that two people see,
    flagged items whose evidence stays hidden until the decision."""

    audit: float = 0.05
    double: float = 0.0
    blind: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The items of a run, and the objects it keeps for them (name -> SHA-256)."""

    items: tuple[ReviewRow, ...]
    keep: dict[str, str]


def take_in(
    record: RunRecord,
    deltas: Sequence[Delta | None],
    objects: Bytes,
    *,
    shares: Shares | None = None,
    photo_id: int | None = None,
    folder: str = "",
    batch_id: str = "",
    replaces: str = "",
    around: Pixels | None = None,
    around_at: Box | None = None,
) -> Intake:
    """Return the review items of a run: every flagged edit, and the audit's share of the rest.

    around: the photo with its edits, for thumbnails that show their surroundings; the part of
    it at `around_at`, or the whole.
    Thumbnails are put into `objects` first, so that a row never names what is not there.
    """
    shares = shares or Shares()
    items: list[ReviewRow] = []
    keep: dict[str, str] = {}
    for edit, delta in zip(record.edits, deltas, strict=True):
        content = content_of(record, edit)
        audited = edit.state == "accepted" and audit.is_audited(content, shares.audit)
        if edit.state != "queued" and not audited:
            continue
        origin = "audit" if audited else "flagged"
        thumb = thumbnail(delta, objects, around, around_at)
        if thumb:
            keep[f"{edit.edit_id}/thumb"] = thumb
        item = item_for(
            record, edit, delta, photo_id=photo_id, folder=folder, batch_id=batch_id,
            origin=origin, thumb=thumb, replaces=replaces,
            is_blind=audit.is_blind(content, origin, shares.blind),
        )  # fmt: skip
        twice = audit.is_reviewed_twice(content, shares.double)
        if item.extra["blind"]:
            # By risk they would stand at the end of the queue, and give themselves away.
            item = replace(item, sort=-audit.draw(content, "order"))
        items.append(replace(item, reviews_needed=2 if twice else 1))
    return Intake(items=tuple(items), keep=keep)


def thumbnail(
    delta: Delta | None, objects: Bytes, around: Pixels | None = None, at: Box | None = None
) -> str:
    """Store a small JPEG of the edit after the fill; return its name, "" where there is none."""
    if delta is None:
        return ""
    pixels = delta.after
    if around is not None:
        box = delta.box.relative_to(at) if at is not None else delta.box
        side = max(box.width, box.height * 4 // 3, THUMB_PX) * 5 // 4
        wide = Box(
            box.left - (side - box.width) // 2, box.top - (side * 3 // 4 - box.height) // 2,
            box.right + (side - box.width) // 2, box.bottom + (side * 3 // 4 - box.height) // 2,
        ).union(box).clamp(Box.of_shape(around.shape))  # fmt: skip
        pixels = around[wide.slices]
    return objects.put_bytes(thumbnail_bytes(pixels))


def thumbnail_bytes(pixels: Pixels) -> bytes:
    """Return a JPEG of at most `THUMB_PX` px a side of (H, W, 3) pixels of any depth."""
    from PIL import Image

    eight = pixels if pixels.dtype == np.uint8 else pixels >> 8
    picture = Image.fromarray(eight.astype(np.uint8))
    picture.thumbnail((THUMB_PX, THUMB_PX))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85)
    return data.getvalue()


def doubted(record: RunRecord, why: str) -> RunRecord:
    """Return the record with every edit queued for a person, whatever the gates said."""
    return replace(record, edits=tuple(_doubted(edit, why) for edit in record.edits))


def _doubted(edit: EditRecord, why: str) -> EditRecord:
    if edit.state != "accepted":
        return edit
    plan = replace(edit.plan, changes=(*edit.plan.changes, why))
    return replace(edit, state="queued", plan=plan)
