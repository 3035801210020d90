"""Photos the library knows, and the drafts of work on them that is not an edit yet."""

from __future__ import annotations

from pathlib import Path

from inpaint_studio.store.database import Database, now_s
from inpaint_studio.store.rows import PHOTOS, PhotoRow


class Photos:
    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, path: Path | str, sha256: str, *, shape: tuple[int, int]) -> PhotoRow:
        """Return the row of the file with these bytes at this path, made when it is new.

        shape: (height, width) in px, orientation applied. A file moved while the library was
        closed is known again by its bytes when its old path is gone.
        """
        place = Path(path).absolute()
        with self._database.writing() as tx:
            row = PHOTOS.one(tx, "sha256 = ? AND path = ?", (sha256, str(place)))
            if row is None:
                row = self._moved(place, sha256)
            if row is None:
                tx.execute(
                    "INSERT INTO photos (path, sha256, name, width, height, opened)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (str(place), sha256, place.name, shape[1], shape[0], now_s()),
                )
            else:
                tx.execute(
                    "UPDATE photos SET path = ?, name = ?, opened = ? WHERE photo_id = ?",
                    (str(place), place.name, now_s(), row.photo_id),
                )
            found = PHOTOS.one(tx, "sha256 = ? AND path = ?", (sha256, str(place)))
        assert found is not None
        return found

    def get(self, photo_id: int) -> PhotoRow | None:
        with self._database.reading() as tx:
            return PHOTOS.one(tx, "photo_id = ?", (photo_id,))

    def at(self, path: Path | str) -> list[PhotoRow]:
        """Return all photos ever opened at this path, the one opened last first."""
        with self._database.reading() as tx:
            place = str(Path(path).absolute())
            return PHOTOS.select(tx, "path = ?", (place,), "ORDER BY opened DESC, photo_id DESC")

    def recent(self, limit: int = 50) -> list[PhotoRow]:
        """Return the photos opened last, newest first."""
        with self._database.reading() as tx:
            return PHOTOS.select(tx, "", (limit,), "ORDER BY opened DESC LIMIT ?")

    def save_draft(self, photo_id: int, key: str, data: bytes) -> None:
        """Keep work in progress (`key` such as "mask" or "view"); durable when it returns."""
        with self._database.writing() as tx:
            tx.execute(
                "INSERT INTO drafts (photo_id, key, saved, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (photo_id, key) DO UPDATE SET saved = excluded.saved,"
                " data = excluded.data",
                (photo_id, key, now_s(), data),
            )

    def draft(self, photo_id: int, key: str) -> bytes | None:
        with self._database.reading() as tx:
            found = tx.value(
                "SELECT data FROM drafts WHERE photo_id = ? AND key = ?", (photo_id, key)
            )
        return None if found is None else bytes(found)

    def drop_draft(self, photo_id: int, key: str) -> None:
        with self._database.writing() as tx:
            tx.execute("DELETE FROM drafts WHERE photo_id = ? AND key = ?", (photo_id, key))

    def _moved(self, place: Path, sha256: str) -> PhotoRow | None:
        with self._database.reading() as tx:
            rows = PHOTOS.select(tx, "sha256 = ?", (sha256,), "ORDER BY opened DESC")
        gone = [row for row in rows if not Path(row.path).exists()]
        return gone[0] if len(gone) == 1 else None
