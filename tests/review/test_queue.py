"""Listing, filtering, deciding and undoing, also after a restart; nothing is ever rewritten."""

import pytest

from inpaint_studio.errors import BadSetting, StorageError, UserError
from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, FillRecipe, Plan, RunOptions, RunRecord, Verdict
from inpaint_studio.review.events import CLOSING, fold
from inpaint_studio.review.filters import ORDERS, Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from tests.review.conftest import item

ME = "ann"


def ids(rows):
    return [row.item_id for row in rows]


def test_the_riskiest_comes_first_and_pages_follow(queue):
    assert ids(queue.list()) == ["item5", "item4", "item3", "item2", "item1"]
    assert ids(queue.list(limit=2, offset=2)) == ["item3", "item2"]
    assert ids(queue.rows(queue.index())) == ids(queue.list())
    assert queue.count() == 5


def test_adding_twice_adds_once(queue):
    assert queue.add(item(1, risk=0.9)).items == ()
    assert queue.get("item1").risk == 0.1


def test_filters_and_search(queue):
    queue.add(item(6, engine="flat", kind="object", gate="letters_left", folder="day"),
              item(7, name="50%_off.png"))  # fmt: skip
    assert ids(queue.list(Filter(engine="flat"))) == ["item6"]
    assert ids(queue.list(Filter(kind="object", gate="letters_left"))) == ["item6"]
    assert ids(queue.list(Filter(text="letters day"))) == ["item6"]
    assert ids(queue.list(Filter(text="50%_"))) == ["item7"]
    assert ids(queue.list(Filter(text="photo_3"))) == ["item3"]
    assert queue.facets()["engine"] == {"patch": 6, "flat": 1}
    for piece in (1, 3, 100):
        assert queue.facets(piece=piece) == queue.facets()
        flat = Filter(engine="flat", text="day")
        assert queue.facets(flat, piece=piece) == queue.facets(flat)


def test_an_empty_queue_counts_nothing(library):
    assert ReviewQueue(library).facets(piece=10) == ReviewQueue(library).facets()


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_lists_every_item(queue, order):
    assert set(ids(queue.list(Filter(order=order)))) == {f"item{n}" for n in range(1, 6)}


def test_unknown_words_are_refused(queue):
    with pytest.raises(BadSetting, match="no state"):
        queue.list(Filter(state="gone"))
    with pytest.raises(BadSetting, match="no order"):
        queue.list(Filter(order="luck"))
    with pytest.raises(BadSetting, match="needs a reason"):
        queue.decide("item1", "reject", reviewer=ME)
    with pytest.raises(UserError, match="no review item"):
        queue.decide("nobody", "accept", reviewer=ME)
    assert queue.events() == []


def test_a_decision_is_stored_with_everything_about_it(queue):
    changed = queue.decide(
        "item3", "reject", reviewer=ME, reason="seam", ms=1200, views=("split", "difference"),
        readings={"seam": 0.09}, thresholds="v1",
    )  # fmt: skip
    assert changed.items[0].state == "rejected"
    (event,) = queue.events("item3")
    assert event == changed.events[0]
    assert (event.version, event.ms, event.views) == (1, 1200, ("split", "difference"))
    assert event.readings == {"seam": 0.09}
    assert event.program
    assert "item3" not in ids(queue.list())
    assert ids(queue.list(Filter(state="decided"))) == ["item3"]


def test_saying_the_same_twice_adds_nothing(queue):
    queue.decide("item1", "accept", reviewer=ME)
    changed = queue.decide(["item1", "item2"], "accept", reviewer=ME)
    assert ids(changed.repeated) == ["item1"]
    assert (changed.item_ids, changed.events[0].group) == (("item2",), "")
    assert queue.decide("item1", "accept", reviewer="bob").events
    assert not queue.decide("item1", "accept", reviewer=ME).events
    queue.decide("item1", "escalate", reviewer=ME)
    assert queue.decide("item1", "accept", reviewer=ME).items[0].state == "accepted"
    assert queue.decide("item1", "reject", reason="seam", reviewer=ME).events
    assert queue.decide("item1", "reject", reason="blurry", reviewer=ME).events
    assert not queue.decide("item1", "reject", reason="blurry", reviewer=ME).events


def test_an_item_that_another_attempt_replaced_takes_no_verdict(queue):
    queue.withdraw(["item1"], "tried again")
    with pytest.raises(UserError, match="replaced"):
        queue.decide("item1", "accept", reviewer=ME)


def test_a_look_is_no_decision(queue):
    queue.look("item1", reviewer=ME, views=("terminal",))
    assert queue.get("item1").state == "open"
    assert queue.undo(ME) is None
    with pytest.raises(BadSetting):
        queue.decide("item1", "look", reviewer=ME)


def test_skipped_items_come_last(queue):
    queue.decide("item5", "skip", reviewer=ME)
    assert ids(queue.list())[-1] == "item5"
    assert queue.get("item5").waiting


def test_a_group_keeps_what_was_seen_and_is_undone_as_a_whole(queue):
    queue.decide("item1", "accept", reviewer=ME)
    changed = queue.decide(
        ["item2", "item3", "item4"], "reject", reason="blurry", reviewer=ME, seen=["item2"]
    )
    assert [event.seen for event in changed.events] == [True, False, False]
    undone = queue.undo(ME)
    assert set(undone.item_ids) == {"item2", "item3", "item4"}
    assert {row.state for row in undone.items} == {"open"}
    assert queue.get("item1").state == "accepted"
    assert queue.undo(ME).item_ids == ("item1",)
    assert queue.undo(ME) is None
    assert queue.count() == 5


def test_a_member_undone_alone_is_not_undone_again_with_its_group(queue):
    queue.decide(["item1", "item2"], "accept", reviewer=ME)
    queue.undo(ME, item_id="item2")
    assert queue.get("item2").state == "open"


@pytest.mark.parametrize("verdict", [*CLOSING, "skip", "escalate"])
def test_every_kind_of_decision_is_undone_after_a_restart(tmp_path, verdict):
    with Library.open(tmp_path) as library:
        queue = ReviewQueue(library)
        queue.add(item(1))
        before = queue.get("item1")
        queue.decide("item1", verdict, reviewer=ME, reason="seam")
    with Library.open(tmp_path) as library:
        queue = ReviewQueue(library)
        after = queue.undo(ME).items[0]
        assert (after.state, after.skipped, after.waiting) == (
            before.state, before.skipped, before.waiting,
        )  # fmt: skip
        assert len(queue.events("item1")) == 2


def test_undo_takes_back_my_own_newest_and_passes_automatic_events_over(queue):
    queue.decide("item1", "accept", reviewer=ME)
    queue.decide("item2", "accept", reviewer="bob")
    queue.withdraw(["item3"])
    assert queue.undo(ME).item_ids == ("item1",)
    assert queue.undo(ME) is None
    assert queue.get("item3").state == "superseded"
    assert queue.get("item2").state == "accepted"


def test_undo_finds_a_decision_behind_many_undone_ones(queue):
    queue.decide("item1", "accept", reviewer=ME)
    for _ in range(600):
        queue.decide("item2", "accept", reviewer=ME)
        queue.undo(ME)
    assert queue.undo(ME).item_ids == ("item1",)


def test_the_state_columns_are_what_the_events_add_up_to(queue):
    queue.decide("item1", "accept", reviewer=ME)
    queue.decide("item1", "reject", reason="seam", reviewer="bob")
    queue.undo("bob")
    queue.decide("item1", "note", reviewer=ME, note="check the lid")
    row, state = queue.get("item1"), fold(queue.events("item1"))
    assert (row.state, row.reviewer, row.note) == (state.state, state.reviewer, "check the lid")
    assert row.version == 4


def test_two_reviews_and_a_dispute(queue):
    queue.add(item(9, reviews_needed=2))
    assert queue.decide("item9", "accept", reviewer=ME).items[0].state == "second"
    assert queue.get("item9").waiting
    queue.decide("item9", "reject", reason="seam", reviewer="bob")
    assert queue.get("item9").state == "disputed"
    queue.decide("item9", "accept", reviewer="eve")
    assert queue.get("item9").state == "accepted"


def test_the_edit_follows_its_item(library, queue):
    recipe = FillRecipe(engine="patch", engine_version=1)
    edit = EditRecord(edit_id="edit1", box=Box(0, 0, 4, 4), kind="text",
                      plan=Plan(recipe=recipe),
                      verdict=Verdict(accepted=False, risk=0.9))  # fmt: skip
    library.runs.save(RunRecord(run_id="run1", created="", options=RunOptions(), edits=(edit,)))
    queue.decide("item1", "fix", reviewer=ME)
    assert library.runs.edit("edit1").state == "superseded", "the edit made by hand stands for it"
    queue.undo(ME)
    assert library.runs.edit("edit1").state == "queued"
    queue.add(item(20, edit_id="edit1", origin="audit"))
    queue.decide("item20", "reject", reason="seam", reviewer=ME)
    assert library.runs.edit("edit1").state == "rejected"
    queue.undo(ME)
    assert library.runs.edit("edit1").state == "accepted"


def test_leases_are_checked_in_the_claim_and_cleared_by_a_decision(queue):
    epoch = queue.claim("item1", ME)
    assert epoch == 1
    assert queue.claim("item1", "bob") is None
    assert queue.claim("item1", ME) == 2
    assert "ann" in queue.why_empty(Filter(engine="none"))
    queue.release("item1", "bob")
    assert queue.claim("item1", "bob") is None
    queue.release("item1", ME)
    assert queue.claim("item1", "bob") == 3
    assert queue.claim("item2", ME, seconds=-1) == 1
    assert queue.claim("item2", "bob") == 2
    queue.decide("item1", "accept", reviewer="bob")
    assert queue.get("item1").lease_owner == ""


def test_an_empty_queue_says_why(queue):
    assert "Nothing matches" in queue.why_empty(Filter(engine="none"))
    queue.decide([f"item{n}" for n in range(1, 6)], "accept", reviewer=ME)
    assert queue.why_empty() == "Everything has been decided."
    assert len(queue.undo(ME).items) == 5


def test_a_failed_write_leaves_no_half_group(queue, monkeypatch):
    from inpaint_studio.review import queue as module

    calls = []

    def fail_second(tx, row):
        calls.append(row)
        if len(calls) == 2:
            raise StorageError("The disk is full.")
        return original(tx, row)

    original = module.refold
    monkeypatch.setattr(module, "refold", fail_second)
    with pytest.raises(StorageError):
        queue.decide(["item1", "item2"], "accept", reviewer=ME)
    assert queue.events() == []
    assert queue.count() == 5
