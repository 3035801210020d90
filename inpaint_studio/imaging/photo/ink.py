"""CMYK and LAB, seen as sRGB and brought back, through LittleCMS.

Without a profile CMYK has no defined colours; the plain complement is used then, and said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import as_pixels
from inpaint_studio.imaging import color
from inpaint_studio.imaging.icc import SRGB_TO_XYZ
from inpaint_studio.imaging.photo.model import Samples
from inpaint_studio.imaging.photo.rows import vips


def _through(band: NDArray[Any], icc: bytes, *, to_rgb: bool) -> Samples:
    import tempfile
    from pathlib import Path

    deep = band.dtype == np.uint16
    height, width, channels = band.shape
    image = vips().Image.new_from_memory(
        np.ascontiguousarray(band).tobytes(), width, height, channels,
        "ushort" if deep else "uchar",
    )  # fmt: skip
    name = ("cmyk16" if deep else "cmyk") if to_rgb else ("rgb16" if deep else "srgb")
    image = image.copy(interpretation="cmyk" if to_rgb else name)
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "ink.icc"
        profile.write_bytes(icc)
        source, target = (str(profile), "srgb") if to_rgb else ("srgb", str(profile))
        done = image.icc_transform(
            target, input_profile=source, embedded=False, intent="relative",
            black_point_compensation=True, depth=16 if deep else 8,
        )  # fmt: skip
        raw = done.write_to_memory()
    result: Samples = np.frombuffer(raw, band.dtype).reshape(height, width, -1)
    return result


def rgb_of_cmyk(band: NDArray[Any], icc: bytes | None) -> Samples:
    """Return sRGB (rows, W, 3) of CMYK samples (0 = no ink), same depth."""
    if icc:
        return _through(band, icc, to_rgb=True)
    top = np.iinfo(band.dtype).max
    light = top - band.astype(np.uint32)
    plain: Samples = ((light[..., :3] * light[..., 3:4] + top // 2) // top).astype(band.dtype)
    return plain


def cmyk_of_rgb(rgb: Samples, icc: bytes | None) -> Samples:
    """Return CMYK (rows, W, 4) of sRGB samples, same depth: the way back for edited pixels."""
    if icc:
        return _through(rgb, icc, to_rgb=False)
    top = np.iinfo(rgb.dtype).max
    light = rgb.max(axis=2, keepdims=True).astype(np.uint32)
    safe = np.maximum(light, 1)
    ink = top - (rgb.astype(np.uint32) * top + safe // 2) // safe
    ink = np.where(light == 0, 0, ink)
    return as_pixels(np.concatenate([ink, top - light], axis=2).astype(rgb.dtype))


def rgb_of_lab(band: NDArray[Any]) -> Samples:
    """Return 16-bit sRGB of CIE L*a*b* (D50) samples as TIFF stores them (a, b signed).

    CIE 15:2004, then the profile connection space to sRGB by the matrix adapted to D50.
    """
    deep = band.dtype.itemsize == 2
    signed = np.dtype(np.int16 if deep else np.int8)
    light = band[..., 0].astype(np.float64) * (100.0 / (65535.0 if deep else 255.0))
    ab = np.ascontiguousarray(band[..., 1:3]).view(signed) / (256.0 if deep else 1.0)
    y = (light + 16) / 116
    f = np.stack([y + ab[..., 0] / 500, y, y - ab[..., 1] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2)
    linear = (xyz * D50) @ np.linalg.inv(SRGB_TO_XYZ).T
    codes = np.rint(color.encode(linear).astype(np.float64) * 65535)
    return as_pixels(codes.astype(np.uint16))


D50 = np.array([0.96422, 1.0, 0.82521])
