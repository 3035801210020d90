"""Pixels of one TIFF page, strip by strip or tile row by tile row."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo.head import Head
from inpaint_studio.imaging.photo.model import Rows


def tiff_rows(path: Path, data: bytes, head: Head) -> Rows:
    """Return the rows of page `head.source.page`. Raises: BadPhoto."""
    import tifffile

    source = head.source
    file = tifffile.TiffFile(BytesIO(data) if data else path)
    page: Any = file.pages[source.page]
    page = page.aspage() if hasattr(page, "aspage") else page
    channels = int(page.samplesperpixel)
    palette = None
    if source.mode == "P":
        palette = np.full((256, 4), 255, np.uint8)
        listed = (np.asarray(page.colormap).T >> 8).astype(np.uint8)[:256]
        palette[: len(listed), :3] = listed
    is_white_zero = int(page.photometric) == 0
    dtype = np.dtype(np.uint8) if page.dtype == np.bool_ else np.dtype(page.dtype).newbyteorder("=")

    def bands() -> Iterator[NDArray[Any]]:
        with file:
            for band in _segments(page, channels):
                yield _grey_up(band, source.bits, source.mode, is_white_zero=is_white_zero)

    return Rows(channels, dtype, bands(), palette)


def _segments(page: Any, channels: int) -> Iterator[NDArray[Any]]:
    """Yield bands of rows; strips come one by one, everything else as a whole."""
    height, width = int(page.imagelength), int(page.imagewidth)
    in_order = not page.is_tiled and int(page.planarconfig) == 1
    if not in_order:
        whole = page.asarray()
        if int(page.planarconfig) == 2 and channels > 1:
            whole = np.moveaxis(whole, 0, -1)
        yield whole.reshape(height, width, channels)
        return
    done = 0
    for index, (strip, _, _) in enumerate(page.segments(maxworkers=1, buffersize=16 << 20)):
        if strip is None:
            raise BadPhoto(f"Strip {index + 1} of the TIFF is missing; take the file again.")
        rows = strip.reshape(-1, width, channels)
        rows = rows[: height - done]
        done += len(rows)
        yield rows
    if done != height:
        raise BadPhoto(
            f"The TIFF breaks off: {done} of {height} rows are there; take it from its source."
        )


def _grey_up(band: NDArray[Any], bits: int, mode: str, *, is_white_zero: bool) -> NDArray[Any]:
    """Return grey samples over their whole depth, 0 black; other samples as they are."""
    if band.dtype == np.bool_:
        band = band.astype(np.uint8) * np.uint8(255)
    elif bits in (2, 4) and mode in ("L", "LA", "RGB", "RGBA"):
        band = band * np.uint8(255 // (2**bits - 1))
    if is_white_zero and band.dtype.kind == "u":
        band = np.iinfo(band.dtype).max - band
    return band
