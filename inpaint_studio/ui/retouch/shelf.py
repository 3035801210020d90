"""The left panel: the photos that are open above, the history of the one in hand below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Section


def shelf(photos: QWidget, history: QWidget) -> tuple[QFrame, Section]:
    """Return the panel, and the photos' section (its heading tells how many there are)."""
    panel = QFrame()
    panel.setObjectName("panel")
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 10, 0, 0)
    column.setSpacing(6)
    split = QSplitter(Qt.Orientation.Vertical)
    sections = []
    for name, part in ((tr("Photos"), photos), (tr("History"), history)):
        section = Section(name)
        section.inset_heading(16)
        section.body.addWidget(part, 1)
        split.addWidget(section)
        sections.append(section)
    column.addWidget(split)
    split.setSizes([420, 300])
    return panel, sections[0]
