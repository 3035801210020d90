"""Decisions and items as CSV and JSON, for spreadsheets and auditors."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from inpaint_studio.review.events import Decision
from inpaint_studio.store.rows import ReviewRow

EVENT_COLUMNS = (
    "seq", "item_id", "version", "verdict", "reason", "reviewer", "time", "ms", "views", "seen",
    "automatic", "group", "undoes", "note", "readings", "thresholds", "program",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def event_json(event: Decision) -> dict[str, Any]:
    return asdict(event) | {"views": list(event.views)}


def item_json(item: ReviewRow, *, reveal: bool = False) -> dict[str, Any]:
    """Return an item as `review list --json` shows it.

    reveal: also say why the item is in the queue (an audit must not be known beforehand).
    """
    shown = {
        "id": item.item_id,
        "edit": item.edit_id,
        "run": item.run_id,
        "photo": item.name,
        "folder": item.folder,
        "batch": item.batch_id,
        "engine": item.engine,
        "kind": item.kind,
        "reason": item.gate,
        "reading": item.value,
        "low": item.low,
        "high": item.high,
        "risk": item.risk,
        "state": item.state,
        "attempt": item.attempt,
        "replaces": item.replaces,
        "verdict_reason": item.reason,
        "reviewer": item.reviewer,
        "decided": item.decided,
        "note": item.note,
        "created": item.created,
    }
    if item.extra.get("blind") and item.waiting and not reveal:
        for key in ("reason", "reading", "low", "high", "risk"):
            shown[key] = None
    if reveal:
        shown["origin"] = item.origin
    return shown


def events_json(events: Iterable[Decision]) -> str:
    return json.dumps([event_json(event) for event in events], indent=1, ensure_ascii=False)


def events_csv(events: Iterable[Decision]) -> str:
    """Return the events as CSV (RFC 4180). Texts that a spreadsheet would run are quoted off."""
    rows = []
    for event in events:
        data = event_json(event)
        data["views"] = " ".join(event.views)
        data["readings"] = json.dumps(event.readings, sort_keys=True)
        rows.append([safe(data[column]) for column in EVENT_COLUMNS])
    return table_csv(EVENT_COLUMNS, rows)


def table_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def safe(value: object) -> object:
    """Return what a spreadsheet shows as text: a note `=HYPERLINK(...)` must not be a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value
