"""The samples a file gets back: its own where nothing was edited, new ones where something was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.imaging.photo.convert import grey_of
from inpaint_studio.imaging.photo.ink import cmyk_of_rgb
from inpaint_studio.imaging.photo.model import Photo, Samples

Palette = NDArray[np.uint8]


def plain_samples(photo: Photo, mode: str, bits: int) -> Samples:
    """Return upright samples (H, W, channels) of mode L, LA, RGB or RGBA in 8 or 16 bits."""
    pixels, alpha = photo.pixels, photo.alpha
    if bits <= 8 and pixels.dtype == np.uint16:
        pixels = to_8_bit(pixels)
        alpha = to_8_bit(alpha) if alpha is not None else None
    planes: Samples = grey_of(pixels)[..., None] if mode in ("L", "LA") else pixels
    if mode in ("LA", "RGBA") and alpha is not None:
        return _joined(planes, alpha[..., None])
    return planes


def _joined(first: Samples, second: Samples) -> Samples:
    joined: Samples = np.concatenate([first, second], axis=2)
    return joined


def to_8_bit(samples: Samples) -> NDArray[np.uint8]:
    """Return 16-bit samples rounded to the nearest of 8 bits (65535 becomes 255)."""
    return ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def inks(photo: Photo, native: Samples | None, changed: NDArray[np.bool_] | None) -> Samples:
    """Return CMYK: the file's own inks, and converted ones where the photo was edited."""
    if native is None or changed is None:
        return cmyk_of_rgb(photo.pixels, photo.source.icc)
    result = native.copy()
    edited = photo.pixels[changed]
    if len(edited):
        new = cmyk_of_rgb(edited[None], photo.source.icc)[0]
        result[changed, :4] = new.astype(result.dtype)
    return result


def with_extra(samples: Samples, native: Samples | None, mode: str) -> Samples:
    """Return samples with the file's further channels (spot colours, masks) behind them."""
    colors = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    if native is None or native.shape[2] <= colors or native.dtype != samples.dtype:
        return samples
    return _joined(samples, native[..., colors:])


def indexed(
    photo: Photo,
    native: Samples,
    palette: Palette,
    changed: NDArray[np.bool_],
) -> tuple[Samples, Palette] | None:
    """Return (indices, palette) that show the photo exactly, or None: too many colours.

    Unchanged pixels keep their index; new colours take entries that no pixel uses.
    """
    indices = native[..., 0].copy()
    colors = _keys(photo, changed)
    wanted = np.unique(colors)
    own = _pack(palette)
    free = np.setdiff1d(np.arange(256), np.unique(indices[~changed]))
    known = {int(key): index for index, key in reversed(list(enumerate(own.tolist())))}
    table = palette.copy()
    places: dict[int, int] = {}
    for key in wanted.tolist():
        if key in known:
            places[key] = known[key]
    spare = [index for index in free.tolist() if index not in set(places.values())]
    for key in wanted.tolist():
        if key not in places:
            if not spare:
                return None
            places[key] = spare.pop()
            table[places[key]] = [key >> 24, key >> 16 & 255, key >> 8 & 255, key & 255]
    lookup = np.array([places[key] for key in wanted.tolist()], np.uint8)
    if len(wanted):
        indices[changed] = lookup[np.searchsorted(wanted, colors)]
    return indices[..., None], table


def _keys(photo: Photo, changed: NDArray[np.bool_]) -> NDArray[np.uint32]:
    rgb = photo.pixels[changed]
    alpha = np.full(len(rgb), 255) if photo.alpha is None else photo.alpha[changed]
    return _pack(np.concatenate([rgb, np.asarray(alpha)[:, None]], axis=1))


def _pack(rgba: NDArray[np.generic]) -> NDArray[np.uint32]:
    parts = rgba.astype(np.uint32)
    packed = parts[:, 0] << 24 | parts[:, 1] << 16 | parts[:, 2] << 8 | parts[:, 3]
    return packed.astype(np.uint32, copy=False)
