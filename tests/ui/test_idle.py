"""What is made ahead while nobody touches the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.ui import startup, theme
from inpaint_studio.ui.shell import Shell
from inpaint_studio.ui.startup import Idle
from inpaint_studio.ui.workspace import PAGES
from tests.ui.conftest import InstantPool


def test_steps_wait_for_quiet_and_come_one_by_one(qtbot: QtBot, monkeypatch: Any) -> None:
    monkeypatch.setattr(startup, "IDLE_AFTER_S", 0.2)
    done: list[int] = []
    busy = [True]
    window = QWidget()
    qtbot.addWidget(window)
    idle = Idle([lambda n=n: done.append(n) for n in range(3)], lambda: busy[0], QObject(window))
    idle.begin()
    qtbot.wait(700)
    assert done == []
    busy[0] = False
    QTest.keyClick(window, Qt.Key.Key_A)
    idle._step()
    assert done == []  # A key was pressed just now.
    qtbot.waitUntil(lambda: done == [0, 1, 2], timeout=10_000)
    qtbot.waitUntil(lambda: not idle._timer.isActive(), timeout=10_000)


def test_review_is_there_before_it_is_visited(
    qapp: Any, studio: Studio, pool: InstantPool, qtbot: QtBot, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(startup, "IDLE_AFTER_S", 0.0)
    theme.dress(qapp, "dark")
    pages = [page for page in PAGES if page.key in ("retouch", "review")]
    shell = Shell(studio, pages=pages)
    shell.show()
    shell.start([])
    qtbot.waitUntil(lambda: "review" in shell._built, timeout=30_000)
    assert shell.page == "retouch"
    shell.close()
    shell.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
