"""`review accept|reject|fix|skip|escalate|note|undo`: decide in the terminal, and deliver.

What was really seen is what `review show` has shown to this reviewer: his decision of an item
he never had shown is stored as not seen. An accepted photo of a batch goes to its output folder
at once, as it does in the window; one that is no longer accepted is taken out again.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from inpaint_studio.app import Studio
from inpaint_studio.cli.output import BAD_INPUT, DONE, Output
from inpaint_studio.cli.review_again import again
from inpaint_studio.errors import BadSetting
from inpaint_studio.records import to_json
from inpaint_studio.review.deliver import Delivered, deliver, pending
from inpaint_studio.review.events import last_look, readings_now
from inpaint_studio.review.export import event_json, item_json
from inpaint_studio.review.queue import Changed

VIEW = "terminal"


def run(args: argparse.Namespace, studio: Studio, output: Output) -> int:
    """Returns: 0; 2 when the decision stands but a photo could not be delivered."""
    if args.again and args.action != "reject":
        raise BadSetting(
            "--again belongs to `review reject`: only what is rejected is tried again."
        )
    changed = _decide(args, studio)
    delivered = _deliver(studio, changed, output)
    made = again(studio, changed.items, args.reason, output) if args.again else ()
    output.document(
        {
            "items": [item_json(item) for item in changed.items],
            "events": [event_json(event) for event in changed.events],
            "already": [item.item_id for item in changed.repeated],
            "delivered": delivered.written,
            "withdrawn": delivered.withdrawn,
        }
        | ({"attempts": [to_json(attempt) for attempt in made]} if args.again else {})
    )
    for item in changed.items:
        output.say(f"{item.item_id} is {item.state}")
    for item in changed.repeated:
        output.say(
            f"{item.item_id} is {item.state}: you said so already, nothing was added; "
            f"`review undo {item.item_id}` takes it back"
        )
    if not changed.items and not changed.repeated:
        output.say("There is nothing of yours to undo.")
    if delivered.written or delivered.withdrawn:
        output.say(
            f"{delivered.written} written to the output folder, {delivered.withdrawn} taken out"
        )
    for attempt in made:
        output.say(attempt.sentence)
    for sentence in delivered.failed:
        output.error(sentence)
    return BAD_INPUT if delivered.failed else DONE


def look(studio: Studio, item_id: str, reviewer: str) -> None:
    """Remember that an item was shown to a reviewer."""
    if last_look(studio.queue.events(item_id), reviewer) is None:
        studio.queue.look(item_id, reviewer=reviewer, views=(VIEW,))


def reviewer_of(args: argparse.Namespace, studio: Studio) -> str:
    """Who decides: `--reviewer`, else the setting, else the login."""
    return str(args.reviewer) or studio.reviewer


def items_of(args: argparse.Namespace) -> list[str]:
    """The items named. Raises: BadSetting: none."""
    if not args.items:
        raise BadSetting(f"Name the items: `review {args.action} ITEM…`; `review list` shows them.")
    return list(args.items)


def _decide(args: argparse.Namespace, studio: Studio) -> Changed:
    who = reviewer_of(args, studio)
    if args.action == "undo":
        item = args.items[0] if args.items else ""
        return studio.queue.undo(who, item_id=item) or Changed((), ())
    if args.action == "note" and not args.note:
        raise BadSetting("Say the note with --note TEXT.")
    names = items_of(args)
    looks = {name: last_look(studio.queue.events(name), who) for name in names}
    seen = [name for name, shown in looks.items() if shown is not None]
    first = looks[names[0]]
    readings, version = _judged(studio, names[0]) if len(names) == 1 else (None, "")
    return studio.queue.decide(
        names, args.action, reviewer=who, reason=args.reason, note=args.note, seen=seen,
        views=(VIEW,) if seen else (), ms=_since(first.time) if first and len(names) == 1 else 0,
        readings=readings, thresholds=version,
    )  # fmt: skip


def _judged(studio: Studio, item_id: str) -> tuple[dict[str, float] | None, str]:
    """What the gates had said of an item, and by which version."""
    item = studio.queue.get(item_id)
    if not item.run_id:
        return None, ""
    edit = next(
        (e for e in studio.library.runs.get(item.run_id).edits if e.edit_id == item.edit_id), None
    )
    if edit is None:
        return None, ""
    values = {reading.name: reading.value for reading in edit.verdict.readings}
    return readings_now(values), edit.verdict.version


def _since(moment: str) -> int:
    shown = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    return round(1000 * (datetime.now(UTC) - shown).total_seconds())


def _deliver(studio: Studio, changed: Changed, output: Output) -> Delivered:
    """Bring the output folders of the batches touched up to the decisions."""
    photos: dict[str, set[str]] = {}
    for item in changed.items:
        if item.batch_id:
            photos.setdefault(item.batch_id, set()).add(item.name)
    tasks = [
        task for name, paths in photos.items() for task in pending(studio.library, name, paths)
    ]
    if not tasks:
        return Delivered(0, 0, ())
    with output.progress("delivering") as token:
        return deliver(studio.library, tasks, token)
