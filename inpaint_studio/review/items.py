"""From an edit to the review item that shows it."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

from inpaint_studio.gating.words import label_of, likeliest, surest_first
from inpaint_studio.pipeline.request import Delta
from inpaint_studio.records import EditRecord, Reading, RunRecord
from inpaint_studio.review.groups import fingerprint, sku_of
from inpaint_studio.store.rows import ReviewRow


def failed_reading(edit: EditRecord) -> Reading | None:
    """Return the reading that decided against an edit, the surest; else what left its band most.

    None where no reading need have left its band, or where the verdict names a guess (`guess`).
    """
    if guess(edit) is not None:
        return None
    return next(iter(surest_first(edit.verdict.readings)), None)


def guess(edit: EditRecord) -> Reading | None:
    """Return the sign that the verdict names as most likely, as a guess: that says more than a
    reading that decides nothing."""
    return None if edit.verdict.accepted else likeliest(edit.verdict.readings)


def why(row: ReviewRow) -> str:
    """Return what speaks against an item: the failed reading's plain name, else the verdict's
    sentence (no reading need leave its band where several small signs add up).
    """
    extra = row.extra
    named = str(extra.get("label") or (label_of(row.gate) if row.gate else ""))
    return named or str(extra.get("summary") or "")


def _said(guessed: Reading | None) -> str:
    """Return what the list says of a guess ("": none)."""
    if guessed is None:
        return ""
    label = guessed.label or label_of(guessed.name)
    return f"A guess: {label[:1].lower()}{label[1:]}"


def _change(edit: EditRecord) -> str:
    """Return the change of plan for which a fill that passed waits all the same ("": none)."""
    changes = edit.plan.changes
    return changes[-1] if edit.verdict.accepted and changes else ""


def content_of(record: RunRecord, edit: EditRecord) -> str:
    """Return the hash that decides whether this edit is audited: photo and new pixels alone."""
    blended = edit.stage("blended")
    text = f"{record.photo_sha256}\0{blended.sha256 if blended else edit.edit_id}"
    return hashlib.sha256(text.encode()).hexdigest()


def item_for(
    record: RunRecord,
    edit: EditRecord,
    delta: Delta | None,
    *,
    photo_id: int | None = None,
    folder: str = "",
    batch_id: str = "",
    origin: str = "flagged",
    thumb: str = "",
    replaces: str = "",
    is_blind: bool = False,
) -> ReviewRow:
    """Return the review item of one edit. Riskier items sort first.

    is_blind: the gate's evidence is hidden until the person has decided.
    """
    gate, guessed = failed_reading(edit), guess(edit)
    near = fingerprint(delta.before, delta.after) if delta is not None else ""
    mask = edit.stage("mask")
    return ReviewRow(
        item_id=f"item-{edit.edit_id}",
        edit_id=edit.edit_id,
        run_id=record.run_id,
        photo_id=photo_id,
        created=time.time(),
        origin=origin,
        content=content_of(record, edit),
        name=record.photo_name,
        folder=folder or (str(Path(record.photo_name).parent) if record.photo_name else ""),
        batch_id=batch_id,
        engine=edit.plan.engine,
        kind=edit.kind,
        gate=gate.name if gate else guessed.name if guessed else "",
        value=gate.value if gate else None,
        low=gate.low if gate else None,
        high=gate.high if gate else None,
        risk=edit.verdict.risk,
        sort=-edit.verdict.risk,
        group_key=near or (mask.sha256 if mask else sku_of(record.photo_name)),
        attempt=record.options.attempt,
        replaces=replaces,
        thumb=thumb,
        data=json.dumps(
            {
                "blind": is_blind,
                "mask": mask.sha256 if mask else "",
                "fingerprint": near,
                "summary": edit.verdict.summary,
                "label": (gate.label or gate.name) if gate else _said(guessed) or _change(edit),
                "reviewed_as": edit.verdict.version,
            }
        ),
    )
