"""Keeping undo within its share of the disk, without losing work.

What goes first is what nobody can miss: edits that were undone, of the photos opened longest
ago. Then the histories of photos whose edits have all been saved to a file. A photo with edits
that were never saved keeps everything, whatever the budget says.
"""

from __future__ import annotations

from dataclasses import dataclass

from inpaint_studio.session.session import SAVED_DRAFT, state_of
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import PHOTOS, PhotoRow


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What was let go. `left` is what the histories still take on the disk, in bytes."""

    undone_entries: int
    histories: int
    left: int


def trim_histories(
    library: Library, budget_bytes: int, *, open_photos: frozenset[int] = frozenset()
) -> Trimmed:
    """Let go of the oldest history until the rest fits; sweep what no row names any more.

    open_photos: photos that are open now; theirs stays. Call it from a background thread.
    """
    undone = histories = 0
    with library.database.reading() as tx:
        oldest = PHOTOS.select(tx, tail="ORDER BY opened")
    photos = [row for row in oldest if row.photo_id not in open_photos]
    for row in photos:
        if library.edits.bytes() <= budget_bytes:
            break
        undone += library.edits.drop(row.photo_id, since=max(row.cursor, row.base))
    for row in photos:
        if library.edits.bytes() <= budget_bytes:
            break
        if _is_saved(library, row) and library.edits.drop(row.photo_id, since=0):
            histories += 1
    library.sweep()
    return Trimmed(undone, histories, library.edits.bytes())


def _is_saved(library: Library, row: PhotoRow) -> bool:
    rows, cursor = library.edits.rows(row.photo_id)
    shown = [entry for entry in rows[:cursor] if not entry.hidden]
    parts = [
        d.sha256 for entry in shown for d in library.edits.deltas(row.photo_id, entry.position)
    ]
    saved = library.photos.draft(row.photo_id, SAVED_DRAFT)
    return saved is not None and saved.decode() == state_of(parts)
