"""The schema as an append-only list of steps. A step that has been released never changes.

`MIGRATIONS[n]` takes a library from version n to n + 1. Each runs in one transaction with the
new version number, after a backup. (Python's own transaction mode commits before a CREATE
TABLE, which would leave half a migration behind; `Database.writing` begins by itself.)
"""

from __future__ import annotations

from inpaint_studio.errors import LibraryError
from inpaint_studio.store.database import Database

V1: tuple[str, ...] = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # A photo is a file with these bytes at this path; edited in place it is another one.
    """CREATE TABLE photos (
        photo_id INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        name TEXT NOT NULL,
        width INTEGER NOT NULL DEFAULT 0,
        height INTEGER NOT NULL DEFAULT 0,
        opened REAL NOT NULL,
        cursor INTEGER NOT NULL DEFAULT 0,
        base INTEGER NOT NULL DEFAULT 0,
        UNIQUE (sha256, path))""",
    "CREATE INDEX photos_opened ON photos (opened)",
    """CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        photo_id INTEGER REFERENCES photos,
        photo_name TEXT NOT NULL DEFAULT '',
        photo_sha256 TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        accepted INTEGER NOT NULL,
        risk REAL NOT NULL,
        engine TEXT NOT NULL DEFAULT '',
        seconds REAL NOT NULL DEFAULT 0,
        record TEXT NOT NULL)""",
    "CREATE INDEX runs_created ON runs (created)",
    "CREATE INDEX runs_photo ON runs (photo_id)",
    """CREATE TABLE edits (
        edit_id TEXT PRIMARY KEY,
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        photo_id INTEGER REFERENCES photos,
        position INTEGER NOT NULL,
        created REAL NOT NULL,
        engine TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        risk REAL NOT NULL,
        seconds REAL NOT NULL DEFAULT 0)""",
    "CREATE INDEX edits_run ON edits (run_id, position)",
    "CREATE INDEX edits_created ON edits (created)",
    # Which objects a run keeps. `stage` is "<edit>/<stage>", the reading's name, ...
    """CREATE TABLE artifacts (
        run_id TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
        stage TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run_id, stage)) WITHOUT ROWID""",
    "CREATE INDEX artifacts_sha256 ON artifacts (sha256)",
    # One row per committed edit of a photo; the first `photos.cursor` of them are applied, the
    # first `photos.base` are in the file itself (it was saved over), but for those `absent`.
    """CREATE TABLE history (
        photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
        position INTEGER NOT NULL,
        label TEXT NOT NULL,
        edit_id TEXT NOT NULL DEFAULT '',
        run_id TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        hidden INTEGER NOT NULL DEFAULT 0,
        absent INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (photo_id, position)) WITHOUT ROWID""",
    """CREATE TABLE deltas (
        photo_id INTEGER NOT NULL,
        position INTEGER NOT NULL,
        part INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        box TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        PRIMARY KEY (photo_id, position, part),
        FOREIGN KEY (photo_id, position) REFERENCES history ON DELETE CASCADE) WITHOUT ROWID""",
    """CREATE TABLE drafts (
        photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
        key TEXT NOT NULL,
        saved REAL NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (photo_id, key)) WITHOUT ROWID""",
    # The state columns are what the events of the item add up to, kept here to be found fast.
    """CREATE TABLE review_items (
        number INTEGER PRIMARY KEY,
        item_id TEXT NOT NULL UNIQUE,
        edit_id TEXT NOT NULL DEFAULT '',
        run_id TEXT NOT NULL DEFAULT '',
        photo_id INTEGER,
        created REAL NOT NULL,
        origin TEXT NOT NULL DEFAULT 'flagged',
        content TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT '',
        folder TEXT NOT NULL DEFAULT '',
        batch_id TEXT NOT NULL DEFAULT '',
        engine TEXT NOT NULL DEFAULT '',
        kind TEXT NOT NULL DEFAULT '',
        gate TEXT NOT NULL DEFAULT '',
        value REAL,
        low REAL,
        high REAL,
        risk REAL NOT NULL DEFAULT 0,
        sort REAL NOT NULL DEFAULT 0,
        group_key TEXT NOT NULL DEFAULT '',
        attempt INTEGER NOT NULL DEFAULT 0,
        replaces TEXT NOT NULL DEFAULT '',
        reviews_needed INTEGER NOT NULL DEFAULT 1,
        thumb TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'open',
        waiting INTEGER NOT NULL DEFAULT 1,
        skipped INTEGER NOT NULL DEFAULT 0,
        rounds INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        reviewer TEXT NOT NULL DEFAULT '',
        decided TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        lease_owner TEXT NOT NULL DEFAULT '',
        lease_until REAL NOT NULL DEFAULT 0,
        lease_epoch INTEGER NOT NULL DEFAULT 0,
        data TEXT NOT NULL DEFAULT '{}')""",
    # Each filter reads one index alone, in the order in which the queue is shown. (Without the
    # last columns a filter of 100,000 items took 400 ms: SQLite looked up every row.)
    """CREATE INDEX review_next ON review_items
        (waiting DESC, skipped, sort, number, name, gate, folder, note)""",
    *(
        f"CREATE INDEX review_{column} ON review_items"
        f" ({column}, waiting DESC, skipped, sort, number)"
        for column in ("gate", "engine", "kind", "folder", "reviewer", "state", "batch_id")
    ),
    """CREATE INDEX review_facets ON review_items
        (waiting, gate, engine, kind, folder, reviewer, state, batch_id)""",
    "CREATE INDEX review_group ON review_items (group_key, waiting, number)",
    "CREATE INDEX review_edit ON review_items (edit_id)",
    """CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        item_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        reviewer TEXT NOT NULL DEFAULT '',
        time TEXT NOT NULL,
        ms INTEGER NOT NULL DEFAULT 0,
        views TEXT NOT NULL DEFAULT '[]',
        seen INTEGER NOT NULL DEFAULT 1,
        automatic INTEGER NOT NULL DEFAULT 0,
        group_name TEXT NOT NULL DEFAULT '',
        undoes INTEGER,
        note TEXT NOT NULL DEFAULT '',
        readings TEXT NOT NULL DEFAULT '{}',
        thresholds TEXT NOT NULL DEFAULT '',
        program TEXT NOT NULL DEFAULT '',
        UNIQUE (item_id, version))""",
    "CREATE INDEX decisions_reviewer ON decisions (reviewer, seq)",
    "CREATE INDEX decisions_time ON decisions (time)",
    """CREATE TRIGGER decisions_keep BEFORE UPDATE ON decisions
        BEGIN SELECT RAISE(ABORT, 'decisions are only ever appended'); END""",
    """CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
        BEGIN SELECT RAISE(ABORT, 'decisions are only ever appended'); END""",
    """CREATE TABLE batches (
        batch_id TEXT PRIMARY KEY,
        created REAL NOT NULL,
        folder TEXT NOT NULL,
        output TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'open',
        options TEXT NOT NULL DEFAULT '{}')""",
    """CREATE TABLE batch_items (
        batch_id TEXT NOT NULL REFERENCES batches ON DELETE CASCADE,
        position INTEGER NOT NULL,
        path TEXT NOT NULL,
        sha256 TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'waiting',
        attempts INTEGER NOT NULL DEFAULT 0,
        run_id TEXT NOT NULL DEFAULT '',
        output TEXT NOT NULL DEFAULT '',
        output_sha256 TEXT NOT NULL DEFAULT '',
        message TEXT NOT NULL DEFAULT '',
        seconds REAL NOT NULL DEFAULT 0,
        updated REAL NOT NULL DEFAULT 0,
        data TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (batch_id, position),
        UNIQUE (batch_id, path)) WITHOUT ROWID""",
    "CREATE INDEX batch_items_state ON batch_items (batch_id, state, position)",
)

# Undo asks for the events of one key press, and the queue is also read by age and by name.
V2: tuple[str, ...] = (
    "CREATE INDEX decisions_group ON decisions (group_name) WHERE group_name != ''",
    "CREATE INDEX review_age ON review_items (waiting, skipped, created, number)",
    "CREATE INDEX review_alike ON review_items (waiting, skipped, group_key, sort, number)",
    "CREATE INDEX review_run ON review_items (run_id)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (V1, V2)
"""Append a tuple of statements to change the schema; never edit one that was released."""

REFERENCES: tuple[str, ...] = (
    "SELECT sha256 FROM artifacts",
    "SELECT sha256 FROM deltas",
    "SELECT thumb FROM review_items WHERE thumb != ''",
)
"""Every query that names objects; what none of them names may be swept."""


def version_of(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.value("PRAGMA user_version"))


def check_version(database: Database) -> int:
    """Return the schema version. Raises: LibraryError: it is newer than this program."""
    found = version_of(database)
    if found > len(MIGRATIONS):
        raise LibraryError(
            f"The library {database.path.parent} was written by a newer program "
            f"(version {found}, this one knows {len(MIGRATIONS)}); "
            "update Inpaint Studio to open it."
        )
    return found


def migrate(database: Database) -> None:
    """Bring the schema up to date, one transaction per step."""
    for number in range(check_version(database), len(MIGRATIONS)):
        with database.writing() as tx:
            for statement in MIGRATIONS[number]:
                tx.execute(statement)
            tx.execute(f"PRAGMA user_version = {number + 1}")
