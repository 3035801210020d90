"""Which flagged photos to run again: for what reason, with which engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import button, dim, name_lists


class AgainDialog(QDialog):
    """Asks; `reason` ("" any) and `engine` ("" as planned) hold the answer."""

    def __init__(self, reasons: Mapping[str, int], engines: Sequence[str], parent: QWidget) -> None:
        """reasons: the failed reading's name -> how many items of the batch wait for it."""
        super().__init__(parent)
        self.setWindowTitle(tr("Run flagged photos again"))
        self.setAccessibleName(self.windowTitle())
        self._reason = QComboBox()
        self._reason.setAccessibleName(tr("Flagged for"))
        self._reason.addItem(tr("Any reason"), "")
        for name, number in reasons.items():
            self._reason.addItem(f"{name.replace('_', ' ')}  ({number})", name)
        self._engine = QComboBox()
        self._engine.setAccessibleName(tr("Engine"))
        self._engine.addItem(tr("As planned"), "")
        for name in engines:
            self._engine.addItem(name, name)
        form = QFormLayout()
        form.addRow(tr("Flagged for"), self._reason)
        form.addRow(tr("Engine"), self._engine)
        go = button(tr("Run again"), icon="retry", primary=True)
        go.setDefault(True)
        go.clicked.connect(self.accept)
        back = button(tr("Cancel"))
        back.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(back)
        foot.addWidget(go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(
            dim(tr("What waits in Review now stays there until the new result replaces it."),
                wrap=True)
        )  # fmt: skip
        column.addLayout(foot)
        name_lists(self)
        self.resize(420, 0)

    @property
    def reason(self) -> str:
        return str(self._reason.currentData())

    @property
    def engine(self) -> str:
        return str(self._engine.currentData())

    def pick(self, *, reason: str = "", engine: str = "") -> None:
        """Preset the answer."""
        self._reason.setCurrentIndex(max(0, self._reason.findData(reason)))
        self._engine.setCurrentIndex(max(0, self._engine.findData(engine)))
