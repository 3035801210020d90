"""The keyboard sheet (F1), and the table in which keys are changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import UserError
from inpaint_studio.ui.actions import Actions, shown
from inpaint_studio.ui.commands import COMMANDS, EVERYWHERE, MENUS, command
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Notice, button, caption, heading, label

EXTRA = (
    ("Space + drag, middle drag", "Move the photo"),
    ("Ctrl + wheel", "Zoom under the pointer"),
    ("Alt + right drag", "Brush size, with a live circle"),
    ("Shift + click", "Straight stroke from the last point"),
    ("Alt + stroke", "Take away instead of add"),
)


class KeySheet(QDialog):
    """Every key of this workspace on one page."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard"))
        self.setAccessibleName(tr("Keyboard sheet"))
        self.resize(1180, 720)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setSpacing(30)
        columns = [QVBoxLayout() for _ in range(3)]
        groups = []
        for menu in MENUS:
            items = [
                item for item in COMMANDS
                if item.menu == menu and item.where in (EVERYWHERE, actions.workspace)
                and actions.keymap.keys(item.id)
            ]  # fmt: skip
            if items:
                lines = [(self._keys(actions, item.id), tr(item.title)) for item in items]
                groups.append((tr(menu), lines))
        if actions.workspace == "retouch":
            groups.append((tr("Mouse and pen"), [(a, tr(b)) for a, b in EXTRA]))
        sizes = [0, 0, 0]
        for name, lines in groups:
            at = sizes.index(min(sizes))
            sizes[at] += len(lines) + 2
            columns[at].addWidget(self._group(name, lines))
        for column in columns:
            column.addStretch(1)
            row.addLayout(column, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setAccessibleName(tr("Keys of this page"))
        whole = QVBoxLayout(self)
        whole.addWidget(area)
        foot = QHBoxLayout()
        foot.addWidget(caption(tr("Every key can be changed: “Change keys…” in the palette.")))
        foot.addStretch(1)
        close = button(tr("Close"), primary=True)
        close.clicked.connect(self.accept)
        foot.addWidget(close)
        whole.addLayout(foot)

    @staticmethod
    def _keys(actions: Actions, command_id: str) -> str:
        return "   ".join(shown(key) for key in actions.keymap.keys(command_id)[:1])

    @staticmethod
    def _group(name: str, lines: list[tuple[str, str]]) -> QWidget:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 12)
        grid.setVerticalSpacing(4)
        grid.addWidget(heading(name), 0, 0, 1, 2)
        for number, (keys, words) in enumerate(lines, 1):
            grid.addWidget(label(words), number, 0)
            at = label(keys, "dim")
            at.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(at, number, 1)
        grid.setColumnStretch(0, 1)
        return made


class KeyEditor(QDialog):
    """Choose a command, press its new key; a key that is taken is refused with a sentence."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Change keys"))
        self.setAccessibleName(tr("Change keys"))
        self.resize(620, 620)
        self._actions = actions
        self.notice = Notice()
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find a command"))
        self.search.setAccessibleName(tr("Find a command"))
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Commands and their keys"))
        self.tree.setHeaderLabels([tr("Command"), tr("Keys")])
        self.tree.setColumnWidth(0, 360)
        self.tree.setRootIsDecorated(False)
        self.tree.currentItemChanged.connect(self._chosen)
        for item in COMMANDS:
            row = QTreeWidgetItem([f"{tr(item.menu or item.where)} › {tr(item.title)}", ""])
            row.setData(0, Qt.ItemDataRole.UserRole, item.id)
            self.tree.addTopLevelItem(row)
        self.key = QKeySequenceEdit()
        self.key.setAccessibleName(tr("New key"))
        self.key.setMaximumSequenceLength(1)
        field = self.key.findChild(QLineEdit)
        if field is not None:
            field.setAccessibleName(tr("New key"))
        self.set_key = button(tr("Use this key"), primary=True)
        self.set_key.clicked.connect(self._bind)
        back = button(tr("Usual key"))
        back.clicked.connect(self._reset)
        everything = button(tr("All usual keys"))
        everything.clicked.connect(self._reset_all)
        row_ = QHBoxLayout()
        for part in (self.key, self.set_key, back, everything):
            row_.addWidget(part)
        column = QVBoxLayout(self)
        for widget in (self.search, self.tree, self.notice):
            column.addWidget(widget)
        column.addLayout(row_)
        self._show_keys()
        self.choose(COMMANDS[0].id)

    def choose(self, command_id: str) -> None:
        """Select a command's row."""
        for index in range(self.tree.topLevelItemCount()):
            row = self.tree.topLevelItem(index)
            if row is not None and row.data(0, Qt.ItemDataRole.UserRole) == command_id:
                self.tree.setCurrentItem(row)

    @property
    def _current(self) -> str:
        row = self.tree.currentItem()
        return str(row.data(0, Qt.ItemDataRole.UserRole)) if row is not None else ""

    def _show_keys(self) -> None:
        for index in range(self.tree.topLevelItemCount()):
            row = self.tree.topLevelItem(index)
            if row is not None:
                keys = self._actions.keymap.keys(str(row.data(0, Qt.ItemDataRole.UserRole)))
                row.setText(1, "   ".join(shown(key) for key in keys))

    def _filter(self, words: str) -> None:
        for index in range(self.tree.topLevelItemCount()):
            row = self.tree.topLevelItem(index)
            if row is not None:
                row.setHidden(words.lower() not in row.text(0).lower())

    def _chosen(self) -> None:
        if self._current:
            keys = self._actions.keymap.keys(self._current)
            self.key.setKeySequence(QKeySequence(keys[0]) if keys else QKeySequence())
            self.notice.clear()

    def _bind(self) -> None:
        text = self.key.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
        own = self._actions.keymap.keys(self._current)[1:]
        keys = ([text] if text else []) + [key for key in own if key != text]
        try:
            self._actions.keymap.bind(self._current, keys)
        except UserError as error:
            self.notice.say("bad", str(error))
            return
        self._changed(tr("{title} is {key} now.", title=tr(command(self._current).title), key=text))

    def _reset(self) -> None:
        self._actions.keymap.reset(self._current)
        self._changed(tr("The usual key is back."))

    def _reset_all(self) -> None:
        self._actions.keymap.reset()
        self._changed(tr("All usual keys are back."))

    def _changed(self, words: str) -> None:
        self._actions.rebind()
        self._show_keys()
        self.notice.say("good", words)
