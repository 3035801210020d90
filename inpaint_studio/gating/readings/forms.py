"""A reading of forms: does the fill show shapes that nothing around it has?

What a patch engine does badly it does with clean texture: a thing is cut off, joined wrongly or
made up. Colours, edges and small patches of such a fill are all found nearby; the form is not. The
inner planes of a small network (`vision.backbone`) tell forms apart: each cell of the hole, 8 px
wide and seeing above all 25 px around it, is compared with the most alike cell of known ground. On
fills by `patch`, told good or bad by eye, the worst spot alone has an AUC of 0.93 (over borders
of things, 248) and 0.91 (anywhere, 181); the 85 numbers that the risk weighed before have 0.86 and
0.83 held out, learned on the same labels. True pixels may be new forms, too: the risk weighs it
beside the other readings, and the band is what right edits show.

Tried and left out: channels weighed by their spread (the same), coarser and finer planes, alone or
besides (up to 0.03 less, or the same), the ratio to what known cells have (0.05 to 0.1 less).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.errors import Missing
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, worst_box
from inpaint_studio.vision import backbone

MOST_PIXELS = 300_000
POOL_CELLS = 3
SPOT_CELLS = 1.5
WIDE_CELLS = 2.5
FREE_CELLS = 1.5
APART_CELLS = 3
SOURCES = 3000
USUAL = 600
NEAR_CELLS = 8
HOLE_SHARE = 0.25
LEAST_KNOWN = 20

Cells = NDArray[np.float32]


def unseen_form(scene: Scene) -> Measured | None:
    """Return the distance of the hole's strangest spot to the most alike known cell.

    Distances of cells (means over 3 × 3) are RMS over the channels, in the network's own units; a
    spot is their Gaussian mean (σ 12 px). `form_peak`: the largest single cell; `form_wide`: a
    spot of σ 20 px; `form_mean` and `form_p90` over the hole; `form_sum`, `form_sum_4`: log2 of
    the sum of squares and of fourth powers, how much there is of it; `form_usual`: what known
    cells near the hole have, `form_excess`: the mean against that, octaves.
    None where the network is not there.
    """
    full, scene = scene, scene.reduced(MOST_PIXELS)
    try:
        cells, stride = backbone.features(scene.after)
    except Missing:
        return None
    cells = cv2.blur(cells, (POOL_CELLS, POOL_CELLS))
    share = _share(scene.mask, stride, cells.shape)
    hole, known = share > HOLE_SHARE, _known(scene, share, stride)
    if not hole.any():
        hole = share >= share.max()
    asked, sources = np.argwhere(hole), _some(np.argwhere(known), SOURCES)
    far = _nearest(cells, asked, sources)
    ring = known & (_away(share) <= NEAR_CELLS)
    usual = _nearest(cells, _some(np.argwhere(ring if ring.any() else known), USUAL), sources)
    plane = np.zeros(hole.shape, dtype=np.float32)
    plane[hole] = far
    spot = cv2.GaussianBlur(plane, (0, 0), SPOT_CELLS)
    also = {
        "form_peak": float(far.max()),
        "form_wide": float(cv2.GaussianBlur(plane, (0, 0), WIDE_CELLS).max()),
        "form_mean": float(far.mean()),
        "form_p90": float(np.quantile(far, 0.9)),
        "form_sum": float(np.log2((far**2).sum() + 0.1)),
        "form_sum_4": float(np.log2((far**4).sum() + 0.01)),
        "form_usual": float(usual.mean()),
        "form_excess": float(np.log2((far.mean() + 0.05) / (usual.mean() + 0.05))),
    }
    size = (full.mask.shape[1], full.mask.shape[0])
    shown = cv2.resize(spot * hole, size, interpolation=cv2.INTER_LINEAR)
    shown = np.where(full.mask, shown, 0).astype(np.float32)
    return Measured(float(spot.max()), shown, worst_box(shown, full.mask), also)


def _share(mask: MaskBool, stride: int, shape: tuple[int, ...]) -> Plane:
    """Return how much of each cell the hole covers, 0..1."""
    rows, columns = shape[0] * stride - mask.shape[0], shape[1] * stride - mask.shape[1]
    whole = np.pad(mask.astype(np.float32), ((0, rows), (0, columns)))
    share: Plane = whole.reshape(shape[0], stride, shape[1], stride).mean(axis=(1, 3))
    return share


def _away(share: Plane) -> Plane:
    """Return each cell's distance to the hole, in cells."""
    away: Plane = cv2.distanceTransform((share <= 0).astype(np.uint8), cv2.DIST_L2, 3)
    return away


def _known(scene: Scene, share: Plane, stride: int) -> MaskBool:
    """Return the cells that are known ground and not right beside the hole."""
    barred = _share(~scene.known & ~scene.mask, stride, share.shape) > HOLE_SHARE
    free: MaskBool = _away(share) >= FREE_CELLS
    for known in (free & ~barred, free):
        if np.count_nonzero(known) >= LEAST_KNOWN:
            return known
    lowest: MaskBool = share <= share.min()
    return lowest


def _some(at: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    return at[:: max(1, -(-len(at) // most))]


def _nearest(cells: Cells, asked: NDArray[np.int64], sources: NDArray[np.int64]) -> Plane:
    """Return each asked cell's distance to the most alike source that is not right beside it."""
    own, known = cells[asked[:, 0], asked[:, 1]], cells[sources[:, 0], sources[:, 1]]
    squared = (own**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)[None] - 2 * own @ known.T
    here, there = asked.astype(np.int16), sources.astype(np.int16)
    beside = np.abs(here[:, :1] - there[None, :, 0]) < APART_CELLS
    beside &= np.abs(here[:, 1:] - there[None, :, 1]) < APART_CELLS
    squared[beside] = np.inf
    best = squared.min(axis=1)
    best = np.where(np.isfinite(best), best, 0.0)
    apart: Plane = np.sqrt(np.maximum(best, 0) / cells.shape[2]).astype(np.float32)
    return apart
