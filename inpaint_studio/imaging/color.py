"""sRGB-encoded values to linear light and back. The one module that converts.

The transfer curve is IEC 61966-2-1. 8-bit -> linear -> 8-bit and 16-bit -> linear -> 16-bit
are exact for every value (float32 carries 24 bits; tested over all of them).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Linear, Pixels


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
