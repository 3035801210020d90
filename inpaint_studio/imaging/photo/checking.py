"""After writing, before replacing: read the draft back and hold it against the plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import as_pixels
from inpaint_studio.errors import BadPhoto, StorageError
from inpaint_studio.imaging.photo import again, reading
from inpaint_studio.imaging.photo.model import Photo
from inpaint_studio.imaging.photo.planning import Plan
from inpaint_studio.imaging.photo.stream import Request, Stream
from inpaint_studio.imaging.photo.turn import turned_size


def check(
    draft: Path, where: Path, photo: Photo, plan: Plan, touched: NDArray[np.bool_] | None
) -> None:
    """Raise StorageError unless the draft shows what the plan promised.

    Copies and lossless formats must show the photo exactly; a patched JPEG must show the old
    file exactly but for the touched blocks and one pixel around them; lossy formats must open
    at the right size.
    """
    page = photo.source.page if plan.kind == "tiff" and plan.is_same_kind else 0
    request = Request(path=draft, page=page, max_megapixels=float("inf"))
    try:
        with reading.streaming(request, trusted=False) as found:
            right = _is_right(request, found, photo, plan, touched)
    except BadPhoto as error:
        raise StorageError(
            f"{where} was not saved: what was written cannot be read back ({error})"
        ) from error
    if not right:
        raise StorageError(
            f"{where} was not saved: reading it back gave other pixels than were written. "
            "Nothing was changed; save in another format and report this."
        )


def _is_right(
    request: Request, found: Stream, photo: Photo, plan: Plan, touched: NDArray[np.bool_] | None
) -> bool:
    source = found.head.source
    width, height = turned_size(source.width, source.height, source.orientation)
    if (height, width) != photo.shape:
        return False
    rounded = plan.kind == "avif" and 8 < plan.bits != photo.source.bits
    if plan.compression == "lossy" or rounded:
        for _ in reading.placed(request, found):  # all of it must decode
            pass
        return True
    differs = reading.differing(request, found, _expected(photo, plan))
    if differs is None:
        return False
    if plan.method == "patch" and touched is not None:
        return not (differs & ~_grown(touched)).any()
    if plan.mode == "CMYK":
        return plan.changed is None or not (differs & ~plan.changed).any()
    return not differs.any()


def _expected(photo: Photo, plan: Plan) -> Photo:
    """Return the photo as the plan said it would be: depth, grey, alpha."""
    if plan.method == "copy":
        return photo
    mode = "RGB" if plan.mode in ("P", "CMYK", "RGBA") else plan.mode
    samples = again.plain_samples(photo, mode.removesuffix("A"), plan.bits)
    pixels = np.repeat(samples, 3, axis=2) if samples.shape[2] == 1 else samples
    has_alpha = photo.alpha is not None and (plan.mode in ("P", "LA", "RGBA"))
    alpha = photo.alpha if has_alpha else None
    if alpha is not None and plan.bits <= 8 and alpha.dtype == np.uint16:
        alpha = again.to_8_bit(alpha)
    return replace(photo, pixels=as_pixels(pixels), alpha=alpha)


def _grown(touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with one more pixel all around."""
    grown = touched.copy()
    grown[1:] |= touched[:-1]
    grown[:-1] |= touched[1:]
    wide = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide
