"""EasyOCR as a second pair of eyes, when its weights lie in the models folder.

Its loaders would run code from a crafted file and fetch what is missing. So: the opcodes of every
file are walked first, weights-only loading is forced before torch is imported, downloading is
off, its folder for networks of one's own is an empty one of ours, and a file whose sum it does
not know is refused by itself.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadModel, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.paths import models_dir
from inpaint_studio.weights.guard import check_file
from inpaint_studio.weights.offline import set_offline

DETECTOR = "craft_mlt_25k.pth"
READERS: dict[str, tuple[str, ...]] = {
    "latin_g2.pth": ("en", "de", "fr", "es", "it", "pt", "nl", "pl"),
    "english_g2.pth": ("en",),
}
"""Files that read, and the languages asked of them; the first one that is there is used."""


class EasyReader:
    """Finds and reads text with EasyOCR. One per worker; loaded on first use."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._reader: Any = None

    @property
    def folder(self) -> Path:
        return self._folder or models_dir() / "text"

    def why_not(self) -> str:
        """Return "" when both files are there and plain, else a sentence that says what to do."""
        if not (self.folder / DETECTOR).is_file() or self._recogniser() is None:
            return (
                f"EasyOCR's weights are not there: put {DETECTOR} and english_g2.pth or "
                f"latin_g2.pth in {self.folder}."
            )
        try:
            check_file(self.folder / DETECTOR, "text")
            check_file(self.folder / str(self._recogniser()), "text")
        except BadModel as error:
            return str(error)
        return ""

    def _recogniser(self) -> str | None:
        return next((name for name in READERS if (self.folder / name).is_file()), None)

    def letters(self, rgb: NDArray[np.uint8]) -> list[tuple[Box, str, float]]:
        """Return (box, text, score) of every line in an (H, W, 3) sRGB photo.

        Raises: Missing: the weights are not there. BadModel: they are damaged or hold code.
        """
        frame = Box.of_shape(rgb.shape)
        found = self._load().readtext(rgb, paragraph=False)
        return [(_box(quad).clamp(frame), str(text), float(score)) for quad, text, score in found]

    def _load(self) -> Any:
        if self._reader is not None:
            return self._reader
        why = self.why_not()
        if why:
            raise Missing(why)
        set_offline()
        import easyocr

        name = str(self._recogniser())
        path = list(sys.path)
        with tempfile.TemporaryDirectory() as empty:
            try:
                self._reader = easyocr.Reader(
                    list(READERS[name]),
                    gpu=False,
                    model_storage_directory=str(self.folder),
                    user_network_directory=empty,
                    download_enabled=False,
                    verbose=False,
                )
            except Exception as error:  # it raises bare exceptions of every kind
                lines = str(error).strip().splitlines() or [type(error).__name__]
                raise BadModel(
                    f"EasyOCR's weights in {self.folder} are damaged ({lines[0][:120]}). "
                    "Copy them again."
                ) from error
            finally:
                sys.path[:] = path  # it adds its folder for networks of one's own
        return self._reader


def _box(quad: Any) -> Box:
    points = np.asarray(quad, dtype=np.float64)
    left, top = np.floor(points.min(axis=0)).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int)
    return Box(int(left), int(top), int(right), int(bottom))
