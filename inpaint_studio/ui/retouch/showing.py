"""Keeps what is seen in step with the photo and the edit in hand: canvas, lists, commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord
from inpaint_studio.ui.actions import Actions
from inpaint_studio.ui.background import Background
from inpaint_studio.ui.canvas.panes import Mode
from inpaint_studio.ui.canvas.picture import Patched
from inpaint_studio.ui.canvas.render import Evidence
from inpaint_studio.ui.retouch.document import Document, shares_of
from inpaint_studio.ui.retouch.edithand import EditInHand, mask_of
from inpaint_studio.ui.retouch.editor import Editor
from inpaint_studio.ui.retouch.evidence import EvidenceView
from inpaint_studio.ui.retouch.places import Places
from inpaint_studio.ui.retouch.viewcontrol import ViewCommands

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

WHITE = (255, 255, 255)
MASK_COLORS = {
    "red": (238, 80, 90), "green": (70, 200, 110), "blue": (80, 140, 250), "white": WHITE,
    "black": (0, 0, 0),
}  # fmt: skip
ON_PHOTO = ("file.save", "file.save_again", "file.copy", "file.close", "file.reload")
ON_EDIT = ("edit.hide", "edit.again", "edit.review", "edit.replay")
ON_UNDECIDED = ("edit.accept", "edit.reject")


class Showing(QObject):
    """Hears of every change and shows it; asks for nothing itself."""

    def __init__(
        self, studio: Studio, places: Places, editor: Editor, hand: EditInHand,
        views: ViewCommands, actions: Actions, background: Background, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._studio = studio
        self._places = places
        self._editor = editor
        self._hand = hand
        self._views = views
        self._actions = actions
        self._background = background
        self._window = window
        self._before_of: tuple[object, int] | None = None
        self.evidence = EvidenceView(places.canvas, studio.library.objects, background, self)
        self._connect()

    def _connect(self) -> None:
        places, canvas = self._places, self._places.canvas
        canvas.view_changed.connect(self._view_changed)
        canvas.mode_changed.connect(places.footer.show_mode)
        canvas.hovered.connect(self._hovered)
        places.footer.mode_chosen.connect(self._mode_chosen)
        places.footer.onion.valueChanged.connect(self._onion)
        places.history.chosen.connect(self.pick)
        places.inspector.gauge_pointed.connect(self._gauge_pointed)
        places.inspector.stages_asked.connect(self._show_stages)
        self._editor.history_changed.connect(self.history_changed)
        self._editor.pixels_changed.connect(self._pixels_changed)
        self._editor.mask_edited.connect(self._mask_edited)
        self._hand.changed.connect(self._edit_chosen)
        self._views.before_wanted.connect(self.refresh_before)
        self._views.evidence_toggled.connect(self.evidence.set_visible)
        self._actions.on("edit.flagged", self.next_flagged)

    # The photo

    def apply_settings(self) -> None:
        """Take the mask's colour and opacity from the settings."""
        scene, settings = self._places.canvas.scene, self._studio.settings
        scene.mask_color = MASK_COLORS[str(settings["mask_color"])]
        scene.mask_opacity = float(settings["mask_opacity"])
        self._places.canvas.refresh()

    def _view_changed(self) -> None:
        self._places.footer.show_zoom(self._places.canvas.view.zoom)

    def _hovered(self, x: int, y: int) -> None:
        self._places.footer.show_place(f"{x}, {y}")

    def _mode_chosen(self, key: str) -> None:
        self._views.set_mode(Mode(key))

    def _onion(self, value: int) -> None:
        self._places.canvas.scene.onion = value / 100
        self._places.canvas.refresh()

    def refresh_before(self) -> None:
        """Bring the original up to date, when edits have been made since."""
        document = self._editor.document
        if document is None or self._places.strip.is_choosing:
            return
        state = (document, hash(document.session.state))
        if self._before_of != state:
            self._before_of = state
            self._editor.in_order(document.before, partial(self._before_made, document))

    def forget_before(self) -> None:
        """Another photo is shown, or other pixels."""
        self._before_of = None

    def _before_made(self, document: Document, before: Patched) -> None:
        if document is self._editor.document and not self._places.strip.is_choosing:
            self._places.canvas.set_before(before)

    def _pixels_changed(self) -> None:
        document = self._editor.document
        if document is None:
            return
        self.forget_before()
        if self._places.canvas.mode is not Mode.AFTER:
            self.refresh_before()
        shares = partial(shares_of, document.pyramid)
        self._background.run(shares, self._places.inspector.histogram.show_shares, None)

    # The history and the edit in hand

    def history_changed(self) -> None:
        """Show the line of undo; an edit that is undone is in hand no longer."""
        document, hand = self._editor.document, self._hand
        if document is not None and hand.chosen >= document.history.cursor:
            hand.choose(document.history.cursor - 1)
        self._places.history.show_document(document, hand.chosen)
        self.enable()

    def enable(self) -> None:
        """Grey the commands that have nothing to work on."""
        document = self._editor.document
        line = document.timeline if document else None
        enable = self._actions.set_enabled
        enable("edit.undo", bool(line and line.can_undo))
        enable("edit.redo", bool(line and line.can_redo))
        for name in ON_PHOTO:
            enable(name, document is not None)
        for name in ON_EDIT:
            enable(name, self._hand.chosen >= 0)
        for name in ON_UNDECIDED:
            enable(name, self._hand.waits)

    def pick(self, position: int) -> None:
        """Take an edit in hand and bring it into sight."""
        self._hand.choose(position)
        document = self._editor.document
        if document is not None and 0 <= position < len(document.history.entries):
            self._views.see(document.history.entries[position].box)

    def look_at(self, box: Box) -> None:
        """Bring a part of the photo into sight, once the strip below has taken its room."""
        QTimer.singleShot(0, self, partial(self._views.see, box))

    def edit_added(self) -> None:
        """Bring a flagged edit into sight; in a split view, part the new edit.

        An accepted one leaves the view where it is: whoever removes twenty specks in a row
        does not want to be moved twenty times.
        """
        edit, canvas = self._hand.record, self._places.canvas
        if edit is None:
            return
        if not edit.verdict.accepted:
            self._views.see(edit.delta_box or edit.box)
        if canvas.mode is not Mode.SPLIT:
            return
        middle = canvas.to_device(edit.box.center[0], edit.box.center[1]).x()
        canvas.split = min(max(middle / canvas.device_size()[0], 0.1), 0.9)
        canvas.update()

    def next_flagged(self) -> None:
        """Go to the next edit that is flagged and undecided."""
        position = self._hand.next_flagged()
        if position >= 0:
            self.pick(position)

    def _edit_chosen(self, position: int) -> None:
        self.evidence.show_edit(self._hand.record)
        self._show_edit_mask()
        self._places.history.show_document(self._editor.document, position)
        self.enable()

    def _show_edit_mask(self) -> None:
        """Let the mask's view show what the edit in hand has filled."""
        edit, canvas = self._hand.record, self._places.canvas
        stage = edit.stage("mask") if edit is not None else None
        if canvas.scene.edit_mask is not None:
            canvas.scene.edit_mask = None
            self._refresh_mask_view()
        if edit is not None and stage is not None and stage.sha256:
            work = partial(mask_of, self._studio, edit.box, stage.sha256)
            self._background.run(work, partial(self._edit_mask_found, edit), self._no_edit_mask)

    def _edit_mask_found(self, edit: EditRecord, found: tuple[Box, MaskBool]) -> None:
        document = self._editor.document
        if document is not None and edit is self._hand.record and document.mask.is_empty:
            box, mask = found
            plane = mask.astype(np.float32)
            self._places.canvas.scene.edit_mask = Evidence(box=box, plane=plane, color=WHITE)
            self._refresh_mask_view()

    def _mask_edited(self) -> None:
        """A mask that is being painted is the mask."""
        document, scene = self._editor.document, self._places.canvas.scene
        if scene.edit_mask is not None and document is not None and not document.mask.is_empty:
            scene.edit_mask = None
            self._refresh_mask_view()

    def _refresh_mask_view(self) -> None:
        if self._places.canvas.mode is Mode.MASK:
            self._places.canvas.refresh()

    def _no_edit_mask(self, _error: Exception) -> None:
        """The artifact has been swept: the view stays empty."""

    def _gauge_pointed(self, name: str) -> None:
        edit = self._hand.record
        if edit is None:
            return
        self.evidence.show_edit(edit, name)
        reading = edit.verdict.reading(name)
        if reading is not None and reading.box is not None:
            self._places.canvas.frame(reading.box.pad(24))

    def _show_stages(self) -> None:
        from inpaint_studio.ui.dialogs.stages import StageDialog

        edit = self._hand.record
        if edit is not None:
            StageDialog(edit, self._studio.library.objects, self._window).exec()
