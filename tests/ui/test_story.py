"""A person's way through the window: once by mouse, once by keys alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from inpaint_studio.errors import EngineFailed
from inpaint_studio.imaging.photo import SaveOptions
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.retouch import edithand
from inpaint_studio.ui.shell import Shell
from tests.ui.conftest import Hands

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
INNER = ("qt_spinbox_lineedit", "qt_scrollarea_viewport")
ALT = Qt.KeyboardModifier.AltModifier


def pixels_of(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_by_mouse_from_drop_to_export(hands: Hands, photos: list[Path], tmp_path: Path) -> None:
    shell, workspace = hands.shell, hands.workspace
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in photos])
    drop = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    shell.dropEvent(drop)
    hands.until(lambda: hands.document.path == photos[0])
    hands.settle()
    document = hands.document
    original = document.history.pixels.copy()

    hands.stroke((100, 80), (130, 90), (160, 100))
    assert document.mask.mask[90, 130] and not document.mask.mask[10, 10]
    hands.settle()
    QTest.mouseClick(workspace.inspector.run.go, Qt.MouseButton.LeftButton)
    hands.until(lambda: document.history.cursor == 1)
    hands.settle()
    changed = (document.history.pixels != original).any(axis=2)
    assert changed[90, 130] and not changed[10, 10]
    assert document.mask.is_empty
    assert "A seam shows" in workspace.inspector.card.words

    split = workspace.footer.modes.part(Mode.SPLIT.value)
    QTest.mouseClick(split, Qt.MouseButton.LeftButton)
    assert hands.canvas.mode is Mode.SPLIT
    hands.settle()
    assert hands.canvas.scene.before is not None
    before = hands.canvas.scene.before.read(0, document.bounds)
    assert np.array_equal(before, original)

    out = tmp_path / "out.png"
    workspace.desk.save(out, SaveOptions())
    hands.until(out.exists)
    hands.settle()
    assert np.array_equal(pixels_of(out), document.history.pixels)
    assert document.saved


def test_by_keys_alone(hands: Hands, photos: list[Path], tmp_path: Path) -> None:
    hands.open(*photos)
    document, editor = hands.document, hands.editor
    before = document.history.pixels.copy()
    hands.key(Qt.Key.Key_M)
    assert hands.canvas.tool.name == "rectangle"
    hands.key(Qt.Key.Key_B)
    hands.key(Qt.Key.Key_BracketRight)
    assert editor.radius == pytest.approx(24)
    hands.key(Qt.Key.Key_I, CTRL)
    hands.settle()
    assert document.mask.mask.all()
    hands.key(Qt.Key.Key_Z, CTRL)
    assert document.mask.is_empty
    document_mask = np.zeros(document.shape, bool)
    document_mask[40:60, 50:90] = True
    editor.last_mask = (document.bounds, document_mask)
    hands.key(Qt.Key.Key_L, CTRL)
    hands.key(Qt.Key.Key_BracketRight, CTRL)
    hands.settle()
    assert document.mask.mask.sum() > document_mask.sum()
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: document.history.cursor == 1)
    hands.settle()
    assert not np.array_equal(document.history.pixels, before)
    hands.key(Qt.Key.Key_Y)
    assert hands.canvas.mode is Mode.SPLIT
    hands.key(Qt.Key.Key_Z, CTRL)
    hands.until(lambda: document.history.cursor == 0)
    hands.settle()
    assert np.array_equal(document.history.pixels, before)
    assert not document.mask.is_empty
    hands.key(Qt.Key.Key_Y, CTRL)
    hands.until(lambda: document.history.cursor == 1)
    hands.settle()
    hands.key(Qt.Key.Key_Right)
    hands.until(lambda: hands.document.path == photos[1])
    hands.settle()
    hands.key(Qt.Key.Key_Left)
    hands.until(lambda: hands.document.path == photos[0])
    hands.settle()
    assert hands.document.history.cursor == 1


def test_undo_goes_on_after_a_restart(
    hands: Hands, photos: list[Path], studio: object, qtbot: object
) -> None:
    hands.open(photos[0])
    original = hands.document.history.pixels.copy()
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    hands.stroke((200, 200), (220, 210))
    assert hands.shell.close()
    again = Shell(studio)  # type: ignore[arg-type]
    again.show()
    again.start([])
    second = Hands(again, qtbot, hands.pool)  # type: ignore[arg-type]
    second.open(photos[0])
    assert second.document.mask.mask[205, 210]
    for _ in range(3):
        second.key(Qt.Key.Key_Z, CTRL)
    second.until(lambda: second.document.history.cursor == 0)
    second.settle()
    assert np.array_equal(second.document.history.pixels, original)
    assert second.document.mask.is_empty
    again.close()
    again.deleteLater()


def test_cancel_stops_a_run_and_leaves_everything_usable(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.pool.stuck = True
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: bool(hands.workspace.runner.busy))
    hands.until(lambda: not hands.workspace.inspector.tasks.isHidden())
    hands.until(lambda: hands.workspace.runner.busy[0].job is not None)
    hands.key(Qt.Key.Key_Escape)
    hands.until(lambda: not hands.workspace.runner.busy)
    assert hands.document.history.cursor == 0 and not hands.document.mask.is_empty
    hands.pool.stuck = False
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)


def test_a_job_caught_while_it_ends_is_waited_for(hands: Hands, photos: list[Path]) -> None:
    """The pool's thread writes state, result and end one after the other."""
    hands.open(photos[0])
    hands.stroke((100, 80), (150, 80))
    hands.pool.stuck = True
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: bool(hands.workspace.runner.busy))
    task = hands.workspace.runner.busy[0]
    hands.until(lambda: task.job is not None)
    task.job.state = "finished"
    hands.workspace.runner._poll()
    assert not task.is_ended and hands.workspace.runner.busy == [task]
    task.job.cancel()
    hands.until(lambda: not hands.workspace.runner.busy)


def test_a_failed_run_is_a_sentence_in_place(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.pool.error = EngineFailed("The engine patch returned NaN.")
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: "returned NaN" in hands.shell.notice.words)
    assert hands.document.history.cursor == 0


def test_running_without_a_mask_says_what_to_do(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.key(Qt.Key.Key_Return, CTRL)
    assert "paint what shall go" in hands.shell.notice.words


def test_variations_are_ordered_and_the_one_picked_is_committed(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    hands.pool.accepts = lambda request: request.options.seed == 2
    hands.workspace.inspector.run.variations.setValue(3)
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    strip = hands.workspace.strip
    hands.until(lambda: strip.is_choosing)
    hands.key(Qt.Key.Key_Return)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    edit = hands.document.edit_of(0)
    assert edit.plan.recipe.seed == 2 and edit.verdict.accepted
    assert not strip.is_choosing


def test_restore_brush_paints_the_original_back(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    original = hands.document.history.pixels.copy()
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    hands.key(Qt.Key.Key_R)
    hands.editor.set_radius(60)
    hands.stroke((100, 80), (150, 80))
    hands.until(lambda: hands.document.history.cursor == 2)
    hands.settle()
    assert np.array_equal(hands.document.history.pixels, original)


def test_reject_takes_the_edit_out_and_is_noted(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    original = hands.document.history.pixels.copy()
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.workspace.hand.chosen == 0)
    hands.settle()
    item = hands.workspace.studio.queue.of_edit("edit-1")
    assert item is not None and item.waiting
    hands.workspace.hand.reject()
    hands.until(lambda: hands.document.history.cursor == 0)
    hands.settle()
    assert np.array_equal(hands.document.history.pixels, original)
    item = hands.workspace.studio.queue.of_edit("edit-1")
    assert item is not None and not item.waiting


def test_tap_keeps_the_original_and_hold_lets_go(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    QTest.keyPress(hands.canvas, Qt.Key.Key_Backslash)
    assert hands.canvas._before_held
    hands.workspace.views._pressed_at -= 1.0
    QTest.keyRelease(hands.canvas, Qt.Key.Key_Backslash)
    assert not hands.canvas._before_held
    hands.key(Qt.Key.Key_Backslash)
    assert hands.canvas._before_held
    hands.key(Qt.Key.Key_Backslash)
    assert not hands.canvas._before_held


def test_keys_are_silent_in_text_fields(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.workspace.inspector.run.intent.choose("replace")
    hands.workspace.inspector.run._intent_chosen("replace")
    prompt = hands.workspace.inspector.run.prompt
    prompt.setFocus()
    QTest.keyClicks(prompt, "be[x]q")
    assert prompt.text() == "be[x]q" and hands.canvas.tool.name == "brush"


def test_wheel_zooms_under_the_pointer_with_ctrl(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    at = hands.at(100, 100)
    before = hands.canvas.to_photo(QPointF(at))
    hands.canvas.zoom_to(6.0, QPointF(at))
    after = hands.canvas.to_photo(QPointF(at))
    assert abs(before[0] - after[0]) < 0.2 and abs(before[1] - after[1]) < 0.2


def test_space_pans_and_focus_loss_forgets_it(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    hands.canvas.zoom_to(8.0)
    before = hands.canvas.view
    QTest.keyPress(hands.canvas, Qt.Key.Key_Space)
    QTest.mousePress(hands.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    QTest.mouseMove(hands.canvas, QPoint(260, 230))
    QTest.mouseRelease(hands.canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 230))
    assert hands.canvas.view.left == before.left + 60
    assert hands.document.mask.is_empty
    hands.workspace.inspector.run.seed.setFocus()
    hands.canvas.setFocus()
    hands.stroke((100, 80), (101, 80))
    assert not hands.document.mask.is_empty


def test_paste_opens_and_copy_fills_the_clipboard(hands: Hands, photos: list[Path]) -> None:
    image = QImage(64, 48, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.darkGreen)
    QGuiApplication.clipboard().setImage(image)
    hands.shell.actions_.run("file.paste")
    hands.until(lambda: hands.document.path is not None)
    hands.settle()
    assert hands.document.shape == (48, 64)
    hands.workspace.desk.copy()
    hands.settle()
    assert QGuiApplication.clipboard().image().size().width() == 64


def test_a_bad_file_is_a_sentence_and_the_photo_before_stays(
    hands: Hands, photos: list[Path], tmp_path: Path
) -> None:
    hands.open(photos[0])
    bad = tmp_path / "broken.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0nonsense")
    hands.shell.open_files([bad])
    hands.until(lambda: "broken.jpg" in hands.shell.notice.words)
    assert hands.document.path == photos[0]


def test_every_control_has_a_name_for_screen_readers(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    nameless = [
        f"{type(part).__name__} in {type(part.parentWidget()).__name__}"
        for part in hands.shell.findChildren(QWidget)
        if part.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not part.accessibleName()
        and part.objectName() not in INNER
    ]
    assert nameless == []


def test_every_reachable_control_is_on_the_tab_ring(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    seen = set()
    part: QWidget | None = hands.canvas
    for _ in range(4000):
        assert part is not None
        part = part.nextInFocusChain()
        if part is hands.canvas:
            break
        seen.add(part)
    for wanted in (hands.workspace.inspector.run.go, hands.workspace.history.list,
                   hands.workspace.photos, hands.workspace.footer.zoom):  # fmt: skip
        assert wanted in seen


def test_the_other_engine_and_the_next_try_are_those_of_the_one_onward_route(
    hands: Hands, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.open(photos[0])
    hands.stroke((100, 80), (130, 90))
    hands.settle()
    box, mask = hands.document.mask.copy()
    hands.workspace.runs.run_both()
    hands.settle()
    assert _engines_run(hands) == ["patch", "flat"]
    hands.workspace.runs.take_variation(0)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()

    notices: list[str] = []
    hands.workspace.hand.notice.connect(lambda _tone, words: notices.append(words))
    monkeypatch.setattr(edithand, "mask_of", lambda *_: (box, mask))
    hands.workspace.hand.again()
    hands.until(lambda: len(_engines_run(hands)) == 3)
    hands.settle()
    wish = [args[0].options for name, args in hands.pool.asked if name == "run_job"][-1]
    assert (wish.engine, wish.feather_px, wish.attempt) == ("patch", 6, 1)
    assert notices[0] == "Edge feathered over 6 px, because Seam failed."


def _engines_run(hands: Hands) -> list[str]:
    return [args[0].options.engine for name, args in hands.pool.asked if name == "run_job"]
