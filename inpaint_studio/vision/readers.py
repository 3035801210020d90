"""The readers one run shares: text and objects. Lends itself as the judge's semantic witness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import Missing
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.vision import plausible
from inpaint_studio.vision.easy import EasyReader
from inpaint_studio.vision.lines import Line
from inpaint_studio.vision.objects import ObjectReader
from inpaint_studio.vision.ocr import TextReader
from inpaint_studio.vision.segment import PromptNet


class Readers:
    """Text and object readers, loaded on first use; nothing is loaded by making one.

    Takes photos in sRGB encoding, 8 or 16 bit. Raises Missing from the text methods when the
    text models are not there; `why_no_text` tells beforehand.
    """

    def __init__(
        self,
        *,
        threads: int = 0,
        models: Path | None = None,
        text_models: Path | None = None,
        segmenters: Path | None = None,
    ) -> None:
        self.text = TextReader(threads=threads, where=text_models)
        self.net = PromptNet(folder=segmenters, threads=threads)
        self.things = ObjectReader(threads=threads, folder=models)
        self.second = EasyReader()

    def why_no_text(self) -> str:
        """Return "" when text can be read here, else a sentence that says why not."""
        return self.text.why_not()

    def lines(self, pixels: Pixels, token: RunToken | None = None) -> list[Line]:
        """Return every plausible line of text with its outline."""
        rgb = as_rgb8(pixels)
        return [line for line in self.text.lines(rgb, token) if plausible.judge(line, rgb.shape).ok]

    def letters(self, pixels: Pixels) -> list[tuple[Box, str, float]]:
        """Return (box, text, score) of every plausible line; [] when text cannot be read.

        EasyOCR, when its weights are on disk, adds the lines that the first reader missed.
        """
        frame = Box.of_shape(pixels.shape)
        try:
            lines = self.lines(pixels)
        except Missing:
            lines = []
        found = [(line.box.clamp(frame), line.text, line.score) for line in lines]
        if not self.second.why_not():
            more = self.second.letters(as_rgb8(pixels))
            found += [item for item in more if not any(item[0].overlaps(f[0]) for f in found)]
        return found

    def objects(self, pixels: Pixels) -> list[tuple[Box, str, float]]:
        """Return (box, label, score) of objects, people and faces, best first."""
        return self.things.find(as_rgb8(pixels))


def as_rgb8(pixels: Pixels) -> NDArray[np.uint8]:
    """Return sRGB-encoded pixels as contiguous 8-bit RGB."""
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    rgb: NDArray[np.uint8] = np.rint(pixels.astype(np.float32) / 257.0).astype(np.uint8)
    return rgb
