"""A rejected edit is tried again from its artifacts, delivered when good, withdrawn when not."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo
from inpaint_studio.pipeline.request import Delta, RunResult
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    RunOptions,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.review.deliver import deliver, pending
from inpaint_studio.review.planting import plant_some
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.review.retry import keep_retry, request_for, retry_of, tried_before
from inpaint_studio.store.rows import BatchItemRow, BatchRow
from tests.benchmarks.review_library import big_photos, one_edit

READY = {"flat": "", "patch": "", "text": ""}


@pytest.fixture
def night(tmp_path, library):
    """One flagged edit of a batch: library, its item, the photo's path, the result's path."""
    (jpeg,) = big_photos(tmp_path / "in", 1, 0.2)
    path = jpeg.with_suffix(".png")
    save_photo(open_photo(jpeg), path, SaveOptions())
    item = one_edit(library, path, 0)
    out = tmp_path / "out" / path.name
    library.batches.add(
        BatchRow(batch_id="b", created=1.0, folder=str(tmp_path / "in"), output=str(out.parent)),
        [BatchItemRow(batch_id="b", position=0, path=str(path), output=str(out), state="flagged",
                      run_id=item.run_id, data=json.dumps({"runs": [item.run_id]}))],
    )  # fmt: skip
    with library.database.writing() as tx:
        tx.execute("UPDATE review_items SET batch_id = 'b'")
    return library, ReviewQueue(library), item, path, out


def made(library, retry, value=7):
    """What a worker would hand back for a retry: the hole painted in one colour."""
    old = retry.origin_record.edits[0]
    box = old.delta_box
    after = np.full((*box.shape, 3), value, np.uint8)
    before = np.ascontiguousarray(
        library.objects.get_array(old.stage("input").sha256)[box.relative_to(old.box).slices]
    )
    stages = (*(s for s in old.stages if s.name != "blended"),
              Stage(name="blended", sha256=library.objects.put_array(after)))  # fmt: skip
    options = retry.request.options
    edit = EditRecord(
        edit_id=f"edit-{options.engine}-{options.grow_px}-{options.attempt}", box=old.box,
        kind="text", plan=Plan(recipe=FillRecipe(engine=options.engine, engine_version=1)),
        verdict=Verdict(accepted=True, risk=0.1), state="accepted", stages=stages, delta_box=box,
    )  # fmt: skip
    record = RunRecord(
        run_id=f"run-{edit.edit_id}", created="", options=options, edits=(edit,),
        photo_name=retry.request.photo_name, photo_sha256=retry.request.photo_sha256,
    )  # fmt: skip
    return RunResult(record, (Delta(box, before, after),), ())


def test_the_request_is_made_from_the_artifacts(night):
    library, _queue, item, path, _ = night
    retry = retry_of(library, item, "leftover", READY)
    edit = retry.origin_record.edits[0]
    assert retry.request.origin == edit.box
    assert np.array_equal(retry.request.pixels, open_photo(path).pixels[edit.box.slices])
    assert retry.request.options.grow_px == 4
    assert "grown" in retry.change
    assert retry_of(library, item, "mask", READY) is None


def test_what_grew_where_letters_were_read_belongs_to_the_mask_of_the_retry(night):
    library, _queue, item, *_ = night
    record = library.runs.get(item.run_id)
    edit = record.edits[0]
    core = library.objects.get_array(edit.stage("mask").sha256)
    around = Box.of_mask(core)
    wide = around.pad(5)
    left = Box(wide.left, wide.top, (around.left + around.right) // 2, wide.bottom)
    recipe = replace(edit.plan.recipe, grow_px=3, grow_within=left)
    grown = replace(edit, plan=replace(edit.plan, recipe=recipe))
    mask = request_for(library, record, grown, RunOptions()).mask
    more = mask & ~core
    assert np.array_equal(mask & core, core) and more[left.slices].sum() == more.sum() > 0
    assert np.array_equal(request_for(library, record, edit, RunOptions()).mask, core)


def test_an_accepted_attempt_is_delivered_and_undo_takes_it_back(night):
    library, queue, item, path, out = night
    queue.decide(item.item_id, "reject", reason="leftover", reviewer="ann")
    assert pending(library) == []
    row = keep_retry(library, retry_of(library, item, "leftover", READY), made(library, retry_of(
        library, item, "leftover", READY
    )))  # fmt: skip
    assert row.replaces == item.item_id
    shown = Image.open(io.BytesIO(library.objects.get_bytes(row.thumb)))
    assert np.ptp(np.asarray(shown)) > 40, "the thumbnail shows what lies around the fill"
    assert row.attempt == 1
    assert queue.get(row.item_id).waiting, "a person sees it whatever the gates say"
    assert len(tried_before(library, row)) == 2
    queue.decide(row.item_id, "accept", reviewer="ann")
    (task,) = pending(library)
    assert task.action == "write"
    assert deliver(library, [task]).written == 1
    box = library.runs.get(row.run_id).edits[0].delta_box
    shown, before = open_photo(out).pixels, open_photo(path).pixels
    assert (shown[box.slices] == 7).all()
    outside = np.ones(shown.shape[:2], bool)
    outside[box.slices] = False
    assert np.array_equal(shown[outside], before[outside])
    assert pending(library) == []
    queue.undo("ann")
    (task,) = pending(library)
    assert task.action == "withdraw"
    assert deliver(library, [task]).withdrawn == 1
    assert not out.exists()


def test_a_result_that_someone_changed_is_never_removed(night):
    library, queue, item, _, out = night
    queue.decide(item.item_id, "accept", reviewer="ann")
    deliver(library, pending(library))
    out.write_bytes(out.read_bytes() + b"mine")
    queue.undo("ann")
    done = deliver(library, pending(library))
    assert (done.withdrawn, out.exists()) == (0, True)
    assert "has been changed" in library.batches.items("b")[0].message


def test_a_photo_that_is_gone_keeps_its_sentence(night):
    library, queue, item, path, _ = night
    queue.decide(item.item_id, "accept", reviewer="ann")
    path.unlink()
    done = deliver(library, pending(library))
    assert len(done.failed) == 1
    assert library.batches.items("b")[0].message == done.failed[0]
    assert len(pending(library)) == 1


def test_an_attempt_is_dropped_when_the_rejection_was_undone(night):
    library, queue, item, *_ = night
    queue.decide(item.item_id, "reject", reason="leftover", reviewer="ann")
    retry = retry_of(library, item, "leftover", READY)
    queue.undo("ann")
    assert keep_retry(library, retry, made(library, retry)) is None
    assert queue.count() == 1


def test_planted_edits_are_bad_hidden_and_change_no_output(night):
    library, queue, item, *_ = night
    queue.decide(item.item_id, "accept", reviewer="ann")
    deliver(library, pending(library))
    (row,) = plant_some(library, 1.0)
    assert plant_some(library, 1.0) == []
    assert row.origin == "planted"
    assert row.extra["blind"]
    library.runs.get(row.run_id)
    queue.decide(row.item_id, "accept", reviewer="ann")
    assert pending(library) == []
    assert queue.get(row.item_id).state == "accepted"
