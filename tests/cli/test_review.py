"""Deciding in the terminal: what was seen, saying the same twice, and the output folder."""

import json
from dataclasses import replace

import pytest

from inpaint_studio.cli.review import headline
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo
from inpaint_studio.review.events import CLOSING, standing
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BatchItemRow, BatchRow
from tests.benchmarks.review_library import big_photos, one_edit


@pytest.fixture
def flagged(tmp_path):
    """The id of a flagged item of a batch and the path its photo would be delivered to."""
    (jpeg,) = big_photos(tmp_path / "in", 1, 0.2)
    path, out = jpeg.with_suffix(".png"), tmp_path / "out" / "photo.png"
    save_photo(open_photo(jpeg), path, SaveOptions())
    with Library.open(tmp_path / "library") as library:
        item = one_edit(library, path, 0)
        library.batches.add(
            BatchRow(batch_id="b", created=1.0, folder=str(path.parent), output=str(out.parent)),
            [BatchItemRow(batch_id="b", position=0, path=str(path), output=str(out),
                          state="flagged", run_id=item.run_id,
                          data=json.dumps({"runs": [item.run_id]}))],
        )  # fmt: skip
        with library.database.writing() as tx:
            tx.execute("UPDATE review_items SET batch_id = 'b'")
    return item.item_id, out


def events(tmp_path, item_id):
    with Library.open(tmp_path / "library") as library:
        return ReviewQueue(library).events(item_id)


def test_a_decision_knows_what_its_reviewer_was_shown(command, flagged, tmp_path):
    item, _ = flagged
    command("review", "accept", item, "--reviewer", "blind")
    command("review", "undo", item, "--reviewer", "blind")
    command("review", "show", item, "--reviewer", "ann")
    command("review", "show", item, "--reviewer", "ann")
    code, document = command("review", "accept", item, "--reviewer", "ann")
    assert code == 0
    found = [e for e in events(tmp_path, item) if e.verdict in CLOSING]
    assert [(e.reviewer, e.seen, e.views) for e in found] == [
        ("blind", False, ()), ("ann", True, ("terminal",)),
    ]  # fmt: skip
    assert found[1].ms > 0
    assert set(found[1].readings) == {r["name"] for r in show(command, item)["readings"]}
    assert document["events"][0]["seen"] is True
    assert sum(e.verdict == "look" and e.reviewer == "ann" for e in events(tmp_path, item)) == 1


def show(command, item):
    return command("review", "show", item)[1]["edit"]


def test_the_list_names_a_reading_as_the_panel_does(flagged, tmp_path):
    with Library.open(tmp_path / "library") as library:
        row = ReviewQueue(library).get(flagged[0])
    row = replace(row, gate="seam", value=0.09, low=None, high=0.06, data="{}")
    assert headline(row) == "Step across the edge 0.09 > 0.06"
    named = replace(row, data=json.dumps({"label": "As it was called then"}))
    assert headline(named) == "As it was called then 0.09 > 0.06"


def test_saying_the_same_twice_adds_nothing(command, flagged, tmp_path):
    item, _ = flagged
    command("review", "accept", item, "--reviewer", "ann")
    code, document = command("review", "accept", item, "--reviewer", "ann")
    assert (code, document["items"], document["already"]) == (0, [], [item])
    assert [e.verdict for e in events(tmp_path, item)] == ["accept"]
    code, document = command("review", "reject", item, "--reason", "seam", "--reviewer", "ann")
    assert document["items"][0]["state"] == "rejected"
    code, document = command("review", "reject", item, "--reason", "blurry", "--reviewer", "ann")
    assert document["already"] == []
    assert len(standing(events(tmp_path, item))) == 3


def test_what_is_accepted_is_delivered_and_taken_out_again(command, flagged, tmp_path):
    item, out = flagged
    assert command("review", "accept", item)[1]["delivered"] == 1
    assert out.exists()
    assert command("review", "undo")[1]["withdrawn"] == 1
    assert not out.exists()
    next((tmp_path / "in").glob("*.png")).unlink()
    code, document = command("review", "accept", item)
    assert (code, document["delivered"]) == (2, 0)
    assert document["items"][0]["state"] == "accepted"


def test_an_undo_of_nothing_is_said(command, flagged):
    assert command("review", "undo") == (
        0, {"items": [], "events": [], "already": [], "delivered": 0, "withdrawn": 0},
    )  # fmt: skip


def test_a_rejected_edit_is_tried_again_and_waits_in_its_place(command, flagged, tmp_path):
    item, _ = flagged
    code, document = command("review", "accept", item, "--again")
    assert code == 2 and "belongs to `review reject`" in document["error"]
    code, document = command("review", "reject", item, "--reason", "mask", "--again")
    assert (code, document["attempts"]) == (0, [{"item": item, "change": "", "waits": ""}])
    command("review", "undo", item)
    code, document = command("review", "reject", item, "--reason", "leftover", "--again")
    (attempt,) = document["attempts"]
    assert code == 0 and attempt["change"] == "mask grown by 4 px"
    _, waiting = command("review", "list")
    assert [row["id"] for row in waiting] == [attempt["waits"]]
    edit = show(command, attempt["waits"])
    assert edit["recipe"]["grow_px"] == 4
    code, document = command("review", "reject", attempt["waits"], "--reason", "blurry", "--again")
    assert document["attempts"][0]["change"].startswith("engine ")
