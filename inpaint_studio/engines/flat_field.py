"""Continue colour and light across a hole: a smooth surface and a harmonic rest.

A harmonic field alone sags over a gradient's curvature (a vignette) and streaks when it starts
from noisy pixels. So a quadratic surface is fitted robustly to the surroundings first, and only
what it leaves, averaged over cells of a few pixels, is continued harmonically.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.jobs.token import RunToken

_CELL = 4
_SMOOTH_CELLS = 1.5
_FIT_SAMPLES = 4000
_MOST_LEVERAGE = 6.0

Field = NDArray[np.float32]


def low_band(values: Field, hole: MaskBool, token: RunToken) -> Field:
    """Return the smooth field of `values` (H, W, 3), learnt from known pixels, everywhere."""
    surface = _surface(values, ~hole)
    token.check()
    rest = np.where(hole[..., None], np.float32(0), values - surface)
    height, width = hole.shape
    rows, columns = -(-height // _CELL), -(-width // _CELL)
    pad = ((0, rows * _CELL - height), (0, columns * _CELL - width))

    def cells(plane: Field) -> Field:
        shaped = np.pad(plane, (*pad, (0, 0))).reshape(rows, _CELL, columns, _CELL, -1)
        return np.asarray(shaped.sum(axis=(1, 3), dtype=np.float32), np.float32)

    weight = cells((~hole).astype(np.float32)[..., None])
    total = cells(rest)
    blurred = cv2.GaussianBlur(total, (0, 0), _SMOOTH_CELLS, borderType=cv2.BORDER_REFLECT)
    count = cv2.GaussianBlur(weight[..., 0], (0, 0), _SMOOTH_CELLS, borderType=cv2.BORDER_REFLECT)
    mean = (blurred / np.maximum(count, np.float32(1e-3))[..., None]).astype(np.float32)
    unknown = weight[..., 0] < 1
    if not unknown.all():
        mean = np.where(unknown[..., None], np.float32(0), mean)
        guess = membrane.smooth_guess(mean, unknown)
        mean = membrane.solve(guess, unknown, token, cycles=6)
    grown: Field = cv2.resize(
        mean, (columns * _CELL, rows * _CELL), interpolation=cv2.INTER_CUBIC
    ).reshape(rows * _CELL, columns * _CELL, -1)
    low = surface + grown[:height, :width]
    known = low[~hole]
    if len(known):
        # A surface may not run away where it is not held: a quarter of the seen range beyond it.
        least, most = known.min(axis=0), known.max(axis=0)
        margin = np.float32(0.25) * (most - least) + np.float32(0.01)
        np.clip(low, least - margin, most + margin, out=low)
    return low


def _surface(values: Field, known: MaskBool) -> Field:
    """Fit 1, x, y, x2, xy, y2 to known pixels, three times with outliers weighted down."""
    height, width = known.shape
    rows, columns = np.nonzero(known)
    if len(rows) < 64:
        mean = values[known].mean(axis=0) if len(rows) else np.zeros(3, np.float32)
        return np.broadcast_to(mean, values.shape).astype(np.float32)
    step = max(1, len(rows) // _FIT_SAMPLES)
    rows, columns = rows[::step], columns[::step]
    terms = _terms(rows, columns, height, width)
    order = _order(terms, known)
    terms = terms[:, :order]
    sample = values[rows, columns].astype(np.float64)
    weight = np.ones(len(rows))
    fit: NDArray[np.float64] = np.zeros((terms.shape[1], 3))
    for _ in range(3):
        weighted = terms * weight[:, None]
        ridge = 1e-6 * len(rows) * np.eye(terms.shape[1])
        solved = np.linalg.solve(weighted.T @ terms + ridge, weighted.T @ sample)
        fit = np.asarray(solved, np.float64)
        error = np.abs(sample - terms @ fit).max(axis=1)
        limit = 4.0 * np.median(error) + 1e-6
        weight = np.square(np.maximum(0.0, 1.0 - np.square(error / limit))) + 1e-6
    y, x = np.arange(height), np.arange(width)
    v = _axis(y, height).astype(np.float32)[:, None, None]
    u = _axis(x, width).astype(np.float32)[None, :, None]
    c = np.zeros((6, 3), np.float32)
    c[:order] = fit
    surface = c[0] + c[1] * u + c[2] * v + (c[3] * u) * u + (c[4] * u) * v + (c[5] * v) * v
    return np.asarray(surface, np.float32)


def _order(terms: NDArray[np.float64], known: MaskBool) -> int:
    """Return how many terms (6, 3 or 1) hold everywhere in the hole.

    The leverage of a pixel is how far its fitted value swings with the data, against the mean over
    the data themselves; where a hole runs out of the frame a slope fitted beside it runs away.
    """
    rows, columns = np.nonzero(~known)
    step = max(1, len(rows) // _FIT_SAMPLES)
    asked = _terms(rows[::step], columns[::step], *known.shape)
    for order in (6, 3):
        own = terms[:, :order]
        inverse = np.linalg.pinv(own.T @ own / len(own))
        leverage = np.einsum("ij,jk,ik->i", asked[:, :order], inverse, asked[:, :order])
        if not len(asked) or leverage.max() <= _MOST_LEVERAGE * order:
            return order
    return 1


def _terms(
    rows: NDArray[np.intp], columns: NDArray[np.intp], height: int, width: int
) -> NDArray[np.float64]:
    v, u = _axis(rows, height), _axis(columns, width)
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=1)


def _axis(places: NDArray[np.integer], size: int) -> NDArray[np.float64]:
    return np.asarray((places - size / 2) / max(size / 2, 1), np.float64)
