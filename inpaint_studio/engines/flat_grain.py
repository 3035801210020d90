"""Grain from the ring: windows of what is left after the low band, laid over the hole in phase.

Windows are taken from calm known ground and put down on the same 8 px grid they came from, so that
JPEG blocks and demosaicing texture go on as they were. Neighbours overlap a little and are mixed
with weights whose squares sum to one, which keeps variance and spectrum; where one window lies
alone its samples are copies and rounding adds no noise of its own. A Gaussian field of the same
spectrum (Galerne et al. 2011, doi:10.1109/TIP.2010.2052822), tried before, knows no blocks and
gains up to 3 dB where a JPEG or a blur left nothing.

Grain that is correlated does not stop at the hole's border: the ring's own is continued by simple
kriging of the difference, which turns the windows into a simulation conditioned on the ring.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.compiled import kernels

_PERIOD = 8
_SIDES = (32, 16)
_OVERLAP = 8
_FEWEST_WINDOWS = 4
_MOST_WINDOWS = 400
_MEASURED_WINDOWS = 40
_CALM = 2.0
_JUST_ROUNDED = 1.4
_REACH = 3
_NEIGHBOURS = 20
_CORRELATED = 0.1
_OUTLIER = 3.0
_NEGLIGIBLE = 0.1
_TAPS = 6

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """What is known of the grain: calm windows (n, side, side, 3) and their common variance."""

    windows: Field
    variance: float

    @property
    def side(self) -> int:
        return int(self.windows.shape[1])


def synthesise(
    residual: Field, known: MaskBool, hole: MaskBool, *, seed: int, rounding: float = 0.0
) -> Field:
    """Return (H, W, 3) grain like that of `residual` (H, W, 3) at `known` pixels, for `hole`.

    rounding: variance that rounding to the photo's depth brings; where the ring holds little
    more, there is no grain, and rounding the smooth fill makes the same steps again.
    """
    rng = np.random.default_rng(seed)
    sample = _sample(residual, known)
    if sample is None:
        return _white(residual, known, hole, rng, rounding)
    if sample.variance <= _JUST_ROUNDED * rounding:
        return np.zeros_like(residual)
    near = cv2.dilate(hole.astype(np.uint8), np.ones((2 * _REACH + 1,) * 2, np.uint8))
    spectrum = _spectrum(sample)
    grain = _lay(sample, near, rng)
    if rounding:
        grain = _without_rounding(grain, spectrum, rounding)
    covariance = _covariance(spectrum)
    centre = covariance[2 * _REACH, 2 * _REACH]
    if covariance[2 * _REACH, 2 * _REACH + 1] > _CORRELATED * centre:
        limit = np.float32(_OUTLIER * sample.variance**0.5)
        wrong = np.clip(residual - grain, -limit, limit)
        kernels("engines.flat_kernels").continue_grain(
            grain, wrong, known, hole, covariance, _disc(), _NEIGHBOURS
        )
    return grain


def rounding_variance(values: Field, known: MaskBool) -> float:
    """Return the variance of rounding to 8 bit when the photo has 8 bit, else 0."""
    sample = values[known][:20000, 1]
    distinct = len(np.unique(sample))
    return (1 / 255) ** 2 / 12 if len(sample) >= 2000 and distinct <= 256 else 0.0


def _sample(residual: Field, known: MaskBool) -> Sample | None:
    """The fully known windows on the grid that are no rougher than twice the median."""
    for side in _SIDES:
        if min(known.shape) < side:
            continue
        places = _whole(known, side)
        if len(places) < _FEWEST_WINDOWS:
            continue
        stacked = np.lib.stride_tricks.sliding_window_view(residual, (side, side), axis=(0, 1))
        step = -(-len(places) // _MOST_WINDOWS)
        places = places[::step]
        windows = stacked[places[:, 0], places[:, 1]].transpose(0, 2, 3, 1)
        windows = windows - windows.mean(axis=(1, 2), keepdims=True)
        rough = np.square(windows).mean(axis=(1, 2, 3))
        calm = rough <= _CALM * np.median(rough)
        return Sample(np.ascontiguousarray(windows[calm]), float(rough[calm].mean()))
    return None


def _whole(known: MaskBool, side: int) -> NDArray[np.intp]:
    """Corners (n, 2), on the grid, of windows that are fully known."""
    full = cv2.integral(known.astype(np.uint8))
    ys = np.arange(0, known.shape[0] - side + 1, _PERIOD)[:, None]
    xs = np.arange(0, known.shape[1] - side + 1, _PERIOD)[None]
    inside = full[ys + side, xs + side] - full[ys, xs + side] - full[ys + side, xs] + full[ys, xs]
    return np.argwhere(inside == side * side) * _PERIOD


def _lay(sample: Sample, near: NDArray[np.uint8], rng: np.random.Generator) -> Field:
    """Lay drawn windows over everything `near` the hole."""
    side, step = sample.side, sample.side - _OVERLAP
    height, width = near.shape
    rows, columns = -(-height // step) + 1, -(-width // step) + 1
    grain = np.zeros((rows * step + side, columns * step + side, 3), np.float32)
    drawn = rng.integers(0, len(sample.windows), (rows, columns))
    rise = np.sin((np.arange(_OVERLAP) + 0.5) * (np.pi / 2 / _OVERLAP)).astype(np.float32)
    line = np.ones(side, np.float32)
    line[:_OVERLAP], line[-_OVERLAP:] = rise, rise[::-1]
    weight = np.outer(line, line)[..., None]
    # The grid starts before the frame: every pixel of it then has its full weight.
    for row in range(rows):
        top = row * step
        inside = near[max(0, top - step) : top - step + side]
        if not inside.any():
            continue
        for column in range(columns):
            left = column * step
            if inside[:, max(0, left - step) : left - step + side].any():
                window = sample.windows[drawn[row, column]]
                grain[top : top + side, left : left + side] += weight * window
    return np.ascontiguousarray(grain[step : step + height, step : step + width])


def _spectrum(sample: Sample) -> NDArray[np.float32]:
    """Mean power (side, side // 2 + 1, 3) of the windows, Hann, in units of variance a bin."""
    side = sample.side
    taper = np.hanning(side + 1)[:side].astype(np.float32)
    taper = np.outer(taper, taper) / np.square(taper).mean()
    chosen = sample.windows[:: -(-len(sample.windows) // _MEASURED_WINDOWS)]
    found = fft.rfft2(chosen * taper[..., None], axes=(1, 2))
    power = (np.square(found.real) + np.square(found.imag)).mean(axis=0) / (side * side)
    return np.asarray(power, np.float32)


def _without_rounding(grain: Field, spectrum: NDArray[np.float32], rounding: float) -> Field:
    """Take out of the grain, frequency by frequency, what rounding the fill will add again."""
    shifted = np.fft.fftshift(spectrum, axes=0)
    smooth = cv2.blur(shifted, (3, 3), borderType=cv2.BORDER_REFLECT)
    power = np.fft.ifftshift(smooth, axes=0)
    floor = np.float32(rounding)
    if floor < _NEGLIGIBLE * power.min():
        return grain
    gain = np.sqrt(np.maximum(power - floor, 0) / np.maximum(power, floor))
    kernels_of = np.fft.fftshift(fft.irfft2(gain, axes=(0, 1)), axes=(0, 1))
    middle = len(gain) // 2
    cut = kernels_of[middle - _TAPS : middle + _TAPS + 1, middle - _TAPS : middle + _TAPS + 1]
    channels = [
        cv2.filter2D(np.ascontiguousarray(grain[..., c]), -1, cut[..., c].astype(np.float32))
        for c in range(3)
    ]
    return np.stack(channels, axis=-1)


def _covariance(spectrum: NDArray[np.float32]) -> NDArray[np.float64]:
    """Autocovariance of a channel at lags up to 2 x reach, positive semi-definite."""
    table = fft.irfft2(spectrum.mean(axis=2))
    lags = np.arange(-2 * _REACH, 2 * _REACH + 1)
    return np.ascontiguousarray(table[np.ix_(lags, lags)], np.float64)


def _disc() -> NDArray[np.int64]:
    """Offsets within reach, nearest first."""
    span = range(-_REACH, _REACH + 1)
    found = sorted((dy * dy + dx * dx, dy, dx) for dy in span for dx in span)
    return np.array([(dy, dx) for square, dy, dx in found if 0 < square <= _REACH**2], np.int64)


def _white(
    residual: Field, known: MaskBool, hole: MaskBool, rng: np.random.Generator, rounding: float
) -> Field:
    """Uncorrelated grain of the sample's covariance between channels (a sample too small)."""
    grain = np.zeros_like(residual)
    sample = residual[known]
    if len(sample) < 8:
        return grain
    low, high = np.percentile(sample, (1, 99), axis=0)
    covariance = np.cov(np.clip(sample, low, high).T)
    if np.trace(covariance) / 3 <= _JUST_ROUNDED * rounding:
        return grain
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0))
    noise = rng.standard_normal((int(hole.sum()), 3), dtype=np.float32)
    grain[hole] = noise @ root.T.astype(np.float32)
    return grain
