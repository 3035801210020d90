"""Save a photo: where, how, and what the file will keep and lose, said beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import UserError
from inpaint_studio.imaging.photo import SaveOptions, SaveStatement
from inpaint_studio.ui import icons
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Notice, Section, button, dim, label, name_lists, spaced

FORMATS = (
    ("same", "Like the original"), (".png", "PNG"), (".tif", "TIFF"), (".jpg", "JPEG"),
    (".webp", "WebP"),
)  # fmt: skip
JPEG = (
    ("auto", "Change only the touched blocks where possible"),
    ("patch", "Change only the touched blocks"),
    ("reencode", "Encode the whole photo anew"),
)
LAYERS = (
    ("", "None"), (".psd", "PSD beside it"), (".ora", "OpenRaster beside it"),
    (".tif", "TIFF with pages beside it"),
)  # fmt: skip
State = Callable[[Path, SaveOptions], SaveStatement]
LayersState = Callable[[Path], SaveStatement]


def suggested(path: Path) -> Path:
    """A name beside the original that is not taken: photo-retouched.jpg, -2, -3…"""
    made = path.with_name(f"{path.stem}-retouched{path.suffix}")
    number = 2
    while made.exists():
        made = path.with_name(f"{path.stem}-retouched-{number}{path.suffix}")
        number += 1
    return made


class ExportDialog(QDialog):
    """Asks for everything a save needs. `chosen` holds the answer after `accept`."""

    def __init__(
        self, path: Path, state: State, background: Background, parent: QWidget, *,
        note: str = "", layers: LayersState | None = None, flagged: str = "",
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle(tr("Save photo"))
        self.setAccessibleName(tr("Save photo"))
        self.resize(620, 470)
        self._original = path
        self._state = state
        self._background = background
        self._note = note
        self._layers_state = layers
        self._asked = 0
        self._losses: tuple[str, ...] = ()
        self.chosen: tuple[Path, SaveOptions] | None = None
        self.where = QLineEdit(str(suggested(path)))
        self.where.setAccessibleName(tr("File"))
        browse = button(tr("Browse…"))
        browse.clicked.connect(self._browse)
        self.format = _combo(FORMATS, tr("Format"))
        self.jpeg = _combo(JPEG, tr("JPEG"))
        self.quality = spaced(QSpinBox())
        self.quality.setRange(1, 100)
        self.quality.setValue(95)
        self.quality.setAccessibleName(tr("Quality"))
        self.layers = _combo(LAYERS, tr("Layers"))
        self.layers.setToolTip(tr("Original, edit and mask, for another program to go on with"))
        self.lossless = QCheckBox(tr("Lossless"))
        self.lossless.setAccessibleName(tr("Lossless"))
        self.lossless.setChecked(True)
        self.overwrite = QCheckBox(tr("Replace the file that is there"))
        self.overwrite.setAccessibleName(tr("Replace the file that is there"))
        place = QHBoxLayout()
        place.addWidget(self.where, 1)
        place.addWidget(browse)
        self._form = form = QFormLayout()
        form.setVerticalSpacing(9)
        form.addRow(dim(tr("File")), place)
        form.addRow(dim(tr("Format")), self.format)
        form.addRow(dim(tr("JPEG")), self.jpeg)
        form.addRow(dim(tr("Quality")), self.quality)
        form.addRow(dim(""), self.lossless)
        if layers is not None:
            form.addRow(dim(tr("Layers")), self.layers)
        form.addRow(dim(""), self.overwrite)
        self._kept = Section(tr("The file keeps"))
        self._lost = Section(tr("Lost or changed"))
        self._may = self._is_told = self._is_wanted = False
        for section in (self._kept, self._lost):
            section.hide()
        self.notice = Notice()
        self.look_asked = False
        """Whether the user went to look at what is flagged instead of saving."""
        self.flagged = Notice()
        self.flagged.acted.connect(self._look)
        if flagged:
            self.flagged.say("warn", flagged, action=tr("Go to the edit"), key="look")
        self.save_button = button(tr("Save"), icon="save", primary=True)
        self.save_button.setDefault(True)
        self.save_button.clicked.connect(self._take)
        cancel = button(tr("Cancel"))
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(self.flagged)
        column.addLayout(form)
        column.addWidget(self._lost)
        column.addWidget(self._kept)
        column.addWidget(self.notice)
        column.addStretch(1)
        column.addLayout(foot)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(150)
        self._soon.timeout.connect(self._ask)
        self.where.textChanged.connect(self._changed)
        self.where.returnPressed.connect(self._entered)
        self.format.currentIndexChanged.connect(self._format_chosen)
        for box in (self.jpeg, self.layers):
            box.currentIndexChanged.connect(self._changed)
        self.quality.valueChanged.connect(self._changed)
        self.lossless.toggled.connect(self._changed)
        self.overwrite.toggled.connect(self._changed)
        self._changed()
        name_lists(self)
        self.where.setFocus()

    def path(self) -> Path:
        return Path(self.where.text()).expanduser()

    def options(self) -> SaveOptions:
        return SaveOptions(
            overwrite=self.overwrite.isChecked(), jpeg=str(self.jpeg.currentData()),
            quality=self.quality.value(), lossless=self.lossless.isChecked(), note=self._note,
        )  # fmt: skip

    def layers_path(self) -> Path | None:
        """Where the layers go: beside the photo, under a name of their own; None: nowhere."""
        suffix = str(self.layers.currentData()) if self.path().name else ""
        return self.path().with_name(f"{self.path().stem}-layers{suffix}") if suffix else None

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Save photo"), self.where.text(),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if name:
            self.where.setText(name)

    def _format_chosen(self) -> None:
        suffix = str(self.format.currentData())
        suffix = self._original.suffix if suffix == "same" else suffix
        if not self.path().name:
            return
        self.where.setText(str(self.path().with_suffix(suffix)))

    def _changed(self) -> None:
        suffix = self.path().suffix.lower()
        is_jpeg = suffix in (".jpg", ".jpeg")
        lossy = is_jpeg or (suffix in (".webp", ".avif", ".jxl") and not self._plain)
        for field, shown in (
            (self.jpeg, is_jpeg), (self.quality, lossy),
            (self.lossless, suffix in (".webp", ".avif", ".jxl")),
        ):  # fmt: skip
            self._form.setRowVisible(field, shown)
        layers = self.layers_path()
        taken = [path for path in (self.path(), layers) if path is not None and path.exists()]
        there = bool(taken)
        self._form.setRowVisible(self.overwrite, there)
        self._may = not there or self.overwrite.isChecked()
        self._is_told = self._is_wanted = False
        self._allow()
        if there and not self.overwrite.isChecked():
            own = any(path.absolute() == self._original.absolute() for path in taken)
            what = tr("This is the original.") if own else tr("There is a file with this name.")
            if taken[0] == layers:
                what = tr("There is a {name} already.", name=layers.name)
            self.notice.say("warn", what + " " + tr("Tick “Replace” or choose another name."))
        else:
            self.notice.clear()
        self._soon.start()

    def _allow(self) -> None:
        """A save can be asked for once it has been said what the file keeps and loses."""
        self.save_button.setEnabled(self._may and self._is_told)

    @property
    def _plain(self) -> bool:
        return self.lossless.isChecked()

    def _ask(self) -> None:
        self._asked += 1
        options = replace(self.options(), overwrite=True)
        work = partial(self._both, self.path(), options, self.layers_path())
        self._background.run(
            work, partial(self._answer, self._asked), partial(self._refused, self._asked)
        )

    def _both(self, path: Path, options: SaveOptions, layers: Path | None) -> SaveStatement:
        """What the photo's file and the layers' file keep and lose; in the background."""
        statement = self._state(path, options)
        if layers is None or self._layers_state is None:
            return statement
        more = self._layers_state(layers)
        kept = tuple(f"{layers.name}: {words}" for words in more.kept[:1])
        lost = tuple(f"{layers.name}: {words}" for words in more.lost)
        return replace(statement, kept=statement.kept + kept, lost=statement.lost + lost)

    def _answer(self, number: int, statement: SaveStatement) -> None:
        if number != self._asked:
            return
        self._is_told = True
        self._allow()
        news = [words for words in statement.lost if words not in self._losses]
        self._losses = statement.lost
        self._kept.show()
        _list(self._kept, statement.kept, "check", "good")
        _list(self._lost, statement.lost, "warning", "warn")
        self._lost.setVisible(bool(statement.lost))
        self._kept.set_note({"copy": tr("copied as it is"), "patch": tr("only touched blocks"),
                             "encode": tr("written anew")}.get(statement.method, ""))  # fmt: skip
        if self._is_wanted and self._may and not news:
            self._take()

    def _refused(self, number: int, error: Exception) -> None:
        if number == self._asked:
            self.notice.say("bad", str(error) if isinstance(error, UserError) else repr(error))

    def _entered(self) -> None:
        """Enter right after typing: saves once it is told, where nothing new is lost."""
        self._is_wanted = not self._is_told

    def _look(self) -> None:
        self.look_asked = True
        self.reject()

    def _take(self) -> None:
        self.chosen = (self.path(), self.options())
        self.accept()


def _combo(options: tuple[tuple[str, str], ...], name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    for key, words in options:
        made.addItem(tr(words), key)
    return made


def _list(section: Section, sentences: tuple[str, ...], icon: str, role: str) -> None:
    while (item := section.body.takeAt(0)) is not None:
        old = item.widget()
        if old is not None:
            old.hide()
            old.deleteLater()
    for words in sentences:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        mark = label("")
        icons.put(mark, icon, role, 14)
        row.addWidget(mark)
        row.addWidget(label(words, wrap=True), 1)
        section.body.addWidget(holder)
