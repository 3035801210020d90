"""Find the drop shadow of a line of text: the same letters again, moved and darker (or lighter).

For every offset in reach the moved strokes are compared with what lies right beside them, in
small cells along the line. A shadow shows in nearly all cells with one sign, whatever the
ground; a ground shows it in half of them. This sees shadows that a distance profile misses,
because a shadow darkens each ground by another amount.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.proposals.ground import Planes

DIRECTIONS = 8


def shadow(lab: Planes, core: MaskBool, body: MaskBool, thickness_px: float) -> MaskBool:
    """Return the pixels of the strongest shadow of `core` (all False when there is none).

    body: the strokes with what surrounds them evenly; a shadow shows only past it.
    """
    reach = max(2, round(0.16 * thickness_px))
    taken = body | (cv2.dilate(core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    cell = max(8, round(0.6 * thickness_px))
    height, width = core.shape
    cells = (np.arange(height) // cell)[:, None] * (width // cell + 1) + (np.arange(width) // cell)[
        None, :
    ]
    light = lab[..., 0]
    best: tuple[float, MaskBool] = (0.0, np.zeros_like(core))
    for radius in sorted({round(r) for r in np.geomspace(2, reach, min(reach, 12))}):
        found = []
        for k in range(DIRECTIONS):
            angle = 2 * np.pi * k / DIRECTIONS
            dy, dx = round(radius * np.sin(angle)), round(radius * np.cos(angle))
            moved = shifted(core, dy, dx)
            inside, outside = moved & ~taken, _beside(moved, dy, dx) & ~taken
            found.append((_score(light, inside, outside, cells), moved))
        for k, (score, moved) in enumerate(found):
            # A shadow falls one way. What shows on the other side too is the ground's pattern
            # (or a glow, which is measured by distance).
            behind = max(found[(k + DIRECTIONS // 2 + turn) % DIRECTIONS][0] for turn in (-1, 0, 1))
            if score > best[0] and behind < 0.4 * score:
                best = (score, moved)
    return best[1] & ~core


def shifted(mask: MaskBool, dy: int, dx: int) -> MaskBool:
    """Return the mask moved down by `dy` and right by `dx`; what comes in is False."""
    out = np.zeros_like(mask)
    height, width = mask.shape
    out[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = mask[
        max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)
    ]
    return out


def _beside(moved: MaskBool, dy: int, dx: int) -> MaskBool:
    """What lies just past the moved strokes, the way the shadow falls."""
    length = max(1.0, float(np.hypot(dy, dx)))
    far = shifted(moved, round(3 * dy / length), round(3 * dx / length))
    near = cv2.dilate(moved.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(far & ~near, dtype=np.bool_)


def _score(
    light: NDArray[np.float32], inside: MaskBool, outside: MaskBool, cells: NDArray[np.int64]
) -> float:
    """Return how surely the inside differs one way from the outside, 0: not surely."""
    size = int(cells.max()) + 1
    one = np.bincount(cells[inside], minlength=size)
    two = np.bincount(cells[outside], minlength=size)
    both = (one >= 4) & (two >= 4)
    count = int(both.sum())
    if count < 6:
        return 0.0
    mean_in = np.bincount(cells[inside], weights=light[inside], minlength=size)[both] / one[both]
    mean_out = np.bincount(cells[outside], weights=light[outside], minlength=size)[both] / two[both]
    change = mean_in - mean_out
    middle = float(np.median(change))
    alike = float((change * np.sign(middle) > 0).mean())
    # Half of the cells by chance; 3.2 deviations of that, for some eighty offsets are tried.
    surely = (alike - 0.5) * 2 * np.sqrt(count)
    return abs(middle) * surely if abs(middle) > 2.0 and surely > 3.2 and alike > 0.8 else 0.0
