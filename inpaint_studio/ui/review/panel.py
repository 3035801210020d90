"""Beside the photo: the verdict in plain words, gauges, the attempt before, precedents, plan."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from inpaint_studio.review.attempts import Compared
from inpaint_studio.review.look import Look
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.review.row_words import is_hidden, status_words
from inpaint_studio.ui.text import sentence, tr
from inpaint_studio.ui.widgets import Card, GaugeList, Panel, Section, button, caption, dim, label
from inpaint_studio.ui.widgets.gauge import gates_failed, number

MOST_ROWS = 6
THUMB_PX = (40, 68)
"""The least and the greatest width of a precedent's picture."""
STATE_WORDS = {
    "accepted": "You accepted this", "fixed": "Fixed by hand", "rejected": "Rejected",
    "superseded": "Another attempt replaced this", "escalated": "Escalated",
    "second": "A second person must look", "disputed": "Two reviewers differ",
}  # fmt: skip


class CompareRow(QWidget):
    """One reading of the attempt before and of this one; an arrow says which is better."""

    def __init__(self, row: Compared) -> None:
        super().__init__()
        self._row = row
        self.setFixedHeight(22)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        words = {"better": tr("better"), "worse": tr("worse"), "same": tr("the same")}[row.change]
        self.setAccessibleName(f"{row.label}: {number(row.old)} → {number(row.new)}, {words}")
        self.setToolTip(self.accessibleName())

    def sizeHint(self) -> QSize:
        return QSize(200, 22)

    def paintEvent(self, _event: QPaintEvent) -> None:
        row, active = self._row, theme.active()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(13))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        width = self.width()
        color = {"better": "good", "worse": "bad", "same": "dim"}[row.change]
        mark = {"better": "▲", "worse": "▼", "same": "="}[row.change]
        painter.setPen(active.color(color))
        painter.drawText(QRectF(width - 16, 0, 16, 22), right, mark)
        painter.setPen(active.color("text" if row.new_passed else "bad"))
        painter.drawText(QRectF(width - 76, 0, 54, 22), right, number(row.new))
        painter.setPen(active.color("dim"))
        painter.drawText(QRectF(width - 144, 0, 56, 22), right, f"{number(row.old)} →")
        painter.setPen(active.color("text"))
        name = QFontMetricsF(painter.font()).elidedText(
            row.label, Qt.TextElideMode.ElideRight, width - 150
        )
        painter.drawText(QRectF(0, 0, width - 146, 22), left, name)


class Precedents(QWidget):
    """Small pictures of decided edits like this one. A click shows one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)

    def show_rows(self, rows: Sequence[tuple[ReviewRow, QPixmap, float]]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for column, (row, pixmap, distance) in enumerate(rows):
            made = button("", quiet=True)
            made.setIcon(pixmap)
            made.setMinimumWidth(THUMB_PX[0])
            made.setFixedHeight(48)
            words = tr("accepted") if row.state in ("accepted", "fixed") else tr("rejected")
            name = f"{PurePath(row.name).name}, {words}, {distance:.1f} σ"
            made.setToolTip(name)
            made.setAccessibleName(name)
            made.setProperty("item", row.item_id)
            made.clicked.connect(self._clicked)
            mark = caption(words)
            mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
            mark.setMinimumWidth(THUMB_PX[0])
            role = "good" if row.state in ("accepted", "fixed") else "bad"
            mark.setStyleSheet(f"color: {theme.active().color(role).name()};")
            self._grid.addWidget(made, 0, column)
            self._grid.addWidget(mark, 1, column)
        self._grid.setColumnStretch(len(rows), 1)
        self._fit()

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """Let four stand side by side however narrow the panel is."""
        width = (self.width() - 3 * self._grid.horizontalSpacing()) // 4
        width = min(max(width, THUMB_PX[0]), THUMB_PX[1])
        for made in self.findChildren(QAbstractButton):
            made.setMaximumWidth(width)
            made.setIconSize(QSize(width - 10, 42))

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.chosen.emit(str(sender.property("item")))


class ReviewPanel(Panel):
    """Shows one item; tells what was pressed."""

    decided = Signal(str)
    noted = Signal(str)
    pointed = Signal(str)
    precedent_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(tr("Evidence"), 300)
        self.card = Card("info", "")
        self.gauges = GaugeList()
        self.gauges.pointed.connect(self.pointed)
        self._gates = Section(tr("Gates"))
        self._gates.body.addWidget(self.gauges)
        self._before = Section(tr("Attempt before"))
        self._compare_rows: list[QWidget] = []
        self._alike = Section(tr("Decided, most alike"))
        self.precedents = Precedents()
        self.precedents.chosen.connect(self.precedent_chosen)
        self._alike.body.addWidget(self.precedents)
        self._route = Section(tr("Route"))
        self._plan = dim("", wrap=True)
        self._route.body.addWidget(self._plan)
        self._notes = Section(tr("Note"))
        self.note = QLineEdit()
        self.note.setPlaceholderText(tr("A word for the next reviewer"))
        self.note.setAccessibleName(tr("Note on this item"))
        self.note.returnPressed.connect(self._note)
        self._notes.body.addWidget(self.note)
        for part in (self.card, self._before, self._gates, self._alike, self._route, self._notes):
            self.add(part)
        self.end()
        self.set_foot(self._buttons())
        self.clear("")

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.reject = button(tr("Reject"), icon="close", hint=tr("X, then 1 to 6"))
        self.fix = button(tr("Fix…"), icon="brush", hint=tr("F: mend it in the editor"))
        self.accept = button(tr("Accept"), icon="check", primary=True, hint=tr("Space or A"))
        for made, what in ((self.reject, "reject"), (self.fix, "fix"), (self.accept, "accept")):
            made.setProperty("verdict", what)
            made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            made.clicked.connect(self._pressed)
            row.addWidget(made, 1)
        return row

    def _pressed(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.decided.emit(str(sender.property("verdict")))

    def _note(self) -> None:
        self.noted.emit(self.note.text().strip())
        self.note.clearFocus()

    def clear(self, words: str) -> None:
        """Show that nothing is there to decide."""
        self.card.say("good" if words else "info", words or tr("Nothing is open"), "")
        for part in (self._gates, self._before, self._alike, self._route, self._notes):
            part.hide()
        for made in (self.reject, self.fix, self.accept):
            made.setEnabled(False)

    def show_item(self, row: ReviewRow, look: Look) -> None:
        """Show an item's verdict; `show_evidence` follows."""
        for made in (self.reject, self.fix, self.accept):
            made.setEnabled(True)
        self._say(row, look)
        self._notes.setVisible(True)
        self.note.setText(row.note)
        self._before.hide()
        self._alike.hide()
        if is_hidden(row) or look.edit is None:
            self._gates.hide()

    def show_evidence(self, row: ReviewRow, look: Look) -> None:
        """Show the gauges and the plan (after the photo: they take longer)."""
        edit = look.edit
        hidden = is_hidden(row)
        self._gates.setVisible(edit is not None and not hidden)
        self._route.setVisible(edit is not None)
        if edit is None:
            return
        if not hidden:
            self.gauges.show_readings(edit.verdict.readings)
            failed, judged = gates_failed(edit.verdict.readings)
            self._gates.set_note(tr("{n} of {m} failed", n=failed, m=judged) if failed else "")
        lines = [f"{edit.plan.engine}, seed {edit.plan.recipe.seed}"]
        lines += [reason.text for reason in edit.plan.reasons[:3]]
        lines += [sentence(change) for change in edit.plan.changes]
        self._plan.setText("\n".join(line for line in lines if line))

    def _say(self, row: ReviewRow, look: Look) -> None:
        if look.problem:
            self.card.say("warn", tr("Cannot be shown"), look.problem)
        elif not row.waiting or row.state in STATE_WORDS:
            kind = {"rejected": "bad", "accepted": "good", "fixed": "good"}.get(row.state, "info")
            who = " · ".join(w for w in (row.reviewer, status_words(row)) if w)
            self.card.say(kind, tr(STATE_WORDS.get(row.state, row.state)), who)
        elif is_hidden(row):
            self.card.say("info", tr("Judge by eye"), tr("The gates stay hidden until you decide."))
        elif look.edit is not None:
            verdict = look.edit.verdict
            failed, judged = gates_failed(verdict.readings)
            if verdict.accepted:
                why = look.edit.plan.changes[-1] if look.edit.plan.changes else verdict.summary
                self.card.say("warn", tr("Waits for a person"), sentence(why))
            else:
                title = (
                    tr("Flagged: {n} of {m} gates failed", n=failed, m=judged)
                    if failed
                    else (tr("Flagged: risk {risk}", risk=f"{verdict.risk:.2f}"))
                )
                self.card.say("bad", title, verdict.summary)

    def show_comparison(self, rows: Sequence[Compared]) -> None:
        """Put the readings of the attempt before beside this one's."""
        for old in self._compare_rows:
            old.hide()
            old.deleteLater()
        self._compare_rows = [CompareRow(row) for row in rows[:MOST_ROWS]]
        for made in self._compare_rows:
            self._before.body.addWidget(made)
        better = sum(row.change == "better" for row in rows)
        worse = sum(row.change == "worse" for row in rows)
        self._before.set_note(tr("{b} better, {w} worse", b=better, w=worse))
        self._before.setVisible(bool(rows))

    def show_precedents(self, rows: Sequence[tuple[ReviewRow, QPixmap, float]]) -> None:
        self.precedents.show_rows(rows)
        self._alike.setVisible(bool(rows))


def reason_chip(key: str, words: str) -> QWidget:
    """A key and what it means, for the bar of reasons."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    cap = label(key, "strong")
    cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
    cap.setFixedSize(22, 20)
    color = theme.active().palette.raised
    cap.setStyleSheet(f"background: {color}; border-radius: 4px;")
    row.addWidget(cap)
    row.addWidget(dim(words))
    return holder
