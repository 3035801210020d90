"""Ink that is one colour to the level: what a program writes into a photo, and a scene never shows.

Where the strokes that are known share such a colour and the photo around them does not have it,
every pixel of that colour is ink, whatever shape it has. Nothing needs to be read or thresholded:
a stripe of a letter on ground nearly of its colour, which all other ways lose, is found by it. A
JPEG's ink is not of one colour, and tells nothing here.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box

SAME, SHARE, LEAST_PX = 0.25, 0.10, 12
"""Lab, between pixels of one ink, less than a level; which share and how many of the strokes'
pixels must have it."""
INKS, SHARE_EACH, OTHER = 6, 0.05, 20.0
"""How many inks letters of many colours may have, the share that each must have at least, and how
far (Lab) they lie from each other: the soft edges of one are no other."""
TRIED = 12
"""Common colours beside the strokes that are tried."""
ALIKE = 1.5
"""Lab, from the ink: a pixel so near is of it."""
AT_HOME = 0.001
"""Share of the photo beside the strokes from which on the colour is its own as well."""
BARE_PX, PIECE_PX = 200, 4
"""Pixels of bare photo that tell whether it is, and of a piece of ink at least."""
CLIPPED = (1.0, 99.0)
"""Lab lightness of what may be a light or a shade that the camera clipped."""
ENDS_PX, ENDS_OFF, ENDS = (1.2, 2.3), 12.0, 0.75
"""So far around a piece such a share must be so far (Lab) from its colour."""


def exact_ink(lab: NDArray[np.float32], strokes: MaskBool) -> NDArray[np.float32] | None:
    """Return the one colour (3,) of a good part of the strokes; None where they have none.

    lab: (H, W, 3) CIELAB; strokes: (H, W).
    """
    values = lab[strokes]
    found = _densest(values, max(LEAST_PX, SHARE * len(values)))
    return None if found is None else found[0]


def exact_inks(
    lab: NDArray[np.float32], strokes: MaskBool, *, share_each: float = SHARE_EACH
) -> list[NDArray[np.float32]]:
    """Return the colours (3,) that parts of the strokes have, the commonest first; [] where they
    have none. Letters of many colours are each of one, which `share_each` of the strokes must
    have."""
    values = lab[strokes]
    inks: list[NDArray[np.float32]] = []
    total, held = len(values), 0
    while len(inks) < INKS and len(values) >= LEAST_PX:
        found = _densest(values, max(LEAST_PX, share_each * total))
        if found is None:
            break
        ink, of_it = found
        inks.append(ink)
        held += int(of_it.sum())
        values = values[_off(values, ink) > OTHER]
    return inks if held >= SHARE * total else []


def other_inks(
    lab: NDArray[np.float32], inks: list[NDArray[np.float32]], strokes: MaskBool, room: MaskBool,
    *, share: float = 1.0,
) -> list[NDArray[np.float32]]:  # fmt: skip
    """Return further colours of letters of several `inks`, of which no stroke was found yet: what
    as many pixels within `room` have, to the level, as the rarest of these inks, or that `share` of
    them."""
    if len(inks) < 2:
        return []
    known = lab[strokes]
    least = share * min(float((_off(known, ink) <= SAME).sum()) for ink in inks)
    more: list[NDArray[np.float32]] = []
    values = lab[room & ~strokes]
    for ink in inks:
        values = values[_off(values, ink) > OTHER]
    for _ in range(TRIED):
        found = _densest(values, least)
        if found is None:
            # A common colour of the photo's own, which is never one to the level.
            values = values[_off(values, _commonest(values)) > ALIKE] if len(values) else values
            continue
        more.append(found[0])
        values = values[_off(values, found[0]) > OTHER]
        if len(more) == INKS:
            break
    return more


def _off(values: NDArray[np.float32], ink: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(((values - ink) ** 2).sum(axis=-1)), dtype=np.float32)


def _densest(
    values: NDArray[np.float32], least: float
) -> tuple[NDArray[np.float32], MaskBool] | None:
    """The commonest colour (3,) of (n, 3), and which have it; None: fewer than `least` do."""
    if len(values) < LEAST_PX:
        return None
    of_it = _off(values, _commonest(values)) <= SAME
    if int(of_it.sum()) < least:
        return None
    return np.asarray(np.median(values[of_it], axis=0), dtype=np.float32), of_it


def _commonest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The middle of the unit of Lab that most of (n, 3) lie in."""
    codes = np.rint(values).astype(np.int64) @ np.array([1 << 20, 1 << 10, 1])
    names, counts = np.unique(codes, return_counts=True)
    return np.asarray(np.median(values[codes == names[counts.argmax()]], axis=0), np.float32)


def is_clipped(ink: NDArray[np.float32]) -> bool:
    """Say whether a Lab colour may be a light or a shade that a camera clipped."""
    return not CLIPPED[0] < float(ink[0]) < CLIPPED[1]


def shown_by(lab: NDArray[np.float32], ink: NDArray[np.float32], where: MaskBool) -> int:
    """Return how many pixels of `where` (H, W) are of that ink to the level."""
    return int((_off(lab[where], ink) <= ALIKE).sum())


def of_exact_ink(
    lab: NDArray[np.float32], ink: NDArray[np.float32], room: MaskBool, bare: MaskBool
) -> MaskBool:
    """Return the pixels (H, W) of that ink within `room`; none where it is at home in the photo.

    bare: (H, W), what shows the photo alone. Specks of fewer than PIECE_PX are left out, and where
    the ink is white or black what fades into its ground: lights and shades clip to that.
    """
    off = _off(lab, ink)
    of_it = off <= ALIKE
    if int(bare.sum()) < BARE_PX or float(of_it[bare].mean()) > AT_HOME:
        return np.zeros_like(room)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        (of_it & room).astype(np.uint8), connectivity=8
    )
    kept = stats[:, cv2.CC_STAT_AREA] >= PIECE_PX
    kept[0] = False
    if is_clipped(ink):
        for name in np.flatnonzero(kept):
            kept[name] = _ends_at_once(off, labels, int(name), stats[name])
    return np.asarray(kept[labels], dtype=np.bool_)


def never_of(
    lab: NDArray[np.float32], inks: list[NDArray[np.float32]], strokes: MaskBool
) -> MaskBool:
    """Return what of `strokes` (H, W) is too wide to be an edge or hairline of such inks.

    What is three px wide shows its ink whole in its middle: where it shows another colour there,
    it is a form of the photo, with what hangs on it within two px.
    """
    whole = np.zeros_like(strokes)
    for ink in inks:
        whole |= strokes & (_off(lab, ink) <= ALIKE)
    box = np.ones((3, 3), np.uint8)
    rest = strokes & (cv2.dilate(whole.astype(np.uint8), box) == 0)
    wide = cv2.morphologyEx(rest.astype(np.uint8), cv2.MORPH_OPEN, box)
    return np.asarray(rest & (cv2.dilate(wide, box, iterations=2) > 0), dtype=np.bool_)


def _ends_at_once(
    off: NDArray[np.float32], labels: NDArray[np.int32], name: int, stats: NDArray[np.int32]
) -> bool:
    """Whether what lies right around a piece is of another colour: a light that clips fades."""
    left, top, wide, high = (int(value) for value in stats[:4])
    box = Box(left, top, left + wide, top + high).pad(5).clamp(Box.of_shape(labels.shape))
    away = cv2.distanceTransform((labels[box.slices] != name).astype(np.uint8), cv2.DIST_L2, 5)
    around = off[box.slices][(away > ENDS_PX[0]) & (away <= ENDS_PX[1])]
    return bool(around.size) and float((around > ENDS_OFF).mean()) >= ENDS
