"""The command table as QActions: enabled by workspace, run by whoever has registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from inpaint_studio.ui import icons
from inpaint_studio.ui.commands import COMMANDS, EVERYWHERE, Command, command
from inpaint_studio.ui.keymap import Keymap
from inpaint_studio.ui.text import tr

Handler: TypeAlias = Callable[[], object]
HeldHandler: TypeAlias = Callable[[bool], object]
_TYPING = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
_MOVES = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space,
    Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Home, Qt.Key.Key_End,
}  # fmt: skip


class Actions(QObject):
    """One QAction for every command. `failed` carries the sentence of what went wrong."""

    triggered = Signal(str)
    workspace_changed = Signal(str)

    def __init__(self, host: QWidget, keymap: Keymap | None = None) -> None:
        super().__init__(host)
        self._host = host
        self.workspace = "retouch"
        self.keymap = keymap or Keymap()
        self._actions: dict[str, QAction] = {}
        self._handlers: dict[str, Handler] = {}
        self._held: dict[str, HeldHandler] = {}
        self._down: dict[int, str] = {}
        self._off: set[str] = set()
        for item in COMMANDS:
            self._make(item)
        self.rebind()
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def _make(self, item: Command) -> None:
        action = QAction(tr(item.title), self)
        action.setData(item.id)
        action.setCheckable(item.check)
        action.setAutoRepeat(item.repeat)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if item.icon:
            action.setIcon(icons.icon(item.icon))
        action.triggered.connect(self._run)
        self._host.addAction(action)
        self._actions[item.id] = action

    def rebind(self) -> None:
        """Take the keys from the keymap (again)."""
        for item in COMMANDS:
            keys = self.keymap.keys(item.id)
            action = self._actions[item.id]
            if not item.held:
                action.setShortcuts([QKeySequence(key) for key in keys])
            words = tr(item.title) + (f"  ({shown(keys[0])})" if keys else "")
            action.setToolTip(words + (f"\n{tr(item.help)}" if item.help else ""))
        self._enable()

    def dress(self) -> None:
        """Draw the icons anew in the theme's colours."""
        for item in COMMANDS:
            if item.icon:
                self._actions[item.id].setIcon(icons.icon(item.icon))

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def on(self, command_id: str, handler: Handler) -> None:
        """Say what runs a command (a bound method)."""
        self._handlers[command(command_id).id] = handler
        self._enable_one(command_id)

    def on_held(self, command_id: str, handler: HeldHandler) -> None:
        """Say what hears a held command's key go down (True) and up (False)."""
        self._held[command(command_id).id] = handler

    def set_workspace(self, key: str) -> None:
        self.workspace = key
        self._enable()
        self.workspace_changed.emit(key)

    def set_enabled(self, command_id: str, on: bool) -> None:
        """Grey a command, or give it back."""
        (self._off.discard if on else self._off.add)(command_id)
        self._enable_one(command_id)

    def is_enabled(self, command_id: str) -> bool:
        return self._actions[command_id].isEnabled()

    def set_checked(self, command_id: str, on: bool) -> None:
        self._actions[command_id].setChecked(on)

    def run(self, command_id: str) -> bool:
        """Run a command as its key would. False when it cannot be run now."""
        if not self.is_enabled(command_id):
            return False
        self._actions[command_id].trigger()
        return True

    def usable(self) -> list[Command]:
        """The commands that can be run now."""
        return [item for item in COMMANDS if self.is_enabled(item.id) and not item.held]

    def _enable(self) -> None:
        for item in COMMANDS:
            self._enable_one(item.id)

    def _enable_one(self, command_id: str) -> None:
        item = command(command_id)
        here = item.where in (EVERYWHERE, self.workspace)
        handled = command_id in self._handlers or command_id in self._held
        self._actions[command_id].setEnabled(here and handled and command_id not in self._off)

    def _run(self) -> None:
        action = self.sender()
        if not isinstance(action, QAction):
            return
        command_id = str(action.data())
        handler = self._handlers.get(command_id)
        if handler is not None:
            handler()
        self.triggered.emit(command_id)

    # Keys that must not be shortcuts now, and keys that are held

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._belongs_to_widget(event):
                event.accept()
                return True
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(
            event, QKeyEvent
        ):
            if isinstance(watched, QWidget) and watched.window() is self._host:
                return self._hold(event, down=kind == QEvent.Type.KeyPress)
        elif kind == QEvent.Type.ApplicationDeactivate:
            self.release_all()
        return False

    def _belongs_to_widget(self, event: QKeyEvent) -> bool:
        """Whether the focused control needs this key itself."""
        focus = QApplication.focusWidget()
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )  # fmt: skip
        if isinstance(focus, _TYPING) and plain:
            return event.key() not in (Qt.Key.Key_Escape, Qt.Key.Key_F1)
        if isinstance(focus, (QAbstractSlider, QComboBox, QAbstractItemView)) and plain:
            return event.key() in _MOVES
        takes = focus is not None and (
            focus.property("segment") or focus.inherits("QAbstractButton")
        )
        if takes and plain:
            return event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return False

    def _hold(self, event: QKeyEvent, *, down: bool) -> bool:
        if event.isAutoRepeat():
            return event.key() in self._down
        if not down:
            held = self._down.pop(event.key(), None)
            if held is not None:
                self._held[held](False)
            return held is not None
        if isinstance(QApplication.focusWidget(), _TYPING):
            return False
        key = QKeySequence(event.keyCombination()).toString(
            QKeySequence.SequenceFormat.PortableText
        )
        for command_id, handler in self._held.items():
            if self.is_enabled(command_id) and key in self.keymap.keys(command_id):
                self._down[event.key()] = command_id
                handler(True)
                return True
        return False

    def release_all(self) -> None:
        """Let go of every held key (the window lost the keyboard; Alt-Tab eats releases)."""
        for command_id in self._down.values():
            self._held[command_id](False)
        self._down.clear()


def shown(key: str) -> str:
    """A key as the platform writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
