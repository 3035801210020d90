"""Attempts computed ahead: for the riskiest, while the machine idles, and used when wanted."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inpaint_studio.review.room import may_work_ahead
from inpaint_studio.ui.review import candidates
from tests.ui_review.pools import AttemptPool


@pytest.fixture
def idle(monkeypatch):
    """Whether the machine idles, as the page sees it."""
    state = {"idle": True}
    monkeypatch.setattr(candidates, "AFTER_MS", 20)
    monkeypatch.setattr(candidates, "may_work_ahead", lambda: state["idle"])
    return state


@pytest.fixture
def pool(studio):
    studio.__dict__["pool"] = AttemptPool(studio.library)
    return studio.pool


@pytest.fixture
def page(opened, studio, pool, idle):
    studio.settings.set("attempts_ahead", 3)
    return opened()


def reject(shell, key):
    QTest.keyClick(shell, Qt.Key.Key_X)
    QTest.keyClick(shell, key)


def test_the_riskiest_items_get_one_each_and_no_more(qtbot, studio, page, pool):
    for number in range(1, 4):
        qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
        pool.answer()
        qtbot.waitUntil(lambda n=number: len(page.candidates.ready) == n, timeout=20000)
    riskiest = [row.item_id for row in studio.queue.list(limit=3)]
    assert page.candidates.ready == riskiest
    qtbot.wait(200)
    assert not pool.asked


def test_a_rejection_that_wants_it_finds_it_done(qtbot, studio, shell, page, pool):
    rejected = page.row
    qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
    pool.answer()
    qtbot.waitUntil(lambda: page.candidates.ready == [rejected.item_id], timeout=20000)
    qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
    _, _, under_way = pool.asked.pop()
    with qtbot.waitSignal(page.attempts.arrived, timeout=20000) as arrived:
        reject(shell, Qt.Key.Key_2)
    assert arrived.args[0].replaces == rejected.item_id
    assert not under_way.cancelled
    assert studio.queue.find(arrived.args[0].item_id).waiting


def test_a_rejection_that_wants_another_stops_what_nobody_asked_for(qtbot, shell, page, pool):
    qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
    _, _, ahead = pool.asked[0]
    reject(shell, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: len(pool.asked) == 2, timeout=20000)
    assert ahead.cancelled
    assert pool.asked[1][0].options.grow_px > 0


def test_nothing_is_computed_while_the_machine_is_busy_or_the_page_is_left(
    qtbot, shell, page, pool, idle
):
    qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
    _, _, job = pool.asked.pop()
    idle["idle"] = False
    page.candidates.give_way()
    assert job.cancelled
    page.candidates.later()
    qtbot.wait(200)
    assert not pool.asked
    idle["idle"] = True
    qtbot.waitUntil(lambda: len(pool.asked) == 1, timeout=20000)
    shell.show_page("batch")
    assert pool.asked[0][2].cancelled


def test_the_setting_switches_it_off(qtbot, studio, shell, pool, idle):
    studio.settings.set("attempts_ahead", 0)
    shell.show_page("review")
    qtbot.wait(200)
    assert not pool.asked


def test_idle_means_memory_and_cores_to_spare():
    assert may_work_ahead(free=8000, load=0.2, cores=2)
    assert not may_work_ahead(free=2000, load=0.2, cores=2)
    assert not may_work_ahead(free=8000, load=2.5, cores=2)


def test_what_takes_minutes_is_not_made_unasked(qtbot, studio, page, pool, monkeypatch):
    page.candidates.give_way()
    pool.asked.clear()
    monkeypatch.setattr(candidates, "DEAR", {"flat", "patch", "text"})
    hopeless, retry = page.candidates._next(set())
    assert retry is None and len(hopeless) == studio.settings["attempts_ahead"]
