"""SQLite as this program uses it: WAL, synchronous=FULL, EXCLUSIVE, one connection.

One connection per library, used by one thread at a time (a lock hands it over). Rejected:
- a second connection for readers: SQLite 3.7.0 to 3.51.2 can corrupt a WAL database that two
  connections write and checkpoint;
- a thread of its own for the connection: every statement would wait for two thread switches,
  which a busy interpreter stretches to 10 ms, and a durable write costs only about 4 ms.

Everything that writes stands in `with database.writing() as tx:`. It begins IMMEDIATE, commits
at the end and rolls back on any exception; nested on the same thread it is a savepoint of the
outer one.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from inpaint_studio.errors import InpaintError, LibraryError, StorageError
from inpaint_studio.store.files import free_mb

Row = tuple[Any, ...]
_CORRUPT = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}
_FULL = {"SQLITE_FULL"}
_STORAGE = {"SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"}
_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_NESTED = ("SAVEPOINT inner_block", "RELEASE inner_block",
           ("ROLLBACK TO inner_block", "RELEASE inner_block"))  # fmt: skip


class Transaction:
    """What may be asked of the database inside `reading` or `writing`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; return the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one INSERT; return the new row's id."""
        return self._connection.execute(sql, values).lastrowid or 0

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        found = self._connection.execute(sql, values).fetchone()
        return None if found is None else tuple(found)

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, None when there is no row."""
        found = self.row(sql, values)
        return None if found is None else found[0]


class Database:
    """One open SQLite file. `on_commit` is called after every committed write."""

    def __init__(self, path: Path, *, on_commit: Callable[[], None] | None = None) -> None:
        """Open `path`, making it when it is not there.

        Raises: LibraryError: damaged or no database; StorageError: it cannot be written.
        """
        self.path = path
        self.on_commit = on_commit
        self._lock = threading.RLock()
        self._depth = 0
        self._connection: sqlite3.Connection | None = None
        with self._errors():
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=2.0
            )
            try:
                # EXCLUSIVE before WAL: the index of the WAL then lies in memory, not in a file.
                for pragma in (
                    "locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL",
                    "fullfsync=ON", "foreign_keys=ON", "temp_store=MEMORY",
                    "cache_size=-65536", "wal_autocheckpoint=1000", "trusted_schema=OFF",
                ):  # fmt: skip
                    connection.execute(f"PRAGMA {pragma}").fetchall()
                # Takes the lock now, so that a second program learns it at once.
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._file = _identity(path)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A consistent view; nothing in it may write."""
        with self._lock, self._errors():
            yield Transaction(self._open())

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """All or nothing, and durable when the block has ended.

        Raises: StorageError: disk full or gone (nothing was changed); LibraryError: damaged.
        """
        with self._lock, self._errors():
            connection = self._open()
            is_inner = self._depth > 0
            if not is_inner and _identity(self.path) != self._file:
                # The system would go on writing to a file that no name leads to any more.
                raise StorageError(
                    f"The library {self.path.parent} is not where it was opened; put the folder "
                    "back or reconnect its disk, then open it again. Nothing was changed."
                )
            begin, commit, back = _NESTED if is_inner else _OUTER
            connection.execute(begin)
            self._depth += 1
            try:
                yield Transaction(connection)
                connection.execute(commit)
            except BaseException:
                self._roll_back(connection, back)
                raise
            finally:
                self._depth -= 1
        if self.on_commit is not None and not is_inner:
            self.on_commit()

    def check(self) -> str:
        """Return "" when the file is sound, else what SQLite found wrong with it."""
        try:
            with self.reading() as tx:
                found = [str(row[0]) for row in tx.rows("PRAGMA quick_check(5)")]
        except InpaintError as error:
            return str(error)
        return "" if found == ["ok"] else "; ".join(found)

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to `path` while others go on writing.

        Raises: StorageError, LibraryError.
        """
        with self._errors():
            target = sqlite3.connect(path, isolation_level=None)
            try:
                # In steps: each takes a millisecond or so, so that no decision waits for it.
                self._open().backup(target, pages=512, sleep=0.005)
                target.execute("PRAGMA journal_mode=DELETE").fetchall()
            finally:
                target.close()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                # No PRAGMA optimize: the plans of the queue's queries are those tested.
                connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LibraryError(f"The library {self.path.parent} has been closed; open it again.")
        return self._connection

    @staticmethod
    def _roll_back(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
        if connection.in_transaction:
            # SQLite may have rolled back on its own after an I/O error.
            with suppress(sqlite3.Error):
                for statement in statements:
                    connection.execute(statement)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            found = translated(error, self.path)
            if found is None:
                raise
            raise found from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def translated(error: sqlite3.DatabaseError, path: Path) -> InpaintError | None:
    """Return what `error` means for the user, None when it is our own bug."""
    name = getattr(error, "sqlite_errorname", "")
    base = "_".join(name.split("_")[:2])
    if base in _CORRUPT or "malformed" in str(error) or "not a database" in str(error):
        return LibraryError(damaged_sentence(path))
    if base in _FULL or "disk is full" in str(error):
        return StorageError(
            f"The disk that holds {path.parent} is full ({free_mb(path):.1f} MB free); "
            "nothing was changed: free some space and try again."
        )
    if base == "SQLITE_BUSY":
        return LibraryError(
            f"The library {path.parent} is open in another program; "
            "close it there, or name another folder with --library."
        )
    if base in _STORAGE:
        return StorageError(
            f"The library {path.parent} cannot be written to ({error}); "
            "make the folder writable, reconnect its disk, or choose another library."
        )
    return None


def damaged_sentence(path: Path) -> str:
    return (
        f"The library {path.parent} is damaged on the disk; "
        f"`inpaint-studio doctor --restore --library {path.parent}` brings back its newest "
        "good backup and keeps the damaged file beside it."
    )


def now_s() -> float:
    """Seconds since 1970, the clock of every row."""
    return time.time()
