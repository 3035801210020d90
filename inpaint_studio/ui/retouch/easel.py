"""Puts the desk's photos on the canvas, one at a time, and takes them off again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from inpaint_studio.review.fixing import Fix
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.retouch.desk import Desk, facts_of
from inpaint_studio.ui.retouch.document import Document
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.places import Places
from inpaint_studio.ui.retouch.runcontrol import RunControl
from inpaint_studio.ui.retouch.showing import Showing
from inpaint_studio.ui.retouch.smart_tools import Pins
from inpaint_studio.ui.retouch.welcome import sample_paths
from inpaint_studio.ui.text import tr

KEEP_AFTER_MS = 1500


class Easel(QTimer):
    """Which photo is worked on. A timer: mask and view are kept a while after each change."""

    headline = Signal(str, str)
    notice = Signal(str, str)

    def __init__(
        self, places: Places, editor: Editor, desk: Desk, runs: RunControl, pins: Pins,
        showing: Showing, actions: Actions, background: Background, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._places = places
        self._editor = editor
        self._desk = desk
        self._runs = runs
        self._pins = pins
        self._hand = runs.hand
        self._showing = showing
        self._background = background
        self._fix: Fix | None = None
        self.setSingleShot(True)
        self.setInterval(KEEP_AFTER_MS)
        self.timeout.connect(self._keep)
        editor.history_changed.connect(self.start)
        editor.pixels_changed.connect(self._tell)
        desk.opened.connect(self._opened)
        desk.listed.connect(places.photos.add)
        desk.row_changed.connect(self._tell_row)
        desk.closed.connect(self._closed)
        desk.changed_on_disk.connect(self._changed_on_disk)
        desk.saved.connect(self._saved)
        places.photos.chosen.connect(desk.show)
        places.welcome.photos_asked.connect(desk.open)
        on = actions.on
        on("file.close", self._close_photo)
        on("file.next", partial(self._step, 1))
        on("file.previous", partial(self._step, -1))
        on("file.samples", self._open_samples)

    @property
    def document(self) -> Document | None:
        return self._editor.document

    def mend(self, fix: Fix) -> None:
        """Open a review item's photo with its mask."""
        self._fix = fix
        self._desk.open([fix.path])

    def tell_headline(self) -> None:
        """Say what is open."""
        document = self.document
        self.headline.emit(document.name if document else "", document.facts if document else "")

    # On and off

    def _opened(self, document: Document) -> None:
        canvas, old = self._places.canvas, self.document
        if old is not None:
            old.view = canvas.view if not canvas.is_fitted else None
            self._desk.keep_soon(old)
        self._runs.drop_variations()
        self._pins.items = []
        self._editor.document = document
        self._showing.forget_before()
        canvas.set_pictures(document.pyramid)
        canvas.scene.source = document.source_plane
        canvas.set_mask(document.plane)
        if document.view is not None:
            canvas.set_view(document.view)
        self._places.show_work()
        self._places.photos.mark(document.path)
        self._places.inspector.histogram.show_shares(document.shares)
        self._showing.refresh_before()
        self.tell_headline()
        self._hand.newest()
        self._editor.history_changed.emit()
        canvas.setFocus()
        self._desk.prefetch(self._places.photos.neighbour(document.path, 1))
        self._begin_fix(document)

    def _begin_fix(self, document: Document) -> None:
        """A review item is mended here: its mask is the mask, its edit is in sight."""
        fix, self._fix = self._fix, None
        if fix is None or fix.path != document.path:
            return
        mask = fix.mask(document.shape)
        if mask is not None:
            # What it was found as: text goes to the text engine again.
            self._editor.kind = fix.kind
            self._editor.replace_mask(tr("Mask from review"), mask)
            self._places.canvas.frame(fix.box)

    def _closed(self, path: Path) -> None:
        photos = self._places.photos
        neighbour = photos.neighbour(path, 1) or photos.neighbour(path, -1)
        photos.remove(path)
        if self._desk.current is not None:
            return
        if neighbour is not None and neighbour != path:
            self._desk.show(neighbour)
            return
        self._editor.document = None
        self._places.canvas.set_pictures(None)
        self._places.canvas.set_mask(None)
        self.tell_headline()
        self._hand.choose(-1)
        self._editor.history_changed.emit()
        self._places.show_welcome()

    def _close_photo(self) -> None:
        if self._desk.current is not None:
            self._desk.close(self._desk.current.path)

    def _step(self, step: int) -> None:
        path = self._places.photos.neighbour(self._desk.wanted, step)
        if path is not None:
            self._desk.show(path)

    def _open_samples(self) -> None:
        self._background.run(sample_paths, self._desk.open, None)

    # How it stands

    def _tell(self) -> None:
        if self.document is not None:
            self._desk.tell(self.document)

    def _tell_row(self, document: Document) -> None:
        facts, status, kind = facts_of(document)
        self._places.photos.say(document.path, facts=facts, status=status, kind=kind)
        self._places.count_photos()

    def _changed_on_disk(self, document: Document) -> None:
        words = tr("{name} was changed by another program.", name=document.name)
        keys = tr("Your edits are kept. “Read again from disk” (Ctrl+K) shows the new file.")
        self.notice.emit("warn", f"{words} {keys}")

    def _saved(self, document: Document) -> None:
        if document is self.document:
            self._places.canvas.refresh()
            self._editor.history_changed.emit()

    def _keep(self) -> None:
        if self.document is not None:
            self._desk.keep_soon(self.document)
