"""Somebody who uses the window, by real X events or by Qt's test events, one deed at a time.

A story is a generator of deeds. Each deed is done from its own timer, so that a dialog's own
event loop never stops the story: the next deed is done inside the dialog, as a person would.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

Place: TypeAlias = Callable[[], tuple[QWidget, QPoint]]


@dataclass(frozen=True, slots=True)
class Key:
    """Press keys one after the other, in Qt's spelling ("Ctrl+Return")."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Type:
    """Write letters."""

    text: str


@dataclass(frozen=True, slots=True)
class Drag:
    """Press at the first place, move over the others, let go. One place: a click."""

    places: tuple[Place, ...]
    button: Qt.MouseButton = Qt.MouseButton.LeftButton


@dataclass(frozen=True, slots=True)
class Until:
    """Go on when something is so; the story fails when it does not come."""

    done: Callable[[], object]
    what: str
    seconds: float = 240.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Take a picture of the screen under this name."""

    name: str


Deed: TypeAlias = Key | Type | Drag | Until | Shot
Story: TypeAlias = Iterator[Deed]


def press(*names: str) -> Key:
    return Key(names)


def click(widget: Callable[[], QWidget]) -> Drag:
    """Click the middle of a widget that is there by then."""
    return Drag((lambda: (widget(), widget().rect().center()),))


def pick(menu: Callable[[], QMenu], words: str) -> Drag:
    """Click an entry of an open menu."""

    def place() -> tuple[QWidget, QPoint]:
        action = next(a for a in menu().actions() if a.text().startswith(words))
        return menu(), menu().actionGeometry(action).center()

    return Drag((place,))


class Person(QObject):
    """Tells a story deed by deed. `failed` says where it stopped, "" when it went to its end."""

    pause_ms = 20
    look_ms = 0
    """How long the window may take to show what was done before a picture is taken."""

    def __init__(self, story: Story, window: QWidget, shots: Path | None = None) -> None:
        super().__init__()
        self._story = story
        self.window = window
        self._shots = shots
        self._waiting: Until | None = None
        self._deadline = 0.0
        self._shot: Path | None = None
        self._shot_at = 0.0
        self.failed = ""
        self.ended = False
        self.told: list[str] = []

    def begin(self) -> None:
        QTimer.singleShot(self.pause_ms, self._next)

    def _next(self) -> None:
        if self.is_at_work():
            QTimer.singleShot(self.pause_ms, self._next)
            return
        if self._shot is not None:
            if time.monotonic() > self._shot_at:
                self.shoot(self._shot)
                self._shot = None
            QTimer.singleShot(self.pause_ms, self._next)
            return
        if self._waiting is not None:
            if self._waiting.done():
                self.told.append(self._waiting.what)
                self._waiting = None
            elif time.monotonic() > self._deadline:
                focus = QApplication.focusWidget()
                self._stop(
                    f"waited in vain until {self._waiting.what}; the keys go to "
                    f"{type(focus).__name__} in {type(self.front()).__name__}"
                )
                return
            QTimer.singleShot(self.pause_ms, self._next)
            return
        try:
            deed = next(self._story)
        except StopIteration:
            self._stop("")
            return
        except Exception as error:
            self._stop(f"{type(error).__name__}: {error}")
            return
        # Asked for before the deed: it may open a dialog and come back only when that closes.
        QTimer.singleShot(self.pause_ms, self._next)
        if isinstance(deed, Until):
            self._waiting, self._deadline = deed, time.monotonic() + deed.seconds
        elif isinstance(deed, Shot):
            if self._shots is not None:
                self._shot_at = time.monotonic() + self.look_ms / 1000
                self._shot = self._shots / f"{deed.name}.png"
        else:
            self.do(deed)

    def _stop(self, why: str) -> None:
        self.failed, self.ended = why, True

    def is_at_work(self) -> bool:
        """Whether the last deed still goes on elsewhere."""
        return False

    def do(self, deed: Key | Type | Drag) -> None:
        raise NotImplementedError

    def shoot(self, path: Path) -> None:
        raise NotImplementedError

    def front(self) -> QWidget:
        """The window that has the keys: a popup, a dialog, or the main one."""
        return QApplication.activePopupWidget() or QApplication.activeModalWidget() or self.window


class TestPerson(Person):
    """Acts by Qt's own test events: offscreen, in the suite."""

    __test__ = False

    def is_at_work(self) -> bool:
        """Offscreen nobody gives the main window the keys back when a dialog closes."""
        if QApplication.activeWindow() is not None:
            return False
        self.front().activateWindow()
        return True

    def do(self, deed: Key | Type | Drag) -> None:
        if isinstance(deed, Drag):
            self._drag(deed)
            return
        front = self.front()
        target = front.focusWidget() or front
        if isinstance(deed, Type):
            QTest.keyClicks(target, deed.text)
            return
        for name in deed.names:
            both = QKeySequence(name)[0]
            QTest.keyClick(target, both.key(), both.keyboardModifiers())
            target = self.front().focusWidget() or self.front()

    def _drag(self, deed: Drag) -> None:
        widget, at = deed.places[0]()
        if len(deed.places) == 1:
            QTest.mouseClick(widget, deed.button, pos=at)
            return
        QTest.mousePress(widget, deed.button, pos=at)
        for place in deed.places[1:]:
            widget, at = place()
            QTest.mouseMove(widget, at)
        QTest.mouseRelease(widget, deed.button, pos=at)

    def shoot(self, path: Path) -> None:
        self.window.grab().save(str(path))


_KEYSYMS = {
    "Space": "space", "Esc": "Escape",
    "[": "bracketleft", "]": "bracketright", ".": "period", ",": "comma", "\\": "backslash",
    "Del": "Delete", "PgDown": "Next",
}  # fmt: skip


class XPerson(Person):
    """Acts by real X events through xdotool; takes pictures of the whole screen."""

    pause_ms = 60
    look_ms = 700

    def __init__(self, story: Story, window: QWidget, shots: Path | None = None) -> None:
        super().__init__(story, window, shots)
        self._hand: subprocess.Popen[bytes] | None = None

    def is_at_work(self) -> bool:
        return self._hand is not None and self._hand.poll() is None

    def do(self, deed: Key | Type | Drag) -> None:
        words: list[str] = []
        if isinstance(deed, Drag):
            words = self._drag(deed)
        else:
            # Without a window manager nobody gives a new window the keys.
            words = ["windowfocus", str(int(self.front().window().winId())), "sleep", "0.03"]
            if isinstance(deed, Type):
                words += ["type", "--delay", "8", deed.text]
            else:
                for name in deed.names:
                    words += ["key", _keysym(name), "sleep", "0.02"]
        self._hand = subprocess.Popen(["xdotool", *words])

    def _drag(self, deed: Drag) -> list[str]:
        points = [widget.mapToGlobal(at) for widget, at in (place() for place in deed.places)]
        ratio = self.window.devicePixelRatioF()
        button = "2" if deed.button == Qt.MouseButton.MiddleButton else "1"
        words: list[str] = []
        for number, point in enumerate(points):
            words += ["mousemove", str(round(point.x() * ratio)), str(round(point.y() * ratio))]
            words += ["sleep", "0.02"]
            if number == 0:
                words += ["mousedown", button, "sleep", "0.02"]
        return [*words, "mouseup", button]

    def shoot(self, path: Path) -> None:
        subprocess.run(["import", "-window", "root", str(path)], check=True)


def _keysym(name: str) -> str:
    *held, last = [part or "plus" for part in name.split("+")]
    return "+".join([*(part.lower() for part in held), _KEYSYMS.get(last, _plain(last))])


def _plain(key: str) -> str:
    return key.lower() if len(key) == 1 else key
