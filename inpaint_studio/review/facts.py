"""The library's runs and items as the plain facts that statistics count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from inpaint_studio.review import statistics as count
from inpaint_studio.review.events import Decision
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.statistics import EditFact, Origin
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow

NEWEST = 20000


def gather(library: Library, batch_id: str = "", *, limit: int = NEWEST) -> list[EditFact]:
    """Return the facts of the newest `limit` runs (of one batch, or of the whole library)."""
    wanted = batch_runs(library, batch_id) if batch_id else None
    with library.database.reading() as tx:
        rows = tx.rows(
            "SELECT run_id, created, record FROM runs ORDER BY created DESC LIMIT ?", (limit,)
        )
        items = {row.edit_id: row for row in _items(library, batch_id)}
        states: dict[str, str] = dict(tx.rows("SELECT edit_id, state FROM edits"))
    facts: list[EditFact] = []
    for run_id, created, record in rows:
        if run_id.startswith("planted-") or (wanted is not None and run_id not in wanted):
            continue
        day = datetime.fromtimestamp(created, UTC).date().isoformat()
        for edit in json.loads(record)["edits"]:
            item = items.get(edit["edit_id"])
            facts.append(_fact(edit, item, day, states.get(edit["edit_id"], "")))
    planted = [i for i in items.values() if i.origin == "planted"]
    facts += [_planted(item) for item in planted]
    return facts


def batch_runs(library: Library, batch_id: str) -> set[str]:
    return {
        run for row in library.batches.items(batch_id) for run in json.loads(row.data).get(
            "runs", ()
        )
    }  # fmt: skip


def _items(library: Library, batch_id: str) -> list[ReviewRow]:
    where, values = ("batch_id = ?", (batch_id,)) if batch_id else ("", ())
    return library.reviews.select(where, values, "ORDER BY number")


def _fact(edit: dict[str, Any], item: ReviewRow | None, day: str, state: str) -> EditFact:
    verdict = edit["verdict"]
    readings = verdict["readings"]
    return EditFact(
        item_id=item.item_id if item else edit["edit_id"],
        engine=edit["plan"]["recipe"]["engine"],
        kind=edit["kind"],
        day=day,
        passed=bool(verdict["accepted"]),
        origin=_origin(item.origin) if item else "accepted",
        state=item.state if item else ("" if state in ("", "accepted") else state),
        risk=float(verdict["risk"]),
        seconds=float(edit["seconds"]),
        failed=tuple(r["name"] for r in readings if not r["passed"]),
        readings={r["name"]: float(r["value"]) for r in readings},
        reason=item.reason if item else "",
        content=item.content if item else "",
        gates=str(verdict["version"]),
    )


def _planted(item: ReviewRow) -> EditFact:
    return EditFact(
        item_id=item.item_id, engine=item.engine, kind=item.kind, day="", passed=False,
        origin="planted", state=item.state, risk=item.risk, reason=item.reason,
    )  # fmt: skip


def _origin(text: str) -> Origin:
    for known in get_args(Origin):
        if known == text:
            return known  # type: ignore[no-any-return]
    return "flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything the report, the Insights page and `review stats` show."""

    edits: int
    by_engine: list[count.Share]
    by_kind: list[count.Share]
    by_day: list[count.Share]
    failed: list[tuple[str, tuple[str, ...]]]
    rejected: list[tuple[str, tuple[str, ...]]]
    latency: list[count.Latency]
    seams: list[count.Share]
    escape: count.Escape
    reversal: count.Share
    agreement: count.Share
    per_minute: float
    ages_h: list[float]
    waiting: int


def figures(
    facts: Sequence[EditFact],
    events: Sequence[Decision],
    waiting: Sequence[ReviewRow] = (),
    *,
    now: datetime | None = None,
) -> Figures:
    """Count everything once."""
    now = now or datetime.now(UTC)
    return Figures(
        edits=sum(f.origin != "planted" for f in facts),
        by_engine=count.pass_rate(facts, "engine"),
        by_kind=count.pass_rate(facts, "kind"),
        by_day=count.pass_rate(facts, "day"),
        failed=count.failed_readings(facts),
        rejected=count.reject_reasons(facts),
        latency=count.latency(facts),
        seams=count.seam_rate(facts),
        escape=count.escape(facts),
        reversal=count.reversal_rate(events),
        agreement=count.agreement(events),
        per_minute=count.items_per_minute(events),
        ages_h=[max(0.0, (now.timestamp() - row.created) / 3600) for row in waiting],
        waiting=len(waiting),
    )


def figures_of(library: Library, batch_id: str = "") -> Figures:
    """Gather and count, for one batch or the whole library."""
    queue = ReviewQueue(library)
    waiting = queue.list(Filter(batch_id=batch_id), limit=1 << 31)
    events = queue.events()
    if batch_id:
        ids = {row.item_id for row in library.reviews.select("batch_id = ?", (batch_id,))}
        events = [event for event in events if event.item_id in ids]
    return figures(gather(library, batch_id), events, waiting)
