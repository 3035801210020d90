"""Find and read lines of text with the models of the wheel.

Detection: PP-OCR's differentiable binarisation (Liao et al. 2020, doi:10.1609/aaai.v34i07.6812);
recognition: one pass per line with CTC decoding, each line alone and at its own width, so that
what is read does not depend on what else is in the photo.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.vision import wheel
from inpaint_studio.vision.lines import Line, from_heat, scaled, strip

Rgb8 = NDArray[np.uint8]

SHORT_SIDE = 736
"""Photos smaller than this are enlarged for the detector, which misses small letters."""
LONG_SIDE = 1216
"""The whole photo is looked at no larger than this; larger photos are also read in tiles."""
TILE = 832
"""Side of a tile as the detector sees it. It weighs what it sees against all of the picture:
in a plain tile of 1200 px letters of 14 px vanish, in one of 800 px they are found."""
OVERLAP = 144
LARGE_PX = 6_000_000
"""Larger photos are tiled at three quarters of their size: a third of the work is saved, and
letters under 12 px matter little there."""
_HEIGHT = 48
_SAME = 0.5


class TextReader:
    """Finds and reads text. Sessions are loaded on first use and may be shared by threads."""

    def __init__(self, *, threads: int = 0, where: Path | None = None) -> None:
        self._threads = threads
        self._where = where
        self._lock = threading.Lock()
        self._detector: Any = None
        self._recogniser: Any = None
        self._letters: list[str] = []

    def why_not(self) -> str:
        """Return "" when text can be read here, else the reason."""
        return wheel.fault(wheel.DETECTOR, self._where) or wheel.fault(
            wheel.RECOGNISER, self._where
        )

    def _load(self) -> None:
        with self._lock:
            if self._recogniser is not None:
                return
            options = {"threads": self._threads, "where": self._where}
            self._detector = wheel.session(wheel.DETECTOR, **options)  # type: ignore[arg-type]
            recogniser = wheel.session(wheel.RECOGNISER, **options)  # type: ignore[arg-type]
            letters = recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
            self._letters = ["", *letters, " "]
            self._recogniser = recogniser

    def heat(self, rgb: Rgb8, *, scale: float) -> NDArray[np.float32]:
        """Return the text probability (h, w) 0..1 of `rgb` looked at `scale` times its size."""
        self._load()
        height = max(32, round(rgb.shape[0] * scale / 32) * 32)
        width = max(32, round(rgb.shape[1] * scale / 32) * 32)
        flag = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
        sized = cv2.resize(rgb, (width, height), interpolation=flag)
        blob = (sized[..., ::-1].astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
        name = self._detector.get_inputs()[0].name
        result = self._detector.run(None, {name: np.ascontiguousarray(blob)})[0]
        return np.asarray(result[0, 0], dtype=np.float32)

    def find(
        self, rgb: Rgb8, token: RunToken | None = None, *, threshold: float = 0.3,
        found: float = 0.5,
    ) -> list[Line]:  # fmt: skip
        """Return the lines of `rgb`, not read yet: the whole photo, then native-scale tiles."""
        token = token or RunToken()
        looks = _looks(rgb.shape)
        lines: list[Line] = []
        for number, (box, scale) in enumerate(looks):
            token.step(number / len(looks), "finding text")
            part = rgb[box.slices]
            heat = self.heat(part, scale=scale)
            factor_x, factor_y = part.shape[1] / heat.shape[1], part.shape[0] / heat.shape[0]
            for line in from_heat(heat, threshold=threshold, found=found):
                if _is_cut(line, heat.shape, box, rgb.shape):
                    continue
                _merge(lines, scaled(line, factor_x, factor_y, box.left, box.top))
        return lines

    def read(self, image: Rgb8) -> tuple[str, float]:
        """Return what a level strip of one line says and the mean score of its letters, 0..1."""
        self._load()
        height, width = image.shape[:2]
        target = max(8, round(_HEIGHT * width / max(height, 1)))
        sized = cv2.resize(image, (target, _HEIGHT), interpolation=cv2.INTER_LINEAR)
        blob = np.zeros((1, 3, _HEIGHT, max(320, target)), dtype=np.float32)
        blob[0, :, :, :target] = (sized[..., ::-1].astype(np.float32) / 127.5 - 1).transpose(
            2, 0, 1
        )
        name = self._recogniser.get_inputs()[0].name
        odds = self._recogniser.run(None, {name: blob})[0][0]
        best = odds.argmax(axis=1)
        keep = (best != 0) & np.r_[True, best[1:] != best[:-1]]
        text = "".join(self._letters[index] for index in best[keep])
        return text, float(odds.max(axis=1)[keep].mean()) if keep.any() else 0.0

    def read_line(self, rgb: Rgb8, line: Line) -> Line:
        """Return the line with its text, read the way up that scores better."""
        image = strip(rgb, line)
        text, score = self.read(image)
        if score < 0.75:
            other, higher = self.read(np.ascontiguousarray(image[::-1, ::-1]))
            if higher > score + 0.1:
                text, score = other, higher
        return replace(line, text=text.strip(), score=score if text.strip() else 0.0)

    def lines(self, rgb: Rgb8, token: RunToken | None = None) -> list[Line]:
        """Return the lines of an 8-bit sRGB photo, read; plausible or not."""
        token = token or RunToken()
        lines = self.find(rgb, token.within(0.0, 0.7))
        read = []
        for number, line in enumerate(lines):
            token.step(0.7 + 0.3 * number / len(lines), "reading text")
            read.append(self.read_line(rgb, line))
        return read


def _looks(shape: tuple[int, ...]) -> list[tuple[Box, float]]:
    """Return (part of the photo, scale) for each pass of the detector."""
    height, width = shape[:2]
    whole = Box(0, 0, width, height)
    short, long = min(height, width), max(height, width)
    scale = min(max(1.0, SHORT_SIDE / short), LONG_SIDE / long)
    looks = [(whole, scale)]
    if scale < 0.8 or scale * short > 1.1 * TILE:
        fine = 0.75 if height * width > LARGE_PX else 1.0
        side, overlap = round(TILE / fine), round(OVERLAP / fine)
        for top in _starts(height, side, overlap):
            for left in _starts(width, side, overlap):
                looks.append((Box(left, top, left + side, top + side).clamp(whole), fine))
    return looks


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(i * (length - side) / max(count - 1, 1)) for i in range(count)]


def _is_cut(line: Line, heat_shape: tuple[int, ...], box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a tile's inner edge cuts the line (the neighbour or the whole photo has it)."""
    if box.area == shape[0] * shape[1]:
        return False
    piece = line.box
    margin = 2
    return (
        (piece.left <= margin and box.left > 0)
        or (piece.top <= margin and box.top > 0)
        or (piece.right >= heat_shape[1] - margin and box.right < shape[1])
        or (piece.bottom >= heat_shape[0] - margin and box.bottom < shape[0])
    )


def _merge(lines: list[Line], new: Line) -> None:
    """Add `new` unless a line found before covers it; it replaces what it covers itself."""
    for index, old in enumerate(lines):
        shared = old.box.intersect(new.box).area
        if shared == 0 or shared < _SAME * min(old.box.area, new.box.area):
            continue
        if new.box.area > 1.2 * old.box.area and new.found >= 0.8 * old.found:
            lines[index] = new
        return
    lines.append(new)
