"""A mark tiled over a photo: from the tile that could be read to those that could not.

The strokes of one tile, with the ground right beside them, are a template: strokes all brighter
(or all darker) than what lies beside. Wherever the photo's fine detail follows it there is another
tile; how well it follows is that tile's own confidence. One more place by chance is no pattern,
so nothing is spread to fewer than two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.lattice import on_grid

LEAST, MAYBE, LOOKED_AT = 0.30, 0.15, 40
"""How well a place must follow the mark to be a tile by itself, and to be one of so many that a
grid is looked for with."""
SURE_PEAK = 0.45
FEWEST = 2
FINE_PX = 4.0
LOOK_AREA = 2_500_000
BODY_PX, OVERLAP = 4, 0.12
"""How far round its strokes a mark is whole, and which part of it may lie over another."""
ONE_PLACE = 0.5
"""Share of the smaller of two boxes that both share, from which on they are one place."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """Another place of a mark: `mask` over `box`, cut at the photo's edge; alike: 0..1; step:
    (down, right) from the mark, px, where all tiles lie on one grid."""

    box: Box
    mask: MaskBool
    alike: float
    step: tuple[int, int] | None = None


def spread(
    rgb: NDArray[np.uint8], core: MaskBool, mask: MaskBool, box: Box, token: RunToken
) -> list[Tile]:
    """Return the other tiles of a mark whose strokes `core` and whole `mask` lie over `box`.

    rgb: 8-bit sRGB photo. [] when there are fewer than `FEWEST`, or the photo is too large to be
    searched at the mark's own size.
    """
    if rgb.shape[0] * rgb.shape[1] > LOOK_AREA or core.sum() < 60:
        return []
    token.step(0.0, "looking for more of the same mark")
    inner = Box.of_mask(grow(core, 4)).clamp(Box.of_shape(core.shape))
    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    pattern = _pattern(core[inner.slices])
    # Tiles at the photo's edge are cut by it: the photo goes on as nothing there.
    room = (inner.height // 2, inner.width // 2)
    fine = _compressed(light - cv2.GaussianBlur(light, (0, 0), FINE_PX))
    wide = cv2.copyMakeBorder(fine, room[0], room[0], room[1], room[1], cv2.BORDER_CONSTANT)
    score = _follows(wide, pattern)
    here = (box.top + inner.top + room[0], box.left + inner.left + room[1])
    score = np.asarray(np.sign(score[here]) * score, dtype=np.float32)
    likely = _peaks(score, here, pattern.shape, least=MAYBE)
    grid = on_grid(score, here, [place[:2] for place in likely[:LOOKED_AT]], pattern.shape)
    found = []
    body = grow(core, BODY_PX)
    taken = np.zeros(light.shape, dtype=np.bool_)
    taken[box.slices] |= body
    sure = [place for place in likely if place[2] >= LEAST]
    for top, left, alike in grid or sure:
        place = box.shift(left - here[1], top - here[0])
        fit = place.clamp(Box.of_shape(rgb.shape))
        if not fit.width or not fit.height:
            continue
        within = fit.relative_to(place).slices
        part, around = mask[within], body[within]
        # Marks do not lie over each other; half a pattern on half a mark follows it, too.
        if not part.any() or (taken[fit.slices] & around).sum() > OVERLAP * around.sum():
            continue
        taken[fit.slices] |= around
        step = (top - here[0], left - here[1]) if grid else None
        found.append(Tile(fit, part.copy(), float(np.clip(alike, 0, 1)), step))
    if grid:
        return found
    return found if len(found) >= FEWEST and max(t.alike for t in found) >= SURE_PEAK else []


def carried(mask: MaskBool, box: Box, tiles: Sequence[Tile], shape: tuple[int, ...]) -> list[Tile]:
    """Return where another part of a mark lies, by the steps of the mark's tiles and back by them.

    mask: (H, W) over `box`, a part that was read in one tile; [] where the tiles have no grid.
    """
    known = {tile.step: tile.alike for tile in tiles if tile.step is not None}
    usual = float(np.mean(list(known.values()))) if known else 0.0
    steps = known | {(-down, -right): usual for down, right in known}
    found = []
    for (down, right), alike in steps.items():
        place = box.shift(right, down)
        fit = place.clamp(Box.of_shape(shape))
        part = mask[fit.relative_to(place).slices] if fit.width and fit.height else mask[:0]
        if part.any():
            found.append(Tile(fit, part.copy(), alike, (down, right)))
    return found


def is_one_place(one: Box, other: Box) -> bool:
    """Whether two parts of a mark lie in one place: a person keeps or drops them together."""
    common = one.intersect(other).area if one.overlaps(other) else 0
    return common >= ONE_PLACE * min(one.area, other.area)


def joined(tile: Tile, other: Tile) -> Tile:
    """Return a tile with what another part of the mark tells at its place."""
    box = Box.around([tile.box, other.box])
    mask = np.zeros(box.shape, dtype=np.bool_)
    for part in (tile, other):
        mask[part.box.relative_to(box).slices] |= part.mask
    return replace(tile, box=box, mask=mask)


def _pattern(core: MaskBool) -> Plane:
    """+ on the strokes, - right beside them, 0 elsewhere; of no mean and unit length."""
    beside = grow(core, 4) & ~grow(core, 1)
    plane = core / max(1, core.sum()) - beside / max(1, beside.sum())
    return np.asarray(plane / np.sqrt((plane**2).sum()), dtype=np.float32)


def _compressed(fine: Plane) -> Plane:
    """Limit what a single strong edge can say."""
    scale = 1.5 * float(np.median(np.abs(fine))) + 2.0
    return np.asarray(np.tanh(fine / scale), dtype=np.float32)


def _follows(fine: Plane, pattern: Plane) -> Plane:
    """Correlation of each place with the pattern, -1..1, over the pattern's own pixels."""
    used = (pattern != 0).astype(np.float32)
    along = cv2.matchTemplate(fine, pattern, cv2.TM_CCORR)
    power = cv2.matchTemplate(fine * fine, used, cv2.TM_CCORR)
    return np.asarray(along / np.sqrt(np.maximum(power, 0.04 * used.sum())), dtype=np.float32)


def _peaks(
    score: Plane, here: tuple[int, int], shape: tuple[int, ...], *, least: float
) -> list[tuple[int, int, float]]:
    """(top, left, score) of the best places, none over another or over the tile itself."""
    left_over = score.copy()
    found: list[tuple[int, int, float]] = []
    top, left = here
    best = 1.0
    while best >= least and len(found) < 200:
        if (top, left) != here:
            found.append((top, left, min(1.0, best)))
        y, x = round(0.6 * shape[0]), round(0.6 * shape[1])
        left_over[max(0, top - y) : top + y + 1, max(0, left - x) : left + x + 1] = -1
        index = np.unravel_index(int(left_over.argmax()), left_over.shape)
        top, left = int(index[0]), int(index[1])
        best = float(left_over[top, left])
    return found
