"""The one decode routine: from a path to a Photo, or to a sentence that says why not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import frozen
from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import exif as exif_blocks
from inpaint_studio.imaging.photo.convert import depth_of, rgb_of
from inpaint_studio.imaging.photo.head import HEADS, Head
from inpaint_studio.imaging.photo.model import Photo, Samples, Source
from inpaint_studio.imaging.photo.rows import ROWS, Rows
from inpaint_studio.imaging.photo.sniff import sniff
from inpaint_studio.imaging.photo.turn import turned_size, upright

STREAMED = ("tiff", "raw")
"""Kinds that are read from the file piece by piece, not from memory."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """A file that is open for decoding: its head, its hash, and its rows still to come."""

    head: Head
    sha256: str
    rows: Rows

    def samples(self) -> Iterator[NDArray[Any]]:
        """Yield the stored samples, band by band."""
        yield from self.rows.bands


def read_head(path: Path, page: int = 0) -> Head:
    """Return what the file says about itself. Raises: BadPhoto."""
    kind = sniff(path)
    data = b"" if kind in STREAMED else path.read_bytes()
    return _head(path, kind, data, page)


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


def start(path: Path, max_megapixels: float, page: int) -> Decoder:
    """Open a file for decoding. Raises: BadPhoto."""
    kind = sniff(path)
    data = b"" if kind in STREAMED else path.read_bytes()
    head = _head(path, kind, data, page)
    check_size(path, head.source, max_megapixels)
    digest = hashlib.sha256(data) if data else _hash_file(path)
    return Decoder(head, digest.hexdigest(), ROWS[kind](path, data, head))


def _hash_file(path: Path) -> Any:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256")


def decode(path: Path, max_megapixels: float, page: int) -> Photo:
    """Decode in this process. Raises: BadPhoto."""
    decoder = start(path, max_megapixels, page)
    return assemble(path, decoder.head, decoder.sha256, decoder.rows)


def assemble(path: Path, head: Head, sha256: str, rows: Rows) -> Photo:
    """Put the bands of a decoder together to an upright RGB photo. Raises: BadPhoto."""
    source = head.source
    dtype = np.dtype(depth_of(rows.dtype))
    if source.mode == "LAB":
        dtype = np.dtype(np.uint16)
    width, height = turned_size(source.width, source.height, source.orientation)
    pixels: Samples = np.empty((height, width, 3), dtype)
    alpha: Samples | None = np.empty((height, width), dtype) if source.has_alpha else None
    stored = _stored_view(pixels, source.orientation)
    stored_alpha = _stored_view(alpha, source.orientation) if alpha is not None else None
    top = 0
    for band in rows.bands:
        end = top + len(band)
        if end > source.height or band.shape[1] != source.width:
            raise BadPhoto(f"{path.name} holds other pixels than its header says; it is damaged.")
        rgb, clear = rgb_of(band, source, rows.palette)
        stored[top:end] = rgb
        if stored_alpha is not None:
            stored_alpha[top:end] = clear if clear is not None else np.iinfo(dtype).max
        top = end
    if top != source.height:
        raise BadPhoto(
            f"{path.name} breaks off: {top} of {source.height} rows are there; "
            "take it from its source again."
        )
    return Photo(
        pixels=frozen(pixels), alpha=None if alpha is None else frozen(alpha),
        icc=head.icc if source.mode not in ("CMYK", "LAB", "RAW") else None,
        exif=exif_blocks.with_orientation_reset(head.exif) if head.exif else None,
        xmp=exif_blocks.xmp_with_orientation_reset(head.xmp) if head.xmp else None,
        iptc=head.iptc,
        dpi=head.dpi if source.orientation < 5 or not head.dpi else (head.dpi[1], head.dpi[0]),
        format=source.kind, path=path, sha256=sha256,
        notes=(*head.notes, *_notes(source)),
        source=replace(source, has_alpha=alpha is not None),
    )  # fmt: skip


def _stored_view(seen: NDArray[Any], orientation: int) -> NDArray[Any]:
    from inpaint_studio.imaging.photo.turn import as_stored

    view = as_stored(seen, orientation)
    assert np.shares_memory(upright(view, orientation), seen)
    return view


def _notes(source: Source) -> tuple[str, ...]:
    notes = []
    if source.mode == "CMYK":
        way = "through its profile" if source.icc else "without a profile, by plain complement"
        notes.append(
            f"The photo is CMYK; it is shown and edited as sRGB, converted {way}. On save only "
            "edited pixels are converted back, all others keep their inks."
        )
    if source.mode == "LAB":
        notes.append("The photo is L*a*b*; it is edited as 16-bit sRGB and saved as RGB.")
    if source.is_float:
        notes.append("The photo has floating-point samples; it is edited in 16 bits, 0..1.")
    elif source.bits == 32:
        notes.append("The photo has 32 bits per sample; it is edited in 16 bits.")
    return tuple(notes)


def estimate_mb(head: Head, file_bytes: int) -> float:
    """Return the peak memory of decoding a file with this head, in MB."""
    source = head.source
    size = source.width * source.height
    depth = 2 if source.bits > 8 or source.mode in ("LAB", "RAW") else 1
    result = size * depth * (4 if source.has_alpha else 3)
    whole = source.kind in ("avif", "heif", "raw") or source.mode == "P" or source.is_progressive
    decoder = size * depth * 4 if whole else 64 << 20
    data = 0 if source.kind in STREAMED else file_bytes
    return (result + decoder + data) / 1e6
