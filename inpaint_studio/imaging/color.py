"""Encoded values to linear light and back, and what the screen shows. The one module that converts.

Without a profile the transfer curve is sRGB's, IEC 61966-2-1; with one it is the profile's own,
evaluated in floating point. Linear light keeps the photo's own primaries: an engine mixes light,
it need not know whose. 8-bit -> linear -> 8-bit and 16-bit -> linear -> 16-bit are exact for
every value of every strictly rising curve (float32 carries 24 bits; tested over all of them).

A profile that is a table and no matrix has no curve to undo. Its photos reach linear light by
the sRGB curve, which is undone exactly and only approximates their light; LittleCMS shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Linear, Pixels, as_pixels
from inpaint_studio.imaging import icc as profiles


@cache
def _table(depth: int) -> NDArray[np.float32]:
    codes = np.arange(2**depth, dtype=np.float64) / (2**depth - 1)
    linear = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    table: NDArray[np.float32] = linear.astype(np.float32)
    return table


def to_linear(pixels: Pixels) -> Linear:
    """Return linear light, float32 0..1, of sRGB-encoded uint8 or uint16 pixels."""
    depth = 8 if pixels.dtype == np.uint8 else 16
    return np.take(_table(depth), pixels)


def encode(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return sRGB-encoded values 0..1 of linear light (clipped to 0..1 first)."""
    clipped = np.clip(linear, 0.0, 1.0)
    low = clipped * 12.92
    high = 1.055 * np.power(np.maximum(clipped, 0.0031308), 1 / 2.4) - 0.055
    encoded: NDArray[np.float32] = np.where(clipped <= 0.0031308, low, high).astype(np.float32)
    return encoded


def decode(encoded: NDArray[np.floating]) -> Linear:
    """Return linear light of sRGB-encoded values 0..1 (the inverse of `encode`; not clipped)."""
    values = np.asarray(encoded, dtype=np.float32)
    low = values / np.float32(12.92)
    high = np.power((np.maximum(values, 0.0) + np.float32(0.055)) / np.float32(1.055), 2.4)
    return np.where(values <= 0.04045, low, high).astype(np.float32)


def from_linear(linear: Linear, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Pixels:
    """Return sRGB-encoded pixels of the given depth, rounded to the nearest code."""
    top = 255 if np.dtype(dtype) == np.uint8 else 65535
    # float64 for 16 bit: rounding must not depend on a float32 product.
    codes = np.rint(encode(linear.astype(np.float64)).astype(np.float64) * top)
    return codes.astype(np.uint8) if top == 255 else codes.astype(np.uint16)


def luma(encoded: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return Rec. 709 luma, (H, W) float32, of encoded or linear (H, W, 3) values."""
    weights = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    return np.asarray(encoded, dtype=np.float32) @ weights


def as_unit(pixels: Pixels) -> NDArray[np.float32]:
    """Return the encoded values as float32 0..1 (no transfer curve applied)."""
    top = 255.0 if pixels.dtype == np.uint8 else 65535.0
    return pixels.astype(np.float32) / np.float32(top)


# The engines' working space: y = k (sqrt(x + e) - sqrt(e)), 0..1 to 0..1. It follows the sRGB
# curve within 3 % and costs a square root instead of two powers per value; it is defined above
# 1 as well, so highlights of a float photo survive the round trip.
_TOE = 0.0040
_TOE_ROOT = _TOE**0.5
_GAIN = 1.0 / ((1.0 + _TOE) ** 0.5 - _TOE_ROOT)


def perceptual(linear: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the engines' working values, float32, 0..1 nominal, of linear light (>= 0)."""
    shifted = np.maximum(np.asarray(linear, dtype=np.float32), np.float32(0.0))
    shifted += np.float32(_TOE)
    np.sqrt(shifted, out=shifted)
    shifted -= np.float32(_TOE_ROOT)
    shifted *= np.float32(_GAIN)
    return shifted


def from_perceptual(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return linear light of the engines' working values (clipped at black)."""
    root = np.maximum(np.asarray(values, dtype=np.float32), np.float32(0.0))
    root *= np.float32(1.0 / _GAIN)
    root += np.float32(_TOE_ROOT)
    np.square(root, out=root)
    root -= np.float32(_TOE)
    return np.maximum(root, np.float32(0.0))


@dataclass(frozen=True, eq=False)
class ColorSpace:
    """A photo's RGB: its tone curves, its primaries, and the way to the screen.

    `is_exact`: linear light is the profile's own (a matrix profile or sRGB), not approximated.
    """

    name: str
    is_srgb: bool
    is_exact: bool
    matrix: profiles.MatrixProfile | None
    icc: bytes | None

    def to_linear(self, pixels: Pixels) -> Linear:
        """Return linear light in the photo's own primaries, float32 0..1, (H, W, 3)."""
        if self.matrix is None:
            return to_linear(pixels)
        out = np.empty(pixels.shape, np.float32)
        for channel, table in enumerate(_tables(self, 8 if pixels.dtype == np.uint8 else 16)):
            np.take(table, pixels[..., channel], out=out[..., channel])
        return out

    def from_linear(
        self, linear: Linear, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    ) -> Pixels:
        """Return encoded pixels of the given depth: the code whose light is nearest."""
        if self.matrix is None:
            return from_linear(linear, dtype)
        depth = 8 if np.dtype(dtype) == np.uint8 else 16
        out = as_pixels(np.empty(linear.shape, dtype))
        for channel, table in enumerate(_tables(self, depth)):
            middles = (table[1:].astype(np.float64) + table[:-1]) / 2
            out[..., channel] = np.searchsorted(middles, linear[..., channel], side="left")
        return out

    def to_srgb8(self, pixels: Pixels) -> NDArray[np.uint8]:
        """Return the colours as sRGB, uint8 (H, W, 3), for judges, OCR and screens.

        Colours outside sRGB are clipped channel by channel (relative colorimetric).
        """
        return self.to_display8(pixels, SRGB)

    def to_display8(self, pixels: Pixels, display: ColorSpace) -> NDArray[np.uint8]:
        """Return the colours in the code values of a display, uint8 (H, W, 3)."""
        if self.is_same(display):
            return _to_8_bit(pixels)
        if self._is_table or display._is_table:
            return _through_lcms(_to_8_bit(pixels), self.icc, display.icc)
        return _through_light(pixels, self, display)

    def is_same(self, other: ColorSpace) -> bool:
        return (
            self is other
            or (self.is_srgb and other.is_srgb)
            or (self.icc is not None and self.icc == other.icc)
        )

    @property
    def _is_table(self) -> bool:
        return not self.is_srgb and self.matrix is None


SRGB = ColorSpace("sRGB", True, True, None, None)


@lru_cache(maxsize=16)
def space_of(icc: bytes | None) -> ColorSpace:
    """Return the space that a profile describes; sRGB for None and for a damaged profile."""
    if icc is None or profiles.space_of(icc) not in ("RGB", "GRAY"):
        return SRGB
    found = profiles.matrix_profile(icc)
    name = profiles.name_of(icc)
    if found is None:
        return ColorSpace(name, False, False, None, icc)
    if _is_srgb(found):
        return ColorSpace(name, True, True, None, icc)
    return ColorSpace(name, False, True, found, icc)


def _is_srgb(found: profiles.MatrixProfile) -> bool:
    """Whether a profile is sRGB within what its own 16-bit numbers can say."""
    codes = np.linspace(0.0, 1.0, profiles.STEPS)
    curve = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    same_light = all(np.abs(own - curve).max() < 5e-4 for own in found.curves)
    return same_light and bool(np.abs(found.to_xyz - profiles.SRGB_TO_XYZ).max() < 1e-3)


@lru_cache(maxsize=8)
def _tables(space: ColorSpace, depth: int) -> tuple[NDArray[np.float32], ...]:
    assert space.matrix is not None
    step = (profiles.STEPS - 1) // (2**depth - 1)
    return tuple(curve[::step].astype(np.float32) for curve in space.matrix.curves)


def _to_8_bit(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def _through_light(
    pixels: Pixels, source: ColorSpace, display: ColorSpace, rows: int = 256
) -> NDArray[np.uint8]:
    """Convert by curves and matrices, some rows at a time, so that memory stays small."""
    own = source.matrix.to_xyz if source.matrix else profiles.SRGB_TO_XYZ
    other = display.matrix.to_xyz if display.matrix else profiles.SRGB_TO_XYZ
    turn = (np.linalg.inv(other) @ own).T.astype(np.float32)
    out = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), rows):
        part = source.to_linear(pixels[top : top + rows]) @ turn
        np.clip(part, 0.0, 1.0, out=part)
        codes = np.rint(part * np.float32(_FINE)).astype(np.uint16)
        for channel, table in enumerate(_codes(display)):
            out[top : top + rows, :, channel] = table[codes[..., channel]]
    return out


_FINE = 65535


@lru_cache(maxsize=8)
def _codes(display: ColorSpace) -> tuple[NDArray[np.uint8], ...]:
    """Return for each channel the display's 8-bit code of 65,536 steps of linear light."""
    light = np.linspace(0.0, 1.0, _FINE + 1, dtype=np.float32)
    all_three = np.repeat(light[:, None, None], 3, axis=2)
    codes = display.from_linear(all_three, np.dtype(np.uint8))
    return tuple(
        np.ascontiguousarray(codes[:, 0, channel]).astype(np.uint8) for channel in range(3)
    )


def _through_lcms(
    pixels: NDArray[np.uint8], own: bytes | None, other: bytes | None
) -> NDArray[np.uint8]:
    from io import BytesIO

    from PIL import Image, ImageCms

    def opened(icc: bytes | None) -> ImageCms.ImageCmsProfile:
        return ImageCms.ImageCmsProfile(BytesIO(icc) if icc else ImageCms.createProfile("sRGB"))

    try:
        transform = ImageCms.buildTransform(
            opened(own), opened(other), "RGB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except ImageCms.PyCMSError:
        return pixels
    shown = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(pixels)), transform)
    return np.asarray(shown)
