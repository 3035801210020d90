"""The bars around the photo: filters, reasons for a rejection, and how to compare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.gating.words import label_of
from inpaint_studio.review.events import REASONS
from inpaint_studio.review.filters import Filter, Order
from inpaint_studio.ui import icons
from inpaint_studio.ui.canvas.panes import SHORT_TITLES, TITLES, Mode
from inpaint_studio.ui.review.panel import reason_chip
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import Hint, Segmented, caption, dim, heading, icon_button, label

MODES = (Mode.SPLIT, Mode.SIDE, Mode.SWIPE, Mode.DIFFERENCE, Mode.ONION, Mode.MASK, Mode.AFTER)
STATES = (("waiting", "Waiting"), ("decided", "Decided"), ("escalated", "Escalated"),
          ("disputed", "Disputed"), ("accepted", "Accepted"), ("rejected", "Rejected"),
          ("", "All"))  # fmt: skip
ORDERS: tuple[tuple[Order, str], ...] = (
    ("risk", "Riskiest first"), ("group", "Like ones together"), ("age", "Oldest first"),
    ("name", "By name"), ("decided", "Newest decision"),
)  # fmt: skip
FACETS = (("gate", "Reason"), ("engine", "Engine"), ("kind", "Kind"), ("folder", "Folder"),
          ("batch_id", "Batch"), ("reviewer", "Reviewer"))  # fmt: skip
TYPING_MS = 150
SHORT = {
    "leftover": "Something is left", "blurry": "Blurry or noisy", "seam": "Seam or colour",
    "invented": "Invented", "mask": "Wrong mask", "other": "Else",
}  # fmt: skip


class FilterBar(QWidget):
    """Search, order and filters over the queue."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._title = heading(tr("Review queue"))
        self._count = dim("")
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Filter by name or reason"))
        self.search.setAccessibleName(tr("Search the queue"))
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            icons.icon("search", "dim", 16), QLineEdit.ActionPosition.LeadingPosition
        )
        for inside in self.search.findChildren(QAbstractButton):
            inside.setAccessibleName(tr("Clear or focus the search"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TYPING_MS)
        self._timer.timeout.connect(self.changed)
        self.search.textEdited.connect(self._typed)
        self.more = icon_button("filter", tr("Filters"), checkable=True, size=16)
        self.more.toggled.connect(self._unfold)
        self.state = self._combo(tr("State"), STATES)
        self.order = self._combo(tr("Order"), ORDERS)
        self.reason = self._combo(
            tr("Rejected for"), (("", "Any"), *((name, words) for name, words in SHORT.items()))
        )
        self.boxes = {key: self._combo(tr(words), (("", "Any"),)) for key, words in FACETS}
        top = QHBoxLayout()
        top.addWidget(self._title)
        top.addStretch(1)
        top.addWidget(self._count)
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self.search, 1)
        line.addWidget(self.more)
        self._fold = QWidget()
        grid = QGridLayout(self._fold)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = [(tr("State"), self.state), (tr("Order"), self.order)]
        rows += [(tr(words), self.boxes[key]) for key, words in FACETS]
        rows.append((tr("Rejected"), self.reason))
        for number, (words, box) in enumerate(rows):
            grid.addWidget(caption(words), number, 0)
            grid.addWidget(box, number, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 14, 8)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(line)
        column.addWidget(self._fold)
        self._fold.hide()

    def _combo(self, name: str, options: tuple[tuple[str, str], ...]) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        for key, words in options:
            made.addItem(tr(words), key)
        made.activated.connect(self._picked)
        return made

    def _typed(self, _words: str) -> None:
        self._timer.start()

    def _picked(self, _index: int) -> None:
        self.changed.emit()

    def _unfold(self, on: bool) -> None:
        self._fold.setVisible(on)

    def open_search(self) -> None:
        """Put the cursor in the search field and show the filters."""
        self.more.setChecked(True)
        self.search.setFocus()
        self.search.selectAll()

    @property
    def which(self) -> Filter:
        """The filter as it stands."""
        picked = {key: str(box.currentData() or "") for key, box in self.boxes.items()}
        return Filter(
            state=str(self.state.currentData()), order=self.order.currentData(),
            text=self.search.text().strip(), reason=str(self.reason.currentData() or ""), **picked,
        )  # fmt: skip

    def show_count(self, shown: int) -> None:
        """Say how many items are listed."""
        self._count.setText(count(shown, "item", "items"))

    def show_facets(
        self, facets: Mapping[str, Mapping[str, int]], *, batches: Mapping[str, str]
    ) -> None:
        """Offer what there is to filter by. batches: a batch's id -> the name of its folder."""
        for key, box in self.boxes.items():
            kept = box.currentData() or ""
            found = dict(facets.get(key, {}))
            if kept and kept not in found:
                found[kept] = 0
            box.clear()
            box.addItem(tr("Any"), "")
            for name, number in found.items():
                words = {
                    "folder": PurePath(name).name,
                    "batch_id": batches.get(name, name),
                    "gate": label_of(name),
                }.get(key, name.replace("_", " "))
                box.addItem(f"{words}  ({number})", name)
            box.setCurrentIndex(max(0, box.findData(kept)))

    def pick(self, **values: str) -> None:
        """Set filters from elsewhere (a click on a plot)."""
        self.search.setText(values.pop("text", ""))
        self.state.setCurrentIndex(max(0, self.state.findData(values.pop("state", "waiting"))))
        self.reason.setCurrentIndex(max(0, self.reason.findData(values.pop("reason", ""))))
        for key, box in self.boxes.items():
            value = values.get(key, "")
            if value and box.findData(value) < 0:
                box.addItem(value, value)
            box.setCurrentIndex(max(0, box.findData(value)))
        self.changed.emit()


class ReasonBar(QWidget):
    """Why an edit is rejected: six keys, one bar over the foot of the photo."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bottombar")
        self.setAccessibleName(tr("Why is it rejected? Press 1 to 6, Esc goes back."))
        self._chips = [reason_chip(reason.key, tr(SHORT[reason.name])) for reason in REASONS]
        more = Hint("small")
        more.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        more.say(tr("X again: something else · S: back"))
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(16, 8, 16, 8)
        grid.setHorizontalSpacing(10)
        grid.addWidget(label(tr("Why?"), "strong"), 0, 0)
        grid.addWidget(more, 0, 1 + len(self._chips))
        grid.setColumnStretch(1 + len(self._chips), 1)
        self._lay(len(self._chips))
        self.hide()

    def minimumSizeHint(self) -> QSize:
        """Narrow: a question must not push the panels beside the photo together."""
        return QSize(400, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = 80 + sum(chip.sizeHint().width() + 10 for chip in self._chips)
        self._lay(len(self._chips) // (1 if wide <= self.width() else 2))

    def _lay(self, columns: int) -> None:
        """Set the reasons out in one row, or in two where the bar is narrow."""
        for number, chip in enumerate(self._chips):
            self._grid.removeWidget(chip)
            self._grid.addWidget(chip, number // columns, 1 + number % columns)


class CompareBar(QWidget):
    """Ways to compare, and the zoom."""

    mode_chosen = Signal(str)
    zoomed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("bottombar")
        self.setFixedHeight(44)
        self.modes = Segmented(
            [(m.value, tr(TITLES[m])) for m in MODES], tr("Compare"),
            short={key: tr(words) for key, words in SHORT_TITLES.items()},
        )  # fmt: skip
        self.modes.chosen.connect(self.mode_chosen)
        self._hint = Hint()
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._percent = dim("100 %")
        self._percent.setMinimumWidth(48)
        out = icon_button("zoom-out", tr("Zoom out"), size=18)
        into = icon_button("zoom-in", tr("Zoom in"), size=18)
        out.clicked.connect(self._out)
        into.clicked.connect(self._in)
        self._zooms = (out, into)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 14, 0)
        row.setSpacing(8)
        row.addWidget(self.modes)
        row.addWidget(self._hint, 1)
        row.addWidget(out)
        row.addWidget(into)
        row.addWidget(self._percent)

    def minimumSizeHint(self) -> QSize:
        """Narrow: the panels beside the photo are not to be pushed together."""
        return QSize(480, 44)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the zoom goes first: keys and wheel are left for it."""
        super().resizeEvent(event)
        room = self.width() - 40 - self._percent.minimumWidth()
        left = room - self.modes.fit(self.width() - 32)
        self._percent.setVisible(left >= 0)
        for part in self._zooms:
            left -= part.sizeHint().width() + 8
            part.setVisible(left >= 0)

    def _out(self) -> None:
        self.zoomed.emit(-1)

    def _in(self) -> None:
        self.zoomed.emit(1)

    def show_mode(self, mode: str) -> None:
        self.modes.choose(mode)

    def show_zoom(self, zoom: float) -> None:
        self._percent.setText(f"{zoom * 100:.0f} %")

    def hint(self, words: str) -> None:
        self._hint.say(words)
