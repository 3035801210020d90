"""The Batch page: a folder through the road, watched, paused, taken up again, and delivered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import InpaintError
from inpaint_studio.review.batch import Batch
from inpaint_studio.review.batch_progress import BatchProgress
from inpaint_studio.review.filters import Filter
from inpaint_studio.review.report_file import write_report
from inpaint_studio.store.rows import BatchItemRow
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.batch.again import AgainDialog
from inpaint_studio.ui.batch.form import BatchForm
from inpaint_studio.ui.batch.overview import Overview
from inpaint_studio.ui.batch.rows import BatchModel, BatchTable
from inpaint_studio.ui.batch.runner import BatchRunner
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import Panel, button, dim
from inpaint_studio.ui.widgets.columns import side_by_side
from inpaint_studio.ui.workspace import Workspace

if TYPE_CHECKING:
    from inpaint_studio.app import Studio


class BatchWorkspace(Workspace):
    """Asks what to do, does it, and shows what became of every photo."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(studio, actions, parent)
        self.runner = BatchRunner(self.background, self)
        self.form = BatchForm(studio.settings)
        self.model = BatchModel()
        self.table = BatchTable(self.model)
        self.batches = QComboBox()
        self.batches.setAccessibleName(tr("Batches of this library"))
        self.start = button(tr("Start"), icon="play", primary=True)
        self.overview = Overview()
        self._batch: Batch | None = None
        self._build()
        self._connect()
        self._list()

    def _build(self) -> None:
        panel = Panel(tr("What to do"), 330)
        panel.add(self.form)
        panel.end()
        panel.set_foot(self.start)
        right = QWidget()
        right.setObjectName("canvas")
        right.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(right)
        column.setContentsMargins(24, 18, 24, 12)
        column.setSpacing(10)
        line = QHBoxLayout()
        line.addWidget(dim(tr("Batches")))
        line.addWidget(self.batches, 1)
        column.addLayout(line)
        column.addWidget(self.overview)
        column.addWidget(self.table, 1)
        side_by_side(self, (panel, right), (340, 1000), grows=1)

    def _connect(self) -> None:
        self.start.clicked.connect(self.begin)
        buttons = self.overview
        buttons.pause.clicked.connect(self._pause)
        buttons.stop.clicked.connect(self.cancel)
        buttons.retry.clicked.connect(self.retry_failed)
        buttons.again.clicked.connect(self.ask_again)
        buttons.review.clicked.connect(self._to_review)
        buttons.report.clicked.connect(self._report)
        self.batches.activated.connect(self._picked)
        self.table.doubleClicked.connect(self._open_row)
        self.runner.progressed.connect(self._progressed)
        self.runner.ended.connect(self._ended)
        on = self.actions_.on
        on("batch.start", self.begin)
        on("batch.cancel", self.cancel)
        on("batch.add", self._choose_folder)
        on("batch.retry", self.retry_failed)
        on("batch.retry_flagged", self.ask_again)

    # Workspace

    def enter(self, what: object = None) -> None:
        if not self.runner.is_running:
            self._list()
        self._head()

    def leave(self) -> None:
        """The batch goes on while another page is shown."""

    def open_files(self, paths: Sequence[Path]) -> None:
        """A dropped folder (or a photo's folder) is what to do."""
        if paths:
            self.form.folder.set_path(paths[0] if paths[0].is_dir() else paths[0].parent)

    def close_down(self) -> bool:
        self.runner.close()
        self.background.close()
        return True

    # What there is

    def _list(self) -> None:
        rows = self.studio.library.batches.all()
        self.batches.clear()
        for row in rows:
            words = f"{Path(row.folder).name}  →  {row.output}   ({tr(row.state)})"
            self.batches.addItem(words, row.batch_id)
        self.batches.setEnabled(bool(rows))
        if self._batch is None and rows:
            self._show(Batch(self.studio.library, rows[0]))
        elif self._batch is not None:
            self.batches.setCurrentIndex(self.batches.findData(self._batch.batch_id))
            self._show(self._batch)
        else:
            self._tend(None)

    def _picked(self, _index: int) -> None:
        if not self.runner.is_running:
            self._show(Batch.load(self.studio.library, str(self.batches.currentData())))

    def _show(self, batch: Batch) -> None:
        self._batch = batch
        self.model.show(batch.items())
        self.form.show_batch(Path(batch.row.folder), Path(batch.row.output), batch.options)
        self._tend(batch.progress())

    def _head(self) -> None:
        batch = self._batch
        if batch is None:
            self.headline.emit(tr("Batch"), "")
        else:
            progress = batch.progress()
            dim_words = tr("{n} of {m}", n=progress.ended, m=progress.total)
            self.headline.emit(Path(batch.row.folder).name, dim_words)

    # Doing

    def begin(self) -> None:
        """Plan what the form asks (only what is new) and run it."""
        if self.runner.is_running:
            return
        folder, output = self.form.folder.path, self.form.output.path
        if folder is None or output is None:
            self.notice.emit("warn", tr("Choose the folder of photos and the one for the results."))
            return
        options = self.form.options()
        self.start.setEnabled(False)
        self.status.emit("busy", tr("Listing {name}", name=folder.name))
        self.background.run(
            partial(Batch.plan, self.studio.library, folder, output, options),
            self._planned, self._trouble, in_order=True,
        )  # fmt: skip

    def _planned(self, batch: Batch) -> None:
        self._batch = batch
        self.model.show(batch.items())
        self._run(batch)

    def _run(self, batch: Batch) -> None:
        self.runner.start(batch)
        self._tend(batch.progress())
        self.status.emit("busy", tr("Batch at work"))

    def _pause(self) -> None:
        if self.runner.is_running:
            self.runner.pause()
            self.overview.pause.setEnabled(False)
            self.status.emit("busy", tr("Pausing after the photos under way"))
        elif self._batch is not None:
            self._run(self._batch)

    def cancel(self) -> None:
        if self.runner.is_running:
            self.runner.stop()

    def retry_failed(self) -> None:
        if self._batch is not None and not self.runner.is_running:
            again = self._batch.retry_failed()
            if again:
                self.model.show(self._batch.items())
                self._run(self._batch)
            else:
                self.notice.emit("info", tr("No photo of this batch has failed."))

    def ask_again(self) -> None:
        """Ask which flagged photos to run again, and how."""
        if self._batch is None or self.runner.is_running:
            return
        from inpaint_studio.pipeline.road import offers

        which = Filter(batch_id=self._batch.batch_id)
        reasons = self.studio.queue.facets(which)["gate"]
        engines = [name for name, why in offers().items() if not why]
        dialog = AgainDialog(reasons, engines, self)
        dialog.accepted.connect(self._again)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _again(self) -> None:
        dialog = self.sender()
        if isinstance(dialog, AgainDialog):
            self.retry_flagged(dialog.reason, dialog.engine)

    def retry_flagged(self, reason: str, engine: str) -> None:
        """Run those again that wait for `reason` ("" any) with `engine` ("" as planned)."""
        if self._batch is None or self.runner.is_running:
            return
        try:
            again = self._batch.retry_flagged(gate=reason, engine=engine)
        except InpaintError as error:
            self.notice.emit("warn", str(error))
            return
        if again:
            self.model.show(self._batch.items())
            self._run(self._batch)
        else:
            self.notice.emit("info", tr("No photo of this batch waits for that."))

    def _progressed(self, progress: BatchProgress, row: BatchItemRow | None) -> None:
        if row is not None:
            self.model.changed(row)
        self._tend(progress)
        self._head()

    def _ended(self, why: str) -> None:
        if why:
            self.notice.emit("bad", why)
        if self._batch is not None:
            self.model.show(self._batch.items())
            progress = self._batch.progress()
            self._tend(progress)
            flagged = progress.counts.get("flagged", 0)
            done = progress.counts.get("done", 0) + progress.counts.get("clean", 0)
            words = count(done, "photo delivered", "photos delivered")
            if flagged:
                words += ", " + tr("{n} wait for you in Review", n=flagged)
            if not progress.counts.get("waiting"):
                self.notice.emit("good", words + ".")
        self.status.emit("idle", tr("Ready · offline"))
        self._list()

    def _trouble(self, error: Exception) -> None:
        self.start.setEnabled(True)
        self.status.emit("idle", tr("Ready · offline"))
        self.notice.emit("bad", str(error))

    def _tend(self, progress: BatchProgress | None) -> None:
        running = self.runner.is_running
        self.start.setEnabled(not running)
        self.overview.show_progress(progress, is_running=running)

    # Going on from here

    def _choose_folder(self) -> None:
        found = QFileDialog.getExistingDirectory(self, tr("Folder of photos"))
        if found:
            self.form.folder.set_path(found)

    def _to_review(self) -> None:
        if self._batch is not None:
            self.asked.emit("review", {"batch_id": self._batch.batch_id, "state": "waiting"})

    def _open_row(self, index: QModelIndex) -> None:
        row = self.model.rows[index.row()]
        item = next(iter(self.studio.library.reviews.select(
            "batch_id = ? AND name = ?", (row.batch_id, row.path), "ORDER BY number DESC LIMIT 1"
        )), None)  # fmt: skip
        if item is not None:
            self.asked.emit("review", item.item_id)
        else:
            self.open_retouch(Path(row.path))

    def open_retouch(self, path: Path) -> None:
        self.asked.emit("retouch", path)

    def _report(self) -> None:
        batch = self._batch
        if batch is None:
            return
        name = f"{Path(batch.row.folder).name} report.html"
        found, _ = QFileDialog.getSaveFileName(
            self,
            tr("Write a report"),
            str(Path(batch.row.output) / name),
            "HTML (*.html);;PDF (*.pdf)",
        )
        if found:
            self.write_report(Path(found))

    def write_report(self, path: Path) -> None:
        """Write the report of the batch shown, in the background."""
        if self._batch is not None:
            self.background.run(
                partial(
                    write_report, self.studio.library, path, batch_id=self._batch.batch_id
                ),
                partial(self._reported, path), self._trouble,
            )  # fmt: skip

    def _reported(self, path: Path, _done: object) -> None:
        self.notice.emit("good", tr("The report is in {path}.", path=path))
