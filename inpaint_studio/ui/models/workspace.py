"""The Models page. Reading and copying happen in the background; progress is polled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.engines.learned_check import check_models
from inpaint_studio.engines.learned_probe import probed
from inpaint_studio.errors import Cancelled
from inpaint_studio.jobs.token import Progress, RunToken
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.models.detail import Detail
from inpaint_studio.ui.models.listing import ModelList, ModelRows
from inpaint_studio.ui.text import count, tr
from inpaint_studio.ui.widgets import button, dim, heading
from inpaint_studio.ui.widgets.columns import side_by_side
from inpaint_studio.ui.workspace import Workspace
from inpaint_studio.weights import manifest
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.known import known_models
from inpaint_studio.weights.memory import with_memory
from inpaint_studio.weights.transfer import Imported, import_models, remove

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

POLL_MS = 100


class ModelsWorkspace(Workspace):
    """Lists the models, imports, verifies and removes them."""

    def __init__(self, studio: Studio, actions: Actions, parent: QWidget) -> None:
        super().__init__(studio, actions, parent)
        self.folder = ModelFolder()
        self.rows = ModelRows()
        self.list = ModelList(self.rows)
        self.detail = Detail()
        self.import_folder = button(tr("Import from folder…"), icon="folder", primary=True)
        self.import_file = button(tr("Import file…"))
        self.verify_all = button(tr("Verify all"), icon="check")
        self.cancel = button(tr("Cancel"), icon="stop")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        self.stage = dim("")
        # A long file name must not push the list wider while it is checked.
        self.stage.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._token: RunToken | None = None
        self._latest: Progress | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._build()
        self._connect()
        self._set_busy(False)

    def _build(self) -> None:
        left = QWidget()
        left.setObjectName("panel")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 14, 0, 12)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        self.place = dim("")
        head.addWidget(heading(tr("Models")))
        head.addStretch(1)
        head.addWidget(self.place)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(8)
        progress = QHBoxLayout()
        progress.addWidget(self.stage, 1)
        progress.addWidget(self.cancel)
        foot.addLayout(progress)
        foot.addWidget(self.bar)
        foot.addWidget(self.import_folder)
        both = QHBoxLayout()
        both.addWidget(self.import_file)
        both.addWidget(self.verify_all)
        foot.addLayout(both)
        column.addLayout(foot)
        side_by_side(self, (left, self.detail), (330, 1000), grows=1)

    def _connect(self) -> None:
        self.import_folder.clicked.connect(self._choose_folder)
        self.import_file.clicked.connect(self._choose_file)
        self.verify_all.clicked.connect(self._verify_all)
        self.cancel.clicked.connect(self.stop)
        self.list.selectionModel().currentChanged.connect(self._picked)
        self.detail.verify.connect(self._verify_one)
        self.detail.trust.connect(self._trust)
        self.detail.remove.connect(self._remove)
        self._timer.timeout.connect(self._poll)

    # Workspace

    def enter(self, what: object = None) -> None:
        self.refresh()
        if isinstance(what, str):
            self.list.pick(what)

    def leave(self) -> None:
        """Reading and copying go on while another page is shown."""

    def open_files(self, paths: Sequence[Path]) -> None:
        """A dropped folder or file is imported."""
        for path in paths[:1]:
            self.bring(path)

    def close_down(self) -> bool:
        self.stop()
        self._timer.stop()
        self.background.close()
        return True

    # What there is

    def refresh(self) -> None:
        """Look at the folder again; the row looked at stays."""
        current = self.list.current()
        name = current.id if isinstance(current, ModelEntry) else current.name if current else ""
        entries = [with_memory(entry) for entry in self.folder.entries()]
        self.rows.show(entries, known_models())
        self.list.pick(name)
        self.place.setText(count(len(entries), "model", "models"))
        self.headline.emit(tr("Models"), str(self.folder.root))
        self._picked()

    def _picked(self, *_: object) -> None:
        self.detail.show_row(self.list.current(), busy=self._token is not None)

    # Doing

    def bring(self, source: Path) -> None:
        """Import what lies at `source`."""
        self._run(
            lambda token: import_models(source, self.folder, token, probe=probed), self._brought
        )

    def _brought(self, results: tuple[Imported, ...]) -> None:
        refused = [r for r in results if r.entry is None and not r.is_new]
        words = " ".join(result.sentence for result in (refused or results)[:3])
        if len(refused) > 3:
            words += " " + tr("{n} more were refused.", n=len(refused) - 3)
        self.notice.emit("warn" if refused else "good", words)
        new = next((r.entry.id for r in results if r.entry is not None), "")
        self.refresh()
        if new:
            self.list.pick(new)

    def _verify_all(self) -> None:
        self._check(self.folder.entries())

    def _verify_one(self, entry: ModelEntry) -> None:
        self._check((entry,))

    def _trust(self, entry: ModelEntry) -> None:
        self._check((entry,), trust=True)

    def _check(self, entries: Sequence[ModelEntry], *, trust: bool = False) -> None:
        root = self.folder.root
        self._run(lambda token: check_models(entries, root, token, trust=trust), self._checked)

    def _checked(self, entries: list[ModelEntry]) -> None:
        bad = [entry for entry in entries if entry.state != "ready"]
        if bad:
            self.notice.emit("bad", " ".join(entry.advice for entry in bad[:3]))
        else:
            self.notice.emit("good", tr("Every byte is as it should be."))
        self.refresh()
        if bad:
            self.list.pick(bad[0].id)

    def _remove(self, entry: ModelEntry) -> None:
        answer = QMessageBox.question(
            self,
            tr("Remove the model"),
            tr("Delete {name} from the models folder? This cannot be undone.", name=entry.name),
        )
        if answer == QMessageBox.StandardButton.Yes:
            remove(entry.path)
            manifest.drop(self.folder.root, entry.id)
            self.refresh()

    def _run(self, work: Callable[[RunToken], Any], done: Callable[[Any], object]) -> None:
        if self._token is not None:
            return
        self._token = RunToken(self._report)
        self._latest = None
        self._set_busy(True)
        self._timer.start()
        self.background.run(
            partial(_quietly, work, self._token), partial(self._done, done), self._failed
        )

    def _report(self, progress: Progress) -> None:
        # On the worker's thread: only a value is left for the timer to find.
        self._latest = progress

    def _poll(self) -> None:
        progress = self._latest
        if progress is not None:
            self.bar.setValue(round(progress.fraction * 1000))
            left = progress.seconds_left
            words = f" · {tr('{n} s left', n=round(left))}" if left is not None else ""
            self.stage.setText(f"{progress.stage}{words}")

    def _done(self, done: Callable[[Any], object], answer: Any) -> None:
        self._end()
        if answer is None:
            self.notice.emit("info", tr("Stopped; nothing half-written was left behind."))
            self.refresh()
        else:
            done(answer)

    def _failed(self, error: Exception) -> None:
        self._end()
        self.notice.emit("bad", str(error))
        self.refresh()

    def _end(self) -> None:
        self._timer.stop()
        self._token = None
        self._set_busy(False)

    def _set_busy(self, busy: bool) -> None:
        for part in (self.import_folder, self.import_file, self.verify_all):
            part.setEnabled(not busy)
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.stage.setVisible(busy)
        if busy:
            self.bar.setValue(0)
            self.stage.setText("")
        self._picked()

    def stop(self) -> None:
        """Ask the work under way to stop."""
        if self._token is not None:
            self._token.cancel()

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Import models from"))
        if name:
            self.bring(Path(name))

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            tr("Import a model"),
            "",
            f"{tr('Models')} (*.safetensors *.onnx *.pt *.pth)",
        )
        if name:
            self.bring(Path(name))


def _quietly(work: Callable[[RunToken], Any], token: RunToken) -> Any:
    """Return None for a cancelled piece of work: the page must still be told."""
    try:
        return work(token)
    except Cancelled:
        return None
