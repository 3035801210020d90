"""Every photo of a batch ends exactly once: over crashes, retries, second runs and name clashes."""

import json
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inpaint_studio.errors import BadSetting, Cancelled, StorageError, UserError
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.review import batch as module
from inpaint_studio.review.batch import Batch
from inpaint_studio.review.batch_plan import BatchOptions, batch_id, listed, mask_for, photos_in
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.room import workers_for
from inpaint_studio.store.library import Library

TEXT = BatchOptions(propose=("text",), audit_share=0.0)


@pytest.fixture(scope="module")
def pool():
    """One warm worker for all tests: starting one takes a second."""
    with WorkerPool(light=1, warm={"light": ["tests.review.fake_road"]}) as pool:
        pool.start("light")
        assert pool.wait_ready("light", 60)
        yield pool


@pytest.fixture(autouse=True)
def _road(monkeypatch):
    monkeypatch.setattr(module, "WORKER", "tests.review.fake_road:process")


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


@pytest.fixture
def folder(tmp_path):
    return photos(
        tmp_path / "in", "a.png", "bad_1.png", "bad_2.png", "clean.png", "sub/dup.png",
        "sub/dup.jpg", "broken.png", "notes.txt", "scan.heic", ".hidden.png",
    )  # fmt: skip


def states(batch):
    return {Path(row.path).name: row.state for row in batch.items()}


# -- planning, without any worker ----------------------------------------------------------------


def test_photos_are_listed_in_order_and_the_output_is_never_an_input(tmp_path, folder):
    photos(folder / "out", "made.png")
    names = [p.relative_to(folder).as_posix() for p in photos_in(folder, folder / "out", TEXT)]
    assert names == ["a.png", "bad_1.png", "bad_2.png", "broken.png", "clean.png", "scan.heic",
                     "sub/dup.jpg", "sub/dup.png"]  # fmt: skip
    flat = BatchOptions(propose=("text",), recursive=False, pattern="*.png")
    assert len(photos_in(folder, tmp_path / "out", flat)) == 5
    with pytest.raises(BadSetting, match="another one"):
        photos_in(folder, folder, TEXT)
    with pytest.raises(StorageError, match="no folder"):
        photos_in(tmp_path / "gone", tmp_path, TEXT)


def test_every_result_has_a_name_of_its_own(tmp_path, folder):
    photos(folder, "A.PNG", "scan.heic.tif")
    out = photos(tmp_path / "out", "clean.png")
    rows = list(listed("b", photos_in(folder, out, TEXT), folder=folder, output=out))
    names = [Path(row.output).relative_to(out).as_posix() for row in rows]
    assert len({name.casefold() for name in names}) == len(rows)
    assert {"sub/dup.png", "sub/dup.jpg", "clean (2).png", "scan.heic.tif"} <= set(names)
    assert "scan.heic (2).tif" in names or "scan.heic.tif (2).tif" in names


def test_the_batch_is_named_by_what_is_done(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    assert batch_id(a, b, TEXT) == batch_id(a, b, BatchOptions(propose=("text",), audit_share=0.5))
    assert batch_id(a, b, TEXT) != batch_id(a, b, BatchOptions(propose=("logo",)))
    assert BatchOptions.loads(TEXT.dumps()) == TEXT


def test_another_audit_share_is_the_same_batch_and_holds_from_now_on(tmp_path, folder):
    with Library.open(tmp_path / "library") as library:
        first = Batch.plan(library, folder, tmp_path / "out", TEXT)
        more = replace(TEXT, audit_share=0.5, double_share=0.25)
        again = Batch.plan(library, folder, tmp_path / "out", more)
        assert again.batch_id == first.batch_id
        assert again.options == Batch.load(library, first.batch_id).options == more


@pytest.mark.parametrize(
    "options",
    [BatchOptions(), BatchOptions(propose=("text",), mask="x.png"), BatchOptions(mask="gone.png"),
     BatchOptions(propose=("cat",)), BatchOptions(masks="gone"),
     BatchOptions(propose=("text",), sure=2.0)],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused_with_a_sentence(options):
    with pytest.raises(BadSetting) as found:
        options.check()
    assert str(found.value).endswith(".")


def test_masks_of_a_folder_go_by_name(tmp_path):
    photos(tmp_path, "m/a.png", "m/b_mask.png")
    options = BatchOptions(masks=str(tmp_path / "m"))
    assert mask_for(Path("x/a.jpg"), options) == tmp_path / "m/a.png"
    assert mask_for(Path("x/b.jpg"), options) == tmp_path / "m/b_mask.png"
    assert mask_for(Path("x/c.jpg"), options) is None


def test_workers_are_capped_by_cores_and_by_free_memory():
    assert workers_for(cores=8, free=64000) == 8
    assert workers_for(cores=8, free=4300, each_mb=900) == 3
    assert workers_for(cores=8, free=100) == 1


# -- running -------------------------------------------------------------------------------------


def test_a_night_and_its_morning(tmp_path, library, folder, pool):
    out = tmp_path / "out"
    batch = Batch.plan(library, folder, out, TEXT)
    seen = []
    end = batch.run(RunToken(), lambda progress, row: seen.append(row), workers=2, pool=pool)
    assert states(batch) == {
        "a.png": "done", "bad_1.png": "flagged", "bad_2.png": "flagged", "clean.png": "clean",
        "dup.png": "done", "dup.jpg": "done", "broken.png": "failed", "scan.heic": "done",
    }  # fmt: skip
    assert end.fraction == 1.0
    assert Counter(r.path for r in seen if r) == Counter(r.path for r in batch.items())
    assert (out / "sub/dup.png").read_bytes() == b"sub/dup.png"
    assert (out / "sub/dup.jpg").read_bytes() == b"sub/dup.jpg"
    assert not (out / "bad_1.png").exists()
    queue = ReviewQueue(library)
    assert queue.count(Filter(batch_id=batch.batch_id)) == 2
    assert "cannot be opened" in batch.items("failed")[0].message

    again = Batch.plan(library, folder, out, TEXT)
    runs = len(library.runs.recent(100))
    again.run(pool=pool)
    assert len(library.runs.recent(100)) == runs, "nothing was new"

    photos(folder, "new.png")
    (folder / "a.png").write_bytes(b"another photo")
    third = Batch.plan(library, folder, out, TEXT)
    assert {Path(r.path).name for r in third.items("waiting")} == {"new.png", "a.png"}
    third.run(pool=pool)
    assert (out / "a.png").read_bytes() == b"another photo"

    assert third.retry_flagged(gate="seam", engine="flat") == 2
    third.run(pool=pool)
    assert states(third)["bad_1.png"] == "done"
    assert queue.count(Filter(batch_id=batch.batch_id)) == 0
    assert {r.state for r in queue.list(Filter(state=""))} == {"superseded"}
    with pytest.raises(BadSetting, match="Nothing of this batch"):
        third.retry_flagged(gate="letters_left")

    assert third.retry_failed() == 1
    photos(folder, "broken.png")
    third.run(pool=pool)
    assert states(third)["broken.png"] == "failed"


def test_a_photo_that_kills_its_worker_is_set_aside_and_the_others_end(tmp_path, library):
    folder = photos(tmp_path / "in", "killer.png", "a.png", "b.png")
    batch = Batch.plan(library, folder, tmp_path / "out", TEXT)
    batch.run(workers=1)
    assert states(batch) == {"killer.png": "set aside", "a.png": "done", "b.png": "done"}
    assert "set aside" in batch.items("set aside")[0].message


def test_cancel_puts_photos_back_and_their_attempt_does_not_count(tmp_path, library, pool):
    folder = photos(tmp_path / "in", "slow_1.png", "slow_2.png", "z.png")
    batch = Batch.plan(library, folder, tmp_path / "out", TEXT)
    token = RunToken()
    threading.Timer(0.8, token.cancel).start()
    with pytest.raises(Cancelled):
        batch.run(token, workers=1, pool=pool)
    rows = batch.items("waiting")
    assert len(rows) == 3
    assert [row.attempts for row in rows] == [0, 0, 0]
    assert library.batches.get(batch.batch_id).state == "paused"


def test_pause_ends_what_is_being_worked_on_and_starts_no_more(tmp_path, library, pool):
    folder = photos(tmp_path / "in", *(f"p{n}.png" for n in range(5)))
    batch = Batch.plan(library, folder, tmp_path / "out", TEXT)

    def listener(progress, row):
        if row is not None:
            batch.pause()

    end = batch.run(RunToken(), listener, workers=1, pool=pool)
    assert end.counts == {"done": 1, "waiting": 4}
    assert library.batches.get(batch.batch_id).state == "paused"
    batch.resume()
    assert batch.run(workers=1, pool=pool).counts == {"done": 5}


def test_after_a_crash_photos_wait_again_and_repeat_offenders_come_last_and_alone(
    tmp_path, library, pool
):
    folder = photos(tmp_path / "in", *(f"p{n}.png" for n in range(4)))
    batch = Batch.plan(library, folder, tmp_path / "out", TEXT)
    with library.database.writing() as tx:
        tx.execute("UPDATE batch_items SET state = 'running', attempts = 3 WHERE position = 0")
        tx.execute("UPDATE batch_items SET state = 'running', attempts = 20 WHERE position = 1")
    ends = []
    batch.run(
        RunToken(), lambda p, row: row and ends.append(Path(row.path).name), workers=2, pool=pool
    )
    assert states(batch)["p1.png"] == "set aside"
    assert ends[-1] == "p0.png"


def test_another_batch_never_replaces_a_file_it_does_not_own(tmp_path, library, pool):
    folder, out = photos(tmp_path / "in", "a.png"), photos(tmp_path / "out", "a.png")
    (out / "a.png").write_bytes(b"the user's own")
    batch = Batch.plan(library, folder, out, TEXT)
    batch.run(pool=pool)
    assert (out / "a.png").read_bytes() == b"the user's own"
    assert (out / "a (2).png").exists()


def test_resume_finds_the_newest_batch_of_a_folder(tmp_path, library, folder):
    batch = Batch.plan(library, folder, tmp_path / "out", TEXT)
    assert Batch.latest(library, folder).batch_id == batch.batch_id
    assert Batch.load(library, batch.batch_id).options == TEXT
    for call in (lambda: Batch.latest(library, tmp_path), lambda: Batch.load(library, "nope")):
        with pytest.raises(UserError):
            call()


def test_engine_of_a_retry_is_forgotten_afterwards(tmp_path, library, folder, pool):
    options = BatchOptions(propose=("text",), audit_share=0.0, run=RunOptions(seed=3))
    batch = Batch.plan(library, folder, tmp_path / "out", options)
    batch.run(pool=pool)
    batch.retry_flagged(engine="flat")
    batch.run(pool=pool)
    assert all("engine" not in json.loads(row.data) for row in batch.items("done"))


def test_a_library_reopened_after_a_crash_knows_the_batch(tmp_path, pool):
    folder = photos(tmp_path / "in", "a.png", "b.png")
    with Library.open(tmp_path / "library") as library:
        batch = Batch.plan(library, folder, tmp_path / "out", TEXT)
        batch._claim(alone_allowed=True)
        assert states(batch)["a.png"] == "running"
    with Library.open(tmp_path / "library") as library:
        batch = Batch.latest(library, folder)
        assert batch.run(pool=pool).counts == {"done": 2}


def test_a_failure_says_why_and_where(tmp_path, library, pool):
    batch = Batch.plan(library, photos(tmp_path / "in", "bug.png"), tmp_path / "out", TEXT)
    batch.run(workers=1, pool=pool)
    (row,) = batch.items("failed")
    assert "AssertionError" in row.message
    assert "(fake_road.py, line " in row.message
    assert "UserError" in module.why(UserError(""))
    assert module.why(None)
