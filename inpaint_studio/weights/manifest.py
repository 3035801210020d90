"""`manifest.json` in the models folder: what was checked, with its sums and its contract.

The file is a memory, not a gate: without it every model is simply checked again. It is written
by replace, and a row is trusted only while size and time of change of every file still match.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inpaint_studio.weights.entries import Contract, FileSum, ModelEntry

NAME = "manifest.json"
VERSION = 1


def read(root: Path) -> dict[str, ModelEntry]:
    """Return the entries by id; none when there is no manifest or it cannot be read."""
    try:
        table = json.loads((root / NAME).read_text("utf-8"))
        rows = table["models"] if table.get("version") == VERSION else []
        entries = [_entry(root, row) for row in rows]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return {entry.id: entry for entry in entries}


def put(root: Path, *entries: ModelEntry) -> None:
    """Write rows over what is there. A folder that cannot be written is left as it is."""
    rows = read(root) | {entry.id: entry for entry in entries}
    _write(root, rows)


def drop(root: Path, model_id: str) -> None:
    rows = read(root)
    rows.pop(model_id, None)
    _write(root, rows)


def _write(root: Path, rows: dict[str, ModelEntry]) -> None:
    table = {"version": VERSION, "models": [_row(root, rows[key]) for key in sorted(rows)]}
    draft = root / f".{NAME}.{os.getpid()}.part"
    try:
        draft.write_text(json.dumps(table, indent=1, sort_keys=True), "utf-8")
        draft.replace(root / NAME)
    except OSError:
        draft.unlink(missing_ok=True)


def _row(root: Path, entry: ModelEntry) -> dict[str, Any]:
    row = asdict(replace(entry, path=Path()))
    row["path"] = entry.path.relative_to(root).as_posix()
    return row


def _entry(root: Path, row: dict[str, Any]) -> ModelEntry:
    relative = Path(row["path"])
    if relative.is_absolute() or ".." in relative.parts:
        raise ValueError("a path outside the models folder")
    contract = row.get("contract")
    values = dict(row)
    values["path"] = root / relative
    values["files"] = tuple(FileSum(**file) for file in row.get("files", ()))
    values["contract"] = Contract(**contract) if contract else None
    values["notes"] = tuple(row.get("notes", ()))
    return ModelEntry(**values)
