"""The photo in the middle: zoom and place stay from item to item, relative to each edit."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas import Canvas, View
from inpaint_studio.ui.canvas.panes import CYCLE, Mode
from inpaint_studio.ui.places import PlaceBoxes, shown_of
from inpaint_studio.ui.review.shots import Shot

FIRST_ZOOM = 2.0


class Stage(QObject):
    """A canvas that carries its view along, and knows which ways of looking were used.

    zoomed: the zoom. mode_changed: the mode's key.
    """

    zoomed = Signal(float)
    mode_changed = Signal(str)

    def __init__(self, canvas: Canvas, parent: QObject) -> None:
        super().__init__(parent)
        self.canvas = canvas
        self.boxes = PlaceBoxes(canvas)
        self.views: set[str] = set()
        self._focus: Box | None = None
        self._fit = False
        self._zoom = 0.0
        self._offset = (0.0, 0.0)
        self._placing = False
        # The outline says where; a tint would hide the very pixels to be judged.
        canvas.scene.mask_opacity = 0.0
        canvas.view_changed.connect(self._view_changed)
        canvas.mode_changed.connect(self._mode_changed)
        canvas.set_mode(Mode.SPLIT)

    def show(self, shot: Shot, *, evidence: bool, hidden: bool) -> None:
        """Show an item's pictures. hidden: keep the gates' evidence out of sight."""
        self._placing = True
        scene = self.canvas.scene
        scene.show_evidence = evidence
        scene.mask = shot.mask
        scene.evidence = () if hidden else shot.evidence
        edit = None if hidden else shot.look.edit
        self.boxes.visible = evidence
        self.boxes.show(shown_of(edit.verdict if edit is not None else None))
        self.canvas.empty_text = shot.look.problem
        self.canvas.set_pictures(shot.after, shot.before)
        self._focus = shot.look.focus if shot.after is not None else None
        self._place()
        self._placing = False

    def clear(self, words: str) -> None:
        """Show that there is nothing to show, and why."""
        self._focus = None
        self.canvas.scene.mask = None
        self.canvas.scene.evidence = ()
        self.boxes.show(())
        self.canvas.empty_text = words
        self.canvas.set_pictures(None)

    def begin(self) -> None:
        """Another item is looked at: count its ways of looking from here."""
        self.views = {self.canvas.mode.value}

    def _place(self) -> None:
        if self._focus is None:
            return
        if self._fit:
            self.canvas.fit()
            return
        width, height = self._pane()
        if self._zoom <= 0:
            view = View.framing(self._focus, (width, height), zoom_max=FIRST_ZOOM)
            self.canvas.set_view(view)
            return
        x, y = self._focus.center[0] + self._offset[0], self._focus.center[1] + self._offset[1]
        left, top = width / 2 - x * self._zoom, height / 2 - y * self._zoom
        self.canvas.set_view(View(self._zoom, round(left), round(top)))

    def _pane(self) -> tuple[int, int]:
        width, height = self.canvas.device_size()
        return (width // 2 if self.canvas.mode is Mode.SIDE else width), height

    def fit(self) -> None:
        """Show whole photos from now on."""
        self.canvas.fit()
        self._fit = True

    def actual(self) -> None:
        self.canvas.zoom_to(1.0)

    def to_edit(self) -> None:
        """Frame the edit, and the next ones too."""
        self._zoom, self._offset, self._fit = 0.0, (0.0, 0.0), False
        self._placing = True
        self._place()
        self._placing = False

    def zoom(self, direction: int) -> None:
        self.canvas.zoom_step(direction)

    def point(self, box: Box) -> None:
        self.canvas.frame(box)

    def hold_before(self, held: bool) -> None:
        self.views.add("before")
        self.canvas.hold_before(held)

    def difference(self) -> None:
        on = self.canvas.mode is not Mode.DIFFERENCE
        self.canvas.set_mode(Mode.DIFFERENCE if on else Mode.SPLIT)

    def cycle(self) -> None:
        at = CYCLE.index(self.canvas.mode)
        self.canvas.set_mode(CYCLE[(at + 1) % len(CYCLE)])

    def choose(self, key: str) -> None:
        self.canvas.set_mode(Mode(key))
        self.canvas.setFocus()

    def evidence(self, on: bool) -> None:
        self.views.add("evidence")
        self.canvas.scene.show_evidence = self.boxes.visible = on
        self.canvas.refresh()

    def _mode_changed(self, mode: str) -> None:
        self.views.add(mode)
        self.mode_changed.emit(mode)

    def _view_changed(self) -> None:
        self.zoomed.emit(self.canvas.view.zoom)
        if self._placing or self._focus is None:
            return
        width, height = self._pane()
        x, y = self.canvas.view.to_photo(width / 2, height / 2)
        self._fit = False
        self._zoom = self.canvas.view.zoom
        self._offset = (x - self._focus.center[0], y - self._focus.center[1])
