"""Everything that can take the keyboard has a name for screen readers: pages, dialogs, menus."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

import inpaint_studio.ui
from inpaint_studio.app import Studio
from inpaint_studio.imaging.photo import SaveStatement
from inpaint_studio.ui import theme
from inpaint_studio.ui.batch.again import AgainDialog
from inpaint_studio.ui.dialogs.export import ExportDialog
from inpaint_studio.ui.dialogs.fresh import CanvasDialog, EnlargeDialog
from inpaint_studio.ui.dialogs.keys import KeyEditor, KeySheet
from inpaint_studio.ui.dialogs.palette import CommandPalette
from inpaint_studio.ui.dialogs.settings import SettingsDialog
from inpaint_studio.ui.dialogs.stages import StageDialog
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES
from tests.ui.conftest import Hands, InstantPool

INNER = ("qt_spinbox_lineedit", "qt_scrollarea_viewport", "qt_edit_menu")
"""Parts of a control that speaks for them."""


def spoken(part: QWidget) -> str:
    """What a screen reader is told of a control."""
    face = QAccessible.queryAccessibleInterface(part)
    return face.text(QAccessible.Text.Name) if face is not None else ""


def nameless(whole: QWidget) -> list[str]:
    """The controls in (and of) a window that take the keyboard and say nothing of themselves."""
    parts = [whole, *whole.findChildren(QWidget)]
    takers = [
        part for part in parts
        if part.focusPolicy() != Qt.FocusPolicy.NoFocus and part.objectName() not in INNER
    ]  # fmt: skip
    views = [part.view() for part in parts if isinstance(part, QComboBox)]
    return [
        f"{type(part).__name__} “{part.objectName()}” in {type(part.parentWidget()).__name__}"
        for part in [*takers, *views]
        if not spoken(part).strip() and not (isinstance(part, QLabel) and not part.text())
    ]


DIALOGS: dict[type[QDialog], Callable[[Hands], QDialog]] = {
    ExportDialog: lambda hands: ExportDialog(
        hands.document.path, lambda _path, _options: SaveStatement("copy", ("Depth.",), ("EXIF.",)),
        hands.workspace.background, hands.shell, flagged="1 edit is flagged and undecided.",
        layers=lambda _path: SaveStatement("copy", (), ()),
    ),
    KeySheet: lambda hands: KeySheet(hands.shell.actions_, hands.shell),
    KeyEditor: lambda hands: KeyEditor(hands.shell.actions_, hands.shell),
    CommandPalette: lambda hands: CommandPalette(hands.shell.actions_, hands.shell),
    AgainDialog: lambda hands: AgainDialog({"seam": 2}, ["flat"], hands.shell),
    CanvasDialog: lambda hands: CanvasDialog(hands.shell),
    EnlargeDialog: lambda hands: EnlargeDialog((400, 300), "", hands.shell),
    SettingsDialog: lambda hands: SettingsDialog(hands.shell.studio.settings, hands.shell),
    StageDialog: lambda hands: StageDialog(
        hands.document.edit_of(0), hands.shell.studio.library.objects, hands.shell
    ),
}  # fmt: skip


def all_dialogs() -> set[type[QDialog]]:
    """Every dialog class of the window, found by looking at its modules."""
    found: set[type[QDialog]] = set()
    for item in pkgutil.walk_packages(inpaint_studio.ui.__path__, "inpaint_studio.ui."):
        module = importlib.import_module(item.name)
        found |= {
            made for made in vars(module).values()
            if isinstance(made, type) and issubclass(made, QDialog)
            and made.__module__ == module.__name__
        }  # fmt: skip
    return found


def test_every_dialog_there_is_is_looked_at() -> None:
    assert all_dialogs() == set(DIALOGS)


@pytest.fixture
def edited(hands: Hands, photos: list[Path]) -> Hands:
    hands.open(*photos)
    hands.stroke((100, 80), (150, 80))
    hands.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    hands.until(lambda: hands.document.history.cursor == 1)
    hands.settle()
    return hands


@pytest.mark.parametrize("kind", list(DIALOGS), ids=lambda kind: kind.__name__)
def test_every_control_of_a_dialog_has_a_name(kind: type[QDialog], edited: Hands) -> None:
    dialog = DIALOGS[kind](edited)
    dialog.show()
    edited.settle()
    assert spoken(dialog) and nameless(dialog) == []
    dialog.close()
    dialog.deleteLater()


def test_variations_running_jobs_and_notices_have_names(edited: Hands) -> None:
    edited.workspace.inspector.run.variations.setValue(2)
    edited.stroke((200, 180), (250, 180))
    edited.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    edited.until(lambda: edited.workspace.strip.is_choosing)
    edited.shell.notice.say("warn", "The disk is nearly full.", action="Look", key="look")
    assert nameless(edited.shell) == []
    edited.key(Qt.Key.Key_Escape)
    edited.pool.stuck = True
    edited.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    edited.until(lambda: not edited.workspace.inspector.tasks.isHidden())
    assert nameless(edited.shell) == []
    edited.workspace.runner.cancel_all()
    edited.until(lambda: not edited.workspace.runner.busy)


def test_every_menu_and_its_entries_have_names(edited: Hands) -> None:
    menu = edited.shell.topbar.menu_button.menu()
    assert menu is not None
    menus = [menu, *menu.findChildren(QMenu)]
    assert len(menus) > 5
    for one in menus:
        assert spoken(one) or one.title(), one
        assert [a for a in one.actions() if not a.text() and not a.isSeparator()] == []


@pytest.fixture
def whole(qapp: Any, studio: Studio, pool: InstantPool, qtbot: QtBot) -> Iterator[Shell]:
    theme.dress(qapp, "dark")
    made = Shell(studio)
    made.show()
    made.start([])
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.mark.parametrize("page", [page.key for page in PAGES])
def test_every_control_of_a_page_has_a_name(page: str, whole: Shell, qtbot: QtBot) -> None:
    whole.show_page(page)
    qtbot.wait(50)
    assert nameless(whole) == []


def test_a_picture_says_what_it_is() -> None:
    """The walk itself sees what has no name."""
    assert nameless(QComboBox()) != []
    assert np.size(nameless(QWidget())) == 0
