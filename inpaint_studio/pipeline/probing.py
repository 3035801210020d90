"""Which engine suits this very texture? Ask the ground beside the hole, where the truth is known.

Holes of the same shape are laid on known ground that looks like the hole's own surroundings;
every candidate fills them, and the look index against the truth says which one is right here.
Large holes are probed by their fullest piece, so that the price does not grow with the hole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.probe import moved, places
from inpaint_studio.gating.scene import to_rgb8
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import fullest_window
from inpaint_studio.imaging.metrics import look
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import RegionInput, refiller
from inpaint_studio.records import FillRecipe

PIECE_PX = 128
PAD_PX = 160
LOOK_PAD_PX = 64
HOLES = 6
"""On 115 nearly plain holes by the mean of three a look index of 0.04 in sum was lost against
`patch` always, by that of six as much was gained."""
CANDIDATES = 24
LEAST_PX = 24


def probe_looks(
    region: RegionInput, recipes: Sequence[FillRecipe], token: RunToken
) -> list[list[float]]:
    """Return for every probe hole the look index (lower is better) of each recipe's fill.

    Empty where no known ground beside the hole can hold a probe. Deterministic. Raises:
    Cancelled, and what the engines raise.
    """
    window = fullest_window(region.mask, PIECE_PX)
    crop = window.pad(PAD_PX).clamp(Box.of_shape(region.mask.shape))
    barred = (region.mask | region.unusable)[crop.slices]
    piece = np.zeros_like(barred)
    piece[window.relative_to(crop).slices] = region.mask[window.slices]
    pixels = space_of(region.icc).to_srgb8(region.pixels[crop.slices])
    holes = _holes(JudgeRequest(before=pixels, after=pixels, mask=piece), piece, barred)
    rows: list[list[float]] = []
    for number, hole in enumerate(holes):
        near = Box.of_mask(hole).pad(LOOK_PAD_PX).clamp(Box.of_shape(hole.shape))
        row: list[float] = []
        for place, recipe in enumerate(recipes):
            part = (number + place / len(recipes)) / len(holes)
            token.step(part, "probing known ground")
            refill = refiller(region, recipe, crop=crop, token=token)
            filled = to_rgb8(refill(pixels, hole))
            row.append(look(filled[near.slices], pixels[near.slices], hole[near.slices]))
        rows.append(row)
    return rows


def _holes(request: JudgeRequest, piece: MaskBool, barred: MaskBool) -> list[MaskBool]:
    """Probe holes whose every pixel is known, likeliest ground first."""
    found: list[MaskBool] = []
    for dx, dy in places(request, most=CANDIDATES):
        hole = moved(piece, dx, dy) & ~barred
        if hole.sum() >= max(LEAST_PX, 0.75 * piece.sum()):
            found.append(hole)
        if len(found) == HOLES:
            break
    return found
