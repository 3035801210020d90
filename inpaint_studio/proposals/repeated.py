"""Sensor spots by their place: the same faint dark disc at one place in several photos.

Dirt on a sensor takes the same share of light in every photo, whatever that shows there. One
photo rarely proves it, three can: for each place and size it is asked how far out in a photo's
own tail the dip there lies, and how often chance would put that many photos so far out at one
place (the k smallest of n uniform numbers; Donoho & Jin 2004, doi:10.1214/009053604000000265,
ask the same of many tests). Photos of one scene count once: what they share is the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, log10

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool, Plane
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal, proposal
from inpaint_studio.proposals.several import (
    Encoded,
    Load,
    looked_at,
    spread_over,
)

FEWEST = 3
"""Photos that must show a spot at a place before the place is evidence."""
SIGMAS = (2.0, 2.9, 4.1, 5.9, 8.4)
"""Sizes looked for, px of the copy; a disc is about 1.5 times as wide to each side."""
CHANCE, SURE = 2e-3, 1e-4
"""Chance finds of one size in a set, on average, up to which a place is suggested, and up to
which it may be filled unseen. Chance alone, as the photos' tails give it, is an estimate: on bare
sets five to ten times as many are found."""
SAME_SCENE = 0.5
"""Correlation of two photos' forms from which they show one scene."""
SHOWN = 1.5
"""Dip, in deviations of the ground near by, from which a photo shows the spot."""
COVERED = 0.3
"""Share of a single photo's proposal that a shared spot must cover to stand for it."""
LEAST_DEPTH, MOST_DEPTH = 0.008, 0.5
"""Share of light a spot takes in its middle, as a logarithm."""
_RIM = 0.010
_NOISE = 0.002
_OUT = 0.02
_ROUND, _SIDES = 0.45, 16
_PEAKS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A disc on the sensor, in photo px. seen: how many of `photos` show it; chance: how many
    such places chance would make."""

    x: float
    y: float
    radius_px: float
    sigma_px: float
    seen: int
    photos: int
    chance: float


def find_places(loads: Sequence[Load], token: RunToken | None = None) -> list[Place]:
    """Return the places where at least three of some photos of one size show a spot, surest first.

    Memory: one photo and small copies of `several.MOST_PHOTOS` at most. Empty when the photos
    differ in size or fewer than three scenes are among them.
    """
    token = token or RunToken()
    chosen = spread_over(loads)
    lights: list[Plane] = []
    shape = (0, 0)
    for number, load in enumerate(chosen):
        token.step(0.7 * number / len(chosen), "comparing photos")
        light = light_of(load())
        if lights and light.shape != shape:
            return []
        shape = (light.shape[0], light.shape[1])
        lights.append(looked_at(light))
    lights = _one_a_scene(lights)
    if len(lights) < FEWEST:
        return []
    found: list[tuple[Place, int]] = []
    for number, sigma in enumerate(SIGMAS):
        token.step(0.7 + 0.3 * number / len(SIGMAS), "comparing photos")
        found += [(place, number) for place in _at_size(lights, sigma)]
    kept: list[Place] = []
    for place, _ in sorted(found, key=lambda item: item[0].chance):
        near = [p for p in kept if np.hypot(p.x - place.x, p.y - place.y) < p.radius_px * 1.5]
        if not near:
            kept.append(place)
    scale = shape[1] / lights[0].shape[1]
    return [_scaled(place, scale) for place in kept]


def light_of(encoded: Encoded) -> Plane:
    """Return the logarithm of a photo's lightness: a spot takes the same off it everywhere."""
    mean = encoded.mean(axis=2, dtype=np.float32)
    return np.asarray(np.log(mean + np.float32(0.02)), dtype=np.float32)


def shown_by(light: Plane, place: Place) -> float:
    """Return how deep the dip at a place is in one photo, in deviations of the ground near by."""
    sigma = place.sigma_px
    reach = round(12 * sigma)
    column, row = round(place.x), round(place.y)
    box = Box(column - reach, row - reach, column + reach + 1, row + reach + 1)
    box = box.clamp(Box.of_shape(light.shape))
    part, at = light[box.slices], (row - box.top, column - box.left)
    step = max(1, int(sigma // 3))
    if step > 1:
        size = (max(4, part.shape[1] // step), max(4, part.shape[0] // step))
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        at = (min(at[0] // step, size[1] - 1), min(at[1] // step, size[0] - 1))
    return float(_dips(np.ascontiguousarray(part), sigma / step)[at])


def proposal_at(place: Place, shape: tuple[int, int]) -> Proposal | None:
    """Return the spot at a place as a proposal for a photo of `shape` that shows it.

    Automatic where the place is beyond chance: it is one witness, this photo's own dip the other.
    """
    reach = int(np.ceil(place.radius_px)) + 1
    column, row = round(place.x), round(place.y)
    box = Box(column - reach, row - reach, column + reach + 1, row + reach + 1)
    inner = box.clamp(Box.of_shape(shape))
    y, x = np.mgrid[inner.top : inner.bottom, inner.left : inner.right]
    disc: MaskBool = np.hypot(x - place.x, y - place.y) <= place.radius_px
    return proposal(
        disc, offset=(inner.left, inner.top), kind="blemish", text="sensor spot",
        confidence=0.9 if place.chance <= SURE else 0.7, automatic=place.chance <= SURE,
        reason=f"a faint dark spot {2 * place.radius_px:.0f} px wide, "
        f"seen at the same place in {place.seen} of {place.photos} photos",
    )  # fmt: skip


def merged(light: Plane, places: Sequence[Place], found: Sequence[Proposal]) -> list[Proposal]:
    """Return a photo's proposals with the spots it shares with others, which come first.

    light: the photo's own (`light_of`). A proposal of a blemish that such a spot covers gives way.
    """
    shape = (light.shape[0], light.shape[1])
    shared = [
        made
        for place in places
        if shown_by(light, place) >= SHOWN and (made := proposal_at(place, shape)) is not None
    ]
    taken = np.zeros(shape, dtype=np.bool_)
    for item in shared:
        taken[item.record.box.slices] |= item.mask
    alone = [
        item
        for item in found
        if item.record.kind != "blemish"
        or (item.mask & taken[item.record.box.slices]).sum() < COVERED * item.mask.sum()
    ]
    return [*shared, *alone]


def _one_a_scene(lights: list[Plane]) -> list[Plane]:
    """Keep the first photo of each scene: forms, not their large shading, tell scenes apart."""
    kept: list[Plane] = []
    forms: list[Plane] = []
    for light in lights:
        small = cv2.resize(light, (96, 64), interpolation=cv2.INTER_AREA)
        form = small - cv2.GaussianBlur(small, (0, 0), 4)
        form = (form - form.mean()) / (form.std() + 1e-6)
        if all(float((form * other).mean()) < SAME_SCENE for other in forms):
            forms.append(np.asarray(form, np.float32))
            kept.append(light)
    return kept


def _dips(light: Plane, sigma: float) -> Plane:
    """How deep each pixel lies below its surroundings, in deviations of the ground around it."""
    gap = cv2.GaussianBlur(light, (0, 0), 2 * sigma) - cv2.GaussianBlur(light, (0, 0), sigma)
    wide = 2 * round(8 * sigma) + 1
    usual = np.sqrt(np.maximum(cv2.blur(gap * gap, (wide, wide)), 0)) + np.float32(_NOISE)
    return np.asarray(gap / usual, dtype=np.float32)


def _tail(dips: Plane) -> Plane:
    """-log10 of the share of the photo's own pixels with as deep a dip."""
    order = np.sort(dips.ravel()[:: max(1, dips.size // 60_000)])
    above = len(order) - np.searchsorted(order, dips.ravel(), side="left")
    share = (above + 1) / (len(order) + 1)
    return np.asarray(-np.log10(share).reshape(dips.shape), dtype=np.float32)


def _at_size(lights: list[Plane], sigma: float) -> list[Place]:
    step = 2 ** max(0, int(np.log2(sigma / 2)))
    size = (lights[0].shape[1] // step, lights[0].shape[0] // step)
    if min(size) < 24:
        return []
    copies = [
        light if step == 1 else cv2.resize(light, size, interpolation=cv2.INTER_AREA)
        for light in lights
    ]
    own = sigma / step
    tails = np.stack([_tail(_dips(copy, own)) for copy in copies])
    total = np.minimum(tails, 4).sum(axis=0)
    reach = 2 * round(2 * own) + 1
    peak = total >= cv2.dilate(total, np.ones((reach, reach), np.uint8))
    edge = round(2 * own)
    peak[:edge] = peak[-edge:] = False
    peak[:, :edge] = peak[:, -edge:] = False
    rows, columns = np.nonzero(peak)
    order = np.argsort(-total[rows, columns], kind="stable")[:_PEAKS]
    places = total.size / (2 * np.pi * own**2)
    found = []
    for row, column in zip(rows[order], columns[order], strict=True):
        chance, count = _chance(tails[:, row, column], places)
        if chance > CHANCE:
            continue
        seen = np.argsort(-tails[:, row, column], kind="stable")[:count]
        disc = _disc([copies[k] for k in seen], int(row), int(column), own)
        if disc is not None:
            x, y, radius = disc
            more = int((tails[:, row, column] >= -log10(_OUT)).sum())
            found.append(Place(
                x=(x + 0.5) * step - 0.5, y=(y + 0.5) * step - 0.5, radius_px=radius * step,
                sigma_px=sigma, seen=max(count, more), photos=len(lights), chance=chance,
            ))  # fmt: skip
    return found


def _chance(tails: Plane, places: float) -> tuple[float, int]:
    """How many of so many places chance would make so unusual in k of n photos, the least over k
    from three on; and that k."""
    deepest = np.sort(tails)[::-1]
    n = len(deepest)
    odds = [
        (log10(places) + log10(comb(n, k)) - k * float(deepest[k - 1]), k)
        for k in range(FEWEST, n + 1)
    ]
    least, count = min(odds)
    return 10.0 ** min(least, 3.0), count


def _disc(
    copies: list[Plane], row: int, column: int, sigma: float
) -> tuple[float, float, float] | None:
    """The middle and the radius of what several photos have in common at a place, px; None where
    it is no round dip."""
    reach = round(6 * sigma)
    box = Box(column - reach, row - reach, column + reach + 1, row + reach + 1)
    inner = box.clamp(Box.of_shape(copies[0].shape))
    y, x = np.mgrid[inner.top : inner.bottom, inner.left : inner.right].astype(np.float32)
    far = np.hypot(y - row, x - column)
    ring = (far > 3 * sigma) & (far <= reach)
    terms = np.stack([np.ones_like(x), x - column, y - row], axis=-1)
    total = np.zeros(x.shape, np.float64)
    weights = 0.0
    for copy in copies:
        part = copy[inner.slices]
        fit, *_ = np.linalg.lstsq(terms[ring], part[ring], rcond=None)
        rise = part - terms @ fit
        weight = 1 / (float(np.var(rise[ring])) + 1e-4)
        total += weight * rise
        weights += weight
    mean = (total / weights).astype(np.float32)
    dip = -cv2.GaussianBlur(mean, (0, 0), max(0.6, 0.5 * sigma))
    core = far <= 1.5 * sigma
    weight_at = np.maximum(dip, 0) * core
    if weight_at.sum() <= 0:
        return None
    mid_x = float((weight_at * x).sum() / weight_at.sum())
    mid_y = float((weight_at * y).sum() / weight_at.sum())
    far = np.hypot(y - mid_y, x - mid_x)
    depth = float(-mean[far <= max(1.0, 0.7 * sigma)].mean())
    if not LEAST_DEPTH <= depth <= MOST_DEPTH or not _is_round(
        -mean, far, y - mid_y, x - mid_x, sigma
    ):
        return None
    at = 0.7 * sigma
    while at < 4 * sigma:
        here = (far > at) & (far <= at + 1)
        if here.any() and float(-mean[here].mean()) < max(_RIM, 0.06 * depth):
            break
        at += 0.5
    return mid_x, mid_y, at + 1.0


def _is_round(dip: Plane, far: Plane, y: Plane, x: Plane, sigma: float) -> bool:
    """Whether every side of a dip rises back: a line or an edge does not on two."""
    soft = cv2.GaussianBlur(dip, (0, 0), 0.5 * sigma)
    angle = np.arctan2(y, x) / (2 * np.pi) + 0.5 / _SIDES
    side = np.floor(angle * _SIDES).astype(int) % _SIDES
    middle = float(soft[far <= max(1.0, 0.7 * sigma)].mean())
    out = (far > 2.7 * sigma) & (far <= 3.7 * sigma)
    around = [float(soft[out & (side == k)].mean()) for k in np.unique(side[out])]
    return max(around, default=0.0) <= _ROUND * middle


def _scaled(place: Place, scale: float) -> Place:
    return Place(
        x=(place.x + 0.5) * scale - 0.5, y=(place.y + 0.5) * scale - 0.5,
        radius_px=place.radius_px * scale + (0.5 if scale > 1 else 0),
        sigma_px=place.sigma_px * scale, seen=place.seen, photos=place.photos,
        chance=place.chance,
    )  # fmt: skip
