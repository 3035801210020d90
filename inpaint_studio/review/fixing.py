"""An item mended by hand: the editor gets its photo and mask; an accepted edit there closes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.records import Kind
from inpaint_studio.review.batch_plan import run_ids
from inpaint_studio.review.deliver import add_run
from inpaint_studio.review.look import Look
from inpaint_studio.review.queue import Changed, ReviewQueue
from inpaint_studio.store.database import now_s
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BATCH_ITEMS, RUNS, RunRow


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """What the editor opens: the photo, and the mask of the edit at `box` (h, w of the box)."""

    item_id: str
    path: Path
    box: Box
    part: MaskBool | None
    since: float
    kind: Kind = "painted"

    def mask(self, shape: tuple[int, int]) -> MaskBool | None:
        """The mask over a whole photo of `shape`, None where it does not fit."""
        if self.part is None or not Box.of_shape(shape).contains(self.box):
            return None
        whole = np.zeros(shape, np.bool_)
        whole[self.box.slices] = self.part
        return whole


def fix_of(look: Look) -> Fix:
    """Return what the editor is to open for an item."""
    kind: Kind = look.edit.kind if look.edit is not None else "painted"
    return Fix(look.item.item_id, Path(look.path), look.box, look.mask, now_s(), kind)


def fixed_by(library: Library, fix: Fix) -> RunRow | None:
    """Return the newest accepted run on the photo that covers the edit, made since."""
    item = library.reviews.get(fix.item_id)
    if item is None or item.photo_id is None:
        return None
    with library.database.reading() as tx:
        rows = RUNS.select(
            tx, "photo_id = ? AND created > ? AND run_id != ?",
            (item.photo_id, fix.since, item.run_id), "ORDER BY created DESC",
        )  # fmt: skip
    for row in rows:
        edits = library.runs.get(row.run_id).edits
        if any(
            edit.state == "accepted" and (edit.delta_box or edit.box).overlaps(fix.box)
            for edit in edits
        ):
            return row
    return None


def close_fixed(library: Library, fix: Fix, run: RunRow, *, reviewer: str) -> Changed:
    """Close the item as fixed by `run`, and let the photo's result show that edit instead."""
    item = library.reviews.get(fix.item_id)
    with library.database.writing() as tx:
        if item is not None and item.batch_id:
            for row in BATCH_ITEMS.select(
                tx, "batch_id = ? AND path = ?", (item.batch_id, str(fix.path))
            ):
                if item.run_id in run_ids(row.data) and run.run_id not in json.loads(row.data).get(
                    "runs", ()
                ):
                    add_run(library, row, run.run_id)
        return ReviewQueue(library).decide(
            fix.item_id, "fix", reviewer=reviewer, note=f"fixed by run {run.run_id}",
            views=("editor",),
        )  # fmt: skip
