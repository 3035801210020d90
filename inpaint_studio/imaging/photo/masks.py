"""Masks in and out: any picture of the photo's upright size; more than half means replace."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadMask, BadPhoto, BadSetting
from inpaint_studio.imaging.photo.files import write_whole
from inpaint_studio.imaging.photo.opening import open_photo


def read_mask(path: Path | str, shape: tuple[int, ...]) -> MaskBool:
    """Return the mask in the file at `path` for a photo of `shape` (H, W, ...), read-only.

    A pixel is replaced where the grey value is above half; a picture that is all one colour
    but has an alpha channel is read from its alpha.
    Raises: BadMask: it cannot be read, or has another size than the photo.
    """
    where = Path(path)
    try:
        photo = open_photo(where)
    except BadPhoto as error:
        raise BadMask(f"The mask cannot be used: {error}") from error
    if photo.shape != tuple(shape[:2]):
        high, wide = photo.shape
        raise BadMask(
            f"The mask {where.name} is {wide} × {high} pixels, the photo {shape[1]} × {shape[0]}; "
            "a mask must have the size of the photo as it is seen."
        )
    top = np.iinfo(photo.pixels.dtype).max
    grey = photo.pixels.max(axis=2)
    if photo.alpha is not None and grey.min() == grey.max():
        grey = photo.alpha
    mask: MaskBool = grey.astype(np.uint32) * 2 > top
    mask.flags.writeable = False
    return mask


def write_mask(mask: MaskBool, path: Path | str, *, overwrite: bool = True) -> None:
    """Save a mask as a PNG, 255 where it is True. Raises: BadSetting, StorageError."""
    import imagecodecs

    where = Path(path)
    if where.suffix.lower() != ".png":
        raise BadSetting(f"A mask is saved as PNG; name it {where.stem}.png.")
    if where.exists() and not overwrite:
        raise BadSetting(f"{where} is there already; choose another name.")
    data = imagecodecs.png_encode(mask.astype(np.uint8) * np.uint8(255), level=4)
    write_whole(where, lambda file: file.write(data), reserve=len(data))
