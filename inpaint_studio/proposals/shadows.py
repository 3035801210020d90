"""Find the drop shadow of a line of text: its letters again, moved, softer, darker or lighter.

For every offset and softness in reach the light beside the strokes is explained by the moved
strokes (least squares, cell by cell along the line, so that the ground's own forms of one cell
count once). A shadow holds in nearly all cells alike, falls one way, and explains more than a
halo around the letters does; and it is dark behind light letters, light behind dark ones, as it is
to set them off. What a textured ground shows by chance fails one of these. How dark
the shadow was found to be says where its soft end is no longer seen.

Rejected: comparing the moved strokes with what lies just past them (misses soft shadows, and
every second dark corner beside a letter was one).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.proposals.along import stands_apart
from inpaint_studio.proposals.ground import Planes

DIRECTIONS = 8
SEEN = 2.5
"""Lab lightness; less of a shadow is not looked for."""
_HEIGHT_PX = 40.0
"""Lines higher than this are made smaller for the search."""
_RIM_PX = 1.6
_MOST = 100.0
"""Lab; no lightness changes by more."""
_CELLS = 18
"""How many cells are needed to tell."""
_PROOFS = (
    (12.0, 4.5, 0.78, 0.4, 0.65), (12.0, 12.0, 0.65, 0.2, 0.8), (8.0, 10.0, 0.75, 0.2, 1.0),
    (8.0, 6.0, 0.75, 0.1, 0.4),
)  # fmt: skip
"""What proves one: its change, its deviations, the share of cells of one sign, and what may speak
against it, the same strength on the other side or all around; less where it is beyond doubt."""
_SOFT_PARTS = (2.0, 2.8)
"""Offsets of a shadow by its softness, as they are usual; hard ones are looked for, too."""
_CLOSE_PX, _CLOSE_PROOF = 1.5, (12.0, 3.5, 0.65, 0.15, 0.7)
"""What proves one that lies so close to its letters that hardly any of it is seen past them."""
_CELLS_PAST, _LEAST_PAST, _SURELY_PAST, _ALIKE_PAST, _EXPLAINS_PAST = 12, 10.0, 3.9, 0.65, 5000.0
"""The same for what is left past a mask, and how much of the light it must explain (Lab² px)."""
_LOOKED_AT = 4
"""How many that are proven so are looked at for one that is no form of the ground."""
_DOUBTFUL = 5.0
"""Deviations from which on one that runs along the line asks for a look: of 140 lines whose edits
all else accepted three show one, and two of these had kept a shadow or glow."""
_MORE = 0.2


@dataclass(frozen=True, slots=True)
class _Cast:
    """One offset (px) and softness tried: the change it has (Lab), how surely, in which share of
    cells alike, and how much of the light it explains."""

    dy: int
    dx: int
    soft_px: float
    change: float
    surely: float
    alike: float
    explains: float

    @property
    def is_close(self) -> bool:
        return 0 < float(np.hypot(self.dy, self.dx)) <= _CLOSE_PX


def shadow(
    lab: Planes, core: MaskBool, thickness_px: float, angle_deg: float | None = None
) -> MaskBool:
    """Return the pixels of the shadow of `core` (all False when there is none).

    lab: (H, W, 3) CIELAB; core: (H, W) the strokes; thickness_px: height of the line; angle_deg:
    its direction, None: it has none.
    """
    factor = min(1.0, _HEIGHT_PX / max(thickness_px, 1.0))
    cover, light = _smaller(core.astype(np.float32), factor), _smaller(lab[..., 0], factor)
    distance = cv2.distanceTransform((cover <= 0.02).astype(np.uint8), cv2.DIST_L2, 5)
    near = (distance > _RIM_PX) & (distance <= 0.4 * thickness_px * factor)
    found = _strongest(_tried(light, cover, near, thickness_px * factor, cells=_CELLS))
    if found is None:
        return np.zeros_like(core)
    seen = _seen(found, core, factor)
    if not _is_apart(lab, seen, core, found, thickness_px, angle_deg):
        return np.zeros_like(core)
    return seen


def with_past(
    lab: Planes, core: MaskBool, mask: MaskBool, room: MaskBool, thickness_px: float,
    angle_deg: float | None = None,
) -> tuple[MaskBool, bool]:  # fmt: skip
    """Return the mask with what shows past it within `room`, and whether some still may.

    A second look: it grows the mask by a fifth at most, and where it would take more, finds the
    same again, or sees clearly what may as well be a form of the ground, a person should look.
    """
    past, is_doubtful = left_past(lab, core, mask, thickness_px, angle_deg)
    past = past & room
    if not past.any():
        return mask, is_doubtful
    if past.sum() > _MORE * mask.sum():
        return mask, True
    wider = mask | past
    again, is_doubtful = left_past(lab, core, wider, thickness_px, angle_deg)
    return wider, is_doubtful or bool((again & room).any())


def left_past(
    lab: Planes, core: MaskBool, mask: MaskBool, thickness_px: float, angle_deg: float | None = None
) -> tuple[MaskBool, bool]:
    """Return the pixels past `mask` that still show a shadow or glow of `core`, its letters, and
    whether one is clearly seen that runs along the line as forms of the ground do, too.

    Less is asked than for taking a shadow along: whoever acts on it may look again, or ask.
    """
    factor = min(1.0, _HEIGHT_PX / max(thickness_px, 1.0))
    cover, light = _smaller(core.astype(np.float32), factor), _smaller(lab[..., 0], factor)
    hidden = _smaller(mask.astype(np.float32), factor)
    past = cv2.distanceTransform((hidden <= 0.02).astype(np.uint8), cv2.DIST_L2, 5)
    distance = cv2.distanceTransform((cover <= 0.02).astype(np.uint8), cv2.DIST_L2, 5)
    near = (past > 0.6) & (distance <= 0.45 * thickness_px * factor)
    tried = _tried(light, cover, near, thickness_px * factor, cells=_CELLS_PAST)
    proven = [
        cast for cast in tried
        if _LEAST_PAST <= abs(cast.change) <= _MOST and cast.alike >= _ALIKE_PAST
        and cast.surely >= _SURELY_PAST and cast.explains >= _EXPLAINS_PAST
    ]  # fmt: skip
    is_doubtful = False
    for cast in sorted(proven, key=lambda one: -one.explains)[:_LOOKED_AT]:
        seen = _seen(cast, core, factor) & ~mask
        if _is_apart(lab, seen, mask, cast, thickness_px, angle_deg):
            return seen, False
        is_doubtful |= cast.surely >= _DOUBTFUL
    return np.zeros_like(core), is_doubtful


def _is_apart(
    lab: Planes, seen: MaskBool, core: MaskBool, cast: _Cast, thickness_px: float,
    angle_deg: float | None,
) -> bool:  # fmt: skip
    """Whether a shadow is none of the forms of the ground that run along a line; a halo, which lies
    on all sides, is none, nor is what lies close."""
    return (
        angle_deg is None
        or cast.is_close
        or not (cast.dy or cast.dx)
        or stands_apart(
            lab[..., 0],
            seen,
            core,
            change=cast.change,
            thickness_px=thickness_px,
            angle_deg=angle_deg,
        )
    )


def _smaller(plane: NDArray[np.float32], factor: float) -> Plane:
    if factor >= 1:
        return np.ascontiguousarray(plane)
    size = (max(8, round(plane.shape[1] * factor)), max(8, round(plane.shape[0] * factor)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _seen(cast: _Cast, core: MaskBool, factor: float) -> MaskBool:
    """Where that shadow of the strokes is seen, at the photo's own size."""
    soft = cv2.GaussianBlur(core.astype(np.float32), (0, 0), cast.soft_px / factor)
    moved = shifted(soft, round(cast.dy / factor), round(cast.dx / factor))
    return np.asarray((moved * abs(cast.change) > SEEN) & ~core, dtype=np.bool_)


def _tried(
    light: Plane, cover: Plane, near: MaskBool, thickness_px: float, *, cells: int
) -> list[_Cast]:  # fmt: skip
    smooth = max(3.0, 0.22 * thickness_px)
    known = near.astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), smooth) + 1e-4

    def apart(plane: Plane) -> NDArray[np.float32]:
        mean = cv2.GaussianBlur(plane * known, (0, 0), smooth) / weight
        return np.asarray((plane - mean)[near])

    cell = max(8, round(0.6 * thickness_px))
    rows, columns = np.nonzero(near)
    names = (rows // cell) * (cover.shape[1] // cell + 1) + columns // cell
    index = np.unique(names, return_inverse=True)[1].ravel()
    count = int(index.max()) + 1 if index.size else 0
    if count < cells:
        return []
    shown = apart(light)
    lifts = _lifts_off(light, cover, near)
    tried = []
    for dy, dx, soft in _offsets(thickness_px):
        pattern = apart(shifted(np.asarray(cv2.GaussianBlur(cover, (0, 0), soft)), dy, dx))
        power = np.bincount(index, weights=pattern * pattern, minlength=count)
        along = np.bincount(index, weights=pattern * shown, minlength=count)
        total = float(power.sum())
        if total < 1e-3:
            continue
        change = float(along.sum()) / total
        if (dy or dx) and change * lifts < 0:
            continue
        error = float(np.sqrt(((along - change * power) ** 2).sum())) / total
        used = power > 0.15 * np.median(power)
        alike = float((along[used] * change > 0).mean())
        tried.append(_Cast(dy, dx, soft, change, abs(change) / max(error, 1e-6), alike,
                           change**2 * total))  # fmt: skip
    return tried


def _lifts_off(light: Plane, cover: Plane, near: MaskBool) -> int:
    """Which way a shadow must go to set the letters off: dark (-1) behind light ones; 0: unknown,
    where the letters are as light as their ground."""
    if not near.any() or not (cover > 0.5).any():
        return 0
    gap = float(np.median(light[near]) - np.median(light[cover > 0.5]))
    return 0 if abs(gap) < SEEN else int(np.sign(gap))


def _offsets(thickness_px: float) -> list[tuple[int, int, float]]:
    """(down, right, softness) in px; those of no offset are halos, for comparison."""
    halos = [(0, 0, max(1.2, part * thickness_px)) for part in (0.04, 0.06, 0.09, 0.13)]
    most = max(2.0, 0.13 * thickness_px) + 1
    ways: list[tuple[int, int, float]] = []
    for radius in sorted({round(r) for r in np.geomspace(1, most, 6)}):
        for k in range(DIRECTIONS):
            angle = 2 * np.pi * k / DIRECTIONS
            dy, dx = round(radius * np.sin(angle)), round(radius * np.cos(angle))
            softness = {max(0.6, radius / part) for part in _SOFT_PARTS} | {0.6}
            ways += [(dy, dx, soft) for soft in sorted(softness)]
    return halos + ways


def _strongest(tried: list[_Cast]) -> _Cast | None:
    cast = [one for one in tried if one.dy or one.dx]
    if not cast:
        return None
    best = max(cast, key=lambda one: one.explains)
    halo = max((one.explains for one in tried if not (one.dy or one.dx)), default=0.0)
    other_way = max(
        (one.explains for one in cast
         if one.dy * best.dy + one.dx * best.dx < 0 and one.change * best.change > 0
         and one.soft_px == best.soft_px
         and abs(np.hypot(one.dy, one.dx) - np.hypot(best.dy, best.dx)) < 1.5),
        default=0.0,
    )  # fmt: skip
    against = (other_way / best.explains, halo / best.explains)
    proofs = (*_PROOFS, _CLOSE_PROOF) if best.is_close else _PROOFS
    holds = any(
        least <= abs(best.change) <= _MOST and best.surely >= surely and best.alike >= alike
        and against[0] <= most_other and against[1] <= most_halo
        for least, surely, alike, most_other, most_halo in proofs
    )  # fmt: skip
    return best if holds else None


def shifted(plane: Plane, dy: int, dx: int) -> Plane:
    """Return the plane moved down by `dy` and right by `dx`; what comes in is 0."""
    out = np.zeros_like(plane)
    height, width = plane.shape
    out[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = plane[
        max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)
    ]
    return out
