"""Grain with the spectrum of a sample: a stationary Gaussian field of the same covariance.

The cross-spectrum of the three channels is measured on fully known windows (Welch's averaged
periodogram, Hann), and white noise is filtered by its matrix square root, so that colour noise,
its correlation between channels and its blur (demosaicing, scaling, JPEG) come out as they were
(Galerne et al. 2011, doi:10.1109/TIP.2010.2052822, for the idea). Copying residual patches instead
keeps blocks in phase, but repeats and drags edges of the ring along.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from inpaint_studio.arrays import MaskBool

_WINDOW = 32
_STEP = 12
_MOST_WINDOWS = 56
_TILE = 256

Field = NDArray[np.float32]


def synthesise(
    residual: Field, known: MaskBool, shape: tuple[int, int], *, seed: int, rounding: float = 0.0
) -> Field:
    """Return (*shape, 3) grain like that of `residual` (H, W, 3) at `known` pixels.

    rounding: variance that rounding to the photo's depth will add again; it is taken out of the
    sample's spectrum, or fine grain would gain up to 3 dB.
    """
    rng = np.random.default_rng(seed)
    windows = _windows(residual, known)
    if len(windows) < 4:
        return _white(residual, known, shape, rng)
    spectrum = _spectrum(windows)
    spectrum -= np.complex64(rounding) * np.eye(3, dtype=np.complex64)
    root = _root(spectrum)
    kernel = fft.irfft2(root, s=(_WINDOW, _WINDOW), axes=(0, 1))
    kernel = fft.fftshift(kernel, axes=(0, 1))
    padded = np.zeros((_TILE, _TILE, 3, 3), np.float32)
    padded[:_WINDOW, :_WINDOW] = kernel
    response = fft.rfft2(padded, axes=(0, 1))
    noise = fft.rfft2(rng.standard_normal((_TILE, _TILE, 3), dtype=np.float32), axes=(0, 1))
    colored = np.einsum("yxij,yxj->yxi", response, noise)
    tile = fft.irfft2(colored, s=(_TILE, _TILE), axes=(0, 1)).astype(np.float32)
    rows, columns = -(-shape[0] // _TILE), -(-shape[1] // _TILE)
    return np.tile(tile, (rows, columns, 1))[: shape[0], : shape[1]]


def rounding_variance(values: Field, known: MaskBool) -> float:
    """Return the variance of rounding to 8 bit when the photo has 8 bit, else 0."""
    sample = values[known][:20000, 1]
    distinct = len(np.unique(sample))
    return (1 / 255) ** 2 / 12 if len(sample) >= 2000 and distinct <= 256 else 0.0


def _windows(residual: Field, known: MaskBool) -> Field:
    """The fully known windows that are no rougher than twice the median, (n, 32, 32, 3)."""
    height, width = known.shape
    if min(height, width) < _WINDOW:
        return np.zeros((0, _WINDOW, _WINDOW, 3), np.float32)
    full = cv2.integral(known.astype(np.uint8))
    energy = cv2.integral(np.square(residual).sum(axis=-1))
    ys = np.arange(0, height - _WINDOW + 1, _STEP)[:, None]
    xs = np.arange(0, width - _WINDOW + 1, _STEP)[None]

    def total(table: NDArray[np.generic]) -> NDArray[np.float64]:
        inside = table[ys + _WINDOW, xs + _WINDOW] - table[ys, xs + _WINDOW]
        return np.asarray(inside - table[ys + _WINDOW, xs] + table[ys, xs], np.float64)

    whole = total(full) == _WINDOW * _WINDOW
    if not whole.any():
        return np.zeros((0, _WINDOW, _WINDOW, 3), np.float32)
    rough = total(energy)
    calm = whole & (rough <= 2 * np.median(rough[whole]))
    places = np.argwhere(calm)
    places = places[:: -(-len(places) // _MOST_WINDOWS)] * _STEP
    return np.stack([residual[y : y + _WINDOW, x : x + _WINDOW] for y, x in places])


def _spectrum(windows: Field) -> NDArray[np.complex64]:
    """The mean cross-spectrum (32, 17, 3, 3), in units of variance per bin."""
    taper = np.hanning(_WINDOW + 1)[:_WINDOW].astype(np.float32)
    taper2 = np.outer(taper, taper)
    taper2 /= np.sqrt((taper2**2).mean())
    centred = windows - windows.mean(axis=(1, 2), keepdims=True)
    tapered = np.ascontiguousarray((centred * taper2[..., None]).transpose(1, 2, 3, 0))
    found = fft.rfft2(tapered, axes=(0, 1))
    spectrum = found @ np.swapaxes(found.conj(), -1, -2) / len(windows)
    return np.asarray(spectrum / (_WINDOW * _WINDOW), np.complex64)


def _root(spectrum: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """The Hermitian square root of every 3 x 3 matrix."""
    values, vectors = np.linalg.eigh(spectrum)
    scaled = vectors * np.sqrt(np.maximum(values, 0))[..., None, :]
    return np.asarray(scaled @ np.swapaxes(vectors.conj(), -1, -2), np.complex64)


def _white(
    residual: Field, known: MaskBool, shape: tuple[int, int], rng: np.random.Generator
) -> Field:
    """Uncorrelated grain of the sample's covariance between channels (a sample too small)."""
    sample = residual[known]
    if len(sample) < 8:
        return np.zeros((*shape, 3), np.float32)
    low, high = np.percentile(sample, (1, 99), axis=0)
    covariance = np.cov(np.clip(sample, low, high).T)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    noise = rng.standard_normal((*shape, 3), dtype=np.float32)
    return np.asarray(noise @ root.T.astype(np.float32), np.float32)
