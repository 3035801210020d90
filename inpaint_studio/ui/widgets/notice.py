"""Sentences in place: the verdict's card, and the bar for what went wrong or is worth knowing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from inpaint_studio.ui import icons, theme
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets.basics import icon_button, label

_ICONS = {"bad": "alert", "warn": "warning", "good": "check-circle", "info": "info"}


class Card(QFrame):
    """A sentence with a shape and a ground that say its kind: good, warn, bad or info."""

    def __init__(self, kind: str = "info", title: str = "", words: str = "") -> None:
        super().__init__()
        self.setObjectName("card")
        self._color = ""
        self._icon = QLabel()
        self._title = label(title, "strong", wrap=True)
        self._words = label(words, "dim", wrap=True)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._title)
        column.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        self.say(kind, title, words)
        theme.active().changed.connect(self._dress)

    def _dress(self) -> None:
        self.say(self._kind, self._title.text(), self._words.text())

    def say(self, kind: str, title: str, words: str = "") -> None:
        """Show another sentence."""
        self._kind = kind
        color = str(getattr(theme.active().palette, f"{kind}_card"))
        if color != self._color:
            # A style sheet set anew polishes everything inside it: 5 ms for the same colour.
            self._color = color
            self.setStyleSheet(f"QFrame#card {{ background: {color}; border-radius: 6px; }}")
            role = {"info": "accent"}.get(kind, kind)
            icons.put(self._icon, _ICONS[kind], role, 18)
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self.setAccessibleName(f"{title}. {words}".strip(". "))

    @property
    def words(self) -> str:
        return f"{self._title.text()} {self._words.text()}".strip()


class Notice(QFrame):
    """A bar above the canvas with one sentence, perhaps one thing to do, and a cross."""

    acted = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self._icon = QLabel()
        self._words = label("", wrap=True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action = QPushButton()
        self.action.setAccessibleName(tr("What to do about it"))
        self.action.clicked.connect(self._act)
        self._cross = icon_button("close", tr("Close this message"), size=14)
        self._cross.clicked.connect(self.clear)
        self._key = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self.action)
        row.addWidget(self._cross)
        self._kind = "info"
        self.hide()
        theme.active().changed.connect(self._dress)

    def _dress(self) -> None:
        if not self.isHidden():
            self.say(self._kind, self._words.text(), action=self.action.text(), key=self._key)

    @property
    def words(self) -> str:
        return self._words.text() if not self.isHidden() else ""

    def say(self, kind: str, words: str, *, action: str = "", key: str = "") -> None:
        """Show a sentence (good, warn, bad, info); `action` names a button that emits `key`."""
        self._kind = kind
        color = str(getattr(theme.active().palette, f"{kind}_card"))
        line = theme.active().palette.line
        self.setStyleSheet(
            f"QFrame#notice {{ background: {color}; border: 1px solid {line};"
            " border-radius: 8px; }"
        )
        role = {"info": "accent"}.get(kind, kind)
        icons.put(self._icon, _ICONS[kind], role, 18)
        self._words.setText(words)
        self.action.setText(action)
        self.action.setAccessibleName(action or tr("What to do about it"))
        self.action.setVisible(bool(action))
        self._key = key
        self.setAccessibleName(words)
        self.show()

    def clear(self) -> None:
        self.hide()
        self.closed.emit()

    def _act(self) -> None:
        key = self._key
        self.clear()
        self.acted.emit(key)
