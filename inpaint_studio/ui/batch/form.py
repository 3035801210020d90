"""What a batch is asked: folders, what to remove, how sure one must be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio import records
from inpaint_studio.records import Kind, RunOptions
from inpaint_studio.review.batch_plan import BatchOptions, run_options
from inpaint_studio.settings import Settings
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Section, Segmented, caption, dim, icon_button, spaced

KINDS: tuple[tuple[Kind, str], ...] = (
    ("text", "Text"), ("logo", "Logos"), ("object", "Objects"), ("blemish", "Blemishes"),
    ("watermark", "Watermarks"),
)  # fmt: skip
ENGINES = (("auto", "As routing decides"), ("patch", "Patch"), ("flat", "Flat"),
           ("text", "Text"), ("learned", "Learned"), ("generative", "Generative"))  # fmt: skip


class PathField(QWidget):
    """A path that can be typed or chosen."""

    changed = Signal()

    def __init__(self, name: str, *, file: bool = False) -> None:
        super().__init__()
        self._file = file
        self._name = name
        self.edit = QLineEdit()
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(name)
        self.edit.textChanged.connect(self._typed)
        choose = icon_button("folder", tr("Choose: {name}", name=name), size=16)
        choose.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.edit, 1)
        row.addWidget(choose)

    @property
    def path(self) -> Path | None:
        words = self.edit.text().strip()
        return Path(words).expanduser() if words else None

    def set_path(self, path: Path | str) -> None:
        self.edit.setText(str(path))

    def _typed(self, _words: str) -> None:
        self.changed.emit()

    def _choose(self) -> None:
        start = self.edit.text() or str(Path.home())
        if self._file:
            found, _ = QFileDialog.getOpenFileName(self, self._name, start)
        else:
            found = QFileDialog.getExistingDirectory(self, self._name, start)
        if found:
            self.edit.setText(found)


class BatchForm(QWidget):
    """Everything before the start. `folder_changed`: the output follows the input's name."""

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._new = run_options(settings)
        self._kept: tuple[Path, RunOptions] | None = None
        self.folder = PathField(tr("Folder of photos"))
        self.output = PathField(tr("Folder for the results"))
        self.folder.changed.connect(self._folder_typed)
        self.output.changed.connect(self.changed)
        self.way = Segmented(
            [("propose", tr("Propose")), ("mask", tr("One mask")), ("masks", tr("Mask folder"))],
            tr("What to remove"),
        )
        self.way.chosen.connect(self._way_chosen)
        self.kinds = {kind: QCheckBox(tr(words)) for kind, words in KINDS}
        self.kinds["text"].setChecked(True)
        self.one_mask = PathField(tr("Mask for every photo"), file=True)
        self.mask_folder = PathField(tr("Folder with one mask per photo"))
        self.sure = self._percent(80, tr("Below this a person looks, whatever the gates say"))
        self.audit = self._percent(
            round(100 * float(settings["audit_share"])), tr("Accepted edits shown all the same")
        )
        self.double = self._percent(0, tr("Items that two people must agree on"))
        self.engine = QComboBox()
        self.engine.setAccessibleName(tr("Engine"))
        for key, words in ENGINES:
            self.engine.addItem(tr(words), key)
        self.pattern = QLineEdit("*")
        self.pattern.setAccessibleName(tr("File names"))
        self.recursive = QCheckBox(tr("Folders inside it too"))
        self.recursive.setChecked(True)
        for box in (*self.kinds.values(), self.recursive):
            box.toggled.connect(self._touched)
        self._build()
        self._way_chosen("propose")

    def _percent(self, value: int, hint: str) -> QSpinBox:
        made = spaced(QSpinBox())
        made.setRange(0, 100)
        made.setValue(value)
        made.setSuffix(" %")
        made.setToolTip(hint)
        made.setAccessibleName(hint)
        return made

    def _build(self) -> None:
        self._kinds = QWidget()
        grid = QGridLayout(self._kinds)
        grid.setContentsMargins(0, 0, 0, 0)
        for number, box in enumerate(self.kinds.values()):
            grid.addWidget(box, number // 2, number % 2)
        where, what, how = Section(tr("Where")), Section(tr("What to remove")), Section(tr("How"))
        where.body.addWidget(self.folder)
        where.body.addWidget(self.recursive)
        where.body.addLayout(self._line(tr("File names"), self.pattern))
        where.body.addWidget(self.output)
        what.body.addWidget(self.way)
        for part in (self._kinds, self.one_mask, self.mask_folder):
            what.body.addWidget(part)
        how.body.addLayout(self._line(tr("Engine"), self.engine))
        how.body.addLayout(self._line(tr("Sure enough from"), self.sure))
        how.body.addLayout(self._line(tr("Audit"), self.audit))
        how.body.addLayout(self._line(tr("Reviewed twice"), self.double))
        how.body.addWidget(
            caption(tr("Audited edits stand in the queue like any other."), wrap=True)
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        for section in (where, what, how):
            column.addWidget(section)

    def _line(self, words: str, part: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(dim(words))
        row.addStretch(1)
        part.setMinimumWidth(120)
        row.addWidget(part)
        return row

    def _folder_typed(self) -> None:
        path = self.folder.path
        if path is not None and path.name and not self.output.edit.isModified():
            self.output.set_path(path.with_name(f"{path.name} retouched"))
        self.changed.emit()

    def _way_chosen(self, key: str) -> None:
        self._kinds.setVisible(key == "propose")
        self.one_mask.setVisible(key == "mask")
        self.mask_folder.setVisible(key == "masks")
        self.sure.setEnabled(key == "propose")
        self.changed.emit()

    def _touched(self, _on: bool = False) -> None:
        self.changed.emit()

    def options(self) -> BatchOptions:
        """Return what is asked (not checked yet)."""
        way = self.way.choice
        found = tuple(k for k in records.KINDS if k in self.kinds and self.kinds[k].isChecked())
        mask, masks = self.one_mask.path, self.mask_folder.path
        run = self._new
        if self._kept is not None and self._kept[0] == self.folder.path:
            run = self._kept[1]
        return BatchOptions(
            propose=found if way == "propose" else (),
            mask=str(mask.absolute()) if way == "mask" and mask else "",
            masks=str(masks.absolute()) if way == "masks" and masks else "",
            pattern=self.pattern.text().strip() or "*",
            recursive=self.recursive.isChecked(),
            sure=self.sure.value() / 100,
            audit_share=self.audit.value() / 100,
            double_share=self.double.value() / 100,
            run=replace(run, engine=str(self.engine.currentData())),
        )

    def show_batch(self, folder: Path, output: Path, options: BatchOptions) -> None:
        """Show what a batch was asked, so that Start does what is new in it.

        What the form has no field for (the seed, the gates' budget) stays the batch's as long
        as its folder stands there.
        """
        self.output.edit.setModified(True)
        self.folder.set_path(folder)
        self.output.set_path(output)
        self._kept = (folder, options.run)
        way = "mask" if options.mask else ("masks" if options.masks else "propose")
        self.way.choose(way)
        self._way_chosen(way)
        for kind, box in self.kinds.items():
            box.setChecked(kind in options.propose)
        self.one_mask.set_path(options.mask)
        self.mask_folder.set_path(options.masks)
        self.pattern.setText(options.pattern)
        self.recursive.setChecked(options.recursive)
        self.sure.setValue(round(100 * options.sure))
        self.audit.setValue(round(100 * options.audit_share))
        self.double.setValue(round(100 * options.double_share))
        self.engine.setCurrentIndex(max(0, self.engine.findData(options.run.engine)))
