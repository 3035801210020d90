"""The sentence a saved file may carry in its XMP: which engines, seeds and runs made the edits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from inpaint_studio import __version__
from inpaint_studio.errors import LibraryError
from inpaint_studio.records import RunRecord
from inpaint_studio.session.history import BRIDGE

if TYPE_CHECKING:
    from inpaint_studio.session.history import History
    from inpaint_studio.store.library import Library


def edit_note(record: RunRecord) -> str:
    """What an XMP edit note says of one run: engines, seed and run."""
    return _note([_run_note(record, record.run_id, ())])


def history_note(library: Library, history: History) -> str:
    """What an XMP edit note says of all edits a photo shows now, oldest run first.

    Edits no run made (brush strokes) are named as such; "" when nothing was edited.
    """
    edits: dict[str, list[str]] = {}
    for entry in history.entries[: history.cursor]:
        if not entry.hidden and entry.label != BRIDGE:
            edits.setdefault(entry.run_id, []).append(entry.edit_id)
    parts = []
    for run_id, shown in edits.items():
        try:
            record = library.runs.get(run_id) if run_id else None
        except LibraryError:  # the run was forgotten, its edit is still there
            record = None
        parts.append(_run_note(record, run_id, shown))
    return _note(parts) if parts else ""


def _note(parts: list[str]) -> str:
    return f"Inpaint Studio {__version__}: {'; '.join(parts)}"


def _run_note(record: RunRecord | None, run_id: str, shown: Iterable[str]) -> str:
    if record is None:
        return run_id or "by hand"
    mine = [edit for edit in record.edits if edit.edit_id in set(shown)] or record.edits
    engines = "+".join(sorted({edit.plan.engine for edit in mine}))
    return f"{engines}, seed {record.options.seed}, {record.run_id}"
