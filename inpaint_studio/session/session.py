"""An open photo: its pixels, its history, the mask being painted, and where it is saved.

Everything a crash must not lose is in the library: edits and undo at once (`History`), the mask
and the view as drafts that `keep_mask` and `keep_view` write after each stroke.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import BadPhoto, LibraryError
from inpaint_studio.geometry import Box
from inpaint_studio.session.delta import Change, Pair, StoredDelta, digest
from inpaint_studio.session.history import History
from inpaint_studio.store.files import file_sha256
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import PhotoRow

if TYPE_CHECKING:
    from inpaint_studio.imaging.photo import Photo, SaveOptions, SaveReport, SaveStatement

_MASK = "mask"
_VIEW = "view"
SAVED_DRAFT = "saved"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells cheaply whether a file may have changed."""

    size: int
    modified_ns: int

    @staticmethod
    def of(path: Path) -> Stamp | None:
        try:
            status = path.stat()
        except OSError:
            return None
        return Stamp(status.st_size, status.st_mtime_ns)


class Session:
    """One open photo. One thread at a time; `snapshot` gives a background thread its pixels."""

    def __init__(self, library: Library, photo: Photo, row: PhotoRow) -> None:
        """Use `Session.open` or `Session.of`."""
        self._library = library
        self.row = row
        self.history = History(library, row.photo_id, photo.pixels)
        # The decoded pixels go; what the photo shows is the history's.
        self._photo = replace(photo, pixels=self.history.pixels)
        self._stamp = Stamp.of(Path(row.path))

    @classmethod
    def open(cls, library: Library, path: Path | str, *, max_megapixels: float = 300) -> Session:
        """Decode a photo and take up its history where it was left.

        Raises: BadPhoto: it cannot be opened; LibraryError, StorageError.
        """
        from inpaint_studio.imaging.photo import open_photo

        return cls.of(library, open_photo(Path(path), max_megapixels=max_megapixels))

    @classmethod
    def of(cls, library: Library, photo: Photo) -> Session:
        """Take up the history of a photo that is decoded already (in the background, say)."""
        if photo.path is None:
            raise BadPhoto("A photo without a file has no history; save it to a file first.")
        row = library.photos.remember(photo.path, photo.sha256, shape=photo.shape)
        if not library.edits.rows(row.photo_id)[0]:
            _take_up(library, photo, row)
        return cls(library, photo, row)

    @property
    def photo(self) -> Photo:
        """The photo as it is now. Its pixels change with the next edit; see `snapshot`."""
        return self._photo

    @property
    def pixels(self) -> Pixels:
        return self.history.pixels

    def snapshot(self) -> Photo:
        """The photo as it is now, with pixels of its own that no later edit changes."""
        pixels = self.history.pixels.copy()
        pixels.flags.writeable = False
        return replace(self._photo, pixels=pixels)

    def commit(
        self,
        label: str,
        changes: Sequence[Change | StoredDelta | None],
        *,
        edit_id: str = "",
        run_id: str = "",
    ) -> Box:
        """Apply an edit; see `History.commit`. Missing deltas (nothing changed) are left out."""
        given = [change for change in changes if change is not None]
        return self.history.commit(label, given, edit_id=edit_id, run_id=run_id)

    # -- work that is no edit yet ------------------------------------------------------------

    def keep_mask(self, mask: MaskBool) -> None:
        """Remember the mask being painted; durable when it returns. An empty one is forgotten.

        mask: (H, W) bool of the photo's size.
        """
        photo_id = self.row.photo_id
        box = Box.of_mask(mask)
        if box.is_empty:
            self._library.photos.drop_draft(photo_id, _MASK)
            return
        head = json.dumps([box.left, box.top, box.right, box.bottom]).encode()
        bits = np.packbits(mask[box.slices])
        body = zstandard.ZstdCompressor(level=1).compress(bits.data)
        self._library.photos.save_draft(photo_id, _MASK, head + b"\n" + body)

    def kept_mask(self) -> MaskBool | None:
        """Return the mask as it was kept last, None when there is none."""
        data = self._library.photos.draft(self.row.photo_id, _MASK)
        if data is None:
            return None
        head, _, body = data.partition(b"\n")
        box = Box(*json.loads(head))
        mask = np.zeros(self.history.pixels.shape[:2], np.bool_)
        bits = np.frombuffer(zstandard.ZstdDecompressor().decompress(body), np.uint8)
        mask[box.slices] = np.unpackbits(bits, count=box.area).reshape(box.shape).view(np.bool_)
        return mask

    def keep_view(self, view: Mapping[str, Any]) -> None:
        """Remember zoom, place and the like (plain JSON values)."""
        text = json.dumps(dict(view)).encode()
        self._library.photos.save_draft(self.row.photo_id, _VIEW, text)

    def kept_view(self) -> dict[str, Any]:
        data = self._library.photos.draft(self.row.photo_id, _VIEW)
        return {} if data is None else dict(json.loads(data))

    # -- files -------------------------------------------------------------------------------

    @property
    def is_saved(self) -> bool:
        """Whether the photo as it is now has been saved or exported (or is the file itself)."""
        data = self._library.photos.draft(self.row.photo_id, SAVED_DRAFT)
        return self._state() == (data.decode() if data is not None else "[]")

    def statement(self, path: Path, options: SaveOptions) -> SaveStatement:
        """Say what a save to `path` will keep and lose."""
        from inpaint_studio.imaging.photo import save_statement

        statement: SaveStatement = save_statement(self._photo, path, options)
        return statement

    def save(self, path: Path, options: SaveOptions) -> SaveReport:
        """Write the photo as it is now. Raises: StorageError: nothing half-written is left.

        Long for big photos: in a window take `snapshot`, save that in the background and call
        `mark_saved` with the `state` of the moment the snapshot was taken.
        """
        from inpaint_studio.imaging.photo import open_photo, save_photo

        state = self.state
        report: SaveReport = save_photo(self._photo, path, options)
        self.mark_saved(state)
        if Path(path).absolute() == Path(self.row.path):
            self.saved_over(open_photo(path, page=self._photo.source.page))
        return report

    def saved_over(self, photo: Photo) -> Box:
        """Go on with the photo's own file after it was saved over; undo reaches back behind it.

        photo: that file, decoded again; the session must not have changed since the save.
        What a lossy format changed becomes an entry of its own, so that undo stays exact.
        Return: what that changed.
        """
        changed = Box(0, 0, 0, 0)
        now = self.history.pixels
        if photo.pixels.shape != now.shape or photo.pixels.dtype != now.dtype:
            raise BadPhoto(
                "The saved file decodes to another size or depth than the photo; "
                "open it anew to go on with it."
            )
        box = Box.of_mask((photo.pixels != now).any(axis=2))
        if not box.is_empty:
            after = photo.pixels[box.slices]
            changed = self.commit(f"Saved as {photo.format}", [Pair(box, now[box.slices], after)])
        row = self._library.photos.remember(self.row.path, photo.sha256, shape=photo.shape)
        if row.photo_id != self.row.photo_id:
            self._library.edits.follow(self.row.photo_id, row.photo_id)
        self.row = row
        self.history = History(self._library, row.photo_id, photo.pixels)
        self._photo = replace(photo, pixels=self.history.pixels)
        self._stamp = Stamp.of(Path(row.path))
        self.mark_saved(self.state)
        return changed

    @property
    def state(self) -> str:
        """Names the edits that are applied now; two equal states have equal pixels."""
        return self._state()

    def mark_saved(self, state: str) -> None:
        """Remember that the photo was saved when it was in `state`."""
        self._library.photos.save_draft(self.row.photo_id, SAVED_DRAFT, state.encode())

    def changed_on_disk(self) -> bool:
        """Whether the photo's file was changed, replaced or removed by somebody else.

        Cheap while size and time stay the same, else the file is read.
        """
        path = Path(self.row.path)
        stamp = Stamp.of(path)
        if stamp is not None and stamp == self._stamp:
            return False
        if stamp is None:
            return True
        try:
            same = file_sha256(path) == self.row.sha256
        except (OSError, LibraryError):
            return True
        if same:
            self._stamp = stamp
        return not same

    def _state(self) -> str:
        applied = self.history.entries[: self.history.cursor]
        return state_of(
            [part.sha256 for entry in applied if not entry.hidden for part in entry.deltas]
        )


def state_of(shown: Sequence[str]) -> str:
    """Name the state in which these deltas are shown, in order."""
    return json.dumps(list(shown))


def _take_up(library: Library, photo: Photo, row: PhotoRow) -> None:
    """Give a file without a history that of the photo which was at its path before.

    Only where the file shows that photo's last edit to the bit: then it was saved over, and the
    program died before it could say so.
    """
    for old in library.photos.at(row.path):
        entries, cursor = library.edits.rows(old.photo_id)
        shown = [entry for entry in entries[:cursor] if not entry.hidden]
        if old.photo_id == row.photo_id or not shown:
            continue
        parts = library.edits.deltas(old.photo_id, shown[-1].position)
        boxes = [(Box(*json.loads(part.box)), part.after) for part in parts]
        whole = Box.of_shape(photo.pixels.shape)
        if all(whole.contains(b) and digest(photo.pixels[b.slices]) == d for b, d in boxes):
            library.edits.follow(old.photo_id, row.photo_id)
            return
