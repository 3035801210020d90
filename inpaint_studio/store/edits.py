"""History rows: which edits of a photo there are, and how many of them are applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.database import Database, Transaction
from inpaint_studio.store.rows import DELTAS, HISTORY, DeltaRow, HistoryRow


class Edits:
    """The history of every photo. Positions of one photo count from 0 without gaps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, photo_id: int) -> tuple[list[HistoryRow], int]:
        """Return all entries, oldest first, and the cursor: how many of them are applied."""
        with self._database.reading() as tx:
            rows = HISTORY.select(tx, "photo_id = ?", (photo_id,), "ORDER BY position")
            return rows, self._cursor(tx, photo_id)

    def deltas(self, photo_id: int, position: int) -> list[DeltaRow]:
        with self._database.reading() as tx:
            return DELTAS.select(
                tx, "photo_id = ? AND position = ?", (photo_id, position), "ORDER BY part"
            )

    def append(
        self, row: HistoryRow, deltas: Sequence[DeltaRow], *, at: int | None = None
    ) -> HistoryRow:
        """Add an entry at the cursor and apply it; what had been undone is gone for good.

        The delta objects must be in the object store already. Position and photo of `deltas`
        are those of `row`. at: a place other than the cursor; entries before it count as
        applied, as the file has them. Durable when it returns.
        """
        with self._database.writing() as tx:
            cursor = self._cursor(tx, row.photo_id) if at is None else at
            if at is not None:
                tx.execute("UPDATE history SET hidden = absent WHERE photo_id = ?", (row.photo_id,))
            tx.execute(
                "DELETE FROM history WHERE photo_id = ? AND position >= ?", (row.photo_id, cursor)
            )
            row = replace(row, position=cursor)
            HISTORY.insert(tx, row)
            DELTAS.insert(tx, *(replace(d, photo_id=row.photo_id, position=cursor) for d in deltas))
            self._set(tx, row.photo_id, cursor + 1)
        return row

    def move(self, photo_id: int, cursor: int) -> None:
        """Set how many entries are applied (undo, redo, jump). Durable when it returns."""
        with self._database.writing() as tx:
            self._set(tx, photo_id, cursor)

    def base(self, photo_id: int) -> int:
        """Return how many entries are in the photo's file itself."""
        with self._database.reading() as tx:
            return int(tx.value("SELECT base FROM photos WHERE photo_id = ?", (photo_id,)) or 0)

    def follow(self, photo_id: int, saved_as: int) -> None:
        """Copy the history of a photo to the file it was saved as, which holds what is applied.

        The histories part from here on. Durable when it returns.
        """
        with self._database.writing() as tx:
            tx.execute("DELETE FROM history WHERE photo_id = ?", (saved_as,))
            columns = "position, label, edit_id, run_id, created, hidden, bytes"
            tx.execute(
                f"INSERT INTO history (photo_id, absent, {columns})"
                f" SELECT ?, hidden, {columns} FROM history WHERE photo_id = ?",
                (saved_as, photo_id),
            )
            columns = "position, part, sha256, bytes, box, before, after"
            tx.execute(
                f"INSERT INTO deltas (photo_id, {columns})"
                f" SELECT ?, {columns} FROM deltas WHERE photo_id = ?",
                (saved_as, photo_id),
            )
            cursor = self._cursor(tx, photo_id)
            tx.execute(
                "UPDATE photos SET cursor = ?, base = ? WHERE photo_id = ?",
                (cursor, cursor, saved_as),
            )

    def drop(self, photo_id: int, *, since: int) -> int:
        """Forget the entries from position `since` on; return how many. Durable on return.

        With `since` 0 the photo starts anew from its file as it is.
        """
        with self._database.writing() as tx:
            count = tx.execute(
                "DELETE FROM history WHERE photo_id = ? AND position >= ?", (photo_id, since)
            )
            tx.execute(
                "UPDATE photos SET cursor = min(cursor, ?), base = min(base, ?) WHERE photo_id = ?",
                (since, since, photo_id),
            )
        return count

    def hide(self, photo_id: int, position: int, hidden: bool) -> None:
        with self._database.writing() as tx:
            tx.execute(
                "UPDATE history SET hidden = ? WHERE photo_id = ? AND position = ?",
                (hidden, photo_id, position),
            )

    def bytes(self, photo_id: int | None = None) -> int:
        """Bytes of deltas kept for one photo, or for all."""
        where, values = (" WHERE photo_id = ?", (photo_id,)) if photo_id is not None else ("", ())
        with self._database.reading() as tx:
            return int(tx.value(f"SELECT coalesce(sum(bytes), 0) FROM history{where}", values))

    @staticmethod
    def _cursor(tx: Transaction, photo_id: int) -> int:
        found = tx.value("SELECT cursor FROM photos WHERE photo_id = ?", (photo_id,))
        if found is None:
            raise LibraryError(f"There is no photo {photo_id} in this library.")
        return int(found)

    @staticmethod
    def _set(tx: Transaction, photo_id: int, cursor: int) -> None:
        tx.execute("UPDATE photos SET cursor = ? WHERE photo_id = ?", (cursor, photo_id))
