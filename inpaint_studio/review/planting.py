"""Known-bad edits slipped into the queue: they measure the reviewer, and nothing else.

A planted item shows a real photo and its accepted edit with one fault put in (a seam, a blur, a
ghost, ...). It belongs to no batch and no history, so whatever is decided, no output changes.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import InpaintError
from inpaint_studio.gating.planted import FAULTS, Planted, plant
from inpaint_studio.gating.scene import Rgb8
from inpaint_studio.imaging.color import space_of
from inpaint_studio.pipeline.request import Delta
from inpaint_studio.records import EditRecord, RunRecord, Stage
from inpaint_studio.review.audit import draw
from inpaint_studio.review.intake import thumbnail
from inpaint_studio.review.items import item_for
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow


def plant_some(library: Library, share: float, *, seed: int = 0) -> list[ReviewRow]:
    """Plant one bad edit for a share (0..1) of the accepted edits of the library.

    Which ones is decided by their content; an edit is never planted twice.
    """
    queue = ReviewQueue(library)
    planted: list[ReviewRow] = []
    with library.database.reading() as tx:
        rows = tx.rows("SELECT run_id, edit_id FROM edits WHERE state = 'accepted' ORDER BY 1, 2")
    for run_id, edit_id in rows:
        if draw(f"{edit_id}{seed}", "plant") >= share:
            continue
        if queue.find(f"item-planted-{edit_id}-{seed}") is not None:
            continue
        try:
            row = _plant_one(library, str(run_id), str(edit_id), seed)
        except InpaintError:
            continue  # Its artifacts have been swept.
        if row is not None:
            planted += queue.add(row).items
    return planted


def _plant_one(library: Library, run_id: str, edit_id: str, seed: int) -> ReviewRow | None:
    record = library.runs.get(run_id)
    edit = next((e for e in record.edits if e.edit_id == edit_id), None)
    if edit is None or edit.delta_box is None:
        return None
    stages = {stage.name: stage for stage in edit.stages}
    if not {"input", "mask", "blended"} <= set(stages):
        return None
    objects = library.objects
    before = objects.get_array(stages["input"].sha256)
    if before.dtype != np.uint8:
        return None
    mask = objects.get_array(stages["mask"].sha256)
    after = before.copy()
    inside = edit.delta_box.relative_to(edit.box).slices
    after[inside] = objects.get_array(stages["blended"].sha256)
    icc = stages.get("icc")
    space = space_of(objects.get_bytes(icc.sha256) if icc and icc.sha256 else None)
    if space.to_srgb8(before[:1, :1]).shape != (1, 1, 3):
        return None
    planted = _visible(before, after, mask, edit_id, seed)
    if planted is None:
        return None
    fault, made = planted.fault, planted.after[inside]
    name = f"planted-{edit_id}-{seed}"
    copy = _copy(record, edit, name, objects.put_array(np.ascontiguousarray(made)))
    delta = Delta(edit.delta_box, np.ascontiguousarray(before[inside]), made)
    thumb = thumbnail(delta, objects)
    library.runs.save(copy, keep={f"{name}/thumb": thumb})
    item = item_for(copy, copy.edits[0], delta, origin="planted", thumb=thumb, is_blind=True)
    extra = item.data[:-1] + f', "fault": "{fault}"}}'
    return replace(item, data=extra, sort=-draw(name, "order"), folder=_folder(library, edit_id))


def _visible(before: Rgb8, after: Rgb8, mask: MaskBool, edit_id: str, seed: int) -> Planted | None:
    """Return the edit with the first fault, from a drawn one on, that anybody could see.

    Whoever accepts a blurred patch of sky has missed nothing.
    """
    first = int(draw(edit_id, f"fault{seed}") * len(FAULTS))
    for number in range(len(FAULTS)):
        planted = plant(before, after, mask, FAULTS[(first + number) % len(FAULTS)], seed=seed)
        if planted.visible:
            return planted
    return None


def _copy(record: RunRecord, edit: EditRecord, name: str, blended: str) -> RunRecord:
    stages = tuple(
        Stage(name="blended", sha256=blended) if stage.name == "blended" else stage
        for stage in edit.stages
    )
    planted = replace(edit, edit_id=name, stages=stages, state="superseded")
    run_id = f"planted-{secrets.token_hex(6)}"
    return replace(record, run_id=run_id, edits=(planted,))


def _folder(library: Library, edit_id: str) -> str:
    found = library.reviews.select("edit_id = ?", (edit_id,), "LIMIT 1")
    return found[0].folder if found else ""
