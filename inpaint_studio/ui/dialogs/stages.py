"""The stages of a run, one by one, as they were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from inpaint_studio.errors import UserError
from inpaint_studio.records import EditRecord, Stage
from inpaint_studio.ui.canvas import Canvas, Pyramid
from inpaint_studio.ui.text import tr
from inpaint_studio.ui.widgets import Notice, caption

if TYPE_CHECKING:
    from inpaint_studio.store.objects import ObjectStore


MADE = ("fill", "blended", "readings")
"""The stages in which one fill differs from another of the same region."""


def viewable(array: NDArray[np.generic]) -> NDArray[np.uint8] | None:
    """Return any kept array as (h, w, 3) uint8 for looking at; None when it is no picture."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        return None
    if array.dtype == np.bool_:
        plane = array.astype(np.uint8) * 255
    elif array.dtype == np.uint8:
        plane = array.astype(np.uint8)
    elif array.dtype == np.uint16:
        plane = (array.astype(np.uint16) >> 8).astype(np.uint8)
    elif np.issubdtype(array.dtype, np.floating):
        values = np.nan_to_num(array.astype(np.float32))
        if array.ndim == 3:
            values = np.clip(values, 0, 1) ** (1 / 2.2)
        else:
            values = values / max(float(np.abs(values).max()), 1e-9)
        plane = (np.clip(values, 0, 1) * 255).astype(np.uint8)
    else:
        return None
    if plane.ndim == 2:
        plane = np.repeat(plane[..., None], 3, axis=2)
    return np.ascontiguousarray(plane)


def rows_of(edit: EditRecord) -> list[tuple[str, Stage]]:
    """Return what can be looked at, with its words: the fill kept, then those that lost to it."""
    rows = [(_title(stage.name), stage) for stage in edit.stages if stage.sha256]
    for lost in edit.attempts:
        who = tr("{engine}, not kept", engine=lost.recipe.engine)
        rows += [
            (f"{_title(stage.name)} · {who}", stage)
            for stage in lost.stages
            if stage.sha256 and stage.name in MADE
        ]
    return rows


def _title(name: str) -> str:
    return name.replace("_", " ").replace("/", " · ").capitalize()


class StageDialog(QDialog):
    """A list of what was kept, and the one chosen on a canvas."""

    def __init__(self, edit: EditRecord, objects: ObjectStore, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Stages of the run"))
        self.setAccessibleName(tr("Stages of the run"))
        self.resize(980, 640)
        self._objects = objects
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Stages"))
        self.list.setFixedWidth(220)
        self.canvas = Canvas()
        self.notice = Notice()
        self._facts = caption("")
        for words, stage in rows_of(edit):
            seconds = f"   {stage.seconds:.2f} s" if stage.seconds >= 0.005 else ""
            item = QListWidgetItem(words + seconds)
            item.setData(Qt.ItemDataRole.UserRole, stage.sha256)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._show)
        right = QVBoxLayout()
        right.addWidget(self.notice)
        right.addWidget(self.canvas, 1)
        right.addWidget(self._facts)
        row = QHBoxLayout(self)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        names = [stage.name for _, stage in rows_of(edit)]
        self.list.setCurrentRow(names.index("input") if "input" in names else 0)

    def _show(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        key = str(item.data(Qt.ItemDataRole.UserRole))
        self.notice.clear()
        try:
            array = self._objects.get_array(key)
        except (UserError, ValueError, KeyError) as error:
            self._no_picture(key, str(error))
            return
        picture = viewable(array)
        if picture is None:
            self._no_picture(key, tr("This stage is no picture: {shape}", shape=array.shape))
            return
        self.canvas.set_pictures(Pyramid(picture).build())
        self._facts.setText(f"{array.shape} {array.dtype}   {key[:16]}")

    def _no_picture(self, key: str, words: str) -> None:
        self.canvas.set_pictures(None)
        try:
            data = self._objects.get_bytes(key)
            self._facts.setText(data[:400].decode("utf-8", "replace"))
        except (UserError, ValueError, KeyError):
            self.notice.say("info", words)
