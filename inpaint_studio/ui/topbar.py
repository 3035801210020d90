"""The bar at the top: menu, pages, what is open, how things stand, undo and settings."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from inpaint_studio.ui import theme
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import dim, label

HEIGHT_PX = 46
_DOTS = {"good": ("●", "good"), "warn": ("▲", "warn"), "bad": ("■", "bad"),
         "busy": ("◐", "accent"), "idle": ("●", "dim")}  # fmt: skip


class TopBar(QWidget):
    """Tabs at the left, the photo's name in the middle, status and buttons at the right."""

    chosen = Signal(str)

    def __init__(self, pages: Sequence[tuple[str, str]], actions: Actions) -> None:
        super().__init__()
        self.setObjectName("topbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT_PX)
        self._actions = actions
        self.menu_button = QToolButton()
        self.menu_button.setText("Inpaint Studio")
        self.menu_button.setAccessibleName(tr("Menu"))
        self.menu_button.setToolTip(tr("Menu  (F10)"))
        self.menu_button.setShortcut("F10")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setStyleSheet("font-size: 14px; font-weight: 600;")
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._tabs: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        left = QHBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.menu_button)
        left.addSpacing(8)
        for key, words in pages:
            left.addWidget(self._tab(key, words))
        left.addStretch(1)
        self._name = label("", "strong")
        self._facts = dim("")
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self._name)
        middle.addWidget(self._facts)
        right = QHBoxLayout()
        right.setSpacing(4)
        right.addStretch(1)
        right.addWidget(self._pill(), 0, Qt.AlignmentFlag.AlignVCenter)
        right.addSpacing(6)
        for command_id in ("edit.undo", "edit.redo", "app.settings"):
            right.addWidget(self._button(actions.action(command_id)))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.addLayout(left, 1)
        row.addLayout(middle)
        row.addLayout(right, 1)

    def _tab(self, key: str, words: str) -> QToolButton:
        made = QToolButton()
        made.setText(words)
        made.setCheckable(True)
        made.setProperty("tab", True)
        made.setProperty("key", key)
        made.setAccessibleName(words)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(self._clicked)
        self._group.addButton(made)
        self._tabs[key] = made
        return made

    def _button(self, action: QAction) -> QToolButton:
        made = QToolButton()
        made.setDefaultAction(action)
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        made.setIconSize(QSize(20, 20))
        made.setAccessibleName(action.text())
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return made

    def _pill(self) -> QFrame:
        self._pill_frame = QFrame()
        self._pill_frame.setObjectName("pill")
        self._pill_dot = QLabel()
        self._pill_words = QLabel()
        inner = QHBoxLayout(self._pill_frame)
        inner.setContentsMargins(12, 6, 14, 6)
        inner.setSpacing(8)
        inner.addWidget(self._pill_dot)
        inner.addWidget(self._pill_words)
        self.set_status("idle", tr("Offline"))
        return self._pill_frame

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.chosen.emit(str(sender.property("key")))

    def mark(self, key: str) -> None:
        """Show which page is open."""
        if key in self._tabs:
            self._tabs[key].setChecked(True)

    def tab(self, key: str) -> QToolButton:
        """The button of one page."""
        return self._tabs[key]

    def set_badge(self, key: str, number: int) -> None:
        """Put a number behind a tab's title."""
        if key in self._tabs:
            words = self._tabs[key].accessibleName()
            self._tabs[key].setText(f"{words}  {number}" if number else words)

    def set_headline(self, strong: str, words: str) -> None:
        self._name.setText(strong)
        self._facts.setText(words)

    def set_status(self, kind: str, words: str) -> None:
        """Say how things stand: a dot (shape and colour) and a few words."""
        self._status = (kind, words)
        sign, role = _DOTS.get(kind, _DOTS["idle"])
        palette = theme.active().palette
        self._pill_frame.setStyleSheet(
            f"QFrame#pill {{ background: {palette.field}; border-radius: 8px; }}"
        )
        self._pill_dot.setStyleSheet(f"color: {getattr(palette, role)}; font-size: 10px;")
        self._pill_dot.setText(sign)
        self._pill_words.setText(words)
        self._pill_frame.setAccessibleName(words)

    def dress(self) -> None:
        """Take the theme's colours (again)."""
        self.set_status(*self._status)
