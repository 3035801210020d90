"""The review queue of a library: what waits for a person, and every decision ever made.

A decision is one transaction: the event is appended, the item's state folded anew from all its
events, the edit's state follows. When `decide` returns it is durable. Rejected: collecting
decisions and writing them in batches, as a durable write costs only about 4 ms.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inpaint_studio import __version__
from inpaint_studio.errors import BadSetting, UserError
from inpaint_studio.review.event_rows import decision_of, events_of, item_of, row_of, stands
from inpaint_studio.review.events import (
    CLOSING,
    REASON_NAMES,
    VERDICTS,
    Decision,
    Verdict,
    fold,
    is_repeated,
    next_undo,
)
from inpaint_studio.review.queue_reader import QueueReader
from inpaint_studio.store.database import Transaction, now_s
from inpaint_studio.store.rows import DECISIONS, REVIEW, ReviewRow

_EDIT_STATES = {
    "accepted": "accepted",
    "fixed": "superseded",
    "rejected": "rejected",
    "superseded": "superseded",
}
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """What one call changed: the items as they are now, and the events appended.

    repeated: items about which this reviewer had said just the same already; nothing was added.
    """

    items: tuple[ReviewRow, ...]
    events: tuple[Decision, ...]
    repeated: tuple[ReviewRow, ...] = ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.items)


class ReviewQueue(QueueReader):
    """List, decide and undo. Every method is safe from any thread of this process."""

    # -- adding -------------------------------------------------------------------------------

    def add(self, *items: ReviewRow) -> Changed:
        """Put items in the queue. One that is there already stays as it is.

        Joins the caller's transaction when there is one, so that an edit and its item appear
        together or not at all.
        """
        added: list[ReviewRow] = []
        with self._database.writing() as tx:
            for item in items:
                if REVIEW.one(tx, "item_id = ?", (item.item_id,)) is None:
                    fresh = replace(
                        item,
                        created=item.created or now_s(),
                        sort=item.sort or -item.risk,
                    )
                    number = REVIEW.insert(tx, fresh)
                    added.append(replace(fresh, number=number))
        return Changed(tuple(added), ())

    # -- deciding -----------------------------------------------------------------------------

    def decide(
        self,
        items: str | Iterable[str],
        verdict: Verdict,
        *,
        reviewer: str,
        reason: str = "",
        note: str = "",
        ms: int = 0,
        views: Sequence[str] = (),
        seen: Iterable[str] | None = None,
        readings: Mapping[str, float] | None = None,
        thresholds: str = "",
        automatic: bool = False,
    ) -> Changed:
        """Append one decision per item; durable on return. Saying the same twice adds nothing.

        items: one id, or those of a group that one key press decides together. seen: the ids
        that really were on the screen (None: all of them).
        Raises: BadSetting: unknown verdict or reason; UserError: an unknown item, or one that
            another attempt has replaced.
        """
        ids = (items,) if isinstance(items, str) else tuple(dict.fromkeys(items))
        if verdict not in VERDICTS or verdict in ("undo", "look"):
            raise BadSetting(f"There is no verdict {verdict!r}.")
        if verdict == "reject" and reason not in REASON_NAMES:
            raise BadSetting(f"A rejection needs a reason; use one of {', '.join(REASON_NAMES)}.")
        looked = set(ids) if seen is None else set(seen)
        base = Decision(
            item_id="", verdict=verdict, reason=reason, reviewer=reviewer, note=note, ms=ms,
            views=tuple(views), automatic=automatic, thresholds=thresholds,
            readings=dict(readings or {}), program=__version__, time=_now(),
        )  # fmt: skip
        with self._database.writing() as tx:
            repeated = [] if automatic else [i for i in ids if _is_repeated(tx, i, base)]
            due = [i for i in ids if i not in repeated]
            group = uuid.uuid4().hex if len(due) > 1 else ""
            changed = self._append(
                tx, [replace(base, item_id=i, seen=i in looked, group=group) for i in due]
            )
            return replace(changed, repeated=tuple(item_of(tx, i) for i in repeated))

    def look(self, item_id: str, *, reviewer: str, views: Sequence[str]) -> Changed:
        """Note that an item was shown to `reviewer` where the decision will not know of it."""
        event = Decision(
            item_id=item_id, verdict="look", reviewer=reviewer, views=tuple(views),
            automatic=True, time=_now(), program=__version__,
        )  # fmt: skip
        with self._database.writing() as tx:
            return self._append(tx, [event])

    def undo(self, reviewer: str, *, item_id: str = "") -> Changed | None:
        """Take back the reviewer's newest standing decision (of one item, or of all).

        A group decided by one key press is taken back as a whole. Returns None when there is
        nothing of his to take back. Works after a restart and on an empty queue.
        """
        with self._database.writing() as tx:
            target = self._undo_target(tx, reviewer, item_id)
            if target is None:
                return None
            events = [target]
            if target.group:
                rows = DECISIONS.select(
                    tx, "group_name = ? AND verdict = ?", (target.group, target.verdict)
                )
                events = [e for e in map(decision_of, rows) if stands(tx, e)]
            undoing = [
                Decision(
                    item_id=e.item_id, verdict="undo", undoes=e.seq, reviewer=reviewer,
                    group=uuid.uuid4().hex if target.group else "", time=_now(),
                    program=__version__,
                )
                for e in events
            ]  # fmt: skip
            return self._append(tx, undoing)

    def withdraw(self, item_ids: Iterable[str], why: str = "") -> Changed:
        """Close items without a person: another attempt or the photo's removal replaced them."""
        return self.decide(item_ids, "supersede", reviewer="", note=why, automatic=True)

    # -- leases (a team works on one queue) ---------------------------------------------------

    def claim(self, item_id: str, owner: str, *, seconds: float = 120.0) -> int | None:
        """Reserve an item for `owner`; return the lease's epoch, None when another holds it.

        The check and the claim are one statement, an expired lease is nobody's, and a holder
        who claims again renews.
        """
        now = now_s()
        with self._database.writing() as tx:
            changed = tx.execute(
                "UPDATE review_items SET lease_epoch = lease_epoch + 1, lease_owner = ?, "
                "lease_until = ? WHERE item_id = ? "
                "AND (lease_owner IN ('', ?) OR lease_until <= ?)",
                (owner, now + seconds, item_id, owner, now),
            )
            return item_of(tx, item_id).lease_epoch if changed else None

    def release(self, item_id: str, owner: str) -> None:
        with self._database.writing() as tx:
            tx.execute(
                "UPDATE review_items SET lease_owner = '', lease_until = 0 "
                "WHERE item_id = ? AND lease_owner = ?",
                (item_id, owner),
            )

    # -- inside -------------------------------------------------------------------------------

    def _append(self, tx: Transaction, decisions: Sequence[Decision]) -> Changed:
        items: list[ReviewRow] = []
        events: list[Decision] = []
        for decision in decisions:
            item = item_of(tx, decision.item_id)
            event = replace(decision, version=item.version + 1)
            seq = DECISIONS.insert(tx, row_of(event))
            events.append(replace(event, seq=seq))
            items.append(refold(tx, replace(item, version=event.version)))
        return Changed(tuple(items), tuple(events))

    def _undo_target(self, tx: Transaction, reviewer: str, item_id: str) -> Decision | None:
        if item_id:
            return next_undo(events_of(tx, item_id), reviewer)
        before = 1 << 62
        while True:
            rows = DECISIONS.select(
                tx,
                "reviewer = ? AND seq < ? AND automatic = 0 AND verdict NOT IN "
                "('note', 'undo', 'supersede')",
                (reviewer, before),
                f"ORDER BY seq DESC LIMIT {_CHUNK}",
            )
            for row in rows:
                event = decision_of(row)
                if stands(tx, event):
                    return event
            if len(rows) < _CHUNK:
                return None
            before = rows[-1].seq


def refold(tx: Transaction, item: ReviewRow) -> ReviewRow:
    """Bring the state columns of `item` and its edit up to what the events add up to."""
    state = fold(events_of(tx, item.item_id), reviews_needed=item.reviews_needed)
    fresh = replace(
        item, state=state.state, waiting=state.is_waiting, skipped=state.skipped,
        rounds=state.rounds, reason=state.reason, reviewer=state.reviewer,
        decided=state.decided, note=state.note, lease_owner="", lease_until=0.0,
    )  # fmt: skip
    tx.execute(
        "UPDATE review_items SET state = ?, waiting = ?, skipped = ?, rounds = ?, version = ?, "
        "reason = ?, reviewer = ?, decided = ?, note = ?, lease_owner = '', lease_until = 0 "
        "WHERE item_id = ?",
        (fresh.state, fresh.waiting, fresh.skipped, fresh.rounds, fresh.version, fresh.reason,
         fresh.reviewer, fresh.decided, fresh.note, fresh.item_id),
    )  # fmt: skip
    if item.edit_id and item.origin != "planted":
        resting = "accepted" if item.origin == "audit" else "queued"
        tx.execute(
            "UPDATE edits SET state = ? WHERE edit_id = ?",
            (_EDIT_STATES.get(fresh.state, resting), item.edit_id),
        )
    return fresh


def _is_repeated(tx: Transaction, item_id: str, decision: Decision) -> bool:
    """Whether this reviewer has said just this. Raises: UserError: the item is replaced."""
    if decision.verdict not in CLOSING:
        return False
    if item_of(tx, item_id).state == "superseded":
        raise UserError(
            f"{item_id} has been replaced by another attempt; decide that one (`review list`)."
        )
    return is_repeated(events_of(tx, item_id), decision.verdict, decision.reason, decision.reviewer)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
