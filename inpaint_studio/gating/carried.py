"""A shadow or glow of removed letters that the fill carried into where they stood.

Where a mask covers half of a soft shadow, what is left of it right beside the mask is faint, but
the fill goes on from there: it becomes darker than all that lies around it, in the form of the
letters. Letters wear such effects to stand off: dark ones behind light letters, light ones behind
dark. So the fill is compared with what lies right beside the mask, cell by cell along the line, on
the way from the ground to the ink; most cells lie on the other side of the ground than the ink.
Where the ground itself is darker there, it is so beside the mask, too.

Of 138 edits of drawn overlays whose fill is right on the mean it sees one, which all else refused,
too; three that had carried an effect, and that all else accepted, it does (tuned on). Of 54 masks
of glows, outlines and shadows made short on purpose, whose fill is off by 12 levels and more, it
sees 38, `overlay_left` 31, both together 46. Of 187 other edits that show none it names one; a
faint light shadow of black letters on a sky it did not see.

Tried and left out: trees and a weighted sum on the same numbers, and cells weighed by what they
could show of an effect (held out by photo no more found at as many false alarms).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import to_lab, to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.around import around, letter_height

CARRIED, ALIKE, SURELY = 2.5, 0.7, 3.0
"""ΔE by which the fill lies off, in the median of the cells, away from the ink; the share of the
cells that do; and by how many deviations of that median."""
CELLS, CELL_PX = 8, 6
BESIDE_PX = ((1.0, 3.5), (2.5, 6.0), (4.0, 9.0))
"""Distances from the mask between which the fill is compared: what is left of an effect may still
be as dark as the fill."""
GROUND_PX = (3.0, 10.0)
_INK, _HIGH = 0.6, (8.0, 160.0)


def effect_carried(request: JudgeRequest) -> Measured:
    """Return by how much (ΔE) the fill lies off what is beside it, away from the letters' ink."""
    view = Box.of_mask(request.mask).pad(32).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    if not mask.any() or mask.all():
        return Measured(0.0)
    before, after = (
        to_lab(to_rgb8(pixels[view.slices])) for pixels in (request.before, request.after)
    )
    height = float(np.clip(letter_height(mask, longer_side=False), *_HIGH))
    beside = around(mask, height)
    away = _ink_from_ground(before, after, mask, beside.distance)
    if away is None:
        return Measured(0.0)
    light = (after @ away).astype(np.float64)
    most = max(
        _shared(_steps(light, mask, _within(beside.distance, band), beside.cell))
        for band in BESIDE_PX
    )
    return Measured(most, box=Box.of_mask(request.mask) if most else None)


def _within(distance: NDArray[np.float32], band: tuple[float, float]) -> MaskBool:
    return np.asarray((distance > band[0]) & (distance <= band[1]), dtype=np.bool_)


def _shared(steps: NDArray[np.float64]) -> float:
    """How far (ΔE) most cells lie off alike, away from the ink; 0: they do not."""
    if len(steps) < CELLS:
        return 0.0
    middle = float(np.median(steps))
    error = 1.2533 * 1.4826 * float(np.median(np.abs(steps - middle))) / np.sqrt(len(steps))
    is_carried = -middle >= max(CARRIED, SURELY * error) and float((steps < 0).mean()) >= ALIKE
    return -middle if is_carried else 0.0


def _ink_from_ground(
    before: NDArray[np.float32], after: NDArray[np.float32], mask: MaskBool,
    distance: NDArray[np.float32],
) -> NDArray[np.float32] | None:  # fmt: skip
    """The way (3,) of length 1 in Lab from the ground around the letters to their ink."""
    change = np.sqrt(((before - after) ** 2).sum(axis=2))
    strokes = mask & (change > _INK * np.percentile(change[mask], 90))
    ground = _within(distance, GROUND_PX)
    if not strokes.any() or not ground.any():
        return None
    way = np.median(before[strokes], axis=0) - np.median(before[ground], axis=0)
    length = float(np.linalg.norm(way))
    return np.asarray(way / length, dtype=np.float32) if length > 1 else None


def _steps(
    plane: NDArray[np.float64], mask: MaskBool, near: MaskBool, cell: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of each cell that tells, how much more of a plane the fill has than what is near it."""
    names = np.unique(cell, return_inverse=True)[1].reshape(cell.shape)
    count = int(names.max()) + 1
    means, told = [], np.ones(count, dtype=np.bool_)
    for part in (mask, near):
        number = np.bincount(names[part], minlength=count)
        total = np.bincount(names[part], weights=plane[part], minlength=count)
        means.append(total / np.maximum(number, 1))
        told &= number >= CELL_PX
    return np.asarray((means[0] - means[1])[told], dtype=np.float64)
