"""The bar at the top: menu, pages, what is open, how things stand, undo and settings."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from inpaint_studio.ui import theme
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import dim, label

HEIGHT_PX = 46
GAP_PX = 10
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
        self._headline = ("", "")
        self._place_later = QTimer(self)
        self._place_later.setSingleShot(True)
        self._place_later.setInterval(0)
        self._place_later.timeout.connect(self._place_headline)
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
        right = QHBoxLayout()
        right.setSpacing(4)
        right.addStretch(1)
        right.addWidget(self._pill(), 0, Qt.AlignmentFlag.AlignVCenter)
        right.addSpacing(6)
        for command_id in ("edit.undo", "edit.redo", "file.save", "app.settings"):
            right.addWidget(self._button(actions.action(command_id)))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.addLayout(left, 1)
        row.addLayout(right)
        self._name = label("", "strong")
        self._facts = dim("")
        for part in (self._name, self._facts):
            part.setParent(self)

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
            self._place_later.start()

    def set_headline(self, strong: str, words: str) -> None:
        self._headline = (strong, words)
        self._place_headline()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_headline()

    def _place_headline(self) -> None:
        """Name and facts in the middle of the bar, or of the room there is; facts go first.

        A layout would put them in the middle of what the tabs leave over.
        """
        strong, words = self._headline
        start = self._tabs_end() + GAP_PX
        stop = self._pill_frame.x() - GAP_PX
        name, facts = self._name, self._facts
        wide = name.fontMetrics().horizontalAdvance(strong) + 2
        more = facts.fontMetrics().horizontalAdvance(words) + 2
        room = max(0, stop - start)
        shows_facts = bool(words) and wide + GAP_PX + more <= room
        whole = wide + (GAP_PX + more if shows_facts else 0)
        name.setText(
            name.fontMetrics().elidedText(strong, Qt.TextElideMode.ElideMiddle, min(wide, room))
        )
        name.setToolTip(f"{strong}  {words}".strip())
        facts.setText(words if shows_facts else "")
        left = min(max((self.width() - whole) // 2, start), max(start, stop - whole))
        name.setGeometry(left, 0, min(wide, room), HEIGHT_PX)
        facts.setGeometry(left + wide + GAP_PX, 0, more if shows_facts else 0, HEIGHT_PX)

    def _tabs_end(self) -> int:
        return max((tab.geometry().right() for tab in self._tabs.values()), default=0)

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
        self._place_later.start()

    def dress(self) -> None:
        """Take the theme's colours (again)."""
        self.set_status(*self._status)
