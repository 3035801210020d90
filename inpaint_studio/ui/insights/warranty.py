"""Calibration in the window: what may be promised, what more reviews buy, and the one button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from inpaint_studio.review.calibration import LIMITS, Outlook
from inpaint_studio.ui.insights.plots import PlotCard
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Card, button, caption, dim, label


class WarrantyCard(QWidget):
    """Asks for a limit, shows what the audits carry. applied: the user wants the threshold."""

    limit_chosen = Signal(float)
    applied = Signal()
    withdrawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._outlook: Outlook | None = None
        self.limit = QComboBox()
        self.limit.setAccessibleName(tr("At most so many bad edits among the accepted"))
        for value in LIMITS:
            self.limit.addItem(tr("at most {p} bad", p=f"{100 * value:g} %"), value)
        self.limit.setCurrentIndex(2)
        self.limit.activated.connect(self._picked)
        self.card = Card("info", "")
        self.more = dim("", wrap=True)
        self.now = caption("", wrap=True)
        self.apply = button(tr("Use this threshold"), primary=True)
        self.apply.clicked.connect(self.applied)
        self.undo = button(tr("Back to the program's own"))
        self.undo.clicked.connect(self.withdrawn)
        self.plot = PlotCard(
            tr("Bad among accepted, 95 % bound, by threshold"), tr("dashed: what is promised")
        )
        head = QHBoxLayout()
        head.addWidget(label(tr("Calibration"), "strong"))
        head.addStretch(1)
        head.addWidget(self.limit)
        foot = QHBoxLayout()
        foot.addWidget(self.apply)
        foot.addWidget(self.undo)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.card)
        column.addWidget(self.more)
        column.addLayout(foot)
        column.addWidget(self.now)
        column.addWidget(self.plot)

    @property
    def chosen(self) -> float:
        return float(self.limit.currentData())

    def _picked(self, _index: int) -> None:
        self.limit_chosen.emit(self.chosen)

    def show_outlook(self, outlook: Outlook, versions: Sequence[dict[str, object]]) -> None:
        """Show what the evidence carries; the button works only where it carries something."""
        self._outlook = outlook
        warranty = outlook.warranty
        holds = warranty.threshold is not None
        title = (
            tr("Threshold {t}", t=f"{warranty.threshold:.3f}") if warranty.threshold is not None
            else tr("The evidence does not carry this promise")
        )  # fmt: skip
        words = warranty.sentence + (f" {outlook.caveat}" if outlook.caveat else "")
        self.card.say("good" if holds else "warn", title, words)
        steps = [
            tr("{n} more clean audits: at most {b}", n=step.more, b=f"{100 * step.bound:.2g} %")
            for step in outlook.steps
        ]
        self.more.setText("\n".join(steps))
        self.apply.setEnabled(holds)
        self.undo.setVisible(bool(versions))
        made = f" · {versions[0]['version']}" if versions else ""
        self.now.setText(
            tr("In force: accepted up to risk {t}", t=f"{outlook.threshold_now:.3f}") + made
        )
        self.plot.show_curve(outlook.curve, limit=outlook.limit, threshold=warranty.threshold)

    @property
    def outlook(self) -> Outlook | None:
        return self._outlook
