"""The command palette: type a few letters, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from inpaint_studio.ui import icons
from inpaint_studio.ui.actions import Actions, shown
from inpaint_studio.ui.commands import Command
from inpaint_studio.ui.text import tr


def score(words: str, typed: str) -> float:
    """How well a title fits what was typed: 0 not at all; beginnings of words count most."""
    title, typed = words.lower(), typed.lower().strip()
    if not typed:
        return 1.0
    if title.startswith(typed):
        return 100.0 - len(title) / 100
    if any(part.startswith(typed) for part in title.split()):
        return 80.0 - len(title) / 100
    if typed in title:
        return 60.0 - len(title) / 100
    at = 0
    for letter in typed.replace(" ", ""):
        at = title.find(letter, at) + 1
        if not at:
            return 0.0
    return 20.0 - at / 100


class CommandPalette(QDialog):
    """Finds a command by its words, its menu or its help."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAccessibleName(tr("Command palette"))
        self._actions = actions
        self._usable = actions.usable()
        self._picked = ""
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("What do you want to do?"))
        self.field.setAccessibleName(tr("Find a command"))
        self.field.setStyleSheet("font-size: 15px; padding: 9px 12px;")
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Commands found"))
        self.list.setStyleSheet("QListWidget::item { padding: 6px 8px; }")
        self.list.itemActivated.connect(self._take)
        self.list.itemClicked.connect(self._take)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.field)
        column.addWidget(self.list)
        self.resize(560, 420)
        corner = parent.mapToGlobal(parent.rect().center())
        self.move(corner.x() - 280, parent.mapToGlobal(parent.rect().topLeft()).y() + 70)
        self._fill("")
        self.finished.connect(self._run)
        # A popup is never made the active window: nothing in it has the keys unless it is said.
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self, typed: str) -> None:
        self.list.clear()
        ranked = sorted(
            ((self._score(item, typed), item) for item in self._usable), key=lambda pair: -pair[0]
        )
        for points, item in ranked[:60]:
            if points > 0:
                self.list.addItem(self._row(item))
        self.list.setCurrentRow(0)

    @staticmethod
    def _score(item: Command, typed: str) -> float:
        other = score(f"{tr(item.menu)} {tr(item.help)}", typed) * 0.5 if typed else 1.0
        return max(score(tr(item.title), typed), other)

    def _row(self, item: Command) -> QListWidgetItem:
        keys = self._actions.keymap.keys(item.id)
        words = f"{tr(item.title)}" + (f"    {shown(keys[0])}" if keys else "")
        row = QListWidgetItem(icons.icon(item.icon or "chevron-right", "dim", 16), words)
        row.setToolTip(tr(item.help))
        row.setData(Qt.ItemDataRole.UserRole, item.id)
        return row

    def _take(self, item: QListWidgetItem) -> None:
        self._picked = str(item.data(Qt.ItemDataRole.UserRole))
        self.accept()

    def _run(self) -> None:
        if self._picked:
            self._actions.run(self._picked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8,
                    Qt.Key.Key_PageUp: -8}.get(Qt.Key(event.key()), 0)  # fmt: skip
            if step:
                rows = max(1, self.list.count())
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), rows - 1))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                row = self.list.currentItem()
                if row is not None:
                    self._take(row)
                return True
        return super().eventFilter(watched, event)
