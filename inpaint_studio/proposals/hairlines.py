"""Find the hairlines of letters, which nowhere show their ink whole.

A serif face is thick and thin: what is told by more than half of its ink leaves the thin strokes
standing. They hang on the thick ones, hold less ink of the same colour, and stand out from the
texture of the ground: two thresholds, as edges are followed (Canny 1986,
doi:10.1109/TPAMI.1986.4767851).
"""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.imaging.mask import usual_stroke_px
from inpaint_studio.proposals.ground import Planes, spread
from inpaint_studio.proposals.ink import on_own_ground
from inpaint_studio.proposals.rim import ink_near, soft_edge

COVER, OFF = 0.3, 0.3
"""Share of ink that a hairline holds, and how far it may lie off the ink's way from its ground, as
a part of that."""
_SURELY = 4.0
"""How many times the ground's own variation it must stand out."""
_OFF_LAB, _CONTRAST, _FEW = 5.0, 15.0, 50
_BARE_PX = 3.0
_PIECE_PX, _LONG = 6, 3.0
"""Pixels, and how much longer than wide, a piece must be to hang on letters over a gap."""
_REACH = 0.8
"""Heights of the line: a hairline joins the strokes of a letter, what runs on is the photo's."""


def hairlines_past(
    lab: Planes, core: MaskBool, mask: MaskBool, room: MaskBool, thickness_px: float
) -> MaskBool:
    """Return the hairlines of `core` that lie past `mask`, with their soft edges, within `room`.

    They are added last: effects are told by the strokes that are sure. lab: (H, W, 3) CIELAB; the
    masks (H, W). thickness_px: height of the line.
    """
    whole = with_hairlines(lab, core, room, _REACH * thickness_px)
    past = whole & ~mask
    if not past.any():
        return past
    beside = cv2.dilate(past.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray((past | (soft_edge(lab, whole, mask & ~whole) & beside)) & room, np.bool_)


def with_hairlines(
    lab: Planes, core: MaskBool, room: MaskBool, longest_px: float = np.inf
) -> MaskBool:
    """Return `core` with the thin strokes that hang on it, within `room` (both (H, W)).

    lab: (H, W, 3) CIELAB. longest_px: longer ones are lines of the ground.
    """
    if not core.any():
        return core.copy()
    ground = on_own_ground(lab, max(usual_stroke_px(core, by_area=True), 2.0))
    way = ink_near(lab, core) - ground
    contrast = np.sqrt((way**2).sum(axis=2)) + np.float32(1e-3)
    cover = ((lab - ground) * way).sum(axis=2) / contrast**2
    off = np.sqrt(((lab - ground - cover[..., None] * way) ** 2).sum(axis=2))
    away = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5) > _BARE_PX
    bare = (cover * contrast)[away & room]
    rough = spread(bare) if bare.size >= _FEW else 0.0
    thin = room & (cover > COVER) & (cover * contrast > _SURELY * rough)
    thin &= (off < np.maximum(OFF * contrast, _OFF_LAB)) & (contrast > _CONTRAST)
    count, labels = cv2.connectedComponents((thin | core).astype(np.uint8), connectivity=8)
    held = np.zeros(count, dtype=np.bool_)
    held[labels[core]] = True
    # Where it crosses an edge of the ground a hairline is lost for a pixel.
    near = cv2.dilate(held[labels].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    width = usual_stroke_px(core, by_area=True)
    for name in np.unique(labels[near & thin]):
        if not held[name] and _is_hairline(labels == name, width):
            held[name] = True
    held[0] = False
    hangs = thin & held[labels] & ~core
    return np.asarray(core | (hangs & ~_longer(hangs, longest_px)), dtype=np.bool_)


def _longer(mask: MaskBool, side_px: float) -> MaskBool:
    """The pieces of a mask whose longer side is longer than that."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    is_long = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) > side_px
    is_long[0] = False
    return np.asarray(is_long[labels], dtype=np.bool_)


def _is_hairline(piece: MaskBool, stroke_px: float) -> bool:
    """Whether a piece is longer than wide by far, and no wider than the letters' strokes."""
    area = int(piece.sum())
    if area < _PIECE_PX:
        return False
    wide = usual_stroke_px(piece, by_area=True)
    rows, columns = np.nonzero(piece)
    length = float(np.hypot(np.ptp(rows), np.ptp(columns))) + 1
    return wide <= max(stroke_px, 1.5) and length >= _LONG * area / length and length >= _PIECE_PX
