"""The history of one photo: its edits as deltas, undone and redone bit for bit.

Only `History` writes the photo's pixels. Every step is durable before it shows: first the
delta's object, then the row, then the pixels in memory. What is on the disk is always enough
to rebuild the present pixels from the file: decode it and add the applied deltas in order.

A file that was saved over holds its first `base` edits itself. They can still be undone; a new
edit on top of such an undo first becomes an entry that takes them back (`_bridge`), as what the
file holds must stay in the list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import BadSetting, LibraryError, ShapeMismatch
from inpaint_studio.geometry import Box
from inpaint_studio.session import delta as deltas
from inpaint_studio.session.delta import Change, Delta, Pair, StoredDelta
from inpaint_studio.session.scratch import Scratch
from inpaint_studio.store.database import now_s
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import DeltaRow, HistoryRow

BRIDGE = "Back to before"
Step: TypeAlias = tuple[StoredDelta, bool]
"""A delta, and whether it is put on (True) or taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One committed edit. `box` is all it changed, in photo pixels; `bytes` its disk space."""

    position: int
    label: str
    edit_id: str
    run_id: str
    created: float
    hidden: bool
    absent: bool
    bytes: int
    box: Box
    deltas: tuple[StoredDelta, ...]


class OtherPixels(LibraryError):
    """A delta was to be put on pixels it was not made for."""

    def __init__(self, part: StoredDelta) -> None:
        super().__init__(
            "The photo has changed under this edit; run the edit again on it as it is now."
        )
        self.part = part


class History:
    """Edits of one photo, over restarts. One thread at a time."""

    def __init__(self, library: Library, photo_id: int, base: Pixels) -> None:
        """Take up the history of `photo_id` where it was left.

        base: (H, W, C) the photo as its file decodes; not kept, not changed.
        When a stored edit does not fit the file any more, the edits before it are applied and
        `problem` says so; nothing is deleted.
        """
        self._library = library
        self.photo_id = photo_id
        self._pixels: Pixels = base.copy()
        self._entries: list[Entry] = []
        self._cursor = 0
        self._base = library.edits.base(photo_id)
        self.problem = ""
        self._rebuild()

    @property
    def pixels(self) -> Pixels:
        """The photo as it is now: a read-only view, whose values change with the next edit."""
        view = self._pixels.view()
        view.flags.writeable = False
        return view

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All edits, oldest first; the first `cursor` are applied, the others can be redone."""
        return tuple(self._entries)

    @property
    def cursor(self) -> int:
        return self._cursor

    @property
    def can_undo(self) -> bool:
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        return self._cursor < len(self._entries) and not self.problem

    @property
    def disk_bytes(self) -> int:
        return sum(entry.bytes for entry in self._entries)

    def prepare(self, changes: Sequence[Change]) -> tuple[StoredDelta, ...]:
        """Pack and store changes ahead of `commit`, from any thread."""
        return deltas.store(self._library.objects, changes)

    def commit(
        self,
        label: str,
        changes: Sequence[Change | StoredDelta],
        *,
        edit_id: str = "",
        run_id: str = "",
    ) -> Box:
        """Apply an edit and keep it; what had been undone is gone. Durable when it returns.

        Return: the box that changed (empty: the changes change nothing and nothing is kept).
        Raises: LibraryError: the photo has changed since the edit was made; StorageError.
        """
        stored: list[StoredDelta] = []
        for change in changes:
            if isinstance(change, StoredDelta):
                stored.append(change)
            else:
                stored.extend(self.prepare((change,)))
        if not stored:
            return Box(0, 0, 0, 0)
        fresh = self._computed([(part, True) for part in stored])
        if self._cursor < self._base:
            self._bridge()
        self._append(label, stored, edit_id=edit_id, run_id=run_id)
        self.problem = ""
        return self._show(fresh)

    def undo(self) -> Box | None:
        """Take the last applied edit away; return what changed, None when there is none."""
        return self.jump(self._cursor - 1) if self.can_undo else None

    def redo(self) -> Box | None:
        """Apply the next edit again; return what changed, None when there is none."""
        return self.jump(self._cursor + 1) if self.can_redo else None

    def jump(self, cursor: int) -> Box:
        """Undo or redo until `cursor` edits are applied; return what changed.

        Durable when it returns. Raises (nothing changes): LibraryError: a stored edit is damaged;
        BadSetting: an edit to be redone was made on others that have been hidden since.
        """
        cursor = min(max(cursor, 0), len(self._entries))
        forward = cursor > self._cursor
        between = self._entries[min(cursor, self._cursor) : max(cursor, self._cursor)]
        steps = between if forward else between[::-1]
        with self._on_other_ground():
            fresh = self._computed(
                [step for entry in steps if not entry.hidden for step in _steps(entry, forward)]
            )
        self._library.edits.move(self.photo_id, cursor)
        self._cursor = cursor
        return self._show(fresh)

    def hide(self, position: int, hidden: bool = True) -> Box:
        """Take one applied edit out of the photo (or put it back) without undoing later ones.

        Raises: BadSetting: a later edit lies over it, or one under it has been hidden since.
        """
        entry = self._entries[position]
        if entry.hidden == hidden or position >= self._cursor:
            return Box(0, 0, 0, 0)
        later = [e for e in self._entries[position + 1 : self._cursor] if not e.hidden]
        over = next((e for e in later if _overlap(e, entry)), None)
        if over is not None:
            raise BadSetting(
                f"{over.label} lies over {entry.label}; undo or hide it first, "
                f"then {entry.label} can be {'hidden' if hidden else 'shown'}."
            )
        with self._on_other_ground():
            fresh = self._computed(_steps(entry, not hidden))
        self._library.edits.hide(self.photo_id, position, hidden)
        self._entries[position] = replace(entry, hidden=hidden)
        return self._show(fresh)

    def original(self, box: Box) -> Pixels:
        """Return the pixels of `box` before any edit (what a restore brush paints)."""
        box = box.clamp(Box.of_shape(self._pixels.shape))
        result = self._pixels[box.slices].copy()
        for entry in reversed(self._entries[: self._cursor]):
            if entry.hidden or not entry.box.overlaps(box):
                continue
            for stored in reversed(entry.deltas):
                if stored.box.overlaps(box):
                    _take_away(deltas.load(self._library.objects, stored), result, box)
        return result

    # -- inside ---------------------------------------------------------------------------

    def _rebuild(self) -> None:
        rows, cursor = self._library.edits.rows(self.photo_id)
        for row in rows:
            found = self._library.edits.deltas(self.photo_id, row.position)
            self._entries.append(_entry(row, [_stored_of(part) for part in found]))
        in_file = self._entries[: self._base]
        out = [e for e in in_file if not e.absent and (e.position >= cursor or e.hidden)]
        shown = [e for e in self._entries[:cursor] if not e.hidden]
        try:
            for entry in reversed(out):
                self._show(self._computed(_steps(entry, False)))
            self._cursor = min(cursor, self._base)
            for entry in shown:
                if entry.position >= self._base or entry.absent:
                    self._show(self._computed(_steps(entry, True)))
                self._cursor = max(self._cursor, entry.position + 1)
            self._cursor = cursor
        except LibraryError as error:
            left = len(self._entries) - self._cursor
            self.problem = f"{left} stored edits cannot be applied to this file: {error}"

    def _append(
        self,
        label: str,
        stored: Sequence[StoredDelta],
        *,
        edit_id: str = "",
        run_id: str = "",
        at: int | None = None,
    ) -> None:
        """Add an entry at the cursor (or `at`) to the library, then to the list."""
        row = HistoryRow(
            photo_id=self.photo_id, position=0, label=label, edit_id=edit_id, run_id=run_id,
            created=now_s(), hidden=False, bytes=sum(part.bytes for part in stored),
        )  # fmt: skip
        parts = [_row_of(delta, part) for part, delta in enumerate(stored)]
        row = self._library.edits.append(row, parts, at=at)
        del self._entries[row.position :]
        self._entries.append(_entry(row, stored))
        self._cursor = row.position + 1

    def _bridge(self) -> None:
        """Keep what the file holds in the list, with an entry on top that undoes it."""
        in_file = self._entries[: self._base]
        in_photo = self._entries[: self._cursor]
        back = [e for e in in_photo if not e.hidden and e.absent]
        again = [e for e in in_file if not e.absent and (e.position >= self._cursor or e.hidden)]
        fresh = self._computed(
            [step for e in reversed(back) for step in _steps(e, False)]
            + [step for e in again for step in _steps(e, True)]
        )
        box = fresh.changed
        bridge = Pair(box, fresh.read(box), self._pixels[box.slices].copy())
        self._append(BRIDGE, self.prepare([bridge]), at=self._base)
        self._entries = [replace(e, hidden=e.absent) for e in self._entries]

    def _computed(self, steps: Iterable[Step]) -> Scratch:
        """Return what putting deltas on or taking them off in order gives, each step proved.

        Nothing is written: a damaged delta is found before anything shows. As adding a
        difference can be undone, the right pixels after a step prove those before it.
        """
        scratch = Scratch(self._pixels)
        for part, forward in steps:
            now = scratch.read(part.box)
            reached = part.after if forward else part.before
            try:
                change = deltas.load(self._library.objects, part, check=False)
                new = deltas.applied(change, now, forward=forward)
                proved = deltas.digest(new) == reached
            except (LibraryError, ShapeMismatch):
                proved = False
            if not proved:
                if deltas.digest(now) != (part.before if forward else part.after):
                    raise OtherPixels(part)
                raise LibraryError(
                    "A stored edit has been damaged on the disk; it cannot be undone or redone."
                )
            scratch.put(part.box, new)
        return scratch

    @contextmanager
    def _on_other_ground(self) -> Iterator[None]:
        """Say which edit is to blame when one cannot be put back on what it was made on.

        What lies under an edit of this list differs only when an earlier one was hidden or
        shown since.
        """
        try:
            yield
        except OtherPixels as error:
            entry = next(e for e in self._entries if error.part in e.deltas)
            under = [e for e in self._entries[: entry.position] if _overlap(e, entry)]
            if not under:
                raise
            names = ", ".join(e.label for e in under if e.hidden) or under[-1].label
            raise BadSetting(
                f"{entry.label} was made on top of {names}, which has been hidden or shown "
                f"since; change that back first, then {entry.label} can be put on again."
            ) from error

    def _show(self, scratch: Scratch) -> Box:
        scratch.show(self._pixels)
        return scratch.changed


def _steps(entry: Entry, forward: bool) -> list[Step]:
    """The deltas of an entry in the order in which they go on, or come off."""
    return [(part, forward) for part in (entry.deltas if forward else entry.deltas[::-1])]


def _take_away(delta: Delta, pixels: Pixels, box: Box) -> None:
    """Subtract the part of `delta` that lies in `box` from `pixels`, in place."""
    for tile, difference in zip(delta.tiles, delta.differences, strict=True):
        if tile.overlaps(box):
            common = tile.intersect(box)
            target = pixels[common.relative_to(box).slices]
            target -= difference[common.relative_to(tile).slices]


def _overlap(one: Entry, other: Entry) -> bool:
    return any(a.box.overlaps(b.box) for a in one.deltas for b in other.deltas)


def _entry(row: HistoryRow, stored: Sequence[StoredDelta]) -> Entry:
    return Entry(
        position=row.position, label=row.label, edit_id=row.edit_id, run_id=row.run_id,
        created=row.created, hidden=row.hidden, absent=row.absent, bytes=row.bytes,
        box=Box.around(part.box for part in stored), deltas=tuple(stored),
    )  # fmt: skip


def _row_of(stored: StoredDelta, part: int) -> DeltaRow:
    box = stored.box
    return DeltaRow(
        photo_id=0, position=0, part=part, sha256=stored.sha256, bytes=stored.bytes,
        box=json.dumps([box.left, box.top, box.right, box.bottom]),
        before=stored.before, after=stored.after,
    )  # fmt: skip


def _stored_of(row: DeltaRow) -> StoredDelta:
    box = Box(*json.loads(row.box))
    return StoredDelta(row.sha256, row.bytes, box, row.before, row.after)
