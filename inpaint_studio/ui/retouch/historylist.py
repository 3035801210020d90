"""Every edit and every stroke, newest at the top; what is undone is dimmed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from inpaint_studio.records import EditRecord
from inpaint_studio.ui import icons, theme
from inpaint_studio.ui.retouch.document import Document
from inpaint_studio.ui.retouch.timeline import Step
from inpaint_studio.ui.text import count, file_size, tr
from inpaint_studio.ui.widgets import caption, icon_button

SHOWN = 300


class HistoryList(QWidget):
    """Click an edit to inspect it; double-click or Enter to go back (or forth) to any step."""

    chosen = Signal(int)
    jumped = Signal(int)
    hide_asked = Signal()
    again_asked = Signal()
    review_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName(tr("History"))
        self.list.setIconSize(QSize(16, 16))
        self.list.setToolTip(tr("Double-click a step to go back or forth to it"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setStyleSheet(
            "QListWidget::item { padding: 4px 6px; } QListWidget { padding: 0 6px; }"
        )
        self.list.itemClicked.connect(self._clicked)
        self.list.itemActivated.connect(self._activated)
        self._cost = caption("")
        self._hide = icon_button("eye-off", tr("Hide or show the edit  (H)"), size=16)
        self._again = icon_button("retry", tr("Run the edit again  (Ctrl+R)"), size=16)
        self._review = icon_button("flag", tr("Send the edit to review  (Ctrl+Shift+R)"), size=16)
        self._hide.clicked.connect(self.hide_asked)
        self._again.clicked.connect(self.again_asked)
        self._review.clicked.connect(self.review_asked)
        row = QHBoxLayout()
        row.setContentsMargins(16, 2, 10, 8)
        row.setSpacing(0)
        row.addWidget(self._cost, 1)
        for made in (self._hide, self._again, self._review):
            row.addWidget(made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        self._chosen = -1

    @property
    def chosen_edit(self) -> int:
        """Position (in the photo's history) of the edit chosen; -1: none."""
        return self._chosen

    def show_document(self, document: Document | None, chosen: int) -> None:
        """Show a document's steps; `chosen` is the position of the edit in hand."""
        self._chosen = chosen
        self.list.clear()
        for made in (self._hide, self._again, self._review):
            made.setEnabled(document is not None and chosen >= 0)
        if document is None:
            self._cost.setText("")
            return
        line = document.timeline
        start = max(0, len(line.steps) - SHOWN)
        for index in range(len(line.steps) - 1, start - 1, -1):
            done = index < line.cursor
            self.list.addItem(_item(document, line.steps[index], index, done=done))
            if line.steps[index].edit >= 0 and line.steps[index].edit == chosen:
                self.list.setCurrentRow(self.list.count() - 1)
        opened = QListWidgetItem(icons.icon("photo", "dim", 16), tr("As opened"))
        opened.setData(Qt.ItemDataRole.UserRole, (0, -1))
        self.list.addItem(opened)
        edits = len(document.history.entries)
        disk, memory = document.history.disk_bytes, line.size_bytes
        self._cost.setText(f"{count(edits, 'edit', 'edits')} · {file_size(disk)}" if edits else "")
        self._cost.setToolTip(
            tr("Undo takes {disk} on disk and {memory} in memory. How much it may take is set in "
               "Settings: “Disk for undo”", disk=file_size(disk), memory=file_size(memory))
        )  # fmt: skip

    def _clicked(self, item: QListWidgetItem) -> None:
        _, edit = item.data(Qt.ItemDataRole.UserRole)
        if edit >= 0:
            self.chosen.emit(edit)

    def _activated(self, item: QListWidgetItem) -> None:
        cursor, _ = item.data(Qt.ItemDataRole.UserRole)
        self.jumped.emit(cursor)


def _item(document: Document, step: Step, index: int, *, done: bool) -> QListWidgetItem:
    """The row of one step."""
    words, icon, role = step.label, "brush", "dim"
    state = ""
    if step.edit >= 0:
        icon, role = "heal", "text"
        entries = document.history.entries
        entry = entries[step.edit] if step.edit < len(entries) else None
        record = document.edit_of(step.edit)
        if record is not None:
            state, icon, role = _standing(document, record)
            words = f"{step.label.split(' · ')[0]} · {state}"
        if entry is not None and entry.hidden:
            icon, role = "eye-off", "dim"
            words += " · " + tr("hidden")
    elif step.label.startswith(("Eraser", "Clear")):
        icon = "eraser"
    item = QListWidgetItem(icons.icon(icon, role if done else "faint", 16), words)
    item.setToolTip(step.label)
    if not done:
        item.setForeground(QColor(theme.active().palette.faint))
    item.setData(Qt.ItemDataRole.UserRole, (index + 1, step.edit))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, words + ("" if done else ", undone"))
    return item


def _standing(document: Document, edit: EditRecord) -> tuple[str, str, str]:
    """How an edit stands in a word, with icon and colour: a person's word counts more."""
    if edit.verdict.accepted:
        return tr("accepted"), "check-circle", "good"
    if document.is_undecided(edit):
        return tr("flagged"), "alert", "bad"
    item = document.item_of(edit)
    if item is not None and item.state == "rejected":
        return tr("rejected"), "close", "dim"
    return tr("approved"), "check-circle", "good"
