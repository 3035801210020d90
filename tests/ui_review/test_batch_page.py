"""The Batch page: form to options, a run to its end, failures retried; and the Insights page."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from inpaint_studio.records import RunOptions
from inpaint_studio.review import batch as module
from inpaint_studio.review.batch import Batch
from inpaint_studio.review.batch_plan import BatchOptions, run_options
from inpaint_studio.review.facts import figures_of
from inpaint_studio.ui.batch.again import AgainDialog
from tests.review.test_batch import photos


@pytest.fixture
def page(shell, monkeypatch):
    monkeypatch.setattr(module, "WORKER", "tests.review.fake_road:process")
    monkeypatch.setattr(module, "workers_for", lambda: 1)
    shell.show_page("batch")
    return shell.workspace("batch")


def test_a_folder_goes_through_and_failed_photos_can_be_tried_again(qtbot, page, tmp_path):
    folder = photos(tmp_path / "in", "a.png", "bad.png", "broken.png")
    page.open_files([folder])
    assert page.form.output.path == tmp_path / "in retouched"
    page.form.audit.setValue(0)
    page.begin()
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    assert not page.start.isEnabled()
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert {row.state for row in page.model.rows} == {"done", "flagged", "failed"}
    assert "3 of 3" in page.overview.title.text()
    assert (tmp_path / "in retouched" / "a.png").exists()
    assert page.overview.retry.isEnabled()
    assert page.overview.review.isEnabled()
    page.retry_failed()
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert [row.attempts for row in page.model.rows] == [1, 1, 1]


def test_flagged_photos_run_again_for_one_reason_with_another_engine(qtbot, shell, page, tmp_path):
    folder = photos(tmp_path / "in", "bad_1.png", "bad_2.png")
    page.open_files([folder])
    page.form.audit.setValue(0)
    page.begin()
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert {row.state for row in page.model.rows} == {"flagged"}
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(shell, Qt.Key.Key_R, keys)
    (dialog,) = page.findChildren(AgainDialog)
    dialog.pick(reason="seam", engine="flat")
    assert (dialog.reason, dialog.engine) == ("seam", "flat")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert {row.state for row in page.model.rows} == {"done"}


def test_a_batch_that_was_killed_goes_on_although_nothing_is_waiting(
    qtbot, studio, shell, page, tmp_path
):
    folder = photos(tmp_path / "in", "a.png", "bad.png")
    options = BatchOptions(propose=("logo",), audit_share=0.0, pattern="*.png", sure=0.7)
    batch = Batch.plan(studio.library, folder, tmp_path / "out", options)
    for row in batch.items():
        studio.library.batches.set(row.batch_id, row.position, state="running", attempts=1)
    page.enter()
    assert page.overview.pause.isEnabled()
    QTest.mouseClick(page.overview.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert {row.state for row in page.model.rows} == {"done", "flagged"}


def test_start_after_a_restart_does_what_is_new_in_the_batch_shown(
    qtbot, studio, shell, page, tmp_path
):
    folder = photos(tmp_path / "in", "a.png")
    run = RunOptions(seed=7, engine="flat", budget="cheap")
    options = BatchOptions(propose=("text", "logo"), audit_share=0.1, pattern="*.png", sure=0.7,
                           double_share=0.2, recursive=False, run=run)  # fmt: skip
    batch = Batch.plan(studio.library, folder, tmp_path / "out", options)
    page.enter()
    assert page.form.options() == options
    photos(tmp_path / "in", "b.png")
    page.begin()
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    assert [row.batch_id for row in page.model.rows] == [batch.batch_id] * 2
    assert {row.state for row in page.model.rows} == {"done"}
    page.form.folder.set_path(tmp_path / "other")
    assert page.form.options().run == run_options(studio.settings, engine="flat")


def test_review_of_a_batch_shows_that_batch_alone(qtbot, studio, shell, page, tmp_path):
    folder = photos(tmp_path / "in", "bad.png")
    page.open_files([folder])
    page.form.audit.setValue(0)
    page.begin()
    qtbot.waitUntil(lambda: page.runner.is_running, timeout=20000)
    qtbot.waitUntil(lambda: not page.runner.is_running, timeout=60000)
    QTest.mouseClick(page.overview.review, Qt.MouseButton.LeftButton)
    review = shell.workspace("review")
    assert shell.page == "review"
    assert review.walk.total == 1
    assert review.row.name == str(folder / "bad.png")


def test_a_folder_can_be_typed_from_its_first_letter(page):
    for words in ("/", "/t", "/tmp/cap"):
        page.form.folder.edit.setText(words)
    assert page.form.output.path == Path("/tmp/cap retouched")


def test_what_is_missing_is_said_in_a_sentence(qtbot, page, tmp_path):
    with qtbot.waitSignal(page.notice) as said:
        page.begin()
    assert said.args[0] == "warn"
    page.form.folder.set_path(tmp_path / "gone")
    page.form.output.set_path(tmp_path / "out")
    with qtbot.waitSignal(page.notice) as said:
        page.begin()
    assert "no folder" in said.args[1]
    assert page.start.isEnabled()


def test_insights_count_and_click_through(qtbot, studio, shell):
    for n, row in enumerate(studio.queue.list()):
        studio.queue.decide(row.item_id, "accept" if n % 3 else "reject", reason="seam",
                            reviewer="ann")  # fmt: skip
    shell.show_page("insights")
    page = shell.workspace("insights")
    qtbot.waitUntil(lambda: page.counted is not None, timeout=20000)
    assert page.cards["engine"].names == ["flat", "patch", "text"]
    assert page.cards["rejected"].names == ["seam"]
    assert page.counted.figures.edits == figures_of(studio.library).edits == 9
    assert not page.warranty.apply.isEnabled()
    assert "does not carry" in page.warranty.card.words
    with qtbot.waitSignal(page.asked) as asked:
        page.cards["engine"].clicked.emit("flat")
    assert asked.args == ["review", {"engine": "flat", "state": ""}]
    page.cards["rejected"].clicked.emit("seam")
    review = shell.workspace("review")
    assert shell.page == "review"
    assert {review.walk.model.row(at).reason for at in range(review.walk.total)} == {"seam"}
    assert review.walk.total == 3


def test_known_bad_edits_are_slipped_in_from_insights(qtbot, studio, shell, monkeypatch):
    for row in studio.queue.list():
        studio.queue.decide(row.item_id, "accept", reviewer="ann")
    monkeypatch.setattr("inpaint_studio.ui.insights.workspace.PLANTED_SHARE", 1.0)
    shell.show_page("insights")
    page = shell.workspace("insights")
    with qtbot.waitSignal(page.notice, timeout=20000) as said:
        QTest.mouseClick(page.plant, Qt.MouseButton.LeftButton)
    assert said.args[1] == "9 known-bad edits stand in the queue like any other."
    assert {row.origin for row in studio.queue.list()} == {"planted"}


def test_insights_export(qtbot, studio, shell, tmp_path):
    studio.queue.decide(studio.queue.list()[0].item_id, "accept", reviewer="=ann")
    shell.show_page("insights")
    page = shell.workspace("insights")
    for name in ("d.csv", "d.json", "r.html", "r.pdf"):
        with qtbot.waitSignal(page.notice, timeout=20000):
            page.write(tmp_path / name)
    assert "'=ann" in (tmp_path / "d.csv").read_text()
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    text = (tmp_path / "r.html").read_text()
    assert "<script" not in text
    assert "http" not in text
    assert text.count("data:image/jpeg;base64") == 9
