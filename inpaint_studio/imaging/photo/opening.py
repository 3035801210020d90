"""Open a photo, and make small pictures of one for lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto, InpaintError
from inpaint_studio.imaging.photo import reading
from inpaint_studio.imaging.photo.model import Photo

DECODER_ERRORS = (
    OSError, ValueError, RuntimeError, SyntaxError, EOFError, LookupError, TypeError,
    ArithmeticError, MemoryError, AttributeError, AssertionError, NotImplementedError,
)  # fmt: skip
"""What decoders raise on damaged files (struct.error and tifffile's errors are ValueErrors)."""


def open_photo(
    path: Path | str, max_megapixels: float = 300.0, page: int = 0, *, trusted: bool = False
) -> Photo:
    """Open the photo at `path`: upright, in its own depth and colour space, nothing dropped.

    Files with more than `max_megapixels` are refused unless the user allows it for this file.
    `page` chooses a page of a TIFF. Returns a Photo whose arrays are read-only.
    Raises: BadPhoto: missing, empty, unknown, truncated, damaged or too large.
    """
    where = Path(path)
    return _guarded(where, max_megapixels, page)


def _guarded(path: Path, max_megapixels: float, page: int) -> Photo:
    try:
        return reading.decode(path, max_megapixels, page)
    except BadPhoto as error:
        if path.name in str(error):
            raise
        raise BadPhoto(f"{path.name}: {error}") from error
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


def thumbnail(path: Path | str, px: int) -> NDArray[np.uint8]:
    """Return an upright sRGB picture that fits in `px` × `px`, (h, w, 3) uint8.

    JPEG and WebP are decoded at a fraction of their size. Raises: BadPhoto.
    """
    from inpaint_studio.imaging.photo.thumbs import small

    where = Path(path)
    try:
        return small(where, px)
    except InpaintError:
        raise
    except Exception as error:
        raise BadPhoto(f"{where.name} is damaged and cannot be shown ({_short(error)}).") from error


def estimate_open_mb(path: Path | str, page: int = 0) -> float:
    """Return the memory that opening the file takes at its peak, in MB. Raises: BadPhoto."""
    where = Path(path)
    try:
        head = reading.read_head(where, page)
    except InpaintError:
        raise
    except Exception as error:
        raise BadPhoto(
            f"{where.name} is damaged and cannot be opened ({_short(error)})."
        ) from error
    return reading.estimate_mb(head, where.stat().st_size)
