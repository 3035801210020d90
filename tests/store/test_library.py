"""A library opens, keeps, refuses, and comes back after damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inpaint_studio.errors import LibraryError, StorageError
from inpaint_studio.geometry import Box
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    RunOptions,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store import library as library_module
from inpaint_studio.store import migrations
from inpaint_studio.store.backups import backups, thin
from inpaint_studio.store.library import Library, restore
from inpaint_studio.store.rows import BatchItemRow, BatchRow, ReviewRow


def run_of(run_id: str, *, stage: str = "", heat: str = "") -> RunRecord:
    reading = Reading(name="seam", value=0.2, passed=False, map_sha256=heat)
    edit = EditRecord(
        edit_id=f"{run_id}-e0",
        box=Box(0, 0, 8, 8),
        kind="text",
        plan=Plan(recipe=FillRecipe(engine="patch", engine_version=1)),
        verdict=Verdict(accepted=False, risk=0.75, readings=(reading,)),
        stages=(Stage(name="blended", sha256=stage),),
    )
    return RunRecord(run_id=run_id, created="now", options=RunOptions(), edits=(edit,))


def test_a_run_comes_back_with_its_edits_present_state(library: Library) -> None:
    library.runs.save(run_of("run-1"))
    library.runs.set_state("run-1-e0", "accepted")
    found = library.runs.get("run-1")
    assert found.edits[0].state == "accepted"
    assert found.edits[0].verdict == run_of("run-1").edits[0].verdict
    row = library.runs.recent()[0]
    assert (row.run_id, row.engine, row.accepted, row.risk) == ("run-1", "patch", False, 0.75)


def test_a_run_is_found_by_the_beginning_of_its_name(library: Library) -> None:
    for name in ("abc1", "abc2", "x"):
        library.runs.save(run_of(name))
    assert library.runs.get("abc1").run_id == "abc1"
    assert library.runs.get("x").run_id == "x"
    with pytest.raises(LibraryError, match="more than one run"):
        library.runs.get("abc")
    with pytest.raises(LibraryError, match="there is no run"):
        library.runs.get("zzz")


def test_everything_is_there_after_a_restart(folder: Path) -> None:
    with Library.open(folder) as library:
        photo = library.photos.remember(folder / "p.jpg", "aa", shape=(30, 40))
        library.runs.save(run_of("r"), photo_id=photo.photo_id)
        library.photos.save_draft(photo.photo_id, "mask", b"\0\1")
        ReviewQueue(library).add(ReviewRow(item_id="i", edit_id="r-e0", run_id="r"))
    with Library.open(folder) as library:
        assert library.photos.recent() == [library.photos.get(photo.photo_id)]
        assert library.photos.draft(photo.photo_id, "mask") == b"\0\1"
        assert library.runs.row("r") is not None
        assert library.reviews.get("i") is not None
        assert library.database.check() == ""


def test_a_moved_photo_is_known_by_its_bytes(library: Library, tmp_path: Path) -> None:
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    first = library.photos.remember(old, "aa", shape=(3, 4))
    assert library.photos.remember(new, "aa", shape=(3, 4)).photo_id == first.photo_id
    new.write_bytes(b"there")
    copy = library.photos.remember(tmp_path / "copy.jpg", "aa", shape=(3, 4))
    assert copy.photo_id != first.photo_id


def test_decisions_are_only_appended(library: Library) -> None:
    queue = ReviewQueue(library)
    queue.add(ReviewRow(item_id="i"))
    queue.decide("i", "accept", reviewer="me")
    for sql in ("UPDATE decisions SET verdict = 'x'", "DELETE FROM decisions"):
        with (
            pytest.raises(sqlite3.IntegrityError, match="only ever appended"),
            library.database.writing() as tx,
        ):
            tx.execute(sql)
    assert [event.verdict for event in queue.events("i")] == ["accept"]


def test_a_failed_block_changes_nothing(library: Library) -> None:
    with pytest.raises(ZeroDivisionError), library.database.writing() as tx:
        tx.execute("INSERT INTO meta VALUES ('a', 'b')")
        raise ZeroDivisionError
    with library.database.writing() as outer:
        outer.execute("INSERT INTO meta VALUES ('kept', '1')")
        with pytest.raises(ZeroDivisionError), library.database.writing() as inner:
            inner.execute("INSERT INTO meta VALUES ('dropped', '1')")
            raise ZeroDivisionError
    with library.database.reading() as tx:
        assert tx.rows("SELECT key FROM meta") == [("kept",)]


def test_a_second_program_is_told_who_holds_it(folder: Path) -> None:
    code = f"""
import sys
from inpaint_studio.store.library import Library
library = Library.open({str(folder)!r})
print("open", flush=True)
sys.stdin.read()
library.close()
"""
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None and other.stdout is not None
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(LibraryError, match=f"process {other.pid}, since"):
            Library.open(folder)
    finally:
        other.stdin.close()
    with Library.open(folder, wait_s=10):  # Politely waiting gets it.
        pass
    other.wait()
    other.stdout.close()


def test_the_same_program_cannot_open_it_twice(library: Library) -> None:
    with pytest.raises(LibraryError, match="is open in"):
        Library.open(library.folder)


def test_a_newer_library_is_refused(folder: Path) -> None:
    with Library.open(folder) as library, library.database.writing() as tx:
        tx.execute("PRAGMA user_version = 99")
    with pytest.raises(LibraryError, match="newer program"):
        Library.open(folder)
    # The refusal lets go of it again.
    with pytest.raises(LibraryError, match="newer program"):
        Library.open(folder)


def test_a_migration_is_all_or_nothing_and_backed_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library.open(folder) as library:
        library.runs.save(run_of("r"))
    steps = (*migrations.MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE TABLE broken ("))
    for module in (migrations, library_module):
        monkeypatch.setattr(module, "MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        Library.open(folder)
    good = (*migrations.MIGRATIONS[:-1], ("CREATE TABLE extra (x)",))
    for module in (migrations, library_module):
        monkeypatch.setattr(module, "MIGRATIONS", good)
    with Library.open(folder) as library:
        assert migrations.version_of(library.database) == len(good)
        assert library.runs.get("r").run_id == "r"
    assert [path.name.endswith(f"before-v{len(good)}.db") for path in backups(folder)] == [True] * 2


def test_a_damaged_library_says_so_and_comes_back_from_its_backup(folder: Path) -> None:
    with Library.open(folder) as library:
        for index in range(200):
            library.runs.save(run_of(f"r{index}"))
        library.backup()
    path = folder / "studio.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
    path.write_bytes(data)
    (folder / "studio.lock").write_text("{}")  # As after a crash: everything is looked at.
    with pytest.raises(LibraryError, match="doctor --restore"):
        Library.open(folder)
    used = restore(folder)
    assert used == backups(folder)[0]
    with Library.open(folder) as library:
        assert len(library.runs.recent(1000)) == 200
    assert list(folder.glob("studio.db.damaged-*"))


def test_restore_passes_over_a_bad_backup(folder: Path) -> None:
    with Library.open(folder) as library:
        library.runs.save(run_of("r"))
        good = library.backup()
        bad = library.backup("bad")
    bad.write_bytes(b"not a database at all" * 500)
    assert restore(folder) == good
    for path in backups(folder):
        path.unlink()
    with pytest.raises(LibraryError, match="no sound backup"):
        restore(folder)


def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "studio.db").write_bytes(b"a holiday letter, " * 100)
    with pytest.raises(LibraryError, match="damaged"):
        Library.open(folder)


def test_a_missing_wal_still_opens(folder: Path) -> None:
    """A library copied without its -wal is older, not broken."""
    with Library.open(folder) as library:
        library.runs.save(run_of("r"))
        copy = folder.with_name("copy")
        copy.mkdir()
        (copy / "studio.db").write_bytes((folder / "studio.db").read_bytes())
    with Library.open(copy) as library:
        assert library.database.check() == ""


def test_backups_are_made_after_half_an_hour_of_change(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.runs.save(run_of("r"))
    assert backups(library.folder) == []
    late = time.monotonic() + 31 * 60
    monkeypatch.setattr(library_module.time, "monotonic", lambda: late)
    library.runs.save(run_of("r2"))
    library.close()  # Joins the thread that writes it.
    assert len(backups(library.folder)) == 1


def test_backups_are_thinned_with_age(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    for hours in (0, 1, 2, 30, 30.2, 30.4, 24 * 5, 24 * 5 + 1, 24 * 100, 24 * 100 + 5):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now - hours * 3600))
        (tmp_path / f"{stamp}-000-regular.db").touch()
    thin(tmp_path, now=now)
    left = sorted(tmp_path.glob("*.db"))
    assert len(left) in (6, 7)  # 3 young, 1 or 2 hours, 1 day, 1 month
    before = list(left)
    thin(tmp_path, now=now)
    assert sorted(tmp_path.glob("*.db")) == before


def test_sweep_and_budget_keep_what_is_named(library: Library) -> None:
    kept, heat = library.objects.put_bytes(b"k" * 900), library.objects.put_bytes(b"heat map")
    thumb, old = library.objects.put_bytes(b"thumb"), library.objects.put_bytes(b"o" * 900)
    orphan = library.objects.put_bytes(b"orphan")
    library.runs.save(run_of("old", stage=old))
    library.runs.save(run_of("waits", stage=kept, heat=heat), keep={"thumb": thumb})
    ReviewQueue(library).add(ReviewRow(item_id="i", run_id="waits"))
    assert library.wanted_objects() == {kept, heat, thumb, old}
    library.sweep(older_than_s=-1)
    assert not library.objects.has(orphan)
    library.trim_artifacts(0)
    library.sweep(older_than_s=-1)
    assert sorted(library.objects.names()) == sorted([kept, heat, thumb])
    assert library.runs.get("old").edits[0].stages[0].sha256 == old  # The record stays.


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match=r"cannot be made|cannot be written"):
            Library.open(tmp_path / "library")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("fate", ["removed", "moved", "replaced"])
def test_a_library_that_vanishes_while_open_takes_no_decision(folder: Path, fate: str) -> None:
    """Linux lets a program go on writing to a file nobody will ever find again."""
    with Library.open(folder) as library:
        queue = ReviewQueue(library)
        queue.add(ReviewRow(item_id="i"))
        if fate == "removed":
            shutil.rmtree(folder)
        else:
            folder.rename(folder.with_name("elsewhere"))
        if fate == "replaced":
            Library.open(folder).close()
        with pytest.raises(StorageError, match="not where it was opened"):
            queue.decide("i", "accept", reviewer="me")
        assert queue.get("i").state == "open"


@pytest.mark.parametrize("name", ["Übergröße ñ 写真", "x" * 200, "a b'c\"d%20"])
def test_awkward_names_work(tmp_path: Path, name: str) -> None:
    with Library.open(tmp_path / name) as library:
        library.photos.remember(tmp_path / f"{name}.jpg", "aa", shape=(1, 1))
        library.backup()
    with Library.open(tmp_path / name) as library:
        assert library.photos.recent()[0].name == f"{name}.jpg"


def test_a_batch_knows_its_items_and_takes_back_what_a_dead_program_had(library: Library) -> None:
    batch = BatchRow(batch_id="b", created=0, folder="in", output="out")
    items = [BatchItemRow(batch_id="b", position=n, path=f"{n}.jpg") for n in range(3)]
    library.batches.add(batch, items)
    library.batches.add(batch, items)  # Adding again changes nothing.
    assert library.batches.get("b") == batch
    library.batches.set("b", 0, state="running", attempts=1)
    library.batches.set("b", 2, state="done", output="2.png")
    assert library.batches.counts("b") == {"running": 1, "waiting": 1, "done": 1}
    assert library.batches.release_running("b") == 1
    assert [i.attempts for i in library.batches.items("b", "waiting")] == [1, 0]
    assert [i.output for i in library.batches.items("b", "done")] == ["2.png"]
    with pytest.raises(LibraryError, match="no item 9"):
        library.batches.set("b", 9, state="done")


def test_backups_taken_while_others_write_are_sound_and_whole(library: Library) -> None:
    """One connection, two threads: no decision waits for the backup, none is half in it."""
    queue = ReviewQueue(library)
    queue.add(*(ReviewRow(item_id=f"i{n}", name="x" * 3000) for n in range(300)))
    stop = threading.Event()
    slowest = [0.0]

    def decide() -> None:
        number = 0
        while not stop.is_set():
            started = time.monotonic()
            pair = [f"i{number % 300}", f"i{(number + 7) % 300}"]
            queue.decide(pair, "skip", reviewer="me")
            slowest[0] = max(slowest[0], time.monotonic() - started)
            number += 1

    thread = threading.Thread(target=decide)
    thread.start()
    try:
        made = [library.backup() for _ in range(3)]
    finally:
        stop.set()
        thread.join()
    for path in made:
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT count(*) % 2 FROM decisions").fetchone() == (0,)
        connection.close()
    assert slowest[0] < 1.0
