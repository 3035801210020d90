"""Labels, buttons and the segmented switch, each with a name for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from inpaint_studio.ui import icons, theme

Spin = TypeVar("Spin", bound=QAbstractSpinBox)


def label(words: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """A text in one of the style sheet's roles (heading, dim, small, strong, title, brand)."""
    made = QLabel(words)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made


def heading(words: str) -> QLabel:
    """A section's heading, in small capitals."""
    made = label(words.upper(), "heading")
    made.setAccessibleName(words)
    return made


def dim(words: str, *, wrap: bool = False) -> QLabel:
    return label(words, "dim", wrap=wrap)


def caption(words: str, *, wrap: bool = False) -> QLabel:
    return label(words, "small", wrap=wrap)


class Hint(QLabel):
    """A few words that are shown whole or not at all; they are always in the tooltip."""

    def __init__(self, role: str = "dim") -> None:
        super().__init__()
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._words = ""

    def say(self, words: str) -> None:
        self._words = words
        self.setToolTip(words)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().horizontalAdvance(self._words) <= self.width()
        self.setText(self._words if fits else "")


def rule() -> QFrame:
    """A hairline between two sections."""
    line = QFrame()
    line.setFixedHeight(1)
    line.setStyleSheet(f"background: {theme.active().palette.line};")
    return line


def button(
    words: str, *, icon: str = "", primary: bool = False, quiet: bool = False, hint: str = ""
) -> QPushButton:
    """A push button; `primary` for the one thing to do next."""
    made = QPushButton(words)
    made.setAccessibleName(words)
    if icon:
        icons.put(made, icon, "on_accent" if primary else "text", 16)
        made.setIconSize(QSize(16, 16))
    if primary:
        made.setProperty("primary", True)
    if quiet:
        made.setProperty("quiet", True)
    if hint:
        made.setToolTip(hint)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made


def icon_button(icon: str, name: str, *, checkable: bool = False, size: int = 20) -> QToolButton:
    """A button with an icon alone; `name` is its tooltip and its name for screen readers."""
    made = QToolButton()
    icons.put(made, icon)
    made.setIconSize(QSize(size, size))
    made.setToolTip(name)
    made.setAccessibleName(name)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def spaced(box: Spin) -> Spin:
    """Give a spin box's text room at the left (a style sheet cannot)."""
    field = box.findChild(QLineEdit)
    if field is not None:
        field.setTextMargins(7, 0, 0, 0)
    return box


def name_lists(whole: QWidget) -> None:
    """Give the list that a combo box opens the box's own name: screen readers come upon both."""
    for box in whole.findChildren(QComboBox):
        if not box.view().accessibleName():
            box.view().setAccessibleName(box.accessibleName())


class Segmented(QWidget):
    """One choice of a few, side by side. Left and right move the choice."""

    chosen = Signal(str)

    def __init__(
        self, options: Sequence[tuple[str, str]], name: str, *, tight: bool = False,
        short: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """tight: less air around the words, for a narrow panel. short: words where `fit` is."""
        super().__init__()
        self.setAccessibleName(name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._tight = tight
        self._airy_px = 0
        self._words = (dict(options), {**dict(options), **(short or {})})
        for key, words in options:
            made = QToolButton()
            made.setText(words)
            made.setCheckable(True)
            made.setProperty("segment", True)
            made.setProperty("tight", tight)
            made.setProperty("key", key)
            made.setAccessibleName(f"{name}: {words}")
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            self._group.addButton(made)
            self._buttons[key] = made
            row.addWidget(made)
        row.addStretch(1)
        self._group.buttonClicked.connect(self._clicked)
        if options:
            self.choose(options[0][0])

    @property
    def choice(self) -> str:
        made = self._group.checkedButton()
        return str(made.property("key")) if made is not None else ""

    def choose(self, key: str) -> None:
        """Mark `key` without telling anyone."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def part(self, key: str) -> QToolButton:
        """The button of one choice (to set its tooltip or to grey it)."""
        return self._buttons[key]

    def fit(self, room_px: int) -> int:
        """Say it shorter, with less air, where words would be cut; return the width needed."""
        if not self._tight:
            self._airy_px = self.sizeHint().width()
        tight = room_px < self._airy_px
        if tight != self._tight:
            self._tight = tight
            for key, made in self._buttons.items():
                made.setText(self._words[tight][key])
                made.setProperty("tight", tight)
                made.style().unpolish(made)
                made.style().polish(made)
                made.updateGeometry()
        return self.sizeHint().width()

    def _clicked(self, made: QToolButton) -> None:
        self.chosen.emit(str(made.property("key")))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = list(self._buttons)
        move = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not move or self.choice not in keys:
            super().keyPressEvent(event)
            return
        key = keys[(keys.index(self.choice) + move) % len(keys)]
        self.choose(key)
        self._buttons[key].setFocus()
        self.chosen.emit(key)
