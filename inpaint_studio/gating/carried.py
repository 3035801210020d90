"""A shadow or glow of removed letters that the fill carried into where they stood.

Where a mask covers half of a soft shadow, what is left of it right beside the mask is faint, but
the fill goes on from there: it becomes darker than all that lies around it, in the form of the
letters. Letters wear such effects to stand off: dark ones behind light letters, light ones behind
dark. So the fill is compared with what lies right beside the mask, cell by cell along the line, on
the way from the ground to the ink; most cells lie on the other side of the ground than the ink.
Where the ground itself is darker there, it is so beside the mask, too.

A dark effect cannot be seen on black, a light one not on white: so the cells are asked once more,
each as much as its ground could show it, how far the fill lies on the way from what touches the
mask to black, or to white where the letters are darker than their ground (a light shadow on a
cyan sky makes it paler, hardly lighter).

Of 138 edits of drawn overlays whose fill is right on the mean it sees one, which all else refused,
too; three that had carried an effect, and that all else accepted, it does (tuned on). Of 54 masks
of glows, outlines and shadows made short on purpose, whose fill is off by 12 levels and more, it
sees 38, `overlay_left` 31, both together 46. Of 187 other edits that show none it names one. Asked
by what each could show, it names seven more of 211 edits that all else accepted (tuned on): two
whose shadow shows plainly (a light one on a sky, a dark one on mountains), four that show a haze or
bits of a glow, one that shows none; of 368 masks over the bare photo it names five more.

Tried and left out: trees and a weighted sum on the same numbers; cells weighed by what they could
show of an effect on the way to the ink (held out by photo no more found at as many false alarms),
or by what lies further off than what touches the mask (twice to four times the false alarms).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.letter_inks import strokes_of
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import lab_in
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
SHOWN, SHOWN_SHARE, SHOWN_ALIKE, SHOWN_SURELY = 2.5, 0.05, 0.8, 2.5
"""The same where cells count by what they could show: ΔE and share of the way to black or white
that the fill lies off, what of the cells' weight does, and by how many deviations."""
_BLACK, _WHITE = np.array([0.0, 0.0, 0.0]), np.array([100.0, 0.0, 0.0])
_HIGH, _CELL_WAY = (8.0, 160.0), 1.0


def effect_carried(request: JudgeRequest) -> Measured:
    """Return by how much (ΔE) the fill lies off what is beside it, away from the letters' ink."""
    view = Box.of_mask(request.mask).pad(32).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    if not mask.any() or mask.all():
        return Measured(0.0)
    before, after = (lab_in(pixels, view) for pixels in (request.before, request.after))
    height = float(np.clip(letter_height(mask, longer_side=False), *_HIGH))
    beside = around(mask, height)
    strokes = strokes_of(np.sqrt(((before - after) ** 2).sum(axis=2)), mask)
    away = _ink_from_ground(before, strokes, beside.distance)
    if away is None:
        return Measured(0.0)
    cells = [_cells(after, mask, _within(beside.distance, band), beside.cell) for band in BESIDE_PX]
    most = max(_shared((fill - near) @ away) for fill, near in cells)
    is_light = np.median(before[strokes, 0]) > np.median(after[mask, 0])
    most = max(most, _shown(*cells[0], _BLACK if is_light else _WHITE))
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


def _shown(
    fill: NDArray[np.float64], near: NDArray[np.float64], towards: NDArray[np.float64]
) -> float:
    """How far (ΔE) the cells' fill lies off, on the way from what is near it to that colour, each
    cell counted by how long that way is; 0: not so."""
    if len(fill) < CELLS:
        return 0.0
    way = towards - near
    length = np.maximum(np.sqrt((way**2).sum(axis=1)), _CELL_WAY)
    steps = ((fill - near) * way).sum(axis=1) / length
    share, weight = steps / length, length**2
    middle = _median(share, weight)
    number = weight.sum() ** 2 / (weight**2).sum()
    error = 1.2533 * 1.4826 * _median(np.abs(share - middle), weight) / np.sqrt(number)
    size = _median(steps, weight)
    alike = float(weight[share > 0].sum() / weight.sum())
    is_shown = size >= SHOWN and middle >= max(SHOWN_SHARE, SHOWN_SURELY * error)
    return size if is_shown and alike >= SHOWN_ALIKE else 0.0


def _median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    place = np.cumsum(weight[order]) - 0.5 * weight[order]
    return float(np.interp(0.5 * weight.sum(), place, values[order]))


def _ink_from_ground(
    before: NDArray[np.float32], strokes: MaskBool, distance: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """The way (3,) of length 1 in Lab from the ground around the letters to their ink."""
    ground = _within(distance, GROUND_PX)
    if not strokes.any() or not ground.any():
        return None
    way = np.median(before[strokes], axis=0) - np.median(before[ground], axis=0)
    length = float(np.linalg.norm(way))
    return np.asarray(way / length, dtype=np.float32) if length > 1 else None


def _cells(
    lab: NDArray[np.float32], mask: MaskBool, near: MaskBool, cell: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each cell that tells, Lab (cells, 3): the mean of the fill and of what is near it."""
    names = np.unique(cell, return_inverse=True)[1].reshape(cell.shape)
    count = int(names.max()) + 1
    means, told = [], np.ones(count, dtype=np.bool_)
    for part in (mask, near):
        number = np.bincount(names[part], minlength=count)
        sums = [np.bincount(names[part], weights=lab[part, c], minlength=count) for c in range(3)]
        means.append(np.stack(sums, axis=1) / np.maximum(number, 1)[:, None])
        told &= number >= CELL_PX
    return means[0][told], means[1][told]
