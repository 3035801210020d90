"""The program under fault: makes the actions FIRST..LAST of a seed and acknowledges each.

    python -m tests.faults.player FOLDER SEED FIRST LAST [--leave] [--newer] [--weaken WHAT]

An acknowledgement is a line "N KEY" on standard output (and a write to FOLDER/../acks, which a
recorder sees in its place among the other writes). KEY names the state after the action, so a
run without faults is the model for one with them. `--leave` ends without closing the library.
`--weaken` takes one safeguard out, to show that the simulation sees it missing. `--newer`
knows one more migration than the program does.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
from pathlib import Path

from inpaint_studio.store import files, migrations, objects
from inpaint_studio.store import library as library_module
from inpaint_studio.store.library import Library
from tests.faults.workload import Worker


def play(folder: Path, seed: int, first: int, last: int) -> Library:
    acks = os.open(folder.parent / "acks", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    library = Library.open(folder)
    worker = Worker(library, seed)

    def acknowledge(number: int) -> None:
        line = f"{number} {worker.state().key()}\n".encode()
        os.write(acks, line)
        os.write(1, line)

    if first == 0:
        acknowledge(-1)
    for number in range(first, last):
        worker.do(number)
        acknowledge(number)
    return library


_RELEASED = migrations.MIGRATIONS
NEXT = (
    "ALTER TABLE runs ADD COLUMN stars INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE copies AS SELECT * FROM review_items",
    "CREATE INDEX copies_item ON copies (item_id)",
    "UPDATE drafts SET saved = saved + 1",
)
"""A migration that could come next: it adds, copies and rewrites."""


def newer() -> None:
    """Let this process know one more migration."""
    for module in (migrations, library_module):
        module.MIGRATIONS = (*_RELEASED, NEXT)


def weaken(what: str) -> None:
    if what == "commit":  # Commits are not synced.
        connect = sqlite3.connect

        class Lazy(sqlite3.Connection):
            def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
                return super().execute(sql.replace("=FULL", "=NORMAL"), *args)

        sqlite3.connect = functools.partial(connect, factory=Lazy)
    elif what == "names":  # New names are not synced.
        files.sync_folder = objects.sync_folder = lambda folder: None
    elif what == "bytes":  # Files are renamed before their bytes are on the disk.
        os.fsync = lambda descriptor: None
    else:
        raise ValueError(what)


if __name__ == "__main__":
    if "--newer" in sys.argv:
        newer()
    if "--weaken" in sys.argv:
        weaken(sys.argv[sys.argv.index("--weaken") + 1])
    opened = play(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:5]))
    if "--leave" in sys.argv:
        os._exit(0)
    opened.close()
