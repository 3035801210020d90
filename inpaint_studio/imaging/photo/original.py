"""The file a photo came from, read again at a save: its samples, its segments, its pages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import reading
from inpaint_studio.imaging.photo.model import Photo, Samples
from inpaint_studio.imaging.photo.stream import Request
from inpaint_studio.imaging.photo.turn import upright


@dataclass(frozen=True, slots=True)
class Original:
    """The file at `path`, proved by its hash to be the one that was opened."""

    path: Path
    sha256: str

    @classmethod
    def of(cls, photo: Photo) -> Original | None:
        """Return the photo's file, or None when it is gone or has changed since."""
        if photo.path is None or not photo.sha256:
            return None
        try:
            with photo.path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return None
        return cls(photo.path, digest) if digest == photo.sha256 else None

    def changed(
        self, photo: Photo, *, keep: bool = False
    ) -> tuple[NDArray[np.bool_] | None, NDArray[np.uint8] | None]:
        """Return (H, W), True where the photo differs from its file; None if it cannot be told.

        With `keep` also the file's 8-bit RGB as stored, no orientation applied.
        """
        request = self._request(photo)
        try:
            with reading.streaming(request, trusted=False) as found:
                source = found.head.source
                keep = keep and found.dtype == np.uint8
                shape = (source.height, source.width, 3)
                before = np.empty(shape, np.uint8) if keep else None
                return reading.differing(request, found, photo, before), before
        except BadPhoto:
            return None, None

    def native(self, photo: Photo) -> tuple[Samples, NDArray[np.uint8] | None]:
        """Return the file's own samples, upright, and its palette. Raises: BadPhoto."""
        request = self._request(photo, native=True)
        with reading.streaming(request, trusted=False) as found:
            source = found.head.source
            shape = (source.height, source.width, found.channels)
            stored: Samples = np.empty(shape, found.dtype)
            for rows, band in reading.placed(request, found):
                stored[rows] = band
            return upright(stored, source.orientation), found.palette  # type: ignore[return-value]

    def _request(self, photo: Photo, *, native: bool = False) -> Request:
        return Request(
            path=self.path, page=photo.source.page, max_megapixels=float("inf"), native=native
        )
