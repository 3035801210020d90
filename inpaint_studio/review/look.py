"""What a reviewer looks at: the edit's own pixels first, the whole photo when it is decoded.

An edit's crop lies in the object store and is there in some 10 ms, whatever the photo's size;
the photo around it follows. So the next item is on the screen at once even when nobody could
foresee which one it would be. Rejected: waiting for the photo (0.3 to 0.8 s at 24 MP).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.errors import InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import ColorSpace, space_of
from inpaint_studio.imaging.photo import Photo, open_photo
from inpaint_studio.records import EditRecord, RunRecord
from inpaint_studio.review.precedents import Decided, Precedent, nearest
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One item made ready. Boxes in photo pixels; `size` is (width, height) of the photo.

    before: the crop around the edit as it was (`box`). patches: what the run's edits made
    (box, pixels), in order. mask: (h, w) bool of `box`, None where it was swept.
    problem: why nothing can be shown, as a sentence ("" when all is well).
    """

    item: ReviewRow
    size: tuple[int, int]
    box: Box
    before: Pixels | None = None
    patches: tuple[tuple[Box, Pixels], ...] = ()
    mask: MaskBool | None = None
    space: ColorSpace | None = None
    record: RunRecord | None = None
    edit: EditRecord | None = None
    path: str = ""
    problem: str = ""

    @property
    def focus(self) -> Box:
        """What to zoom to: what really changed."""
        if self.edit is not None and self.edit.delta_box is not None:
            return self.edit.delta_box
        return self.box


def look_at(library: Library, item: ReviewRow) -> Look:
    """Read what is stored of an item. Never raises for what was swept: it says so."""
    try:
        record = library.runs.get(item.run_id) if item.run_id else None
    except InpaintError as error:
        return _nothing(item, str(error))
    edit = next((e for e in record.edits if e.edit_id == item.edit_id), None) if record else None
    if record is None or edit is None:
        return _nothing(item, "The run of this item is not in the library any more.")
    photo = library.photos.get(item.photo_id) if item.photo_id is not None else None
    size = (photo.width, photo.height) if photo else (edit.box.right, edit.box.bottom)
    path = photo.path if photo else record.photo_name
    try:
        before, mask = _array(library, edit, "input"), _array(library, edit, "mask")
        icc = edit.stage("icc")
        space = space_of(library.objects.get_bytes(icc.sha256) if icc and icc.sha256 else None)
        patches = tuple(_patches(library, record.edits))
    except InpaintError as error:
        return Look(item=item, size=size, box=edit.box, record=record, edit=edit,
                    path=path, problem=str(error))  # fmt: skip
    return Look(
        item=item, size=size, box=edit.box, before=before, patches=patches, mask=mask,
        space=space, record=record, edit=edit, path=path,
    )  # fmt: skip


def _nothing(item: ReviewRow, why: str) -> Look:
    return Look(item=item, size=(1, 1), box=Box(0, 0, 1, 1), problem=why)


def _array(library: Library, edit: EditRecord, stage: str) -> np.ndarray | None:
    found = edit.stage(stage)
    return library.objects.get_array(found.sha256) if found and found.sha256 else None


def _patches(library: Library, edits: Sequence[EditRecord]) -> list[tuple[Box, Pixels]]:
    found: list[tuple[Box, Pixels]] = []
    for edit in edits:
        made = _array(library, edit, "blended")
        if made is not None and edit.delta_box is not None:
            found.append((edit.delta_box, made))
    return found


def photo_of(look: Look) -> Photo | None:
    """Decode the whole photo, None when its file is gone or is another one now (slow)."""
    path = Path(look.path)
    if not path.is_absolute() or not path.exists():
        return None
    try:
        photo = open_photo(path)
    except InpaintError:
        return None
    wanted = look.record.photo_sha256 if look.record else ""
    return photo if not wanted or photo.sha256 == wanted else None


def evidence_of(library: Library, edit: EditRecord) -> dict[str, Plane]:
    """Return the maps of the readings that failed, over `edit.box`, largest value 1."""
    maps: dict[str, Plane] = {}
    for reading in edit.verdict.readings:
        if reading.passed or not reading.map_sha256 or not library.objects.has(reading.map_sha256):
            continue
        plane = np.asarray(library.objects.get_array(reading.map_sha256), np.float32)
        top = float(np.nanmax(plane)) if plane.size else 0.0
        if top > 0:
            maps[reading.name] = np.nan_to_num(plane / top)
    return maps


class DecidedBefore:
    """The decided edits of a library with their readings, each run read once.

    Reading 400 runs for every item shown held the interpreter for 0.1 s beside the window.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._readings: dict[str, dict[str, float]] = {}

    def before(self, item: ReviewRow, *, limit: int = 400) -> list[Decided]:
        """Return the newest decided items of the same kind with the readings they had."""
        rows = self._library.reviews.select(
            "kind = ? AND waiting = 0 AND state IN ('accepted', 'rejected') AND item_id != ?",
            (item.kind, item.item_id, limit),
            "ORDER BY decided DESC LIMIT ?",
        )
        self._read({row.run_id for row in rows if row.edit_id not in self._readings})
        return [
            Decided(row.item_id, row.state == "accepted", self._readings[row.edit_id])
            for row in rows
            if row.edit_id in self._readings
        ]

    def like(self, look: Look, *, count: int = 2) -> list[Precedent]:
        """Return the decided edits whose readings were most like this one's."""
        if look.edit is None:
            return []
        mine = {reading.name: reading.value for reading in look.edit.verdict.readings}
        return nearest(mine, self.before(look.item), count=count)

    def _read(self, run_ids: Iterable[str]) -> None:
        names = tuple(run_ids)
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ", ".join("?" * len(part))
            with self._library.database.reading() as tx:
                rows = tx.rows(f"SELECT record FROM runs WHERE run_id IN ({marks})", part)
            for (text,) in rows:
                for edit in json.loads(text)["edits"]:
                    self._readings[edit["edit_id"]] = {
                        r["name"]: float(r["value"]) for r in edit["verdict"]["readings"]
                    }
