"""A shadow, glow or outline of removed letters that was left standing right beside the mask.

All letters of a line wear the same effect, a ground does not know where the letters were. So what
lies right past the mask is compared with what lies a little further out, cell by cell along the
line and direction by direction. Where nearly all cells differ alike, by what an eye sees, and
surer than the ground's own forms mostly are, the mask was too small. A dark effect cannot be seen
on black, a light one not on white: so the cells are asked once more, each as much as its ground
could show it. A JPEG's ringing, which has no colour of its own, is asked for by `rings`.

The mask's own growth asks much the same and has mostly found it: this is a late witness for effects
that fall one way, or that a wrong outline of the letters hid. On 384 masks over photos without any
overlay it was wrong twice, on 375 others five times; of 34 effects left on purpose it saw 29.
Rejected: not asking that the ground past the effect be flat (twice the false alarms, as a horizon
below a line differs all along it); asking the cells by what they could show in single directions,
too (four times the false alarms).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.readings.base import Measured, found_in
from inpaint_studio.gating.rings import BESIDE_PX, ringing
from inpaint_studio.gating.scene import lab_in
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.around import SECTORS, Around, around, letter_height

ENDS = (3, 4, 6)
"""How far from the mask an effect may end, px."""
PAST_PX = 4
CELLS, SURELY, SEEN, ALIKE = 10, 6.0, 4.0, 0.8
"""How many cells must tell, by how many deviations of their median, ΔE, share of one way."""
SHOWN_CELLS, SHOWN_SURELY, SHOWN, SMALLER = 6.0, 5.0, 4.5, 0.6
"""The same where cells count by what they could show of it (cells' worth), and how much smaller
they are then: few parts of a line tell."""
TOWARDS, SHOWN_FLAT = 0.9, 0.2
"""Cosine between that change and the way from black, or from white, to the ground; and FLAT."""
STRONG, STRONG_ALIKE = 12.0, 0.95
"""ΔE, and the share of one way, from which on such an effect is beyond doubt: an outline on the one
bright thing of a dark photo lies on no even ground, and FLAT is enough."""
FLAT = 0.3
"""What the ground may still change further out, as a part of that: a horizon goes on."""
_LEAST = 4
_HIGH = (8.0, 160.0)


def overlay_left(request: JudgeRequest) -> Measured:
    """Return by how much (ΔE) the surroundings of the mask show an effect of what was removed."""
    view = Box.of_mask(request.mask).pad(32).clamp(Box.of_shape(request.mask.shape))
    mask = request.mask[view.slices]
    if not mask.any() or mask.all():
        return Measured(0.0)
    lab = lab_in(request.after, view)
    height = float(np.clip(letter_height(mask, longer_side=False), *_HIGH))
    best, where = 0.0, None
    for size, here in _found(lab, mask, height):
        if size > best:
            best, where = size, here
    if where is None:
        return Measured(0.0)
    return found_in(view, where, request.mask.shape, best)


def _found(
    lab: NDArray[np.float32], mask: MaskBool, height_px: float
) -> Iterator[tuple[float, MaskBool]]:
    """Each effect that is seen: its size (ΔE) and where it lies."""
    beside = around(mask, height_px)
    views = _Views(beside)
    for here, end in views.each():
        cells = _cells(lab, views, here, end)
        size = 0.0 if cells is None else _shared_change(cells)
        if size:
            yield size, here & (views.distance <= end)
    rings = ringing(lab, beside)
    if rings:
        yield rings, views.near & (views.distance <= BESIDE_PX[1])
    views = _Views(beside.for_height(SMALLER * height_px))
    for end in ENDS:
        cells = _cells(lab, views, views.near, end)
        if cells is None:
            continue
        light = np.clip(cells.ground[:, 0] / 100, 0.0, 1.0)
        for is_dark, shows in ((True, light**2), (False, (1 - light) ** 2)):
            size = _shown_change(cells, shows, is_dark=is_dark)
            if size:
                yield size, views.near & (views.distance <= end)


class _Views:
    """The surroundings of a mask, whole and by direction."""

    def __init__(self, beside: Around) -> None:
        self.distance, self.cell, self.sector = beside.distance, beside.cell, beside.sector
        self.near = (self.distance > 0.5) & (self.distance <= max(ENDS) + 2 * PAST_PX)

    def each(self) -> Iterator[tuple[MaskBool, int]]:
        """All directions, each one, and each with its neighbours; for every end."""
        parts = [self.near]
        for k in range(SECTORS):
            turn = (self.sector - k) % SECTORS
            parts += [self.near & (turn == 0), self.near & ((turn <= 1) | (turn == SECTORS - 1))]
        for part in parts:
            for end in ENDS:
                yield part, end


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Of each cell that tells, Lab (cells, 3): the change from beside the mask to past the effect,
    the one from there to further out, and the ground past it."""

    change: NDArray[np.float64]
    goes_on: NDArray[np.float64]
    ground: NDArray[np.float64]


def _cells(
    lab: NDArray[np.float32], views: _Views, here: MaskBool, end: int
) -> _Cells | None:  # fmt: skip
    """The cells of the pixels `here` for an effect that ends `end` px from the mask."""
    cells = np.unique(views.cell[here], return_inverse=True)[1].ravel()
    if not cells.size:
        return None
    colours, distance = lab[here], views.distance[here]
    inner, outer = distance <= end, (distance > end) & (distance <= end + PAST_PX)
    beyond = (distance > end + PAST_PX) & (distance <= end + 2 * PAST_PX)
    count = int(cells.max()) + 1
    means, told = [], np.ones(count, dtype=np.bool_)
    for part in (inner, outer, beyond):
        number = np.bincount(cells[part], minlength=count)
        sums = [np.bincount(cells[part], weights=colours[part, c], minlength=count)
                for c in range(3)]  # fmt: skip
        means.append(np.stack(sums, axis=1) / np.maximum(number, 1)[:, None])
        told &= number >= _LEAST
    if not told.any():
        return None
    return _Cells((means[1] - means[0])[told], (means[2] - means[1])[told], means[1][told])


def _shared_change(cells: _Cells) -> float:
    """The change (ΔE) that the cells share; 0: none."""
    if len(cells.change) < CELLS:
        return 0.0
    return _agreed(cells, np.ones(len(cells.change)), seen=SEEN, surely=SURELY, flat=FLAT)


def _shown_change(cells: _Cells, shows: NDArray[np.float64], *, is_dark: bool) -> float:
    """The same for a dark effect, or a light one; shows: 0..1, how well each cell could show it."""
    if shows.sum() ** 2 < SHOWN_CELLS * (shows**2).sum():
        return 0.0
    # Ink of black or white draws each colour towards itself.
    towards = _medians(cells.ground, shows) - (0.0 if is_dark else np.array([100.0, 0, 0]))
    change = _medians(cells.change, shows)
    size = float(np.linalg.norm(change) * np.linalg.norm(towards))
    if float(change @ towards) < TOWARDS * size:
        return 0.0
    found = _agreed(cells, shows, seen=SHOWN, surely=SHOWN_SURELY, flat=SHOWN_FLAT)
    return found or _agreed(
        cells, shows, seen=STRONG, surely=SURELY, flat=FLAT, alike=STRONG_ALIKE
    )  # fmt: skip


def _agreed(
    cells: _Cells, weight: NDArray[np.float64], *, seen: float, surely: float, flat: float,
    alike: float = ALIKE,
) -> float:  # fmt: skip
    middle = _medians(cells.change, weight)
    size = float(np.linalg.norm(middle))
    if size < seen:
        return 0.0
    way = middle / size
    scatter = 1.4826 * _medians(np.abs(cells.change - middle), weight)
    number = weight.sum() ** 2 / (weight**2).sum()
    error = float(np.sqrt(((way * 1.2533 * scatter) ** 2).sum() / number))
    if np.linalg.norm(_medians(cells.goes_on, weight)) > flat * size:
        return 0.0
    share = float(((cells.change @ way > 0) * weight).sum() / weight.sum())
    return size if size > surely * error and share >= alike else 0.0


def _medians(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weighted median of each column of (cells, n)."""
    order = np.argsort(values, axis=0)
    share = np.cumsum(weight[order], axis=0) / weight.sum()
    return np.array([
        np.interp(0.5, share[:, k] - 0.5 * weight[order[:, k]] / weight.sum(),
                  values[order[:, k], k])
        for k in range(values.shape[1])
    ])  # fmt: skip
