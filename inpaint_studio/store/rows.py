"""Rows as frozen values: one class per table, columns in the order of its fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast

from inpaint_studio.store.database import Row, Transaction

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """`cursor` history entries are applied, `base` of them are in the file itself."""

    photo_id: int
    path: str
    sha256: str
    name: str
    width: int
    height: int
    opened: float
    cursor: int
    base: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run without its record. `created` is in seconds since 1970."""

    run_id: str
    photo_id: int | None
    photo_name: str
    photo_sha256: str
    created: float
    accepted: bool
    risk: float
    engine: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRow:
    edit_id: str
    run_id: str
    photo_id: int | None
    position: int
    created: float
    engine: str
    kind: str
    state: str
    accepted: bool
    risk: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One committed edit of a photo; its pixels lie in its `DeltaRow`s.

    hidden: left out of the photo. absent: not in the file, though the file was saved after it.
    """

    photo_id: int
    position: int
    label: str
    edit_id: str
    run_id: str
    created: float
    hidden: bool
    bytes: int
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaRow:
    """One delta of an edit: object `sha256`, and SHA-256 of its box before and after.

    `box` is JSON [left, top, right, bottom].
    """

    photo_id: int
    position: int
    part: int
    sha256: str
    bytes: int
    box: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """An item of the queue. State columns are what its decisions add up to."""

    number: int = 0
    item_id: str
    edit_id: str = ""
    run_id: str = ""
    photo_id: int | None = None
    created: float = 0.0
    origin: str = "flagged"
    content: str = ""
    name: str = ""
    folder: str = ""
    batch_id: str = ""
    engine: str = ""
    kind: str = ""
    gate: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    risk: float = 0.0
    sort: float = 0.0
    group_key: str = ""
    attempt: int = 0
    replaces: str = ""
    reviews_needed: int = 1
    thumb: str = ""
    state: str = "open"
    waiting: bool = True
    skipped: bool = False
    rounds: int = 0
    version: int = 0
    reason: str = ""
    reviewer: str = ""
    decided: str = ""
    note: str = ""
    lease_owner: str = ""
    lease_until: float = 0.0
    lease_epoch: int = 0
    data: str = "{}"

    @property
    def extra(self) -> dict[str, Any]:
        return dict(json.loads(self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One event of the queue, never changed. `views` and `readings` are JSON."""

    seq: int = 0
    item_id: str
    version: int = 0
    verdict: str
    reason: str = ""
    reviewer: str = ""
    time: str = ""
    ms: int = 0
    views: str = "[]"
    seen: bool = True
    automatic: bool = False
    group_name: str = ""
    undoes: int | None = None
    note: str = ""
    readings: str = "{}"
    thresholds: str = ""
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """`options` is JSON."""

    batch_id: str
    created: float
    folder: str
    output: str
    state: str = "open"
    options: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItemRow:
    batch_id: str
    position: int
    path: str
    sha256: str = ""
    state: str = "waiting"
    attempts: int = 0
    run_id: str = ""
    output: str = ""
    output_sha256: str = ""
    message: str = ""
    seconds: float = 0.0
    updated: float = 0.0
    data: str = "{}"


class Table(Generic[R]):
    """Reads and writes rows of one table as values of one class.

    `where` is SQL after WHERE with `?` for values, "" for all rows.
    """

    def __init__(self, kind: type[R], name: str, *, key: str = "") -> None:
        self.kind = kind
        self.name = name
        self.key = key
        described = fields(cast("Any", kind))
        self._names = tuple(field.name for field in described)
        self._flags = tuple(field.type in ("bool", bool) for field in described)

    @property
    def columns(self) -> str:
        return ", ".join(self._names)

    def make(self, row: Row) -> R:
        """Return the record of a row whose columns are `columns`."""
        values = (bool(v) if f else v for f, v in zip(self._flags, row, strict=True))
        return self.kind(**dict(zip(self._names, values, strict=True)))

    def select(
        self, tx: Transaction, where: str = "", values: tuple[Any, ...] = (), tail: str = ""
    ) -> list[R]:
        """Return the rows. `tail` is ORDER BY, LIMIT and the like."""
        condition = f" WHERE {where}" if where else ""
        sql = f"SELECT {self.columns} FROM {self.name}{condition} {tail}"
        return [self.make(row) for row in tx.rows(sql, values)]

    def one(self, tx: Transaction, where: str, values: tuple[Any, ...] = ()) -> R | None:
        found = self.select(tx, where, values, "LIMIT 1")
        return found[0] if found else None

    def count(self, tx: Transaction, where: str = "", values: tuple[Any, ...] = ()) -> int:
        condition = f" WHERE {where}" if where else ""
        return int(tx.value(f"SELECT count(*) FROM {self.name}{condition}", values))

    def insert(self, tx: Transaction, *records: R, verb: str = "INSERT") -> int:
        """Append rows; return the last one's id. A `key` column of 0 is numbered by SQLite."""
        names = [name for name in self._names if name != self.key]
        keyed = [*names, self.key] if self.key else names
        marks = ", ".join("?" * len(keyed))
        sql = f"{verb} INTO {self.name} ({', '.join(keyed)}) VALUES ({marks})"
        last = 0
        for record in records:
            values = [getattr(record, name) for name in names]
            if self.key:
                values.append(getattr(record, self.key) or None)
            last = tx.insert(sql, values)
        return last


PHOTOS = Table(PhotoRow, "photos", key="photo_id")
RUNS = Table(RunRow, "runs")
EDITS = Table(EditRow, "edits")
HISTORY = Table(HistoryRow, "history")
DELTAS = Table(DeltaRow, "deltas")
REVIEW = Table(ReviewRow, "review_items", key="number")
DECISIONS = Table(DecisionRow, "decisions", key="seq")
BATCHES = Table(BatchRow, "batches")
BATCH_ITEMS = Table(BatchItemRow, "batch_items")
