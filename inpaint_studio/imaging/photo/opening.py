"""Open a photo, and make small pictures of one for lists.

Everything is decoded in a limited child process unless the caller says that the file is
trusted (the program's own artifacts): a few milliseconds against a file that could otherwise
end, hang or take over the program.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto
from inpaint_studio.imaging.photo import reading, stream
from inpaint_studio.imaging.photo.limited import limited_thumbnail
from inpaint_studio.imaging.photo.model import Photo
from inpaint_studio.imaging.photo.sniff import sniff


def open_photo(
    path: Path | str, max_megapixels: float = 300.0, page: int = 0, *, trusted: bool = False
) -> Photo:
    """Open the photo at `path`: upright, in its own depth and colour space, nothing dropped.

    Files with more than `max_megapixels` are refused unless the user allows it for this file.
    `page` chooses a page of a TIFF. Returns a Photo whose arrays are read-only.
    Raises: BadPhoto: missing, empty, unknown, truncated, damaged or too large.
    """
    request = stream.Request(path=Path(path), page=page, max_megapixels=max_megapixels)
    try:
        sniff(request.path)
        return reading.decode(request, trusted=trusted)
    except BadPhoto as error:
        if request.path.name in str(error):
            raise
        raise BadPhoto(f"{request.path.name}: {error}") from error


def thumbnail(path: Path | str, px: int, *, trusted: bool = False) -> NDArray[np.uint8]:
    """Return an upright sRGB picture that fits in `px` × `px`, (h, w, 3) uint8.

    JPEG and WebP are decoded at a fraction of their size. Raises: BadPhoto.
    """
    from inpaint_studio.imaging.photo.thumbs import small

    request = stream.Request(path=Path(path), px=px)
    sniff(request.path)
    if not trusted:
        return limited_thumbnail(request)
    with stream.guarded(request.path):
        return small(request.path, px)


def estimate_open_mb(path: Path | str, page: int = 0) -> float:
    """Return the memory that opening the file takes at its peak, in MB. Raises: BadPhoto.

    Reads the file's header, in this process: no pixel is decoded for it.
    """
    where = Path(path)
    with stream.guarded(where):
        return stream.estimate_mb(stream.read_head(where, page), where.stat().st_size)
