"""What leaves the Review page and comes back: a fix in the editor, the next attempt at an edit."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inpaint_studio.ui.retouch.runner import Runner
from inpaint_studio.ui.review.panel import CompareRow
from tests.review.test_retry import made
from tests.ui.conftest import InstantPool
from tests.ui_review.pools import AttemptPool

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def pool(studio):
    pool = AttemptPool(studio.library)
    studio.__dict__["pool"] = pool
    return pool


@pytest.fixture
def editors(monkeypatch):
    pool = InstantPool()
    pool.accepts = lambda _request: True
    monkeypatch.setattr(Runner, "_workers", lambda _self: pool)
    return pool


@pytest.fixture
def page(opened, pool, editors):
    return opened()


def in_the_editor(qtbot, shell, page, press):
    """Press F; return the editor's workspace with the item's photo and mask in it."""
    look = page.shots.get(page.row).look
    fix_box = look.box
    press("F")
    assert shell.page == "retouch"
    retouch = shell.workspace("retouch")
    qtbot.waitUntil(
        lambda: retouch.editor.document is not None and not retouch.editor.document.mask.is_empty,
        timeout=8000,
    )
    ys, xs = np.nonzero(retouch.editor.document.mask.mask)
    assert fix_box.left <= xs.min() <= xs.max() < fix_box.right
    assert fix_box.top <= ys.min() <= ys.max() < fix_box.bottom
    assert retouch.editor.kind == look.edit.kind == "text"
    return retouch


def test_a_fix_accepted_in_the_editor_closes_the_item(qtbot, shell, studio, page, press, editors):
    row = page.row
    retouch = in_the_editor(qtbot, shell, page, press)
    assert str(retouch.editor.document.path) == page.shots.get(row).look.path
    QTest.keyClick(retouch.canvas, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: retouch.editor.document.history.cursor == 1, timeout=8000)
    qtbot.waitUntil(lambda: retouch.background.pending == 0, timeout=8000)
    shell.show_page("review")
    assert studio.queue.get(row.item_id).state == "fixed"
    (event,) = studio.queue.events(row.item_id)
    assert (event.verdict, event.reviewer) == ("fix", "ann")
    assert "fixed by run" in event.note
    assert page.row.waiting
    press("Z")
    assert studio.queue.get(row.item_id).waiting


def test_a_flagged_fix_closes_the_item_once_it_is_approved(
    qtbot, shell, studio, page, press, editors
):
    editors.accepts = lambda _request: False
    row = page.row
    retouch = in_the_editor(qtbot, shell, page, press)
    QTest.keyClick(retouch.canvas, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: retouch.editor.document.history.cursor == 1, timeout=8000)
    qtbot.waitUntil(lambda: retouch.background.pending == 0, timeout=8000)
    shell.show_page("review")
    assert studio.queue.get(row.item_id).waiting, "the fix is flagged itself and not approved yet"
    shell.show_page("retouch")
    retouch.hand.accept()
    qtbot.waitUntil(lambda: retouch.background.pending == 0, timeout=8000)
    shell.show_page("review")
    assert studio.queue.get(row.item_id).state == "fixed"


def test_a_rejected_edit_comes_back_as_the_next_item_beside_the_old(
    qtbot, studio, page, press, pool
):
    old = page.row
    press("X", "1")
    assert page.row.item_id != old.item_id, "the reviewer goes on meanwhile"
    qtbot.waitUntil(lambda: bool(pool.asked), timeout=8000)
    assert "1 attempt under way" in page._foot.text()
    assert pool.asked[0][0].options.grow_px == 4
    here = page.row.item_id
    pool.answer()
    qtbot.waitUntil(lambda: page.attempts.waiting == 0, timeout=8000)
    assert page.row.item_id == here, "nothing changes under the reviewer's eyes"
    press("Space")
    new = page.row
    assert new.replaces == old.item_id
    assert new.name == old.name
    assert studio.queue.get(new.item_id).waiting
    assert f"Attempt {new.attempt + 1}" in page.panel.card.words


def test_better_and_worse_stand_beside_the_old_readings(qtbot, studio, page, press, pool):
    old = page.row
    press("X", "2")
    qtbot.waitUntil(lambda: bool(pool.asked), timeout=8000)
    _, on_end, job = pool.asked.pop()
    job.result = made(studio.library, on_end.args[0])
    edit = job.result.record.edits[0]
    verdict = studio.library.runs.get(old.run_id).edits[0].verdict
    readings = [replace(r, value=0.01, passed=True) for r in verdict.readings[:2]]
    readings += [replace(r, value=0.5, passed=False) for r in verdict.readings[2:4]]
    readings += verdict.readings[4:]
    edit = replace(edit, verdict=replace(edit.verdict, readings=tuple(readings)))
    job.result = replace(job.result, record=replace(job.result.record, edits=(edit,)))
    on_end(job)
    qtbot.waitUntil(lambda: page.attempts.waiting == 0, timeout=8000)
    press("Space")
    assert page.row.replaces == old.item_id
    qtbot.waitUntil(lambda: page.panel._before.isVisible(), timeout=8000)
    rows = page.panel.findChildren(CompareRow)
    assert any(row.accessibleName().endswith("better") for row in rows)
    assert any(row.accessibleName().endswith("worse") for row in rows)
    assert all("→" in row.accessibleName() for row in rows)
    assert page.panel._before.minimumSizeHint().width() <= 268, "nothing is cut off beside it"


def test_undoing_the_rejection_takes_its_attempt_out_of_the_queue(qtbot, studio, page, press, pool):
    old = page.row
    press("X", "1")
    qtbot.waitUntil(lambda: bool(pool.asked), timeout=8000)
    pool.answer()
    qtbot.waitUntil(lambda: page.attempts.waiting == 0, timeout=8000)
    press("Z")
    assert page.row.item_id == old.item_id
    (attempt,) = studio.library.reviews.select("replaces = ?", (old.item_id,))
    assert attempt.state == "superseded"
