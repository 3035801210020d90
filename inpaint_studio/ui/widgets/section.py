"""Sections with a heading that folds them, and the scrolling panel that holds them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.ui import icons
from inpaint_studio.ui.widgets.basics import dim


class Section(QWidget):
    """A heading over a body. Clicking the heading folds the body away."""

    folded = Signal(bool)

    def __init__(self, title: str, *, note: str = "", open_: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._head = QPushButton()
        self._head.setText(title.upper())
        self._head.setAccessibleName(f"{title}: fold or unfold")
        self._head.setProperty("fold", True)
        self._head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._head.clicked.connect(self._fold)
        self._note = dim(note)
        self._chevron = QLabel()
        self._body = QWidget()
        self.body = QVBoxLayout(self._body)
        self.body.setContentsMargins(0, 2, 0, 0)
        self.body.setSpacing(8)
        self._top = top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(4)
        top.addWidget(self._head)
        top.addWidget(self._chevron)
        top.addStretch(1)
        top.addWidget(self._note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(top)
        column.addWidget(self._body)
        self.set_open(open_)

    @property
    def is_open(self) -> bool:
        return not self._body.isHidden()

    def set_open(self, open_: bool) -> None:
        self._body.setVisible(open_)
        name = "chevron-down" if open_ else "chevron-right"
        icons.put(self._chevron, name, "faint", 12)

    def inset_heading(self, px: int) -> None:
        """Indent the heading where the body runs from edge to edge."""
        self._top.setContentsMargins(px, 4, px, 2)
        self.body.setContentsMargins(0, 0, 0, 0)

    def set_note(self, words: str) -> None:
        """The small text at the right of the heading."""
        self._note.setText(words)

    def _fold(self) -> None:
        self.set_open(not self.is_open)
        self.folded.emit(not self.is_open)


class Panel(QFrame):
    """A column beside the canvas: sections that scroll, and a foot that stays."""

    def __init__(self, name: str, width: int) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAccessibleName(name)
        self.setMinimumWidth(min(width, 220))
        self._hint = width
        inner = QWidget()
        self.body = QVBoxLayout(inner)
        self.body.setContentsMargins(16, 12, 16, 12)
        self.body.setSpacing(14)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inner)
        self.area.verticalScrollBar().rangeChanged.connect(self._make_room)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.area, 1)

    def _make_room(self, _low: int, high: int) -> None:
        """Let the scroll bar take its place from the margin, so that nothing is moved by it."""
        bar = self.area.verticalScrollBar().sizeHint().width() if high > 0 else 0
        self.body.setContentsMargins(16, 12, 16 - bar, 12)

    def set_foot(self, foot: QWidget | QLayout) -> None:
        """Put something below the scrolling part."""
        holder = QWidget()
        box = QVBoxLayout(holder)
        box.setContentsMargins(16, 10, 16, 12)
        if isinstance(foot, QLayout):
            box.addLayout(foot)
        else:
            box.addWidget(foot)
        self._column.addWidget(holder)

    def set_head(self, head: QWidget) -> None:
        """Put something above the scrolling part."""
        self._column.insertWidget(0, head)

    def add(self, part: QWidget) -> None:
        self.body.addWidget(part)

    def end(self) -> None:
        """Push everything added so far to the top."""
        self.body.addStretch(1)
