"""The Insights page: plots to click through, and the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import InpaintError
from inpaint_studio.gating.risk import default_gates
from inpaint_studio.gating.words import label_of
from inpaint_studio.review import calibration
from inpaint_studio.review.export import events_csv, events_json
from inpaint_studio.review.facts import Figures, figures, gather
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.report import percent
from inpaint_studio.review.report_file import write_report
from inpaint_studio.review.statistics import EditFact
from inpaint_studio.store.files import write_durably
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui import theme
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.insights.plots import PlotCard
from inpaint_studio.ui.insights.warranty import WarrantyCard
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import button, dim, label
from inpaint_studio.ui.workspace import Workspace

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

WIDE_PX = 460


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything the page shows, counted in the background."""

    facts: list[EditFact]
    figures: Figures
    names: dict[str, str]


PLANTED_SHARE = 0.02
"""Of the accepted edits, one for each of these is shown with a fault put in."""


class InsightsWorkspace(Workspace):
    """What the decisions say about gates, engines and reviewers."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(studio, actions, parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.counted: Counted | None = None
        self.batches = QComboBox()
        self.batches.setAccessibleName(tr("Which edits are counted"))
        self.export = button(tr("Export…"), icon="save")
        self.plant = button(
            tr("Measure reviewers"),
            hint=tr("Slips known-bad edits into the queue: one for every fifty accepted"),
        )
        self.sentence = dim("", wrap=True)
        self.numbers = QHBoxLayout()
        self.reading = QComboBox()
        self.reading.setAccessibleName(tr("Reading"))
        self.warranty = WarrantyCard()
        self.cards = {
            "engine": PlotCard(
                tr("Passed by the gates, per route"),
                tr("95 % intervals; click to see those that failed"),
            ),
            "kind": PlotCard(tr("Passed by the gates, per kind")),
            "day": PlotCard(tr("Passed by the gates, per day")),
            "failed": PlotCard(tr("Readings that failed"), tr("click to see the items")),
            "rejected": PlotCard(tr("Why people rejected")),
            "readings": PlotCard(
                tr("A reading's distribution"), tr("green passed, red flagged; dashed: its band")
            ),
            "latency": PlotCard(tr("Seconds per edit"), tr("bars: median, marks: 95th percentile")),
            "seams": PlotCard(tr("Seam outside its band, per engine")),
            "ages": PlotCard(tr("Hours that items have waited")),
        }  # fmt: skip
        self._build()
        self._connect()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(tr("Insights"), "title"))
        head.addStretch(1)
        head.addWidget(self.batches)
        head.addWidget(self.plant)
        head.addWidget(self.export)
        self.numbers.setSpacing(40)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(28, 20, 28, 28)
        column.setSpacing(14)
        column.addLayout(head)
        column.addLayout(self.numbers)
        column.addWidget(self.sentence)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(36)
        self._grid.setVerticalSpacing(24)
        column.addLayout(self._grid)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
        self._readings = QWidget()
        box = QVBoxLayout(self._readings)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.cards["readings"])
        box.addWidget(self.reading)
        parts: list[QWidget] = [self.warranty]
        parts += [self._readings if key == "readings" else card for key, card in (
            self.cards.items()
        )]  # fmt: skip
        for number, part in enumerate(parts):
            place = (0, 0, 2, 1) if number == 0 else self._place(number)
            self._grid.addWidget(part, *place, Qt.AlignmentFlag.AlignTop)
        for at in range(3):
            self._grid.setColumnStretch(at, 1)

    def _place(self, number: int) -> tuple[int, int, int, int]:
        """Places beside and below the calibration, which is two rows high."""
        spots = [(0, 1), (0, 2), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1)]
        row, at = spots[number - 1]
        return row, at, 1, 1

    def _connect(self) -> None:
        self.batches.activated.connect(self._picked)
        self.plant.clicked.connect(self.plant_some)
        self.export.clicked.connect(self._export)
        self.reading.activated.connect(self._show_reading)
        self.warranty.limit_chosen.connect(self._show_warranty)
        self.warranty.applied.connect(self.apply)
        self.warranty.withdrawn.connect(self._withdraw)
        self.cards["engine"].clicked.connect(partial(self._through, "engine"))
        self.cards["kind"].clicked.connect(partial(self._through, "kind"))
        self.cards["failed"].clicked.connect(partial(self._through, "gate"))
        self.cards["seams"].clicked.connect(partial(self._through, "engine"))
        self.cards["latency"].clicked.connect(partial(self._through, "engine"))
        self.cards["rejected"].clicked.connect(self._through_reason)
        theme.active().changed.connect(self._dress)
        self.actions_.on("insights.refresh", self.refresh)
        self.actions_.on("insights.export", self._export)

    # Workspace

    def enter(self, what: object = None) -> None:
        kept = self.batches.currentData()
        self.batches.clear()
        self.batches.addItem(tr("The whole library"), "")
        for row in self.studio.library.batches.all():
            self.batches.addItem(f"{Path(row.folder).name} → {Path(row.output).name}", row.batch_id)
        self.batches.setCurrentIndex(max(0, self.batches.findData(kept or "")))
        self.headline.emit(tr("Insights"), "")
        self.refresh()

    def leave(self) -> None:
        """Nothing runs here but counting."""

    def open_files(self, paths: Sequence[Path]) -> None:
        """No photo is opened here."""

    def close_down(self) -> bool:
        self.background.close()
        return True

    # Counting and showing

    def refresh(self) -> None:
        """Count anew, in the background."""
        batch = str(self.batches.currentData() or "")
        self.background.run(partial(self._count, batch), self._show, self._trouble)

    def _picked(self, _index: int) -> None:
        self.refresh()

    def _count(self, batch: str) -> Counted:
        library, queue = self.studio.library, self.studio.queue
        facts = gather(library, batch)
        events = queue.events()
        if batch:
            ids = {row.item_id for row in library.reviews.select("batch_id = ?", (batch,))}
            events = [event for event in events if event.item_id in ids]
        waiting = queue.list(Filter(batch_id=batch), limit=1 << 31)
        return Counted(facts, figures(facts, events, waiting), calibration.names_of(library))

    def _show(self, counted: Counted) -> None:
        self.counted = counted
        found = counted.figures
        cards = self.cards
        cards["engine"].show_shares(found.by_engine)
        cards["kind"].show_shares(found.by_kind)
        cards["day"].show_shares(found.by_day[-14:])
        cards["failed"].show_counts(
            [(n, len(i)) for n, i in found.failed[:7]], "warn", words=label_of
        )
        cards["rejected"].show_counts([(n, len(i)) for n, i in found.rejected], "bad")
        cards["latency"].show_latency(found.latency)
        cards["seams"].show_shares(found.seams, good=False)
        cards["ages"].show_ages(found.ages_h)
        self._numbers(found)
        names = sorted({n for fact in counted.facts for n in fact.readings}, key=label_of)
        kept = self.reading.currentData()
        self.reading.clear()
        self.reading.addItem(tr("Risk"), "risk")
        for name in names:
            self.reading.addItem(label_of(name), name)
        self.reading.setCurrentIndex(max(0, self.reading.findData(kept)))
        self._show_reading()
        self._show_warranty()

    def _numbers(self, found: Figures) -> None:
        while (item := self.numbers.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        escape = found.escape
        rows = (
            (f"{found.edits}", tr("edits")), (f"{found.waiting}", tr("wait for a person")),
            (f"{found.per_minute:.0f}" if found.per_minute else "–", tr("decisions a minute")),
            (percent(found.reversal), tr("taken back")),
            (percent(found.agreement), tr("two agreed")),
            (f"≤ {escape.bound:.1%}" if escape.seen else "–", tr("bad among accepted, 95 %")),
            (percent(escape.catch) if escape.catch else "–", tr("planted ones caught")),
        )  # fmt: skip
        for value, words in rows:
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(label(value, "title"))
            column.addWidget(dim(words))
            self.numbers.addWidget(holder)
        self.numbers.addStretch(1)
        self.sentence.setText(_evidence(found))

    def _show_reading(self, _index: int = 0) -> None:
        if self.counted is None:
            return
        name = str(self.reading.currentData() or "risk")
        good: list[float] = []
        bad: list[float] = []
        for fact in self.counted.facts:
            value = fact.risk if name == "risk" else fact.readings.get(name)
            if value is not None and fact.origin != "planted":
                (good if fact.passed else bad).append(value)
        gates = default_gates()
        band = (None, max(gates.thresholds.values(), default=0.5)) if name == "risk" else (
            gates.bands.get(name, (None, None))
        )  # fmt: skip
        self.cards["readings"].show_histogram(
            good, bad, limits=[edge for edge in band if edge is not None]
        )

    def _show_warranty(self, _limit: float = 0.0) -> None:
        if self.counted is None:
            return
        outlook = calibration.outlook(
            self.counted.facts, self.warranty.chosen, names=self.counted.names
        )
        self.warranty.show_outlook(outlook, calibration.versions())

    def apply(self) -> None:
        """Put the warranted threshold in force: the user's word."""
        outlook = self.warranty.outlook
        if outlook is None:
            return
        try:
            version = calibration.apply(
                outlook.warranty, reviewer=str(self.studio.settings["reviewer"])
            )
        except InpaintError as error:
            self.notice.emit("bad", str(error))
            return
        self.notice.emit("good", tr("Gate set {v} is in force from the next run on.", v=version))
        self._show_warranty()

    def _withdraw(self) -> None:
        calibration.withdraw()
        self.notice.emit("info", tr("The program's own thresholds are in force again."))
        self._show_warranty()

    def _through(self, field: str, name: str) -> None:
        """A click on a bar: those items in the queue."""
        self._to_items({field: name, "state": ""})

    def _through_reason(self, name: str) -> None:
        self._to_items({"reason": name, "state": "rejected"})

    def _to_items(self, which: dict[str, str]) -> None:
        batch = str(self.batches.currentData() or "")
        self.asked.emit("review", which | ({"batch_id": batch} if batch else {}))

    def plant_some(self) -> None:
        """Slip known-bad edits into the queue, in the background; nobody is told which."""
        self.plant.setEnabled(False)
        self.background.run(self._plant, self._planted, self._not_planted)

    def _plant(self) -> list[ReviewRow]:
        from inpaint_studio.review.planting import plant_some

        return plant_some(self.studio.library, PLANTED_SHARE)

    def _planted(self, rows: Sequence[ReviewRow]) -> None:
        self.plant.setEnabled(True)
        words = count(len(rows), "known-bad edit stands", "known-bad edits stand")
        self.notice.emit("info", tr("{n} in the queue like any other.", n=words))
        self.refresh()

    def _not_planted(self, error: Exception) -> None:
        self.plant.setEnabled(True)
        self._trouble(error)

    def _dress(self) -> None:
        for card in (*self.cards.values(), self.warranty.plot):
            card.dress()
        if self.counted is not None:
            self._show(self.counted)

    def _export(self) -> None:
        found, _ = QFileDialog.getSaveFileName(
            self, tr("Export"), "decisions.csv",
            "Decisions (*.csv *.json);;Report (*.html *.pdf)",
        )  # fmt: skip
        if found:
            self.write(Path(found))

    def write(self, path: Path) -> None:
        """Write decisions (.csv, .json) or a report (.html, .pdf), in the background."""
        self.background.run(partial(self._write, path), self._written, self._trouble)

    def _write(self, path: Path) -> Path:
        if path.suffix.lower() in (".csv", ".json"):
            events = self.studio.queue.events()
            text = events_csv(events) if path.suffix.lower() == ".csv" else events_json(events)
            write_durably(path, text.encode())
        else:
            write_report(self.studio.library, path, batch_id=str(self.batches.currentData() or ""))
        return path

    def _written(self, path: Path) -> None:
        self.notice.emit("good", tr("Written to {path}.", path=path))

    def _trouble(self, error: Exception) -> None:
        self.notice.emit("bad", str(error))


def _evidence(found: Figures) -> str:
    escape = found.escape
    if not escape.seen:
        return tr(
            "{n} edits were accepted without a person; none has been audited yet, so nothing can "
            "be said about how many of them are bad.", n=escape.accepted,
        )  # fmt: skip
    return tr(
        "{bad} of {seen} audited edits are bad: with 95 % confidence at most {bound} of the {n} "
        "accepted ones are.", bad=escape.bad, seen=escape.seen, bound=f"{escape.bound:.1%}",
        n=escape.accepted,
    )  # fmt: skip
