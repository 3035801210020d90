"""The tools as a narrow column, and the settings of the tool in hand in a bar above the photo."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout

from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.text import tr

TOOLS = (
    ("tool.hand",),
    ("tool.brush", "tool.eraser"),
    ("tool.rectangle", "tool.ellipse", "tool.lasso", "tool.polygon"),
    ("tool.wand", "tool.object", "tool.pick"),
    ("tool.restore", "tool.dropper", "tool.source"),
)


class ToolColumn(QFrame):
    """One button for every tool, in groups."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        self.setAccessibleName(tr("Tools"))
        self.setFixedWidth(46)
        group = QActionGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(5, 8, 5, 8)
        column.setSpacing(3)
        for number, names in enumerate(TOOLS):
            if number:
                column.addSpacing(9)
            for name in names:
                action = actions.action(name)
                group.addAction(action)
                made = QToolButton()
                made.setDefaultAction(action)
                made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                made.setIconSize(QSize(20, 20))
                made.setFixedSize(36, 34)
                made.setAccessibleName(action.text())
                made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                column.addWidget(made)
        column.addStretch(1)
