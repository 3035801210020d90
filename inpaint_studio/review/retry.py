"""The next attempt at a rejected edit: the same hole by other means, shown as the next item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.pipeline.replay import veil_of
from inpaint_studio.pipeline.request import RunRequest, RunResult
from inpaint_studio.records import EditRecord, FillRecipe, RunOptions, RunRecord
from inpaint_studio.review.batch_plan import run_ids
from inpaint_studio.review.deliver import add_run
from inpaint_studio.review.events import REASONS
from inpaint_studio.review.intake import Shares, doubted, take_in
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.routing.onward import Change, next_route
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BATCH_ITEMS, ReviewRow

_UNSAID: Change = "seed"
"""What a rejection without a known reason changes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What to run for a rejected item. `change` says what is different this time."""

    item: ReviewRow
    request: RunRequest
    change: str
    origin_record: RunRecord


def retry_of(
    library: Library, item: ReviewRow, reason: str, offers: Mapping[str, str]
) -> Retry | None:
    """Return the next attempt at an item that was rejected for `reason` (`events.REASONS`).

    The attempt starts from the stored input of the edit, so it needs no photo file. None when a
    person must do it: the mask is wrong (only he knows what was meant), or all has been tried.
    offers: engine -> "" when it can run here. Raises: LibraryError: the artifacts were swept.
    """
    wish: Change | None = next((row.attempt for row in REASONS if row.name == reason), _UNSAID)
    return None if wish is None else _retry(library, item, wish, offers)


def foreseen(library: Library, item: ReviewRow, offers: Mapping[str, str]) -> Retry | None:
    """Return the attempt that comes next if a person sees in an item what the gates saw."""
    return _retry(library, item, None, offers)


def _retry(
    library: Library, item: ReviewRow, wish: Change | None, offers: Mapping[str, str]
) -> Retry | None:
    if not item.run_id or item.origin == "planted":
        return None
    record = library.runs.get(item.run_id)
    edit = _edit_of(record, item)
    if edit is None:
        return None
    route = next_route(edit.plan, edit.verdict, offers, tried_before(library, item), wish=wish)
    if route is None:
        return None
    request = request_for(library, record, edit, route.options(record.options, edit.plan))
    return None if request is None else Retry(
        item=item, request=request, change=route.change, origin_record=record
    )  # fmt: skip


def tried_before(library: Library, item: ReviewRow) -> list[FillRecipe]:
    """Return the recipes that have been tried for this edit so far, this attempt's included."""
    tried: list[FillRecipe] = []
    current: ReviewRow | None = item
    while current is not None and current.run_id:
        try:
            record = library.runs.get(current.run_id)
        except InpaintError:
            break
        edit = _edit_of(record, current)
        if edit is not None:
            tried += [edit.plan.recipe, *(other.recipe for other in edit.attempts)]
        current = library.reviews.get(current.replaces) if current.replaces else None
    return tried


def _edit_of(record: RunRecord, item: ReviewRow) -> EditRecord | None:
    return next((edit for edit in record.edits if edit.edit_id == item.edit_id), None)


def request_for(
    library: Library, record: RunRecord, edit: EditRecord, options: RunOptions
) -> RunRequest | None:
    given, core, barred = (edit.stage(name) for name in ("input", "mask", "unusable"))
    if given is None or core is None:
        return None
    objects = library.objects
    icc = edit.stage("icc")
    pixels: Pixels = objects.get_array(given.sha256)
    mask: MaskBool = objects.get_array(core.sha256)
    recipe = edit.plan.recipe
    if recipe.grow_within is not None:
        mask = grow(mask, recipe.grow_px, recipe.grow_within)
    source = ~objects.get_array(barred.sha256) if barred is not None and barred.sha256 else None
    return RunRequest(
        pixels=pixels, mask=mask, options=replace(options, kind=edit.kind),
        origin=edit.box, icc=objects.get_bytes(icc.sha256) if icc and icc.sha256 else None,
        source=source if source is None or not np.all(source) else None,
        photo_name=record.photo_name, photo_sha256=record.photo_sha256, threads=1,
        veil=veil_of(edit, objects),
    )  # fmt: skip


def keep_retry(library: Library, retry: Retry, result: RunResult) -> ReviewRow | None:
    """Store a finished attempt and put it in the queue in place of the item; return its item.

    The person has rejected one edit already, so the attempt waits for him whatever the gates
    say. Nothing is kept when the rejection has been undone meanwhile.
    """
    old = library.reviews.get(retry.item.item_id)
    if old is None or old.state != "rejected":
        return None
    record = doubted(result.record, f"attempt {old.attempt + 2}: {retry.change}")
    intake = take_in(
        record, result.deltas, library.objects, shares=Shares(audit=0.0),
        photo_id=old.photo_id, folder=old.folder, batch_id=old.batch_id, replaces=old.item_id,
        around=_surroundings(retry.request, result), around_at=retry.request.origin,
    )  # fmt: skip
    if not intake.items:
        return None
    queue = ReviewQueue(library)
    with library.database.writing():
        library.runs.save(record, photo_id=old.photo_id, keep=intake.keep)
        added = queue.add(*(
            replace(item, name=old.name, attempt=old.attempt + 1, sort=old.sort - 1e-6)
            for item in intake.items
        )).items  # fmt: skip
        if old.batch_id:
            _into_batch(library, old, record.run_id)
    return added[0] if added else None


def _surroundings(request: RunRequest, result: RunResult) -> Pixels:
    """The crop the attempt was made on, with the attempt in it."""
    after = request.pixels.copy()
    at = request.origin or Box.of_shape(after.shape)
    for delta in result.deltas:
        if delta is not None:
            after[delta.box.relative_to(at).slices] = delta.after
    return after


def _into_batch(library: Library, old: ReviewRow, run_id: str) -> None:
    """Let the photo's row know the attempt, so that accepting it delivers the photo."""
    with library.database.reading() as tx:
        rows = BATCH_ITEMS.select(tx, "batch_id = ? AND path = ?", (old.batch_id, old.name))
    for row in rows:
        if old.run_id in run_ids(row.data):
            add_run(library, row, run_id)
