"""The file a photo came from, read again at a save: its samples, its segments, its pages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.model import Photo


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

    def changed(self, photo: Photo) -> NDArray[np.bool_] | None:
        """Return (H, W), True where the photo differs from its file; None if it cannot be told."""
        from inpaint_studio.imaging.photo.opening import open_photo

        try:
            before = open_photo(self.path, float("inf"), photo.source.page)
        except BadPhoto:
            return None
        if before.shape != photo.shape or before.pixels.dtype != photo.pixels.dtype:
            return None
        differs: NDArray[np.bool_] = (before.pixels != photo.pixels).any(axis=2)
        if (before.alpha is None) != (photo.alpha is None):
            return np.ones(photo.shape, bool)
        if before.alpha is not None and photo.alpha is not None:
            differs |= before.alpha != photo.alpha
        return differs
