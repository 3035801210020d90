"""Pixels on their way: what a decoder hands over, in this process or from a limited child.

A stream carries the head of the file, its hash and bands of samples: RGB(A) as they are worked
on, or `native` as the file stores them. Whoever reads it does not know where it was decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto, InpaintError
from inpaint_studio.imaging.photo.convert import depth_of, rgb_of, whole_numbers
from inpaint_studio.imaging.photo.head import HEADS, Head
from inpaint_studio.imaging.photo.model import Rows, Samples, Source
from inpaint_studio.imaging.photo.rows import ROWS
from inpaint_studio.imaging.photo.sniff import sniff

STREAMED = ("tiff", "raw")
"""Kinds that are read from the file piece by piece, not from memory."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A file being decoded. `bands` yields (rows, W, channels) top to bottom, as stored."""

    head: Head
    sha256: str
    channels: int
    dtype: np.dtype[Any]
    bands: Iterator[Samples]
    palette: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to decode. `native`: samples as stored instead of RGB."""

    path: Path
    page: int = 0
    max_megapixels: float = 300.0
    native: bool = False
    px: int = 0


def read_head(path: Path, page: int = 0) -> Head:
    """Return what the file says about itself. Raises: BadPhoto."""
    kind = sniff(path)
    return _head(path, kind, b"" if kind in STREAMED else path.read_bytes(), page)


def _head(path: Path, kind: str, data: bytes, page: int) -> Head:
    head = HEADS[kind](path, data, page)
    if head.source.width < 1 or head.source.height < 1:
        raise BadPhoto(f"{path.name} claims to have no pixels; take it from its source again.")
    if page and head.source.kind != "tiff":
        raise BadPhoto(f"{path.name} has one page; pages can only be chosen in a TIFF.")
    return head


def check_size(path: Path, source: Source, max_megapixels: float) -> None:
    """Raise BadPhoto when the picture is larger than allowed."""
    size = source.width * source.height / 1e6
    if size > max_megapixels:
        raise BadPhoto(
            f"{path.name} claims {source.width} × {source.height} pixels ({size:,.0f} MP); more "
            f"than {max_megapixels:g} MP are only opened when you allow it for this file."
        )


def check_plausible(path: Path, source: Source, file_bytes: int) -> None:
    """Raise BadPhoto when so few bytes cannot hold so many pixels: a bomb, or cut off.

    No coder here gives less than a bit per 8 × 8 block (JPEG) or deflates more than 1032 : 1.
    """
    pixels = source.width * source.height
    if pixels > 4_000_000 and source.kind in ("jpeg", "png") and file_bytes * 1100 < pixels:
        raise BadPhoto(
            f"{path.name} claims {pixels / 1e6:,.0f} MP in {file_bytes:,} bytes, which cannot be "
            "true; it is cut off or made to fill the memory. Take it from its source again."
        )


@contextmanager
def local_stream(request: Request) -> Iterator[Stream]:
    """Decode in this process. Raises: BadPhoto, or whatever a decoder raises."""
    path = request.path
    kind = sniff(path)
    data = b"" if kind in STREAMED else path.read_bytes()
    head = _head(path, kind, data, request.page)
    check_size(path, head.source, request.max_megapixels)
    check_plausible(path, head.source, path.stat().st_size)
    digest = hashlib.sha256(data).hexdigest() if data else hash_of(path)
    rows = ROWS[kind](path, data, head)
    bands = _native(rows) if request.native else _rgb(rows, head.source)
    deep = depth_of(rows.dtype) if head.source.mode != "LAB" else np.uint16
    channels = rows.channels if request.native else 4 if head.source.has_alpha else 3
    yield Stream(head, digest, channels, np.dtype(deep), bands, rows.palette)


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _native(rows: Rows) -> Iterator[Samples]:
    for band in rows.bands:
        yield whole_numbers(band)


def _rgb(rows: Rows, source: Source) -> Iterator[Samples]:
    for band in rows.bands:
        rgb, alpha = rgb_of(band, source, rows.palette)
        if source.has_alpha:
            clear = (
                alpha if alpha is not None else np.full_like(rgb[..., 0], np.iinfo(rgb.dtype).max)
            )
            rgb = np.concatenate([rgb, clear[..., None]], axis=2)
        yield rgb


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into a sentence."""
    try:
        yield
    except InpaintError:
        raise
    except Exception as error:
        # A decoder may raise anything on a damaged file (pyvips.Error is a bare Exception).
        raise BadPhoto(
            f"{path.name} is damaged and cannot be opened ({_short(error)}); "
            "take it from its source again."
        ) from error


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:160]


def estimate_mb(head: Head, file_bytes: int) -> float:
    """Return the peak memory of opening a file with this head, child included, in MB."""
    source = head.source
    channels = 4 if source.has_alpha else 3
    pixels = source.width * source.height * _depth(source) * channels
    return pixels / 1e6 + decoder_mb(head, file_bytes)


def decoder_mb(head: Head, file_bytes: int) -> float:
    """Return what the decoder itself needs, in MB: bands, or the whole where it cannot stream."""
    source = head.source
    size = source.width * source.height
    if source.kind == "jpeg":
        held = size * 8 if source.is_progressive else 0
    elif source.kind == "tiff":
        held = 2 * size * source.samples * max(1, source.bits // 8) if source.is_whole else 0
    elif source.kind == "png":
        held = 2 * size * _depth(source) * 4 if source.mode == "P" or source.is_progressive else 0
    else:
        held = size * (24 if source.kind == "raw" else 8 * _depth(source))
    data = 0 if source.kind in STREAMED else file_bytes
    return (held + 2 * data + DECODER_BYTES) / 1e6


DECODER_BYTES = 300_000_000
"""What a decoding child takes by itself: interpreter, libraries, bands (measured: 250 MB)."""


def seconds_for(megapixels: float, kind: str) -> float:
    """Return how long a decode may take: 9 s, more for what is honestly large."""
    return max(9.0, megapixels * (1.5 if kind in ("raw", "heif", "avif") else 0.6))


def _depth(source: Source) -> int:
    return 2 if source.bits > 8 or source.mode in ("LAB", "RAW") else 1
