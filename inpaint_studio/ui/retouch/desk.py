"""The open photos: opening, going from one to the next, saving, clipboard, files that change."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from inpaint_studio.errors import BadPhoto, InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import (
    SaveOptions,
    SaveReport,
    SaveStatement,
    layers_statement,
    open_photo,
    save_layers,
    save_photo,
)
from inpaint_studio.paths import data_dir, ensure
from inpaint_studio.session.note import history_note
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.retouch.document import Document, open_document
from inpaint_studio.ui.text import count, file_size, tr

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

KEEP_MB = 900
WATCH_MS = 2500
PHOTO_SUFFIXES = {
    ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif", ".avif", ".psd",
    ".dng", ".jxl", ".gif", ".cr2", ".nef", ".arw",
}  # fmt: skip


class Desk(QObject):
    """Keeps documents by path; says which one is on the desk."""

    opened = Signal(object)
    listed = Signal(object)
    row_changed = Signal(object)
    status = Signal(str, str)
    notice = Signal(str, str)
    changed_on_disk = Signal(object)
    saved = Signal(object)
    closed = Signal(object)
    flagged_asked = Signal()
    """The user would rather look at what is flagged than save."""

    def __init__(self, studio: Studio, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._background = background
        self._window = parent
        self._kept: OrderedDict[Path, Document] = OrderedDict()
        self._loading: set[Path] = set()
        self._told: set[Path] = set()
        self._last_save: tuple[Path, SaveOptions, Path | None] | None = None
        self.wanted: Path | None = None
        self.current: Document | None = None
        self._watch = QTimer(self)
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(self._look_at_disk)

    @property
    def is_loading(self) -> bool:
        return bool(self._loading)

    @property
    def photo_ids(self) -> frozenset[int]:
        """The library's numbers of the photos that are open."""
        return frozenset(document.row.photo_id for document in self._kept.values())

    # Opening

    def open(self, paths: Sequence[Path]) -> None:
        """Put photos on the desk (folders: the photos in them) and show the first."""
        found: list[Path] = []
        for path in paths:
            if path.is_dir():
                found += sorted(p for p in path.iterdir() if p.suffix.lower() in PHOTO_SUFFIXES)
            else:
                found.append(path)
        found = [path.absolute() for path in found]
        if not found:
            self.notice.emit("warn", tr("There is no photo in that folder."))
            return
        self.listed.emit(found)
        self.show(found[0])

    def show(self, path: Path) -> None:
        """Bring one photo to the front."""
        self.wanted = path
        if path in self._kept:
            self._kept.move_to_end(path)
            self._front(self._kept[path])
            return
        self.status.emit("busy", tr("Opening {name}", name=path.name))
        self._load(path)

    def prefetch(self, path: Path | None) -> None:
        """Open a photo ahead of time, when there is room."""
        if path is None or path in self._kept or path in self._loading:
            return
        if self._megabytes() < KEEP_MB / 2:
            self._load(path)

    def _load(self, path: Path) -> None:
        if path in self._loading:
            return
        self._loading.add(path)
        self._background.run(
            partial(open_document, self._studio, path), self._loaded,
            partial(self._not_loaded, path),
        )  # fmt: skip

    def _loaded(self, document: Document) -> None:
        path = document.path
        self._loading.discard(path)
        self._kept[path] = document
        self._told.discard(path)
        if path == self.wanted:
            self._front(document)
        self._make_room()

    def _not_loaded(self, path: Path, error: Exception) -> None:
        self._loading.discard(path)
        if path == self.wanted:
            self.status.emit("bad", tr("Not opened"))
            words = str(error) if isinstance(error, InpaintError) else repr(error)
            self.notice.emit("bad", words)
            self.wanted = self.current.path if self.current else None
            self.closed.emit(path)

    def _front(self, document: Document) -> None:
        self.current = document
        self._watch.start()
        self.status.emit("good", tr("Ready · offline"))
        self.opened.emit(document)
        self.tell(document)
        for words in (*document.photo.notes, document.note):
            if words:
                self.notice.emit("warn" if words == document.note else "info", words)

    def _megabytes(self) -> float:
        return sum(doc.photo.pixels.nbytes * 4 / 3e6 for doc in self._kept.values())

    def _make_room(self) -> None:
        while len(self._kept) > 1 and self._megabytes() > KEEP_MB:
            path = next(p for p in self._kept if self._kept[p] is not self.current)
            self._put_away(self._kept.pop(path))

    def _put_away(self, document: Document) -> None:
        self._background.run(document.keep_timeline, None, self._trouble, in_order=True)

    def close(self, path: Path) -> None:
        """Take a photo off the desk; its edits and its mask stay in the library."""
        document = self._kept.pop(path, None)
        if document is not None:
            self._put_away(document)
        if self.current is document:
            self.current = None
        self.closed.emit(path)

    def stop(self) -> None:
        """Look at the disk no more (the window closes)."""
        self._watch.stop()

    def keep_all(self) -> None:
        """Write every mask's line of undo now."""
        for document in self._kept.values():
            document.keep_timeline()

    def keep_soon(self, document: Document) -> None:
        """Write a mask's line of undo in the background."""
        self._put_away(document)

    def tell(self, document: Document) -> None:
        """Say how a photo stands, for the list."""
        self.row_changed.emit(document)

    def _trouble(self, error: Exception) -> None:
        self.notice.emit("bad", str(error) if isinstance(error, InpaintError) else repr(error))

    # Files that change on disk

    def _look_at_disk(self) -> None:
        document = self.current
        if document is None or document.path in self._told:
            return
        self._background.run(
            document.session.changed_on_disk, partial(self._looked, document), None, in_order=True
        )

    def _looked(self, document: Document, changed: bool) -> None:
        if changed and document.path not in self._told and document is self.current:
            self._told.add(document.path)
            self.changed_on_disk.emit(document)

    def reload(self) -> None:
        """Read the photo again from its file."""
        document = self.current
        if document is not None:
            self._kept.pop(document.path, None)
            self.show(document.path)

    # Saving

    def save_as(self) -> None:
        """Ask where and how, then save."""
        from inpaint_studio.ui.dialogs.export import ExportDialog

        document = self.current
        if document is None:
            return
        dialog = ExportDialog(
            document.path, partial(_statement, document), self._background, self._window,
            note=self._note(document), layers=partial(_layers_statement, document),
            flagged=_flagged_words(document),
        )  # fmt: skip
        if dialog.exec() and dialog.chosen is not None:
            self.save(*dialog.chosen, dialog.layers_path())
        elif dialog.look_asked:
            self.flagged_asked.emit()

    def _note(self, document: Document) -> str:
        """Engines, seeds and runs for the XMP, if the user wants a note."""
        if not self._studio.settings["xmp_note"]:
            return ""
        return history_note(self._studio.library, document.history)

    def save_again(self) -> None:
        """Save where and how it was saved last."""
        if self._last_save is None or self.current is None:
            self.save_as()
        else:
            path, options, layers = self._last_save
            note = self._note(self.current)
            self.save(path, replace(options, overwrite=True, note=note), layers)

    def save(self, path: Path, options: SaveOptions, layers: Path | None = None) -> None:
        """Write the photo in the background, and its layers beside it where they are wanted."""
        document = self.current
        if document is None:
            return
        self._last_save = (path, options, layers)
        self.status.emit("busy", tr("Saving {name}", name=path.name))
        work = partial(_save, document, path, options, layers)
        self._background.run(work, partial(self._saved, document), self._not_saved, in_order=True)

    def _saved(self, document: Document, report: SaveReport) -> None:
        document.saved = True
        size = file_size(report.file_bytes)
        self.status.emit("good", tr("Saved"))
        lost = tr("Nothing was lost.") if not report.statement.lost else report.statement.lost[0]
        words = tr("Saved {path} ({size}). {lost}", path=report.path, size=size, lost=lost)
        flagged = len(document.undecided())
        if flagged:
            number = count(flagged, "edit in it is", "edits in it are")
            words += " " + tr("{number} flagged and undecided (F goes there).", number=number)
        self.notice.emit("warn" if flagged else "good", words)
        self.tell(document)
        self.saved.emit(document)

    def _not_saved(self, error: Exception) -> None:
        self.status.emit("bad", tr("Not saved"))
        self._trouble(error)

    # Clipboard

    def copy(self) -> None:
        """Put the photo as it is on the clipboard."""
        document = self.current
        if document is not None:
            self.status.emit("busy", tr("Copying"))
            self._background.run(
                partial(_screen, document), self._copied, self._trouble, in_order=True
            )

    def _copied(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
        QGuiApplication.clipboard().setImage(image.copy())
        self.status.emit("good", tr("Copied"))

    def paste(self) -> None:
        """Open the picture (or the files) on the clipboard."""
        data = QGuiApplication.clipboard().mimeData()
        if data.hasUrls():
            self.open([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])
            return
        image = QGuiApplication.clipboard().image()
        if image.isNull():
            self.notice.emit("warn", tr("There is no picture on the clipboard; copy one first."))
            return
        name = time.strftime("clipboard-%Y%m%d-%H%M%S.png")
        path = data_dir() / "pasted" / name
        work = partial(_keep_image, image, path)
        self._background.run(work, self._pasted, self._trouble)

    def _pasted(self, path: Path) -> None:
        self.open([path])


def facts_of(document: Document) -> tuple[str, str, str]:
    """A photo's dim line, status and kind for the list."""
    height, width = document.shape
    facts = f"{width} × {height}"
    edits = document.history.cursor
    if not edits:
        return facts, "", ""
    flagged = len(document.undecided())
    if flagged:
        return facts, tr("{n} of {edits} flagged", n=flagged, edits=edits), "bad"
    words = count(edits, "edit", "edits")
    if document.saved:
        return facts, tr("{edits}, saved", edits=words), "good"
    return facts, tr("{edits}, not saved", edits=words), "warn"


def _flagged_words(document: Document) -> str:
    """What a save must say of edits nobody has decided; "" when there are none."""
    positions = document.undecided()
    edit = document.edit_of(positions[0]) if positions else None
    if edit is None:
        return ""
    number = count(len(positions), "edit is", "edits are")
    words = tr("{number} flagged and undecided.", number=number)
    return f"{words} {edit.verdict.summary}"


def _statement(document: Document, path: Path, options: SaveOptions) -> SaveStatement:
    return document.session.statement(path, options)


def _layers_statement(document: Document, path: Path) -> SaveStatement:
    return layers_statement(document.photo, path)


def _save(document: Document, path: Path, options: SaveOptions, layers: Path | None) -> SaveReport:
    """Save in the ordered thread: no edit comes in between."""
    session = document.session
    state = session.state
    report = save_photo(session.photo, path, options)
    if layers is not None:
        first = session.history.original(Box.of_shape(session.photo.shape))
        before = replace(session.photo, pixels=first)
        nothing_more = np.zeros(session.photo.shape, bool)  # all that changed is shown anyway
        save_layers(before, session.photo, nothing_more, layers, options)
    session.mark_saved(state)
    if path.absolute() == Path(session.row.path):
        session.saved_over(open_photo(path, page=session.photo.source.page))
        document.pyramid.replace(session.pixels, document.bounds)
        if not document.timeline.fits(len(session.history.entries), session.history.cursor):
            labels = [entry.label for entry in session.history.entries]
            document.timeline.rebuild(labels, session.history.cursor)
    return report


def _screen(document: Document) -> NDArray[np.uint8]:
    pixels = document.history.pixels
    out = np.empty(pixels.shape, np.uint8)
    for top in range(0, pixels.shape[0], 512):
        out[top : top + 512] = document.to_screen(pixels[top : top + 512])
    return out


def _keep_image(image: QImage, path: Path) -> Path:
    ensure(path.parent)
    if not image.convertToFormat(QImage.Format.Format_RGB888).save(str(path)):
        raise BadPhoto(f"The picture on the clipboard cannot be kept in {path.parent}.")
    return path
