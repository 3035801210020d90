"""The widgets of the Retouch page, and where each of them stands."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas import Canvas
from inpaint_studio.ui.retouch.footer import Footer
from inpaint_studio.ui.retouch.historylist import HistoryList
from inpaint_studio.ui.retouch.inspector import Inspector
from inpaint_studio.ui.retouch.optionbar import OptionBar
from inpaint_studio.ui.retouch.photolist import PhotoList
from inpaint_studio.ui.retouch.shelf import shelf
from inpaint_studio.ui.retouch.toolbar import ToolColumn
from inpaint_studio.ui.retouch.variations import VariationStrip
from inpaint_studio.ui.retouch.welcome import Welcome

WIDTHS = (252, 312)
"""Of the left panel and the inspector, before the user has chosen others."""
LEFT_PX = 230
LEAST_PX = 400


class Places(QStackedWidget):
    """The first page, or the work: photos and history, tools, the photo, inspector."""

    def __init__(self, actions: Actions, background: Background) -> None:
        super().__init__()
        self.canvas = Canvas()
        self.footer = Footer()
        self.options = OptionBar(actions)
        self.column = ToolColumn(actions)
        self.photos = PhotoList(background)
        self.history = HistoryList()
        self.inspector = Inspector()
        self.strip = VariationStrip()
        self.welcome = Welcome(background)
        self.left, self._photo_section = shelf(self.photos, self.history)
        self.left.setMinimumWidth(LEFT_PX)
        self._widths = WIDTHS
        self._split = self._work()
        self.addWidget(self.welcome)
        self.addWidget(self._split)

    def _work(self) -> QSplitter:
        middle = QWidget()
        inner = QVBoxLayout(middle)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.options)
        inner.addWidget(self.canvas, 1)
        inner.addWidget(self.strip)
        inner.addWidget(self.footer)
        work = QWidget()
        row = QHBoxLayout(work)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.column)
        row.addWidget(middle, 1)
        split = QSplitter()
        for index, part in enumerate((self.left, work, self.inspector)):
            split.addWidget(part)
            split.setStretchFactor(index, 1 if part is work else 0)
        split.setCollapsible(1, False)
        return split

    def show_work(self) -> None:
        """Turn from the first page to the work; the panels get their widths then."""
        if self.currentWidget() is self._split:
            return
        self.setCurrentWidget(self._split)
        left, right = self._widths
        self._split.setSizes([left, max(LEAST_PX, self.width() - left - right), right])

    def show_welcome(self) -> None:
        self.setCurrentWidget(self.welcome)

    def count_photos(self) -> None:
        """Say in the heading how many photos are open."""
        self._photo_section.set_note(str(len(self.photos.paths)))

    def restore(self, store: QSettings) -> None:
        """Take the widths kept last."""
        sizes = store.value("retouch/panels")
        if isinstance(sizes, list) and len(sizes) == 2:
            self._widths = (int(sizes[0]), int(sizes[1]))

    def keep(self, store: QSettings) -> None:
        sizes = self._split.sizes()
        if self.currentWidget() is self._split:
            store.setValue("retouch/panels", [sizes[0], sizes[2]])
