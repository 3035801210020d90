"""Decisions only add up: undo is one more event, and the state follows from the events alone."""

import random
from dataclasses import replace

import pytest

from inpaint_studio.review.events import (
    CLOSING,
    REASONS,
    Decision,
    fold,
    next_undo,
    standing,
)


def event(seq, verdict, *, reviewer="ann", undoes=None, **rest):
    return Decision(seq=seq, item_id="i", verdict=verdict, reviewer=reviewer, undoes=undoes, **rest)


def test_an_item_without_events_is_open():
    assert fold([]).state == "open"
    assert fold([]).is_waiting


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("accept", "accepted"), ("reject", "rejected"), ("fix", "fixed"), ("escalate", "escalated"),
     ("skip", "open"), ("note", "open"), ("supersede", "superseded")],
)  # fmt: skip
def test_each_verdict_and_its_undo(verdict, state):
    events = [event(1, verdict)]
    assert fold(events).state == state
    assert fold([*events, event(2, "undo", undoes=1)]) == fold([])


def test_skip_is_remembered_until_a_verdict():
    assert fold([event(1, "skip")]).skipped
    assert not fold([event(1, "skip"), event(2, "accept")]).skipped


def test_an_undone_undo_is_a_redo():
    events = [event(1, "reject", reason="seam"), event(2, "undo", undoes=1)]
    assert fold(events).state == "open"
    redone = fold([*events, event(3, "undo", undoes=2)])
    assert (redone.state, redone.reason) == ("rejected", "seam")


def test_undo_of_the_newest_brings_the_older_verdict_back():
    events = [event(1, "accept"), event(2, "reject", reason="seam")]
    assert fold(events).state == "rejected"
    assert fold([*events, event(3, "undo", undoes=2)]).state == "accepted"


def test_two_reviewers_agree_differ_and_a_third_decides():
    one = [event(1, "accept", reviewer="ann")]
    assert fold(one, reviews_needed=2).state == "second"
    assert fold([*one, event(2, "reject", reviewer="ann")], reviews_needed=2).state == "second"
    assert fold([*one, event(2, "fix", reviewer="bob")], reviews_needed=2).state == "fixed"
    split = [*one, event(2, "reject", reviewer="bob", reason="seam")]
    assert fold(split, reviews_needed=2).state == "disputed"
    third = fold([*split, event(3, "reject", reviewer="eve", reason="blurry")], reviews_needed=2)
    assert (third.state, third.rounds) == ("rejected", 3)


def test_undo_passes_over_automatic_events_notes_and_other_people():
    events = [
        event(1, "accept"),
        event(2, "note", note="lid"),
        event(3, "reject", reviewer="bob"),
        event(4, "supersede", reviewer="", automatic=True),
    ]
    assert next_undo(events, "ann").seq == 1
    assert next_undo([*events, event(5, "undo", undoes=1)], "ann") is None
    assert next_undo(events, "bob").seq == 3


def test_notes_stay_and_the_newest_is_shown():
    events = [event(1, "note", note="a"), event(2, "accept"), event(3, "note", note="b")]
    assert fold(events).note == "b"
    assert fold(events).state == "accepted"


def test_order_of_storage_does_not_matter_and_undoing_everything_gives_an_open_item():
    rng = random.Random(7)
    for _ in range(200):
        events: list[Decision] = []
        for seq in range(1, 12):
            held = [e for e in standing(events) if e.verdict in CLOSING]
            if held and rng.random() < 0.4:
                events.append(event(seq, "undo", undoes=held[-1].seq))
            else:
                events.append(event(seq, rng.choice(CLOSING), reviewer=rng.choice(["ann", "bob"])))
        shuffled = rng.sample(events, len(events))
        assert fold(shuffled) == fold(events)
        seq = 100
        while held := standing(events):
            events.append(event(seq, "undo", undoes=held[-1].seq))
            seq += 1
        assert fold(events).state == "open"


def test_reasons_have_six_different_keys():
    assert [reason.key for reason in REASONS] == list("123456")
    assert len({reason.name for reason in REASONS}) == 6


def test_events_are_values():
    first = event(1, "accept")
    assert replace(first, note="x") != first
