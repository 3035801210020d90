"""The right panel: histogram, what to run, and all that is known of the edit in hand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from inpaint_studio.records import EditRecord, Plan, Reading, is_gain
from inpaint_studio.ui import icons, theme
from inpaint_studio.ui.retouch.runpanel import ENGINE_TITLES, RunPanel, TaskList
from inpaint_studio.ui.text import count, sentence, tr
from inpaint_studio.ui.widgets import (
    Card,
    GaugeList,
    Histogram,
    Panel,
    Section,
    button,
    caption,
    label,
)
from inpaint_studio.ui.widgets.gauge import gates_failed, number

WIDTH_PX = 304
SEMANTIC_PASSED = {
    "ink_left": "No ink of letters is left",
    "specks_left": "No specks of letters are left",
    "overlay_left": "No shadow or glow of letters is left",
    "effect_carried": "No shadow or glow of letters is in the fill",
    "traces_left": "No JPEG traces of letters are left",
    "relief_left": "No relief of the mark is left",
    "thing_left": "No part of the thing is left",
    "letters_left": "No letters are left",
    "new_text": "No new letters",
    "new_object": "No new objects",
    "face_part": "No face filled in part",
}
NEXT = "Approve it if it looks right to you. Else Retry, or paint over what is wrong and run again."
SEMANTIC = tuple(SEMANTIC_PASSED)


def engine_title(name: str) -> str:
    return tr(ENGINE_TITLES.get(name, name.capitalize()))


def verdict_words(edit: EditRecord) -> tuple[str, str, str]:
    """Kind, title and sentence of a verdict's card."""
    verdict = edit.verdict
    failed, judged = gates_failed(verdict.readings)
    if verdict.accepted:
        if failed:
            title = tr("Accepted: {n} of {all} gates passed", n=judged - failed, all=judged)
        else:
            title = tr("Accepted: {count} passed", count=count(judged, "gate", "gates"))
        return "good", title, verdict.summary
    if failed:
        title = tr("Flagged: {failed} of {all} gates failed", failed=failed, all=judged)
    else:
        title = tr("Flagged: risk {risk}", risk=number(verdict.risk))
    return "bad", title, verdict.summary


def decided_words(edit: EditRecord, state: str, who: str) -> tuple[str, str, str]:
    """The verdict's card, once a person has had the last word on a flagged edit."""
    titles = {
        "accepted": ("good", tr("Approved by {who}")),
        "rejected": ("info", tr("Rejected by {who}")),
    }
    if edit.verdict.accepted or state not in titles:
        return verdict_words(edit)
    kind, title = titles[state]
    words = tr("The gates had flagged it: {summary}", summary=edit.verdict.summary)
    return kind, title.format(who=who or tr("you")), words


class PlanView(QWidget):
    """Engine, reasons with their numbers, and what was changed on the way."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(5)

    def show_plans(self, plans: Sequence[Plan]) -> None:
        _empty(self._column)
        for plan in plans[:6]:
            self._column.addWidget(label(engine_title(plan.engine), "strong", wrap=True))
            for reason in plan.reasons:
                mark, role = ("warning", "warn") if reason.warns else ("check", "dim")
                self._column.addWidget(_bullet(mark, role, reason.text))
            for change in plan.changes:
                mark, role = ("info", "dim") if is_gain(change) else ("warning", "warn")
                self._column.addWidget(_bullet(mark, role, sentence(change)))
            if plan.fallbacks:
                words = ", ".join(engine_title(name) for name in plan.fallbacks)
                self._column.addWidget(caption(tr("If rejected: {names}", names=words), wrap=True))
        if len(plans) > 6:
            self._column.addWidget(caption(tr("and {n} more regions", n=len(plans) - 6)))


class Inspector(Panel):
    """Shows; asks by signals."""

    gauge_pointed = Signal(str)
    stages_asked = Signal()
    replay_asked = Signal()
    accept_asked = Signal()
    reject_asked = Signal()
    retry_asked = Signal(object)
    review_asked = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Inspector"), WIDTH_PX)
        self.setMinimumWidth(WIDTH_PX)
        self.histogram = Histogram()
        self._histogram = Section(tr("Histogram"))
        self._histogram.body.addWidget(self.histogram)
        self.run = RunPanel()
        self.plan = PlanView()
        self._plan = Section(tr("Plan"))
        self._plan.body.addWidget(self.plan)
        self.card = Card()
        self._next = caption(tr(NEXT), wrap=True)
        self.gauges = GaugeList()
        self.gauges.pointed.connect(self.gauge_pointed)
        self._gates = Section(tr("Gates"))
        self._gates.body.addWidget(self.gauges)
        self._semantic = QVBoxLayout()
        self._gates.body.addLayout(self._semantic)
        self.more = GaugeList()
        self.more.pointed.connect(self.gauge_pointed)
        self._more = Section(tr("Also measured"), open_=False)
        self._more.body.addWidget(self.more)
        self._recipe_text = caption("", wrap=True)
        self._recipe_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._recipe = Section(tr("Recipe"), open_=False)
        self._recipe.body.addWidget(self._recipe_text)
        self._run = Section(tr("This run"), open_=False)
        self._stages = button(tr("Look at each stage…"), icon="eye", quiet=True)
        self._stages.clicked.connect(self.stages_asked)
        self._replay = button(tr("Replay and compare"), icon="retry", quiet=True)
        self._replay.clicked.connect(self.replay_asked)
        self._answer = caption("", wrap=True)
        for part in (self._stages, self._replay, self._answer):
            self._run.body.addWidget(part)
        for section in (
            self._histogram, self.run, self.card, self._next, self._gates, self._plan, self._more,
            self._recipe, self._run,
        ):  # fmt: skip
            self.add(section)
        self.end()
        self.tasks = TaskList()
        self._make_foot()
        self.show_edit(None)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH_PX, 600)

    def _make_foot(self) -> None:
        self._reject = button(tr("Reject"), icon="close", hint=tr("Undo it and say no"))
        self._retry = button(tr("Retry…"), icon="retry", hint=tr("Another seed or engine (Ctrl+R)"))
        self._accept = button(tr("Approve"), icon="check", primary=True)
        self._review = button(tr("To review"), icon="flag", hint=tr("Send to review"))
        self._reject.clicked.connect(self.reject_asked)
        self._retry.clicked.connect(self._ask_retry)
        self._accept.clicked.connect(self.accept_asked)
        self._review.clicked.connect(self.review_asked)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for made in (self._reject, self._retry, self._review, self._accept):
            made.setStyleSheet("padding: 6px 8px;")
            buttons.addWidget(made, 1)
        foot = QVBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.tasks)
        foot.addLayout(buttons)
        self.set_foot(foot)

    def _ask_retry(self) -> None:
        self.retry_asked.emit(self._retry.mapToGlobal(self._retry.rect().topLeft()))

    # What is shown

    def show_plans(self, plans: Sequence[Plan]) -> None:
        """Show what a run would do now."""
        self._plan.setVisible(bool(plans))
        self._plan.set_note(tr("before the run"))
        self.plan.show_plans(plans)

    def show_edit(
        self, edit: EditRecord | None, *, waiting: bool = False, choosing: bool = False,
        decided: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        """Show one edit's verdict, readings, plan and recipe.

        waiting: it needs a decision; choosing: it is one of several and not in the photo yet;
        decided: what a person has said of a flagged edit (accepted, rejected), and who.
        """
        for part in (self.card, self._gates, self._more, self._recipe, self._run):
            part.setVisible(edit is not None)
        for made in (self._reject, self._accept):
            made.setVisible(edit is not None and waiting)
        self._retry.setVisible(edit is not None and not choosing)
        self._review.setVisible(edit is not None and not waiting and not choosing)
        self._next.setVisible(edit is not None and waiting)
        self.run.guide(edit is None)
        self._answer.setText("")
        if edit is None:
            self._plan.setVisible(False)
            return
        self.card.say(*decided_words(edit, *decided))
        readings = edit.verdict.readings
        self.gauges.show_readings(
            [r for r in readings if (r.decides or not r.passed) and r.name not in SEMANTIC],
            alarm="warn" if edit.verdict.accepted else "bad",
        )
        informative = [r for r in readings if not r.decides and r.passed and r.name not in SEMANTIC]
        self.more.show_readings(informative)
        self._more.setVisible(bool(informative))
        self._show_semantic([r for r in readings if r.name in SEMANTIC])
        self._plan.setVisible(True)
        self._plan.set_note(f"{edit.seconds:.1f} s")
        self.plan.show_plans([edit.plan])
        self._recipe_text.setText(recipe_text(edit))
        total = sum(stage.seconds for stage in edit.stages)
        self._run.set_note(f"{total:.1f} s")

    def _show_semantic(self, readings: Sequence[Reading]) -> None:
        _empty(self._semantic)
        for reading in readings:
            words = reading.detail or reading.label or reading.name.replace("_", " ")
            if reading.passed:
                words = tr(SEMANTIC_PASSED[reading.name])
            kind = ("check-circle", "good") if reading.passed else ("alert", "bad")
            self._semantic.addWidget(_bullet(*kind, words))

    def show_answer(self, words: str, *, good: bool) -> None:
        """Show what a replay answered."""
        palette = theme.active().palette
        self._answer.setStyleSheet(f"color: {palette.good if good else palette.bad};")
        self._answer.setText(("✓ " if good else "✕ ") + words)
        self._answer.setAccessibleName(words)
        self._run.set_open(True)


def recipe_text(edit: EditRecord) -> str:
    """Everything that decided the pixels, one a line."""
    recipe = edit.plan.recipe
    where = " where letters were read" if recipe.grow_within is not None else ""
    lines = [
        f"engine  {recipe.engine} (version {recipe.engine_version})",
        f"seed  {recipe.seed}",
        f"grow  {recipe.grow_px} px{where},  feather  {recipe.feather_px} px",
        f"intent  {recipe.intent}",
    ]
    if recipe.prompt:
        lines.append(f"prompt  “{recipe.prompt}”")
    if recipe.model:
        lines.append(f"model  {recipe.model}  {recipe.model_sha256[:12]}")
    lines += [f"{key}  {value}" for key, value in sorted(recipe.parameters.items())]
    return "\n".join(lines)


def _bullet(icon: str, role: str, words: str) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    mark = QLabel()
    icons.put(mark, icon, role, 14)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    text = label(words, "dim" if role == "dim" else "", wrap=True)
    row.addWidget(text, 1)
    return holder


def _empty(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        old = item.widget()
        if old is not None:
            old.hide()
            old.deleteLater()


__all__ = ["Inspector", "PlanView", "QPushButton", "engine_title", "recipe_text", "verdict_words"]
