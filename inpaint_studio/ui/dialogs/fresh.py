"""Two small questions: how big a new canvas is, and how much a photo is enlarged."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.imaging.enlarge import FACTORS
from inpaint_studio.imaging.photo.fresh import LONGEST_PX
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import button, caption, name_lists, spaced


def _placed(dialog: QDialog, title: str, go_words: str) -> tuple[QFormLayout, QLabel]:
    """Give a dialog a form, words below it and two buttons; return form and words."""
    dialog.setWindowTitle(title)
    dialog.setAccessibleName(title)
    form, words = QFormLayout(), caption("", wrap=True)
    go, leave = button(go_words, primary=True), button(tr("Cancel"))
    go.setDefault(True)
    go.clicked.connect(dialog.accept)
    leave.clicked.connect(dialog.reject)
    buttons = QHBoxLayout()
    buttons.addStretch(1)
    buttons.addWidget(leave)
    buttons.addWidget(go)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(20, 18, 20, 16)
    column.setSpacing(12)
    column.addLayout(form)
    column.addWidget(words)
    column.addLayout(buttons)
    dialog.setMinimumWidth(380)
    return form, words


class CanvasDialog(QDialog):
    """Asks for the size of a new canvas."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form, self.words = _placed(self, tr("New canvas"), tr("Make…"))
        self.width_px = self._side(tr("Width"), 1024)
        self.height_px = self._side(tr("Height"), 768)
        self.words.setText(
            tr("It opens all masked, with “Make” chosen: say what shall be there, then run.")
        )

    def _side(self, name: str, value: int) -> QSpinBox:
        box = spaced(QSpinBox())
        box.setRange(16, LONGEST_PX)
        box.setValue(value)
        box.setSuffix(" px")
        box.setAccessibleName(name)
        self.form.addRow(name, box)
        return box

    @property
    def size_px(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width_px.value(), self.height_px.value()


class EnlargeDialog(QDialog):
    """Asks how much; `why_plain` says why there will be no detail ("": a model is there)."""

    def __init__(
        self, size: tuple[int, int], why_plain: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.form, self.words = _placed(self, tr("Enlarge"), tr("Enlarge…"))
        self._size = size
        self.factor_box = QComboBox()
        self.factor_box.setAccessibleName(tr("How much"))
        for factor in FACTORS:
            self.factor_box.addItem(tr("{n} times each side", n=factor), factor)
        self.factor_box.currentIndexChanged.connect(self._say)
        self.detail = QCheckBox(tr("Add detail with the upscaler model"))
        self.detail.setAccessibleName(self.detail.text())
        self.detail.setEnabled(not why_plain)
        self.detail.setChecked(not why_plain)
        self.detail.setToolTip(why_plain)
        self._why = why_plain
        self.form.addRow(tr("How much"), self.factor_box)
        self.form.addRow("", self.detail)
        name_lists(self)
        self._say()

    @property
    def factor(self) -> int:
        return int(self.factor_box.currentData())

    def _say(self) -> None:
        width, height = (side * self.factor for side in self._size)
        words = tr("The copy is {w} × {h} px; scaled back it is this photo.", w=width, h=height)
        self.words.setText(f"{words} {self._why}".strip())
