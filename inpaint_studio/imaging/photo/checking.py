"""After writing, before replacing: read the draft back and hold it against the plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.errors import BadPhoto, StorageError
from inpaint_studio.imaging.photo import again
from inpaint_studio.imaging.photo.model import Photo
from inpaint_studio.imaging.photo.opening import open_photo
from inpaint_studio.imaging.photo.planning import Plan


def check(
    draft: Path, where: Path, photo: Photo, plan: Plan, touched: NDArray[np.bool_] | None
) -> None:
    """Raise StorageError unless the draft shows what the plan promised.

    Copies and lossless formats must show the photo exactly; a patched JPEG must show the old
    file exactly but for the touched blocks and one pixel around them; lossy formats must open
    at the right size.
    """
    page = photo.source.page if plan.kind == "tiff" and plan.is_same_kind else 0
    try:
        back = open_photo(draft, float("inf"), page)
    except BadPhoto as error:
        raise StorageError(
            f"{where} was not saved: what was written cannot be read back ({error})"
        ) from error
    if not _is_right(photo, back, plan, touched):
        raise StorageError(
            f"{where} was not saved: reading it back gave other pixels than were written. "
            "Nothing was changed; save in another format and report this."
        )


def _is_right(photo: Photo, back: Photo, plan: Plan, touched: NDArray[np.bool_] | None) -> bool:
    if back.shape != photo.shape:
        return False
    if plan.method == "patch" and touched is not None and plan.changed is not None:
        outside = ~_grown(touched)
        return bool((back.pixels[outside] == photo.pixels[outside]).all())
    if plan.mode == "CMYK" and plan.compression != "lossy":
        if plan.changed is None:
            return True
        return bool((back.pixels[~plan.changed] == photo.pixels[~plan.changed]).all())
    if plan.compression == "lossy":
        return True
    mode = "RGBA" if plan.mode == "P" and photo.alpha is not None else plan.mode
    mode = "RGB" if mode in ("P", "1", "LAB", "CMYK") else mode
    if plan.kind == "avif" and plan.bits > 8 and plan.bits != photo.source.bits:
        return True  # 16 bits were rounded to 12, as announced
    want = again.plain_samples(photo, mode, plan.bits if plan.method != "copy" else 16)
    got = again.plain_samples(back, mode, plan.bits if plan.method != "copy" else 16)
    return bool(np.array_equal(want, got))


def _grown(touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with one more pixel all around."""
    grown = touched.copy()
    grown[1:] |= touched[:-1]
    grown[:-1] |= touched[1:]
    wide = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide
