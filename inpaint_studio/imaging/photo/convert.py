"""From the samples a file stores to the RGB that is worked on, and back.

What is worked on is always RGB in 8 or 16 bits. Coming back, every pixel that nobody changed
takes the very samples that were in the file, so a conversion that cannot be undone exactly
(CMYK, LAB, grey, palette) costs nothing outside the edit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import as_pixels
from inpaint_studio.imaging.photo.model import Samples, Source


def rgb_of(
    band: NDArray[Any], source: Source, palette: NDArray[np.uint8] | None
) -> tuple[Samples, Samples | None]:
    """Return (RGB (rows, W, 3), alpha (rows, W) or None) of a band of stored samples."""
    if palette is not None:
        colors = palette[band[..., 0]]
        return colors[..., :3], colors[..., 3] if source.has_alpha else None
    if source.mode == "CMYK":
        from inpaint_studio.imaging.photo.ink import rgb_of_cmyk

        return rgb_of_cmyk(band, source.icc), None
    if source.mode == "LAB":
        from inpaint_studio.imaging.photo.ink import rgb_of_lab

        return rgb_of_lab(band), None
    band = whole_numbers(band)
    colors = 1 if source.mode in ("1", "L", "LA") else 3
    rgb = np.repeat(band[..., :1], 3, axis=2) if colors == 1 else band[..., :3]
    alpha = band[..., colors] if source.has_alpha and band.shape[2] > colors else None
    return as_pixels(rgb), None if alpha is None else as_pixels(alpha)


def whole_numbers(band: NDArray[Any]) -> Samples:
    """Return 8- or 16-bit samples: 32-bit ones lose their low bits, floats 0..1 are scaled."""
    if band.dtype in (np.uint8, np.uint16):
        return band
    if band.dtype.kind == "f":
        unit = np.nan_to_num(band.astype(np.float64), nan=0.0, posinf=1.0, neginf=0.0)
        return np.rint(np.clip(unit, 0.0, 1.0) * 65535).astype(np.uint16)
    if band.dtype.kind == "i":
        low, bits = np.iinfo(band.dtype).min, 8 * band.dtype.itemsize
        above_zero = band.astype(np.int64) - low
        return (above_zero << 16 >> bits).astype(np.uint16)
    return (band >> (8 * band.dtype.itemsize - 16)).astype(np.uint16)


def depth_of(dtype: np.dtype[Any]) -> type[np.uint8] | type[np.uint16]:
    """Return the depth that samples of this type are worked on in."""
    return np.uint8 if dtype.itemsize == 1 else np.uint16


def grey_of(rgb: Samples) -> Samples:
    """Return grey samples: the common value of R, G and B, else their Rec. 709 luma, rounded."""
    same = (rgb[..., 0] == rgb[..., 1]) & (rgb[..., 1] == rgb[..., 2])
    luma = rgb.astype(np.float64) @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(same, rgb[..., 0], np.rint(luma).astype(rgb.dtype))
