"""Tell lettering laid over a photo from a sign that stands in the scene.

A program writes in one ink, and its edges are a pixel wide whatever the lens did. A sign takes on
light, grain and the lens' softness. Two witnesses, then: how even the ink is, and how steeply its
edges rise in lightness (colour is softened by JPEG). Ink that is the same to a level needs no
second one, for no scene has it, be it in a part of thin strokes alone; ink that varies as JPEG and
veils make it vary, or from letter to letter, needs crisp edges; hairlines, all edge and no inside,
need crisper ones, a level line, and strokes that read well.

Rejected: the grain within the strokes against the ground's (few strokes are wide enough), and the
slope of the whole line (a good part of all signs is photographed level).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.imaging.exact import exact_inks, is_clipped
from inpaint_studio.proposals.glyphs import Glyphs, ink_pixels
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.vision.lines import Line

ONE_INK, EVEN, EVEN_ALONG, EVEN_THIN = 1.5, 3.5, 6.0, 12.0
"""How far ink may lie from its common colour (Lab, median): where it proves an overlay by itself;
where the line runs anyhow, and along the frame; and for hairlines."""
SOFTEST, CRISP, CRISP_THIN = 0.5, 0.72, 0.8
"""The steepest step of an edge from pixel to pixel, as a part of its whole height: of one ink;
of ink that varies; of hairlines. Overlays have 0.75 to 1, turned ones 0.6, signs 0.35 to 0.75."""
AGREES_THIN = 0.85
ALONG_DEG = 2.0
FEW_PX, FEW_EDGES = 30, 12
_HEIGHT = 12.0
_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def is_laid_over(line: Line, glyphs: Glyphs, rgb: NDArray[np.uint8]) -> bool:
    """Return whether a line is written as programs write, and not as a scene shows paint."""
    runs_along = abs((line.angle_deg + 45) % 90 - 45) <= ALONG_DEG
    varies, inner = unevenness(rgb, glyphs)
    crisp = crispness(rgb, glyphs)
    if not line.curved and is_exact(rgb, glyphs):
        return crisp is None or crisp >= SOFTEST
    if inner < FEW_PX:
        well_read = glyphs.agreement >= AGREES_THIN
        return runs_along and well_read and varies <= EVEN_THIN and (crisp or 0.0) >= CRISP_THIN
    if varies <= ONE_INK:
        return crisp is None or crisp >= SOFTEST
    if (crisp or 0.0) < CRISP:
        return False
    return varies <= (EVEN_ALONG if runs_along else EVEN) or within_letters(rgb, glyphs) <= ONE_INK


def is_exact(rgb: NDArray[np.uint8], glyphs: Glyphs) -> bool:
    """Return whether a good part of the strokes' pixels has one colour to the level, or each of
    some, and none that a camera clips: hairlines have few such pixels, a scene none."""
    inks = exact_inks(to_lab(np.ascontiguousarray(rgb[glyphs.box.slices])), glyphs.core)
    return bool(inks) and not any(is_clipped(ink) for ink in inks)


def unevenness(rgb: NDArray[np.uint8], glyphs: Glyphs) -> tuple[float, int]:
    """Return how far the strokes' pixels lie from their common colour, median, in Lab, and how
    many pixels lie wholly inside a stroke (few: what was measured is mostly soft edge)."""
    values = ink_pixels(rgb, glyphs)
    if not len(values):
        return 0.0, 0
    off = values - np.median(values, axis=0)
    inner = cv2.erode(glyphs.core.astype(np.uint8), np.ones((3, 3), np.uint8)).sum()
    return float(np.median(np.sqrt((off**2).sum(axis=1)))), int(inner)


def within_letters(rgb: NDArray[np.uint8], glyphs: Glyphs) -> float:
    """Return how far the inside of each connected piece lies from the piece's own colour, median,
    in Lab: letters of many colours are each of one; infinite where no piece has an inside."""
    inner = cv2.erode(glyphs.core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    lab = to_lab(np.ascontiguousarray(rgb[glyphs.box.slices]))
    count, labels = cv2.connectedComponents(glyphs.core.astype(np.uint8), connectivity=8)
    off = []
    for name in range(1, count):
        values = lab[inner & (labels == name)]
        if len(values) >= 6:
            off.append(np.sqrt(((values - np.median(values, axis=0)) ** 2).sum(axis=1)))
    return float(np.median(np.concatenate(off))) if off else float("inf")


def crispness(rgb: NDArray[np.uint8], glyphs: Glyphs) -> float | None:
    """Return the steepest step between neighbours across the strokes' edges as a part of the
    edge's height in lightness, median over the edges, 0..1 and a little more; None: too few
    edges stand alone on a ground of another lightness.
    """
    light = to_lab(np.ascontiguousarray(rgb[glyphs.box.slices]))[..., 0]
    away = cv2.distanceTransform((~glyphs.core).astype(np.uint8), cv2.DIST_L2, 5)
    steps = [_steps(np.ascontiguousarray(light), glyphs.core, away, way) for way in _WAYS]
    every = np.concatenate(steps)
    return float(np.median(every)) if len(every) >= FEW_EDGES else None


def _steps(
    light: Plane, core: MaskBool, away: Plane, way: tuple[int, int]
) -> NDArray[np.float32]:  # fmt: skip
    """The steepest step of each edge that is crossed one `way`, from two pixels within the stroke
    to four past it, where the ground begins at three."""
    dy, dx = way
    rows, columns = np.nonzero(core)
    height, width = core.shape
    inside = (
        (rows - 2 * dy >= 0) & (rows - 2 * dy < height) & (rows + 4 * dy >= 0)
        & (rows + 4 * dy < height) & (columns - 2 * dx >= 0) & (columns - 2 * dx < width)
        & (columns + 4 * dx >= 0) & (columns + 4 * dx < width)
    )  # fmt: skip
    rows, columns = rows[inside], columns[inside]

    def at(px: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return rows + px * dy, columns + px * dx

    edge = ~core[at(1)] & core[at(-1)] & (away[at(3)] >= 2.9)
    profile = np.stack([light[at(px)] for px in range(-2, 5)], axis=1)[edge]
    wide = core[at(-2)][edge]
    ink = np.where(wide, profile[:, 0], profile[:, 1])
    whole = np.abs(ink - 0.5 * (profile[:, 5] + profile[:, 6]))
    tall = whole > _HEIGHT
    steps = np.abs(np.diff(profile[tall], axis=1)).max(axis=1, initial=0.0)
    return np.asarray(steps / whole[tall], dtype=np.float32)
