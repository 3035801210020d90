"""One open photo with everything the workspace keeps about it. Built off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import LibraryError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.photo import Photo
from inpaint_studio.records import EditRecord, FillRecipe, RunRecord
from inpaint_studio.session.history import History
from inpaint_studio.session.session import Session
from inpaint_studio.store.rows import PhotoRow, ReviewRow
from inpaint_studio.ui.canvas.maskplane import MaskPlane
from inpaint_studio.ui.canvas.picture import Patched, Pyramid, ToScreen, level_size, to_8bit
from inpaint_studio.ui.canvas.view import View
from inpaint_studio.ui.retouch.maskdoc import MaskDocument
from inpaint_studio.ui.retouch.timeline import Timeline
from inpaint_studio.ui.widgets.histogram import counts

if TYPE_CHECKING:
    from inpaint_studio.app import Studio

DRAFT = "timeline"


@dataclass
class Document:
    """What is open: the session (pixels, history, file) and what is shown and painted over it."""

    path: Path
    session: Session
    pyramid: Pyramid
    to_screen: ToScreen
    mask: MaskDocument
    plane: MaskPlane
    timeline: Timeline
    studio: Studio
    shares: NDArray[np.float32] | None = None
    source: MaskDocument | None = None
    source_plane: MaskPlane | None = None
    source_means: str = "auto"
    view: View | None = None
    note: str = ""
    things: tuple[tuple[Box, str], ...] = ()
    """Where the objects among the kept proposals lie, and what the detector called them."""
    runs: dict[str, RunRecord] = field(default_factory=dict)
    items: dict[str, ReviewRow | None] = field(default_factory=dict)
    """What the review queue said of an edit when it was asked last (`forget_items` asks anew)."""
    saved: bool = True

    @property
    def photo(self) -> Photo:
        return self.session.photo

    @property
    def row(self) -> PhotoRow:
        return self.session.row

    @property
    def history(self) -> History:
        return self.session.history

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def shape(self) -> tuple[int, int]:
        return self.photo.shape

    @property
    def bounds(self) -> Box:
        return Box.of_shape(self.shape)

    @property
    def facts(self) -> str:
        """Size, depth and colour space in a few words."""
        height, width = self.shape
        depth = "8-bit" if self.photo.pixels.dtype == np.uint8 else "16-bit"
        return f"{width} × {height} · {depth} · {space_name(self.photo)}"

    def before(self) -> Patched:
        """The photo as it was opened, for comparing: the present one with its edits undone."""
        boxes = [
            entry.box
            for entry in self.history.entries[: self.history.cursor]
            if not entry.hidden and not entry.box.is_empty
        ]
        patches: list[tuple[Box, Pixels]] = [
            (box, self.history.original(box)) for box in _apart(boxes)
        ]
        return Patched(self.pyramid, patches, self.to_screen)

    def before_edit(self, position: int) -> Patched:
        """The photo as it was before one applied edit (later edits elsewhere stay)."""
        entry = self.history.entries[position]
        return Patched(
            self.pyramid, [(entry.box, self.history.original(entry.box))], self.to_screen
        )

    def edit_of(self, position: int) -> EditRecord | None:
        """The record of one edit of the history, None for what no engine made."""
        entries = self.history.entries
        if not 0 <= position < len(entries):
            return None
        run = self.runs.get(entries[position].run_id)
        if run is None:
            return None
        return next((e for e in run.edits if e.edit_id == entries[position].edit_id), None)

    def item_of(self, edit: EditRecord) -> ReviewRow | None:
        """The review item of an edit, None when it never went to the queue."""
        if edit.edit_id not in self.items:
            self.items[edit.edit_id] = self.studio.queue.of_edit(edit.edit_id)
        return self.items[edit.edit_id]

    def forget_items(self) -> None:
        """A decision may have been made: ask the queue again."""
        self.items.clear()

    def is_undecided(self, edit: EditRecord) -> bool:
        """Whether the gates flagged an edit and no person has accepted or rejected it."""
        if edit.verdict.accepted:
            return False
        item = self.item_of(edit)
        return item is None or bool(item.waiting)

    def withdraw(self, edit_ids: Sequence[str]) -> None:
        """Take edits that are gone for good out of the review queue. Any thread but the window's
        may call it: it writes to the library."""
        queue = self.studio.queue
        items = [queue.of_edit(edit_id) for edit_id in edit_ids if edit_id]
        waiting = [item.item_id for item in items if item is not None and item.waiting]
        if waiting:
            queue.withdraw(waiting, "undone in the editor")
            self.forget_items()

    def undecided(self) -> list[int]:
        """Positions of the edits the photo shows that are flagged and not decided by a person."""
        found = []
        for position, entry in enumerate(self.history.entries[: self.history.cursor]):
            edit = None if entry.hidden else self.edit_of(position)
            if edit is not None and self.is_undecided(edit):
                found.append(position)
        return found

    def recipes_tried(self, edit: EditRecord) -> list[FillRecipe]:
        """The recipes this very hole has been filled by: most of what they changed is the same."""
        place = edit.delta_box or edit.box
        tried: list[FillRecipe] = []
        for other in (other for run in self.runs.values() for other in run.edits):
            box = other.delta_box or other.box
            if 2 * box.clamp(place).area >= box.union(place).area:
                tried += [other.plan.recipe, *(lost.recipe for lost in other.attempts)]
        return tried

    def keep_timeline(self) -> None:
        """Keep the mask strokes in the library, so that they outlive a restart."""
        self.studio.library.photos.save_draft(self.row.photo_id, DRAFT, self.timeline.to_bytes())


def _apart(boxes: list[Box]) -> list[Box]:
    """Merge boxes that overlap, so that no pixel is read twice."""
    left = list(boxes)
    done: list[Box] = []
    while left:
        box = left.pop()
        touching = [other for other in left if other.overlaps(box)]
        if touching:
            left = [other for other in left if not other.overlaps(box)]
            left.append(Box.around([box, *touching]))
        else:
            done.append(box)
    return done


def space_name(photo: Photo) -> str:
    """The photo's colour space in a word or two."""
    if photo.icc is None:
        return "sRGB"
    space = space_of(photo.icc)
    return "sRGB" if space.is_srgb else (space.name or "own profile").split(" (")[0][:28]


def screen_converter(photo: Photo) -> ToScreen:
    """What turns the photo's own colours into the screen's, tile by tile."""
    if photo.icc is None:
        return to_8bit
    space = space_of(photo.icc)
    return to_8bit if space.is_srgb else space.to_srgb8


def open_document(studio: Studio, path: Path) -> Document:
    """Decode a photo and bring back its history and its mask. Slow: call it in a thread.

    Raises: BadPhoto.
    """
    photo, _ = studio.open_file(path)
    session = Session.of(studio.library, photo)
    photo = session.photo
    history = session.history
    to_screen = screen_converter(photo)
    pyramid = Pyramid(history.pixels, to_screen).build()
    mask = MaskDocument(photo.shape)
    timeline = _timeline(studio.library.photos.draft(session.row.photo_id, DRAFT), history, mask)
    plane = MaskPlane(mask.mask)
    if not mask.bounds.is_empty:
        plane.update(mask.tight_bounds())
    runs = {
        entry.run_id: studio.library.runs.get(entry.run_id)
        for entry in history.entries
        if entry.run_id
    }
    return Document(
        path=path, session=session, pyramid=pyramid, to_screen=to_screen, mask=mask, plane=plane,
        timeline=timeline, studio=studio, shares=shares_of(pyramid), note=history.problem,
        runs=runs, saved=session.is_saved,
    )  # fmt: skip


def shares_of(pyramid: Pyramid) -> NDArray[np.float32]:
    """The histogram of the photo as it is, from its smallest copy."""
    top = pyramid.levels - 1
    return counts(pyramid.read(top, Box(0, 0, *level_size(pyramid.size, top))))


def _timeline(kept: bytes | None, history: History, mask: MaskDocument) -> Timeline:
    """Read the strokes kept, paint the mask they make; or start from the edits alone."""
    line = Timeline()
    try:
        line = Timeline.from_bytes(kept or b"")
        fits = line.fits(len(history.entries), history.cursor)
        if fits:
            for step in line.steps[: line.cursor]:
                if step.mask is not None:
                    mask.apply(step.mask, forward=True)
            return line
    except (ValueError, LibraryError):
        pass
    mask.mask[...] = False
    line.rebuild([entry.label for entry in history.entries], history.cursor)
    return line
