"""What to run and how: intent, engine, prompt, seed, variations, and the button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.records import Intent, RunOptions
from inpaint_studio.ui.retouch.runner import Task
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import Section, Segmented, button, caption, dim, icon_button, spaced

ENGINE_TITLES = {
    "auto": "Automatic", "flat": "Flat ground", "patch": "Texture and structure",
    "text": "Text removal (deterministic)", "generative": "Generative model",
    "learned": "Learned model",
}  # fmt: skip
NEEDS_WORDS = ("generative",)
INTENTS: tuple[tuple[Intent, str], ...] = (
    ("remove", "Remove"), ("fill", "Fill"), ("replace", "Replace"),
    ("generate", "Make"),
)  # fmt: skip


class RunPanel(Section):
    """The user's wishes for the next run."""

    run_asked = Signal()
    compare_asked = Signal()
    on_release_changed = Signal(bool)
    options_changed = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Run"))
        self.intent = Segmented(
            [(key, tr(words)) for key, words in INTENTS], tr("Intent"), tight=True
        )
        self.intent.chosen.connect(self._intent_chosen)
        self.engine = QComboBox()
        self.engine.setAccessibleName(tr("Engine"))
        self.engine.view().setAccessibleName(tr("Engines"))
        self.engine.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for key, words in ENGINE_TITLES.items():
            self.engine.addItem(tr(words), key)
        self.engine.currentIndexChanged.connect(self._changed)
        self.prompt = QLineEdit()
        self.prompt.setMinimumWidth(60)
        self.prompt.setAccessibleName(tr("Prompt"))
        self.prompt.setPlaceholderText(tr("What shall be there (optional)"))
        self.seed = spaced(QSpinBox())
        self.seed.setRange(0, 2_147_483_647)
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.setMinimumWidth(64)
        self.seed.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.seed.valueChanged.connect(self._changed)
        self.variations = spaced(QSpinBox())
        self.variations.setRange(1, 8)
        self.variations.setFixedWidth(44)
        self.variations.setAccessibleName(tr("Variations"))
        self.variations.setToolTip(tr("Run with several seeds; choose the one you like"))
        self.on_release = QCheckBox(tr("Run when a stroke ends"))
        self.on_release.setAccessibleName(tr("Run when a stroke ends"))
        self.on_release.toggled.connect(self.on_release_changed)
        self.go = button(tr("Remove"), icon="play", primary=True, hint=tr("Run  (Ctrl+Return)"))
        self.go.clicked.connect(self.run_asked)
        self.other = icon_button("side", tr("Run the other engine too and compare"))
        self.other.clicked.connect(self.compare_asked)
        self._why = caption("", wrap=True)
        self._why.hide()
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(7)
        grid.addWidget(dim(tr("Engine")), 0, 0)
        grid.addWidget(self.engine, 0, 1, 1, 3)
        self._prompt_label = dim(tr("Prompt"))
        grid.addWidget(self._prompt_label, 1, 0)
        grid.addWidget(self.prompt, 1, 1, 1, 3)
        grid.addWidget(dim(tr("Seed")), 2, 0)
        grid.addWidget(self.seed, 2, 1)
        grid.addWidget(dim(tr("Variations")), 2, 2)
        grid.addWidget(self.variations, 2, 3)
        grid.setColumnStretch(1, 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.go, 1)
        row.addWidget(self.other)
        self.body.addWidget(self.intent)
        self.body.addLayout(grid)
        self.body.addWidget(self._why)
        self.body.addWidget(self.on_release)
        self.body.addLayout(row)
        self._guides = True
        self._first = caption("", wrap=True)
        self.body.addWidget(self._first)
        self._show_prompt()

    def set_offers(self, offers: dict[str, str]) -> None:
        """Grey the engines that cannot run, each with its reason (engine -> "" when ready)."""
        model = self.engine.model()
        for index in range(self.engine.count()):
            key = str(self.engine.itemData(index))
            why = offers.get(key, "")
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            model.setData(
                model.index(index, 0), 0 if why else int(flags.value), Qt.ItemDataRole.UserRole - 1
            )
            self.engine.setItemData(index, why, Qt.ItemDataRole.ToolTipRole)
        missing = [why for key, why in offers.items() if why and key in ENGINE_TITLES]
        self._why.setText(tr("Greyed engines need a model on disk; see Models."))
        self._why.setVisible(bool(missing))

    def options(self) -> RunOptions:
        """What the controls say now."""
        intent: Intent = next((key for key, _ in INTENTS if key == self.intent.choice), "remove")
        return RunOptions(
            engine=str(self.engine.currentData()), intent=intent,
            prompt=self.prompt.text().strip(), seed=self.seed.value(),
        )  # fmt: skip

    def guide(self, on: bool) -> None:
        """Say below the button what comes first, or leave the room to the edit in hand."""
        self._guides = on
        self._first.setVisible(on and bool(self._first.text()))

    def set_ready(self, ready: bool, why: str) -> None:
        """Give or take the button; `why` says what is missing."""
        self.go.setEnabled(ready)
        self.other.setEnabled(ready)
        self.go.setToolTip(why or tr("Run  (Ctrl+Return)"))
        self._first.setText(why)
        self.guide(self._guides)

    def choose_intent(self, intent: Intent) -> None:
        """Choose an intent as if it had been clicked."""
        self.intent.choose(intent)
        self._intent_chosen(intent)

    def _intent_chosen(self, key: str) -> None:
        self.go.setText(next((tr(w) for k, w in INTENTS if k == key), tr("Run")))
        self._changed()

    def _changed(self) -> None:
        self._show_prompt()
        self.options_changed.emit()

    def _show_prompt(self) -> None:
        """A prompt is asked for only where it serves."""
        serves = self.engine.currentData() in NEEDS_WORDS or self.intent.choice in (
            "replace",
            "generate",
        )
        self.prompt.setVisible(serves)
        self._prompt_label.setVisible(serves)


class TaskList(QWidget):
    """What runs and what waits, each with stage, time left and a cross."""

    cancel_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Running"))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._rows: dict[int, _TaskRow] = {}
        self.hide()

    def show_tasks(self, tasks: list[Task]) -> None:
        """Bring the rows up to date."""
        numbers = {task.number for task in tasks}
        for number in [n for n in self._rows if n not in numbers]:
            row = self._rows.pop(number)
            row.hide()
            row.deleteLater()
        for task in tasks:
            if task.number not in self._rows:
                row = _TaskRow(task)
                row.cancelled.connect(self.cancel_asked)
                self._rows[task.number] = row
                self._column.addWidget(row)
            self._rows[task.number].refresh()
        self.setVisible(bool(tasks))


class _TaskRow(QWidget):
    cancelled = Signal(object)

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self._words = dim("")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(tr("Progress of {title}", title=task.title))
        cross = icon_button("close", tr("Cancel {title}", title=task.title), size=12)
        cross.clicked.connect(self._cancel)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self._words, 0, 0)
        grid.addWidget(cross, 0, 1)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def _cancel(self) -> None:
        self._words.setText(tr("Stopping…"))
        self.cancelled.emit(self._task)

    def refresh(self) -> None:
        progress = self._task.progress
        if progress is None:
            waits = self._task.state == "waiting"
            self._words.setText(self._task.title + (tr(" · waiting") if waits else ""))
            return
        self._bar.setValue(round(progress.fraction * 1000))
        words = progress.stage.capitalize() or self._task.title
        if progress.seconds_left is not None and progress.fraction < 1:
            left = max(1, round(progress.seconds_left))
            words += " · " + tr("{time} left", time=count(left, "second", "seconds"))
        self._words.setText(words)
