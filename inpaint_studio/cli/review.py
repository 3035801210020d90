"""`review`: the queue from the terminal. Decisions are appended, undo adds one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from inpaint_studio.app import Studio
from inpaint_studio.cli import review_decide
from inpaint_studio.cli.describe import edit_json, show_plan, show_verdict
from inpaint_studio.cli.output import DONE, Output, Subparsers, library_path
from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.review.events import REASON_NAMES, STATES
from inpaint_studio.review.export import event_json, events_csv, events_json, item_json
from inpaint_studio.review.facts import figures_of
from inpaint_studio.review.filters import ORDERS, Filter
from inpaint_studio.review.items import why
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.rows import ReviewRow

ACTIONS = ("list", "show", "accept", "reject", "fix", "skip", "escalate", "note", "undo",
           "export", "report", "stats", "plant")  # fmt: skip


def add_parser(subparsers: Subparsers, common: argparse.ArgumentParser) -> None:
    parser = subparsers.add_parser(
        "review", parents=[common], help="list and decide what waits for a person"
    )
    parser.add_argument("action", nargs="?", default="list", choices=ACTIONS)
    parser.add_argument("items", nargs="*", metavar="ITEM")
    parser.add_argument("--state", default="waiting", help=f"waiting, decided, all, {STATES}")
    parser.add_argument("--gate", default="", help="the reading that failed")
    parser.add_argument("--engine", default="")
    parser.add_argument("--kind", default="")
    parser.add_argument("--folder", default="")
    parser.add_argument("--batch", default="")
    parser.add_argument("--by", default="", help="only those this reviewer decided")
    parser.add_argument("--text", default="", help="search names, folders, readings, notes")
    parser.add_argument("--order", default="risk", choices=ORDERS)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--reason", default="", choices=("", *REASON_NAMES))
    parser.add_argument("--note", default="")
    parser.add_argument(
        "--again", action="store_true", help="reject: make the next attempt; it waits in its place"
    )
    parser.add_argument(
        "--share",
        type=float,
        default=0.02,
        metavar="0..1",
        help="plant: bad edits slipped in per accepted edit, to measure reviewers",
    )
    parser.add_argument("--reviewer", default="", help="your name (the setting, else the login)")
    parser.add_argument("-o", "--output", type=Path, default=None, metavar="FILE",
                        help="export: .json or .csv; report: .html or .pdf")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Returns: 0; `list` 3 while something waits."""
    output = Output(as_json=args.json)
    with Studio.open(library_path(args), wait_s=5.0) as studio:
        queue = studio.queue
        if args.action == "list":
            return _list(args, queue, output)
        if args.action == "show":
            return _show(args, studio, output)
        if args.action == "export":
            return _export(args, queue, output)
        if args.action == "report":
            return _report(args, studio, output)
        if args.action == "stats":
            return _stats(args, studio, output)
        if args.action == "plant":
            return _plant(args, studio, output)
        return review_decide.run(args, studio, output)


def _filter(args: argparse.Namespace) -> Filter:
    return Filter(
        state="" if args.state == "all" else args.state, gate=args.gate, engine=args.engine,
        kind=args.kind, folder=args.folder, batch_id=args.batch, reviewer=args.by,
        text=args.text, order=args.order,
    )  # fmt: skip


def _list(args: argparse.Namespace, queue: ReviewQueue, output: Output) -> int:
    which = _filter(args)
    rows = queue.list(which, limit=args.limit)
    output.document([item_json(row) for row in rows])
    output.table(
        "",
        ("item", "photo", "kind", "engine", "why", "risk", "state"),
        [
            (r.item_id, Path(r.name).name, r.kind, r.engine, headline(r), _risk(r), r.state)
            for r in rows
        ],
    )
    total = queue.count(which)
    if not rows:
        output.say(queue.why_empty(which))
    elif total > len(rows):
        output.say(f"{len(rows)} of {total} shown; --limit shows more")
    return DONE


def headline(row: ReviewRow) -> str:
    """Return why an item waits, with its number: `Step across the edge 0.09 > 0.06`."""
    if row.extra.get("blind") and row.waiting:
        return "hidden until decided"
    said = why(row)
    if row.value is None:
        return said
    if row.high is not None and row.value > row.high:
        return f"{said} {row.value:.3g} > {row.high:.3g}"
    if row.low is not None and row.value < row.low:
        return f"{said} {row.value:.3g} < {row.low:.3g}"
    return f"{said} {row.value:.3g}"


def _risk(row: ReviewRow) -> str:
    return "" if row.extra.get("blind") and row.waiting else f"{row.risk:.2f}"


def _show(args: argparse.Namespace, studio: Studio, output: Output) -> int:
    shown: list[dict[str, Any]] = []
    for name in review_decide.items_of(args):
        item = studio.queue.get(name)
        found = item_json(item)
        found["events"] = [event_json(event) for event in studio.queue.events(name)]
        output.say(f"{item.item_id} · {Path(item.name).name} · {item.state} · {headline(item)}")
        if item.run_id and not (item.extra.get("blind") and item.waiting):
            record = studio.library.runs.get(item.run_id)
            edit = next((e for e in record.edits if e.edit_id == item.edit_id), None)
            if edit is not None:
                found["edit"] = edit_json(edit)
                show_plan(output, edit.plan)
                show_verdict(output, edit.verdict)
        review_decide.look(studio, name, review_decide.reviewer_of(args, studio))
        for event in studio.queue.events(name):
            note = f" · {event.note}" if event.note else ""
            output.say(f"  {event.time} {event.reviewer} {event.verdict} {event.reason}{note}")
        shown.append(found)
    output.document(shown[0] if len(shown) == 1 else shown)
    return DONE


def _export(args: argparse.Namespace, queue: ReviewQueue, output: Output) -> int:
    events = queue.events()
    if args.output is None:
        output.document([event_json(event) for event in events])
        output.say(events_json(events))
        return DONE
    suffix = args.output.suffix.lower()
    if suffix not in (".csv", ".json"):
        raise BadSetting(f"Decisions are exported as .csv or .json, not {suffix or 'no suffix'}.")
    text = events_csv(events) if suffix == ".csv" else events_json(events)
    try:
        args.output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise StorageError(f"{args.output} cannot be written: {error.strerror}.") from error
    output.document({"output": str(args.output), "events": len(events)})
    output.say(f"wrote {len(events)} decisions to {args.output}")
    return DONE


def _report(args: argparse.Namespace, studio: Studio, output: Output) -> int:
    from inpaint_studio.review.report_file import write_report

    if args.output is None:
        raise BadSetting("Name the report: `review report -o report.html` (or .pdf).")
    write_report(studio.library, args.output, batch_id=args.batch)
    output.document({"output": str(args.output)})
    output.say(f"wrote {args.output}")
    return DONE


def _stats(args: argparse.Namespace, studio: Studio, output: Output) -> int:
    from inpaint_studio.records import to_json

    found = figures_of(studio.library, args.batch)
    output.document(to_json(found))
    output.table(
        "pass rate",
        ("engine", "passed", "of", "95 %"),
        [
            (s.name, s.count, s.total, f"{s.low:.0%} to {s.high:.0%}")
            for s in (*found.by_engine, *found.by_kind)
        ],
    )
    escape = found.escape
    output.say(
        f"bad among accepted: {escape.bad} of {escape.seen} audited; at most {escape.bound:.1%} "
        f"with 95 %, of {escape.accepted} accepted unseen"
    )
    output.say(
        f"{found.waiting} wait · {found.per_minute:.1f} decisions a minute · "
        f"{found.reversal.value:.1%} taken back"
    )
    return DONE


def _plant(args: argparse.Namespace, studio: Studio, output: Output) -> int:
    from inpaint_studio.review.planting import plant_some

    if not 0 <= args.share <= 1:
        raise BadSetting("--share must lie between 0 and 1.")
    rows = plant_some(studio.library, args.share)
    output.document({"planted": len(rows)})
    output.say(f"{len(rows)} known-bad edits stand in the queue like any other")
    return DONE
