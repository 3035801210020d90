"""Readings of the joint: pairs of pixels either side of the contour, and the same pairs elsewhere.

A fill that is right goes on from its surroundings pixel by pixel. Every pair here lies along a
row or column, one end on known ground, the other in the fill; the same pairs moved outwards (and,
where the hole is deep enough, inwards) say what such pairs show in this photo where nothing was
done. A feather that was really changed is stepped over, by pairs that lie further apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Plane
from inpaint_studio.gating.readings.base import Measured
from inpaint_studio.gating.scene import Scene, worst_box

MOST_PAIRS = 3000
PAD_PX = 16
ASIDE = 6
OFFSETS_PX = 3
TWIN_SURE = 2.0
FLOOR_DE = 0.3
STEP_FLOOR_DE = 0.25
BEND_DE = 0.2
KNOWN, FILL = 1, 2

Index = NDArray[np.int64]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs (o, o + gap * step) as indices into planes padded by `PAD_PX` and made flat.

    lab, was: (n, 3) after and before; state: (n,) `KNOWN`, `FILL` or 0; width: of a padded row.
    """

    o: Index
    step: Index
    gap: int
    lab: Values
    was: Values
    state: NDArray[np.uint8]
    width: int

    def moved(self, by: int) -> tuple[Values, NDArray[np.bool_]]:
        """Return (n, 3) differences (far - near) of pairs `by` steps inwards (< 0: outwards).

        The flags say which of them lie on one side altogether.
        """
        near = self.o + by * self.step
        far = near + self.gap * self.step
        side = KNOWN if by < 0 else FILL
        whole = (self.state[near] == side) & (self.state[far] == side)
        return self.lab[far] - self.lab[near], whole


def find_pairs(scene: Scene) -> Pairs | None:
    """Return the pairs across the contour, evenly thinned; None where there is none."""
    mask = scene.mask
    ring = (scene.outside > 0) & (scene.outside <= scene.ring_px)
    gap = 1
    if (scene.before != scene.after).any(axis=2)[ring].any():
        gap = scene.ring_px + 1
    else:
        ring = np.zeros_like(mask)
    state = np.where(mask, FILL, KNOWN).astype(np.uint8)
    state[ring] = 0
    if scene.barred is not None:
        state[scene.barred & ~mask] = 0
    state = np.pad(state, PAD_PX)
    width = state.shape[1]
    flat = state.ravel()
    ends: list[Index] = []
    steps: list[Index] = []
    inner = np.flatnonzero(flat == FILL)
    for step in (1, -1, width, -width):
        near = inner - gap * step
        near = near[flat[near] == KNOWN]
        ends.append(near)
        steps.append(np.full(len(near), step))
    o, step_of = np.concatenate(ends), np.concatenate(steps)
    if len(o) < 8:
        return None
    if len(o) > MOST_PAIRS:
        pick = (np.arange(MOST_PAIRS) * (len(o) / MOST_PAIRS)).astype(np.int64)
        o, step_of = o[pick], step_of[pick]
    lab, was = (
        cv2.copyMakeBorder(p, *(PAD_PX,) * 4, cv2.BORDER_REPLICATE).reshape(-1, 3)
        for p in (scene.lab, scene.lab_before)
    )
    return Pairs(o, step_of, gap, lab, was, flat, width)


def join(scene: Scene) -> Measured:
    """Return how much rougher the joint is than the ground either side, in octaves.

    The mean difference of the pairs across, against the same pairs moved. Further numbers:
    `join_outside`: against known ground alone. `light_step`, `colour_step`: the mean signed step
    (L, ab) in ΔE, every pair weighted by how quiet its neighbourhood is; `_z` in units of what
    moved pairs show. `ghost_rim`: the share of the removed thing's own step that is left, with its
    `_z`. `displacement`: by how much the joint improves (octaves) when the fill is taken from 1 to
    3 px aside. `twin`: by how much the fill's rim repeats the ground 1 to 3 px beside it, beyond
    what known ground does. `detail_step`: octaves by which detail just inside exceeds that just
    outside (`_usual`: of the median pair, `_quiet`: of the quietest quarter).
    """
    pairs = find_pairs(scene)
    if pairs is None:
        return Measured(0.0, also=dict.fromkeys(ALSO, 0.0))
    across = pairs.lab[pairs.o + pairs.gap * pairs.step] - pairs.lab[pairs.o]
    size = np.linalg.norm(across, axis=1)
    outer = [pairs.moved(-k) for k in range(pairs.gap, pairs.gap + ASIDE)]
    inner = [pairs.moved(k) for k in range(pairs.gap, pairs.gap + ASIDE)]
    usual_out, usual_in = _usual(outer[:3]), _usual(inner[:3])
    have = np.isfinite(usual_out) & np.isfinite(usual_in)
    either = np.where(have, (usual_out + usual_in) / 2, np.where(
        np.isfinite(usual_out), usual_out, usual_in))  # fmt: skip
    sure = np.isfinite(either)
    also = dict.fromkeys(ALSO, 0.0)
    value = _octaves(size[sure], either[sure])
    known = np.isfinite(usual_out)
    also["join_outside"] = _octaves(size[known], usual_out[known])
    also |= _steps(pairs, across, outer, inner)
    also |= _detail(outer, inner)
    also["displacement"], offset = _displacement(pairs)
    also["twin"], twin_offset = _twin(pairs)
    # A rim that repeats the ground beside it tells the offset to the pixel.
    dx, dy = twin_offset if also["twin"] > TWIN_SURE else offset
    plane = _splat(pairs, np.where(sure, size - np.where(sure, either, 0), 0), scene.mask.shape)
    note = f"by {dx}, {dy} px" if also["displacement"] > 0 else ""
    box = worst_box(plane, scene.outside <= 3)
    return Measured(value, plane, box, also, note)


ALSO = (
    "join_outside", "light_step", "light_step_z", "colour_step", "colour_step_z", "ghost_rim",
    "ghost_rim_z", "displacement", "twin", "detail_step", "detail_step_usual",
    "detail_step_quiet",
)  # fmt: skip


def _usual(moved: list[tuple[Values, NDArray[np.bool_]]]) -> Values:
    """Return each pair's mean difference over its moved copies; NaN where none is whole."""
    sizes = np.stack([np.linalg.norm(d, axis=1) for d, _ in moved])
    whole = np.stack([w for _, w in moved])
    count = whole.sum(axis=0)
    total = (sizes * whole).sum(axis=0)
    out: Values = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return out


def _octaves(one: Values, other: Values) -> float:
    if not len(one):
        return 0.0
    top, base = (float(v.mean(dtype=np.float64)) + FLOOR_DE for v in (one, other))
    return float(np.log2(top / base))


def _steps(
    pairs: Pairs,
    across: Values,
    outer: list[tuple[Values, NDArray[np.bool_]]],
    inner: list[tuple[Values, NDArray[np.bool_]]],
) -> dict[str, float]:
    """Return the weighted signed steps, and the share of the removed thing's step."""
    # Where both sides run on, half of each side's own slope belongs to the ground, not the step.
    slope_out, whole_out = outer[0]
    slope_in, whole_in = inner[0]
    slope = (slope_out * whole_out[:, None] + slope_in * whole_in[:, None]) / np.maximum(
        whole_out.astype(np.float32) + whole_in, 1
    )[:, None]
    step = across - slope
    energy = np.zeros_like(across)
    count = np.zeros(len(across), dtype=np.float32)
    moved: list[tuple[Values, NDArray[np.bool_]]] = []
    for side in (outer, inner):
        for (d, whole), (e, whole_2) in zip(side[1:], side):
            both = whole & whole_2
            bend = d - e
            energy += bend * bend * both[:, None]
            count += both
            moved.append((bend, both))
    noise = energy / np.maximum(count, 1)[:, None] + STEP_FLOOR_DE
    weight = np.where(count[:, None] > 0, 1 / noise, 0).astype(np.float32)
    mean = _weighted(step, weight)
    nulls = [_weighted(bend, weight * both[:, None]) for bend, both in moved if both.sum() >= 8]
    spread = np.sqrt(np.mean(np.square(nulls), axis=0)) if nulls else np.zeros(3)
    found = {
        "light_step": abs(float(mean[0])),
        "light_step_z": abs(float(mean[0])) / (float(spread[0]) + 0.05),
        "colour_step": float(np.hypot(mean[1], mean[2])),
        "colour_step_z": float(
            np.hypot(mean[1] / (spread[1] + 0.05), mean[2] / (spread[2] + 0.05))
        ),
    }
    thing = pairs.was[pairs.o + pairs.gap * pairs.step] - pairs.was[pairs.o]
    power = float((weight * thing * thing).sum(dtype=np.float64)) + 1e-6
    share = float((weight * thing * step).sum(dtype=np.float64)) / power
    chance = [
        float((weight * both[:, None] * thing * bend).sum(dtype=np.float64)) / power
        for bend, both in moved
    ]
    found["ghost_rim"] = share
    found["ghost_rim_z"] = share / (float(np.sqrt(np.mean(np.square(chance)))) + 0.005)
    return found


def _detail(
    outer: list[tuple[Values, NDArray[np.bool_]]], inner: list[tuple[Values, NDArray[np.bool_]]]
) -> dict[str, float]:
    """Return in octaves how much more the fill's values bend just inside than the ground's do."""
    out, out_count = _bends(outer)
    into, in_count = _bends(inner)
    both = (out_count > 0) & (in_count > 0)
    if both.sum() < 8:
        return {"detail_step": 0.0, "detail_step_usual": 0.0, "detail_step_quiet": 0.0}
    out, into = out[both] / out_count[both], into[both] / in_count[both]
    octaves = np.log2((into + BEND_DE) / (out + BEND_DE))
    quiet = np.quantile(into, 0.25), np.quantile(out, 0.25)
    return {
        "detail_step": float(np.log2((into.mean() + BEND_DE) / (out.mean() + BEND_DE))),
        "detail_step_usual": float(np.median(octaves)),
        "detail_step_quiet": float(np.log2((quiet[0] + BEND_DE) / (quiet[1] + BEND_DE))),
    }


def _bends(moved: list[tuple[Values, NDArray[np.bool_]]]) -> tuple[Values, Values]:
    """Return (sum over the moved copies of the change of difference, how many)."""
    total = np.zeros(len(moved[0][1]), dtype=np.float32)
    count = np.zeros_like(total)
    for (near, whole), (far, also_whole) in pairwise(moved):
        both = whole & also_whole
        total += np.linalg.norm(far - near, axis=1) * both
        count += both
    return total, count


def _weighted(values: NDArray[np.floating], weight: Values) -> NDArray[np.float64]:
    total = weight.sum(axis=0, dtype=np.float64)
    out: NDArray[np.float64] = (values * weight).sum(axis=0, dtype=np.float64) / (total + 1e-6)
    return out


def _displacement(pairs: Pairs) -> tuple[float, tuple[int, int]]:
    """Return (octaves gained, (dx, dy)) of the offset from which the fill joins best.

    Without displacement the nearest pixels fit best, so every gain is below 0.
    """
    end = pairs.o + pairs.gap * pairs.step
    ground = pairs.lab[pairs.o]
    here = np.linalg.norm(pairs.lab[end] - ground, axis=1)
    best, offset = -8.0, (0, 0)
    for dy in range(-OFFSETS_PX, OFFSETS_PX + 1):
        for dx in range(-OFFSETS_PX, OFFSETS_PX + 1):
            if not dx and not dy:
                continue
            there = end + dy * pairs.width + dx
            inside = pairs.state[there] == FILL
            if inside.sum() < 0.25 * len(end):
                continue
            other = np.linalg.norm(pairs.lab[there[inside]] - ground[inside], axis=1)
            gain = _octaves(here[inside], other)
            if gain > best:
                best, offset = gain, (dx, dy)
    return best, offset


def _twin(pairs: Pairs) -> tuple[float, tuple[int, int]]:
    """Return (octaves, (dx, dy)): how much likelier the fill's rim is the ground beside it, moved.

    For each small offset the ground's pixels are compared with the fill's that far inwards, and
    with the ground's that far outwards; the most alike of all offsets counts.
    """
    best, offset = -8.0, (0, 0)
    first = np.concatenate([pairs.o, pairs.o - pairs.step])
    first = first[pairs.state[first] == KNOWN]
    for dy in range(-OFFSETS_PX, OFFSETS_PX + 1):
        for dx in range(-OFFSETS_PX, OFFSETS_PX + 1):
            if not dx and not dy:
                continue
            move = dy * pairs.width + dx
            inside = pairs.state[first + move] == FILL
            opposite = pairs.state[first - move] == KNOWN
            use = inside & opposite
            if use.sum() < 12:
                continue
            at = first[use]
            own = np.linalg.norm(pairs.lab[at + move] - pairs.lab[at], axis=1)
            usual = np.linalg.norm(pairs.lab[at - move] - pairs.lab[at], axis=1)
            gain = _octaves(usual, own)
            if gain > best:
                best, offset = gain, (dx, dy)
    return best, offset


def _splat(pairs: Pairs, values: NDArray[np.floating], shape: tuple[int, ...]) -> Plane:
    """Return a plane of the crop that shows each pair's value at its two ends."""
    plane = np.zeros(len(pairs.state), dtype=np.float32)
    shown = np.maximum(values, 0).astype(np.float32)
    for at in (pairs.o, pairs.o + pairs.gap * pairs.step):
        np.maximum.at(plane, at, shown)
    whole = plane.reshape(-1, pairs.width)[PAD_PX:-PAD_PX, PAD_PX:-PAD_PX]
    out: Plane = cv2.dilate(np.ascontiguousarray(whole), np.ones((3, 3), np.uint8))
    return out
