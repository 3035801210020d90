"""A notice hides no title: pages without a canvas begin below it, a photo stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.ui import theme
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.workspace import PAGES
from tests.ui.conftest import InstantPool

LONG = "The model big-lama.pt is damaged: its sum is another one than when it was imported. " * 3


@pytest.fixture
def shell(qapp: Any, studio: Studio, pool: InstantPool) -> Iterator[Shell]:
    theme.dress(qapp, "dark")
    made = Shell(studio)
    made.resize(1200, 800)
    made.show()
    made.start([])
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _placed(part: QWidget, shell: Shell) -> QRect:
    return QRect(part.mapTo(shell, QPoint(0, 0)), part.size())


@pytest.mark.parametrize("key", [page.key for page in PAGES if not page.has_canvas])
def test_no_words_of_a_page_lie_under_the_notice(key: str, shell: Shell, qtbot: QtBot) -> None:
    shell.show_page(key)
    page = shell.workspace(key)
    assert isinstance(page, QWidget)
    shell.say("bad", LONG)
    qtbot.wait(50)
    notice = _placed(shell.notice, shell)
    words = [part for part in page.findChildren(QLabel) if part.isVisible() and part.text()]
    assert words and shell.notice.isVisible()
    assert [part.text() for part in words if _placed(part, shell).intersects(notice)] == []
    shell.notice.clear()
    qtbot.wait(50)
    assert _placed(page, shell).top() == shell.topbar.height()


def test_a_photo_stays_where_it_is(shell: Shell, qtbot: QtBot) -> None:
    page = shell.workspace("retouch")
    assert isinstance(page, QWidget)
    before = _placed(page, shell)
    shell.say("bad", LONG)
    qtbot.wait(50)
    assert _placed(page, shell) == before
    shell.show_page("models")
    shell.show_page("retouch")
    qtbot.wait(50)
    assert shell.notice.isVisible() and _placed(page, shell) == before
