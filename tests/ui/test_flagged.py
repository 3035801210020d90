"""A flagged edit nobody has decided is in sight: after undo and redo, and before every save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inpaint_studio.imaging.photo import SaveOptions
from inpaint_studio.ui.dialogs.export import ExportDialog
from tests.ui.conftest import Hands

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def fill(hands: Hands, y: float, edits: int) -> None:
    hands.stroke((100, y), (150, y))
    hands.key(Qt.Key.Key_Return, CTRL)
    hands.until(lambda: hands.document.history.cursor == edits)
    hands.settle()


def test_undo_and_redo_show_the_verdict_of_the_edit_they_come_to(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    card = hands.workspace.inspector.card
    hands.pool.accepts = lambda _request: True
    fill(hands, 80, 1)
    hands.pool.accepts = lambda _request: False
    fill(hands, 160, 2)
    assert card.words.startswith("Flagged")
    hands.key(Qt.Key.Key_Z, CTRL)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    assert hands.workspace.hand.chosen == 0 and card.words.startswith("Accepted")
    hands.key(Qt.Key.Key_Z, CTRL | SHIFT)
    hands.until(lambda: hands.document.history.cursor == 2)
    hands.settle()
    assert hands.workspace.hand.chosen == 1 and card.words.startswith("Flagged")
    assert card.isVisible()


def test_run_again_takes_back_the_edit_it_replaces_even_with_undone_strokes_behind_it(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    fill(hands, 80, 1)
    hands.stroke((200, 200), (230, 200))
    hands.key(Qt.Key.Key_Z, CTRL)
    assert hands.document.timeline.newest_edit == 0
    assert hands.document.timeline.can_redo


def test_the_save_window_names_flagged_edits_and_goes_to_them(
    hands: Hands, photos: list[Path]
) -> None:
    hands.open(photos[0])
    fill(hands, 80, 1)
    hands.workspace.hand.choose(-1)
    seen: list[str] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ExportDialog)
        seen.append(dialog.flagged.words)
        QTest.mouseClick(dialog.flagged.action, Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, look)
    hands.workspace.desk.save_as()
    assert "1 edit is flagged and undecided" in seen[0] and "A seam shows" in seen[0]
    assert hands.workspace.hand.chosen == 0
    assert not list(photos[0].parent.glob("*retouched*"))


def test_a_decided_edit_is_not_named_again(hands: Hands, photos: list[Path]) -> None:
    hands.open(photos[0])
    fill(hands, 80, 1)
    assert hands.document.undecided() == [0]
    hands.workspace.hand.accept()
    hands.settle()
    assert hands.document.undecided() == []


def test_saving_again_without_a_window_says_it_too(
    hands: Hands, photos: list[Path], tmp_path: Path
) -> None:
    hands.open(photos[0])
    fill(hands, 80, 1)
    out = tmp_path / "out.png"
    hands.workspace.desk.save(out, SaveOptions())
    hands.until(lambda: "Saved" in hands.shell.notice.words)
    assert "1 edit in it is flagged and undecided" in hands.shell.notice.words
    hands.workspace.hand.choose(-1)
    hands.key(Qt.Key.Key_F)
    assert hands.workspace.hand.chosen == 0
