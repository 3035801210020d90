"""Runs, their edits and the artifacts they keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from inpaint_studio.errors import LibraryError
from inpaint_studio.records import EditState, RunRecord, from_json, to_json
from inpaint_studio.store.database import Database, Transaction, now_s
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import EDITS, RUNS, EditRow, RunRow


class Runs:
    def __init__(self, database: Database, objects: ObjectStore) -> None:
        self._database = database
        self._objects = objects

    def save(
        self,
        record: RunRecord,
        *,
        photo_id: int | None = None,
        keep: Mapping[str, str] | None = None,
    ) -> None:
        """Store a run with its edits in one transaction; durable when it returns.

        Every artifact that the record's stages and readings name must be in the object store
        already. keep: more objects of this run, name -> SHA-256 (thumbnails, masks, ...).
        Saving a run again replaces its record and its edits' states.
        """
        artifacts = {**_artifacts_of(record), **(keep or {})}
        sizes = {sha256: self._objects.size(sha256) for sha256 in set(artifacts.values())}
        engines = sorted({edit.plan.engine for edit in record.edits})
        with self._database.writing() as tx:
            tx.execute(
                "INSERT INTO runs (run_id, photo_id, photo_name, photo_sha256, created, accepted,"
                " risk, engine, seconds, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (run_id) DO UPDATE SET photo_id = excluded.photo_id,"
                " accepted = excluded.accepted, risk = excluded.risk, engine = excluded.engine,"
                " seconds = excluded.seconds, record = excluded.record",
                (
                    record.run_id, photo_id, record.photo_name, record.photo_sha256, now_s(),
                    record.accepted, record.risk, "+".join(engines), record.seconds,
                    json.dumps(to_json(record)),
                ),
            )  # fmt: skip
            tx.execute("DELETE FROM edits WHERE run_id = ?", (record.run_id,))
            for position, edit in enumerate(record.edits):
                EDITS.insert(
                    tx,
                    EditRow(
                        edit_id=edit.edit_id, run_id=record.run_id, photo_id=photo_id,
                        position=position, created=now_s(), engine=edit.plan.engine,
                        kind=edit.kind, state=edit.state, accepted=edit.verdict.accepted,
                        risk=edit.verdict.risk, seconds=edit.seconds,
                    ),
                )  # fmt: skip
            _keep(tx, record.run_id, artifacts, sizes)

    def keep(self, run_id: str, objects: Mapping[str, str]) -> None:
        """Let run `run_id` keep more objects, name -> SHA-256."""
        sizes = {sha256: self._objects.size(sha256) for sha256 in set(objects.values())}
        with self._database.writing() as tx:
            _keep(tx, run_id, objects, sizes)

    def get(self, run_id: str) -> RunRecord:
        """Return the record, its edits in their present states.

        run_id: the whole id, or a beginning that names just one run.
        Raises: LibraryError: there is no such run.
        """
        with self._database.reading() as tx:
            full = self._full_id(tx, run_id)
            text = tx.value("SELECT record FROM runs WHERE run_id = ?", (full,))
            states: dict[str, EditState] = dict(
                tx.rows("SELECT edit_id, state FROM edits WHERE run_id = ?", (full,))
            )
        record = from_json(RunRecord, json.loads(text))
        edits = tuple(
            replace(edit, state=states.get(edit.edit_id, edit.state)) for edit in record.edits
        )
        return replace(record, edits=edits)

    def row(self, run_id: str) -> RunRow | None:
        with self._database.reading() as tx:
            return RUNS.one(tx, "run_id = ?", (run_id,))

    def recent(self, limit: int = 50, *, photo_id: int | None = None) -> list[RunRow]:
        """Return runs without their records, newest first."""
        where, values = ("photo_id = ?", (photo_id,)) if photo_id is not None else ("", ())
        with self._database.reading() as tx:
            return RUNS.select(tx, where, (*values, limit), "ORDER BY created DESC LIMIT ?")

    def edits(self, run_id: str) -> list[EditRow]:
        with self._database.reading() as tx:
            return EDITS.select(tx, "run_id = ?", (run_id,), "ORDER BY position")

    def edit(self, edit_id: str) -> EditRow | None:
        with self._database.reading() as tx:
            return EDITS.one(tx, "edit_id = ?", (edit_id,))

    def set_state(self, edit_id: str, state: EditState) -> None:
        """Change what became of an edit. Raises: LibraryError: there is no such edit."""
        with self._database.writing() as tx:
            if not tx.execute("UPDATE edits SET state = ? WHERE edit_id = ?", (state, edit_id)):
                raise LibraryError(f"There is no edit {edit_id} in this library.")

    def artifacts(self, run_id: str) -> dict[str, str]:
        """Return the objects a run keeps, name -> SHA-256."""
        with self._database.reading() as tx:
            return dict(tx.rows("SELECT stage, sha256 FROM artifacts WHERE run_id = ?", (run_id,)))

    @staticmethod
    def _full_id(tx: Transaction, run_id: str) -> str:
        found = tx.rows(
            "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? LIMIT 2",
            (run_id, run_id + "\U0010ffff"),
        )
        names = [str(row[0]) for row in found]
        if run_id in names:
            return run_id
        if len(names) != 1 or not run_id:
            problem = "more than one run starts with" if names else "there is no run"
            raise LibraryError(
                f"In this library {problem} {run_id!r}; `inpaint-studio doctor --runs` lists them."
            )
        return names[0]


def _artifacts_of(record: RunRecord) -> dict[str, str]:
    found: dict[str, str] = {}
    for edit in record.edits:
        for stage in edit.stages:
            if stage.sha256:
                found[f"{edit.edit_id}/{stage.name}"] = stage.sha256
        for number, attempt in enumerate(edit.attempts):
            for stage in attempt.stages:
                if stage.sha256:
                    found[f"{edit.edit_id}/attempt{number}/{stage.name}"] = stage.sha256
        for reading in edit.verdict.readings:
            if reading.map_sha256:
                found[f"{edit.edit_id}/map/{reading.name}"] = reading.map_sha256
    return found


def _keep(
    tx: Transaction, run_id: str, objects: Mapping[str, str], sizes: Mapping[str, int]
) -> None:
    rows: Iterable[tuple[str, str, str, int]] = (
        (run_id, name, sha256, sizes.get(sha256, 0)) for name, sha256 in objects.items()
    )
    tx.executemany(
        "INSERT OR REPLACE INTO artifacts (run_id, stage, sha256, bytes) VALUES (?, ?, ?, ?)",
        list(rows),
    )
