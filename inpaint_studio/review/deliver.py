"""Decisions reach the output folder: what a person accepted is written, what he took back goes.

Which files should be there follows from the library alone (`pending`), so delivery may be
stopped at any point and simply goes on; a decision itself never waits for it. A result is
withdrawn only while it is byte for byte what we wrote: a file someone has changed stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import InpaintError
from inpaint_studio.imaging.photo import Photo, SaveOptions, open_photo, save_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunRecord
from inpaint_studio.review.batch_plan import run_ids
from inpaint_studio.store.library import Library
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import BatchItemRow


@dataclass(frozen=True, slots=True)
class Task:
    """One file to write or to take back."""

    row: BatchItemRow
    action: Literal["write", "withdraw"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was done; `failed` holds sentences (the row keeps them too)."""

    written: int
    withdrawn: int
    failed: tuple[str, ...]


def pending(
    library: Library, batch_id: str = "", paths: Collection[str] | None = None
) -> list[Task]:
    """Return what must be written or withdrawn so that the output shows every decision.

    batch_id: only in this batch. paths: only for these photos (asking for all of 100,000 takes
    seconds). None: for all.
    """
    batches = [batch_id] if batch_id else [row.batch_id for row in library.batches.all()]
    tasks: list[Task] = []
    for name in batches:
        for row in library.batches.items(name, "flagged", "done"):
            runs = run_ids(row.data)
            if not runs or (paths is not None and row.path not in paths):
                continue
            states = _states(library, runs)
            is_good = (
                bool(states) and states <= {"accepted", "superseded"} and ("accepted" in states)
            )
            if row.state == "flagged" and is_good:
                tasks.append(Task(row, "write"))
            elif row.state == "done" and not is_good:
                tasks.append(Task(row, "withdraw"))
    return tasks


def deliver(library: Library, tasks: Iterable[Task], token: RunToken | None = None) -> Delivered:
    """Do the tasks. A photo that cannot be written keeps its sentence and waits.

    Raises: Cancelled (what was done stays done).
    """
    token = token or RunToken()
    written = withdrawn = 0
    failed: list[str] = []
    todo = list(tasks)
    for number, task in enumerate(todo):
        token.step(number / len(todo), Path(task.row.path).name)
        row = task.row
        try:
            if task.action == "write":
                sha256 = write(library, row)
                _set(library, row, state="done", output_sha256=sha256, message="")
                written += 1
            else:
                message = withdraw(row)
                _set(library, row, state="flagged", output_sha256="", message=message)
                withdrawn += not message
        except InpaintError as error:
            failed.append(str(error))
            _set(library, row, message=str(error))
    return Delivered(written, withdrawn, tuple(failed))


def write(library: Library, row: BatchItemRow) -> str:
    """Write the result of a photo with every accepted edit in it; return the file's SHA-256.

    Raises: BadPhoto, StorageError, LibraryError: nothing half-written is left.
    """
    photo = open_photo(Path(row.path))
    records = [library.runs.get(run_id) for run_id in run_ids(row.data)]
    pixels = with_edits(photo, records, library.objects)
    target = Path(row.output)
    target.parent.mkdir(parents=True, exist_ok=True)
    report = save_photo(replace(photo, pixels=pixels), target, SaveOptions(overwrite=True))
    return str(report.sha256)


def with_edits(photo: Photo, records: Iterable[RunRecord], objects: ObjectStore) -> Pixels:
    """Return the photo's pixels with the accepted edits of its runs in them.

    Only pixels that an edit really changed are taken: its box may also show an edit before it
    that was rejected since.
    """
    after: Pixels = photo.pixels.copy()
    for record in records:
        for edit in record.edits:
            made, given = edit.stage("blended"), edit.stage("input")
            if edit.state != "accepted" or edit.delta_box is None or made is None or given is None:
                continue
            fill = objects.get_array(made.sha256)
            before = objects.get_array(given.sha256)[edit.delta_box.relative_to(edit.box).slices]
            changed = (fill != before).any(axis=2)
            after[edit.delta_box.slices][changed] = fill[changed]
    after.flags.writeable = False
    return after


def withdraw(row: BatchItemRow) -> str:
    """Remove a result that is still what we wrote; return "" or why it stayed."""
    path = Path(row.output)
    if not path.exists():
        return ""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != row.output_sha256:
        return f"{path} has been changed since it was written, so it was left there."
    with suppress(FileNotFoundError):
        path.unlink()
    return ""


def _states(library: Library, runs: Iterable[str]) -> set[str]:
    """Return the states of the edits that still count: one replaced by an accepted attempt
    does not."""
    names = tuple(runs)
    marks = ", ".join("?" * len(names))
    with library.database.reading() as tx:
        states: dict[str, str] = dict(
            tx.rows(f"SELECT edit_id, state FROM edits WHERE run_id IN ({marks})", names)
        )
        items = tx.rows(
            f"SELECT item_id, edit_id, replaces FROM review_items WHERE run_id IN ({marks})", names
        )
    edits = {str(item): str(edit) for item, edit, _ in items}
    before = {str(item): str(replaced) for item, _, replaced in items if replaced}
    for item, edit in edits.items():
        current = before.get(item, "") if states.get(edit) == "accepted" else ""
        while current:
            states.pop(edits.get(current, ""), None)
            current = before.get(current, "")
    return set(states.values())


def _set(library: Library, row: BatchItemRow, **columns: object) -> None:
    library.batches.set(row.batch_id, row.position, **columns)


def add_run(library: Library, row: BatchItemRow, run_id: str) -> None:
    """Let a photo's result also take the edits of `run_id` (a next attempt, a fix by hand)."""
    data = json.loads(row.data)
    data["runs"] = [*data.get("runs", ()), run_id]
    library.batches.set(row.batch_id, row.position, data=json.dumps(data))
