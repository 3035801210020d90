"""What a photo is once it is open, and what a save is asked and answers.

The nouns of this package. They hold pixels and bytes and know nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Pixels

Samples: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W, bands) samples as a file stores them, or a band of its rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A decoder at work: bands of (rows, W, channels), top to bottom, and a palette if any."""

    channels: int
    dtype: np.dtype[Any]
    bands: Iterator[NDArray[Any]]
    palette: NDArray[np.uint8] | None = None
    """(256, 4) RGBA of mode P; the samples are then indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How the file holds its picture: what a save has to come back to.

    `mode` is one of 1, L, LA, P, RGB, RGBA, CMYK, LAB, RAW; `bits` per sample as stored;
    `width` and `height` as stored, before the orientation is applied. `samples`: channels in
    the file; `is_whole`: its decoder holds the whole picture (tiles, separate planes).
    """

    kind: str = ""
    mode: str = "RGB"
    bits: int = 8
    width: int = 0
    height: int = 0
    has_alpha: bool = False
    is_float: bool = False
    is_lossy: bool = False
    is_progressive: bool = False
    compression: str = ""
    orientation: int = 1
    page: int = 0
    pages: int = 1
    icc: bytes | None = None
    layers: int = 0
    samples: int = 3
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture as opened: upright, in its own depth and its own colour space.

    `pixels` is (H, W, 3), uint8 or uint16, read-only; `alpha` is (H, W) of the same depth or
    None. `icc` describes `pixels` (None: sRGB). `exif` is the TIFF-structured block with its
    orientation already reset to 1, `xmp` a packet of UTF-8, `iptc` the IIM records, `dpi`
    (x, y). `source` says how the file holds all this, `notes` what opening had to change.
    An edited photo is the same value with other pixels.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    dpi: tuple[float, float] | None = None
    format: str = ""
    path: Path | None = None
    sha256: str = ""
    notes: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOptions:
    """What the user wants of a save.

    `jpeg`: "auto" replaces only the touched blocks where that can be done, "patch" insists on
    it, "reencode" writes the whole picture anew. `quality` is used where the file's own
    tables cannot be (1..100). `lossless` asks WebP, AVIF and JPEG XL not to lose anything.
    `overwrite` lets the file that is there be replaced (the original included).
    `note` is a sentence for the XMP edit note; "" writes none.
    """

    overwrite: bool = False
    jpeg: str = "auto"
    quality: int = 95
    lossless: bool = True
    note: str = ""
    compression: str = ""


@dataclass(frozen=True, slots=True)
class SaveStatement:
    """What a save will keep, what it will lose, and how it will be done; known beforehand.

    `kept` and `lost` are sentences; `method` is one of copy, patch, encode; `estimate_mb` is
    the memory the save needs beside the photo itself.
    """

    method: str
    kept: tuple[str, ...]
    lost: tuple[str, ...]
    estimate_mb: float = 0.0

    @property
    def is_lossless(self) -> bool:
        return not self.lost


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What a save did: the statement it kept to, and the file that is now on the disk."""

    path: Path
    method: str
    statement: SaveStatement
    file_bytes: int
    sha256: str
    changed_blocks: int = 0
