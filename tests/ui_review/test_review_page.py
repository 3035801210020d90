"""The Review page by its keys alone: decide, give reasons, skip, look back, group, undo."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inpaint_studio.review.filters import Filter
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.review import attempts


@pytest.fixture
def page(opened, monkeypatch):
    monkeypatch.setattr(attempts.AttemptDesk, "begin", lambda self, item, reason: None)
    return opened()


def states(studio):
    return {row.item_id: row.state for row in studio.queue.list(Filter(state=""), limit=100)}


def test_accept_goes_on_and_is_durable(studio, page, press):
    first = page.row
    press("Space")
    assert studio.queue.get(first.item_id).state == "accepted"
    assert page.row.item_id != first.item_id
    assert page.walk.model.row(0).state == "accepted"
    press("A")
    assert sorted(states(studio).values()).count("accepted") == 2
    event = studio.queue.events(first.item_id)[0]
    assert event.reviewer == "ann"
    assert event.views == ("split",)
    assert event.readings


def test_reject_asks_why_and_the_number_answers(studio, page, press):
    first = page.row.item_id
    press("X")
    assert page.reasons.isVisible()
    assert states(studio)[first] == "open"
    press("S")
    assert not page.reasons.isVisible()
    assert states(studio)[first] == "open"
    press("X", "3")
    assert not page.reasons.isVisible()
    assert studio.queue.get(first).reason == "seam"
    second = page.row.item_id
    press("4")
    assert studio.queue.get(second).reason == "invented"


@pytest.mark.parametrize("width", [1440, 1100])
def test_the_question_why_leaves_the_panels_their_room(qtbot, shell, page, press, width):
    shell.resize(width, 700)
    qtbot.wait(50)
    before = [page.filters.width(), page.panel.width()]
    press("X")
    qtbot.waitUntil(page.reasons.isVisible)
    qtbot.wait(50)
    assert [page.filters.width(), page.panel.width()] == before
    assert all(
        chip.width() >= chip.sizeHint().width() and page.reasons.rect().contains(chip.geometry())
        for chip in page.reasons._chips
    )
    page.compare.hint("Another attempt at a photo with a very long name is the next item " * 3)
    qtbot.wait(50)
    assert [page.filters.width(), page.panel.width()] == before


def test_looking_back_decides_nothing(studio, page, press):
    press("Space", "Left")
    assert page.row.state == "accepted"
    press("Right", "Right")
    assert list(states(studio).values()).count("accepted") == 1


def test_skipped_items_come_again_at_the_end(page, press):
    first = page.row.item_id
    press("S")
    for _ in range(8):
        assert page.row.item_id != first
        press("Space")
    assert page.row.item_id == first


def test_escalated_items_wait_behind_the_others_and_z_takes_it_back(studio, page, press):
    first = page.row.item_id
    press("U")
    assert studio.queue.get(first).state == "escalated"
    assert page.row.item_id != first
    press("Z")
    assert page.row.item_id == first
    assert studio.queue.get(first).state == "open"
    press("U", "U")
    seen = []
    for _ in range(7):
        seen.append(page.row.item_id)
        press("Space")
    assert first not in seen
    assert page.row.state == "escalated"
    there = page.row.item_id
    press("S")
    assert page.row.item_id != there, "what is left comes in turn"


def test_undo_on_the_empty_page_brings_the_item_back(qtbot, studio, page, press):
    for _ in range(9):
        press("Space")
    assert page.row is None
    assert "Everything has been decided" in page.canvas.empty_text
    press("Z")
    assert page.row is not None
    assert page.row.waiting
    assert list(states(studio).values()).count("accepted") == 8


def test_undo_works_after_a_restart(shell, studio, page, press, tmp_path):
    first = page.row.item_id
    press("X", "1")
    shell.close()
    studio.library.close()
    with Library.open(tmp_path / "library") as library:
        queue = ReviewQueue(library)
        assert queue.get(first).state == "rejected"
        queue.undo("ann")
        assert queue.get(first).state == "open"


def test_zoom_and_mode_stay_from_item_to_item(page, press):
    press("D")
    assert page.canvas.mode is Mode.DIFFERENCE
    page.stage.zoom(1)
    zoom = page.canvas.view.zoom
    press("Space")
    assert page.canvas.mode is Mode.DIFFERENCE
    assert page.canvas.view.zoom == zoom
    press("D", "Y")
    assert page.canvas.mode is Mode.SIDE


def test_holding_b_shows_the_original(shell, page):
    QTest.keyPress(page.canvas, Qt.Key.Key_B)
    assert page.canvas._before_held
    QTest.keyRelease(page.canvas, Qt.Key.Key_B)
    assert not page.canvas._before_held


def test_a_group_is_decided_together_and_a_member_can_be_left_out(qtbot, studio, page, press):
    with studio.library.database.writing() as tx:
        tx.execute("UPDATE review_items SET data = json_set(data, '$.mask', 'same')")
    page.walk.reload()
    press("G")
    assert page.stack.currentIndex() == 1
    members = page.group_page.chosen
    assert len(members) == 9
    qtbot.waitUntil(lambda: len(page.group_page.seen) >= 4)
    seen = set(page.group_page.seen)
    left_out = page.group_page._tiles[2]
    left_out.toggle()
    press("A")
    found = states(studio)
    assert found.pop(left_out.row.item_id) == "open"
    assert set(found.values()) == {"accepted"}
    stored = {e.item_id: e.seen for e in studio.queue.events()}
    assert {item for item, was_seen in stored.items() if was_seen} == seen - {left_out.row.item_id}
    press("Z")
    assert set(states(studio).values()) == {"open"}


def test_filter_and_search(qtbot, studio, page):
    page.filters.pick(engine="flat")
    rows = [page.walk.model.row(at) for at in range(page.walk.model.rowCount())]
    assert rows
    assert {row.engine for row in rows} == {"flat"}
    page.filters.pick(text="no such name")
    assert page.row is None
    assert "Nothing matches" in page.canvas.empty_text


def test_keys_do_nothing_while_a_note_is_written(qtbot, studio, page):
    first = page.row.item_id
    page.panel.note.setFocus()
    QTest.keyClicks(page.panel.note, "a lid x")
    assert states(studio)[first] == "open"
    QTest.keyClick(page.panel.note, Qt.Key.Key_Return)
    assert studio.queue.get(first).note == "a lid x"


def test_hidden_evidence_shows_after_the_decision(qtbot, studio, page, press):
    first = page.row.item_id
    with studio.library.database.writing() as tx:
        tx.execute("UPDATE review_items SET data = json_set(data, '$.blind', json('true'))")
    page.walk.reload()
    page._show_gauges()
    assert page.panel._gates.isHidden()
    assert page.canvas.scene.evidence == ()
    press("Space", "Left")
    assert page.row.item_id == first
    page._show_gauges()
    assert not page.panel._gates.isHidden()


def test_fix_asks_for_the_editor(qtbot, page, press):
    row = page.row
    with qtbot.waitSignal(page.asked) as asked:
        press("F")
    page_key, fix = asked.args
    assert (page_key, fix.item_id) == ("retouch", row.item_id)
    mask = fix.mask(page.shots.get(row).look.size[::-1])
    assert mask.any()
    assert fix.path.exists()


def test_every_control_has_a_name(page):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for control in page.findChildren(kind):
            if not control.objectName().startswith("qt_"):
                assert control.accessibleName() or control.text(), control
