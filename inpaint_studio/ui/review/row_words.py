"""A row of the queue in words: what it is, its reading against its limit, what was decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from inpaint_studio.review.items import why
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets.gauge import number

WORDS = {
    "accepted": "accepted", "fixed": "fixed", "rejected": "rejected", "escalated": "escalated",
    "superseded": "another attempt", "second": "second look", "disputed": "reviewers differ",
}  # fmt: skip


def described(row: ReviewRow) -> str:
    """What was removed and by which engine; a word that says both stands once."""
    attempt = tr("attempt {n}", n=row.attempt + 1) if row.attempt else row.engine
    return " · ".join(dict.fromkeys((row.kind, attempt)))


def is_hidden(row: ReviewRow) -> bool:
    """Whether the gate's evidence is hidden until the person has decided."""
    return row.waiting and bool(row.extra.get("blind"))


def status_words(row: ReviewRow) -> str:
    """The third line of a row: the reading against its limit, or what was decided and when."""
    if not row.waiting:
        words = tr(WORDS.get(row.state, row.state))
        if row.state == "rejected" and row.reason:
            words = f"{words}: {tr(row.reason)}"
        return f"{words} {_clock(row.decided)}".strip()
    if row.state in WORDS:
        return tr(WORDS[row.state])
    if is_hidden(row):
        return tr("evidence hidden")
    if row.skipped:
        return tr("skipped")
    label = why(row)
    if row.value is None:
        return label or tr("look at it")
    sign, limit = "", None
    if row.high is not None and row.value > row.high:
        sign, limit = ">", row.high
    elif row.low is not None and row.value < row.low:
        sign, limit = "<", row.low
    value = number(row.value)
    return f"{label} {value} {sign} {number(limit)}" if limit is not None else f"{label} {value}"


def short_status(row: ReviewRow, fits: Callable[[str], bool]) -> str:
    """The third line cut to its room: a long label gives way, the numbers never do."""
    words = status_words(row)
    label = why(row)
    if fits(words) or not label or not words.startswith(f"{label} "):
        return words
    numbers = words[len(label) :]
    while label and not fits(f"{label}…{numbers}"):
        label = label[:-1]
    return f"{label.rstrip()}…{numbers}"


def _clock(moment: str) -> str:
    from datetime import datetime

    if not moment:
        return ""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone().strftime("%H:%M")


def status_kind(row: ReviewRow) -> str:
    """good, bad, warn or busy: which shape and colour a row has."""
    if not row.waiting:
        return {"rejected": "bad", "superseded": "busy"}.get(row.state, "good")
    if row.state in ("second", "disputed", "escalated") or row.skipped or is_hidden(row):
        return "warn"
    return "bad"


def spoken(row: ReviewRow) -> str:
    """A row as a sentence for screen readers."""
    return f"{PurePath(row.name).name}, {described(row)}, {status_words(row)}"
