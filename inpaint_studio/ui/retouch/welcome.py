"""What a first-time user sees: how to begin, sample photos, and what was open lately."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from inpaint_studio.imaging.photo import thumbnail
from inpaint_studio.paths import data_dir, ensure
from inpaint_studio.ui import theme
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.retouch.photolist import to_pixmap
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import button, dim, heading, label

SAMPLES = (
    ("coffee.png", "Take the spoon away"), ("astronaut.png", "Remove the badge"),
    ("motorcycle_left.png", "Clear the garage"), ("chelsea.png", "A whisker less"),
    ("rocket.jpg", "An empty launch pad"), ("brick.png", "Mend a wall"),
)  # fmt: skip
THUMB = QSize(168, 112)


def sample_paths() -> list[Path]:
    """Copies of the photos that scikit-image ships, in the user's own folder.

    The package's files are never edited or saved over.
    """
    import shutil
    from importlib.util import find_spec

    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "data"
    made = []
    target = ensure(data_dir() / "samples")
    for name, _ in SAMPLES:
        source, copy = folder / name, target / name
        if source.exists() and not copy.exists():
            shutil.copyfile(source, copy)
        if copy.exists():
            made.append(copy)
    return made


class Welcome(QWidget):
    """Big and quiet: three ways to begin."""

    open_asked = Signal()
    photos_asked = Signal(object)

    def __init__(self, background: Background) -> None:
        super().__init__()
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._background = background
        self.cards: dict[Path, QToolButton] = {}
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(label(tr("Remove something from a photo"), "title"))
        column.addWidget(
            dim(
                tr("Paint over it, press Ctrl+Return. The program fills the hole, measures the "
                   "result, and says when it is not good. Nothing leaves this computer."),
                wrap=True,
            )
        )  # fmt: skip
        self.begin = begin = button(tr("Open photos…"), icon="folder", primary=True)
        begin.clicked.connect(self.open_asked)
        row = QHBoxLayout()
        row.addWidget(begin)
        row.addWidget(dim(tr("or drop photos anywhere in this window, or paste one (Ctrl+V)")))
        row.addStretch(1)
        column.addSpacing(4)
        column.addLayout(row)
        column.addSpacing(18)
        self._samples_title = heading(tr("Try it on a sample"))
        column.addWidget(self._samples_title)
        self._samples = QGridLayout()
        column.addLayout(self._samples)
        column.addSpacing(12)
        self._recent_title = heading(tr("Open again"))
        column.addWidget(self._recent_title)
        self._recent = QGridLayout()
        column.addLayout(self._recent)
        for grid in (self._samples, self._recent):
            grid.setSpacing(10)
            grid.setColumnStretch(6, 1)
        holder = QWidget()
        holder.setLayout(column)
        holder.setFixedWidth(3 * (THUMB.width() + 24) + 40)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(holder)
        middle.addStretch(1)
        whole = QVBoxLayout(self)
        whole.addStretch(2)
        whole.addLayout(middle)
        whole.addStretch(3)
        self._recent_title.hide()

    def show_samples(self, paths: Sequence[Path]) -> None:
        titles = dict(SAMPLES)
        self._clear(self._samples)
        for number, path in enumerate(paths):
            card = self._card(path, tr(titles.get(path.name, path.stem)))
            self._samples.addWidget(card, number // 3, number % 3)
        self._samples_title.setVisible(bool(paths))

    def show_recent(self, paths: Sequence[Path]) -> None:
        """Show what was open lately and is still there, in place of what was shown."""
        self._clear(self._recent)
        there = [path for path in paths if path.exists() and path not in self.cards][:3]
        for number, path in enumerate(there):
            self._recent.addWidget(self._card(path, path.name), 0, number)
        self._recent_title.setVisible(bool(there))

    def _clear(self, grid: QGridLayout) -> None:
        """Take all cards out of a grid: new ones would lie over them."""
        while (item := grid.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                self.cards = {path: card for path, card in self.cards.items() if card is not old}
                old.hide()
                old.deleteLater()

    def _card(self, path: Path, words: str) -> QToolButton:
        made = QToolButton()
        made.setText(words)
        made.setToolTip(str(path))
        made.setAccessibleName(tr("Open {name}", name=f"{words} ({path.name})"))
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        made.setIconSize(THUMB)
        made.setFixedSize(THUMB.width() + 14, THUMB.height() + 34)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.clicked.connect(partial(self._picked, path))
        blank = QPixmap(THUMB)
        blank.fill(theme.active().color("panel"))
        made.setIcon(QIcon(blank))
        self.cards[path] = made
        self._background.run(
            partial(thumbnail, path, 2 * THUMB.width()), partial(self._arrived, path), self._nothing
        )
        return made

    def _arrived(self, path: Path, pixels: NDArray[np.uint8]) -> None:
        """Cut the picture to the card's shape."""
        height, width = pixels.shape[:2]
        wanted = THUMB.width() / THUMB.height()
        if width / height > wanted:
            cut = round(height * wanted)
            pixels = pixels[:, (width - cut) // 2 :][:, :cut]
        else:
            cut = round(width / wanted)
            pixels = pixels[(height - cut) // 3 :][:cut]
        if path in self.cards:
            self.cards[path].setIcon(QIcon(to_pixmap(pixels)))

    def _nothing(self, _error: Exception) -> None:
        """A card without a picture still opens."""

    def _picked(self, path: Path) -> None:
        self.photos_asked.emit([path])
