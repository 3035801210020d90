"""Blemishes drawn by seed into photos: dust, sensor spots, scratches, hairs, wires.

Each knows which pixels it changed, what ground it lies on, and whether it can be seen there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.proposals.ground import Planes, to_lab

KINDS = ("dust", "sensor", "scratch", "hair", "wire")
COUNTS = {"dust": 5, "sensor": 4, "scratch": 2, "hair": 3, "wire": 1}
SMOOTH, BUSY = 1.5, 4.0
"""Variation of lightness (RMS, L of 0..100) around a blemish where grounds part."""
CLEAR_SPOT, CLEAR_LINE = 4.0, 2.0
"""Times the ground's own variation at its scale from which a spot, a line can be seen."""
LEAST = 2.0
"""Change of lightness below which nobody sees anything."""
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Blemish:
    """core: (H, W) what it mostly is; touched: what it changed by 1.5 L or more, core included."""

    kind: str
    core: Mask
    touched: Mask
    ground: str
    visible: bool


def plant(photo: Rgb, kind: str, rng: np.random.Generator) -> tuple[Rgb, list[Blemish]]:
    """Return the photo with blemishes of one kind, and what they are."""
    out = photo.astype(np.float32)
    drawn = []
    bare = to_lab(photo)[..., 0]
    for _ in range(COUNTS[kind]):
        cover, width = _cover(kind, bare, rng)
        dark = kind in ("sensor",) or rng.random() < {"scratch": 0.3, "wire": 0.85}.get(kind, 0.6)
        value = rng.uniform(20, 60) if dark else rng.uniform(220, 250)
        colour = np.full(3, value) + rng.uniform(-8, 8, 3)
        if kind == "sensor":
            change = -out * (rng.uniform(0.06, 0.25) * cover)[..., None]
        else:
            change = (colour - out) * (rng.uniform(0.4, 0.95) * cover)[..., None]
        after = np.clip(out + change, 0, 255)
        drawn.append((cover, width, to_lab(after.astype(np.uint8))[..., 0]))
        out = after
    shown = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    before = bare
    made = []
    for cover, width, after in drawn:
        made.append(_measured(kind, cover, width, bare, after - before))
        before = after
    return shown, made


def plant_on_sensor(
    photos: list[Rgb], count: int, rng: np.random.Generator
) -> tuple[list[Rgb], list[list[Blemish]]]:
    """Return photos of one size with the same sensor spots in each, and what these are there.

    A spot lies at its place whatever the photo shows; how much light it takes changes a little
    from photo to photo, as the aperture does.
    """
    height, width = photos[0].shape[:2]
    size = max(1.0, max(height, width) / 640)
    spots = []
    for _ in range(count):
        x, y = rng.uniform(0.04, 0.96) * width, rng.uniform(0.04, 0.96) * height
        radius, soft = rng.uniform(4.0, 14.0) * size, rng.uniform(0.2, 0.5)
        yy, xx = np.ogrid[:height, :width]
        edge = np.clip((np.hypot(xx - x, yy - y) / radius - 1) / (0.35 * soft), -30, 30)
        spots.append((1 / (1 + np.exp(edge)), 2 * radius, rng.uniform(0.08, 0.35)))
    shown, all_made = [], []
    for photo in photos:
        out, made, aperture = photo.astype(np.float32), [], rng.uniform(0.7, 1.0)
        before = bare = to_lab(photo)[..., 0]
        for cover, wide, share in spots:
            out = out * (1 - aperture * share * cover)[..., None].astype(np.float32)
            after = to_lab(np.clip(np.rint(out), 0, 255).astype(np.uint8))[..., 0]
            plane = np.asarray(cover, np.float32)
            made.append(_measured("sensor", plane, wide, bare, after - before))
            before = after
        shown.append(np.clip(np.rint(out), 0, 255).astype(np.uint8))
        all_made.append(made)
    return shown, all_made


def _measured(kind: str, cover: Planes, width: float, bare: Planes, change: Planes) -> Blemish:
    core = cover > 0.5
    touched = core | ((np.abs(change) >= 1.5) & (cover > 0.02))
    around = cv2.dilate(
        core.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=round(3 * width) + 5
    )
    fine = bare - cv2.GaussianBlur(bare, (0, 0), max(4.0, 1.2 * width))
    rough = float(np.sqrt((fine[around > 0] ** 2).mean()))
    ground = "smooth" if rough < SMOOTH else "medium" if rough < BUSY else "busy"
    sigma = max(0.7, 0.5 * width)
    band = cv2.GaussianBlur(bare, (0, 0), sigma) - cv2.GaussianBlur(bare, (0, 0), 2.2 * sigma)
    own = float(np.sqrt((band[around > 0] ** 2).mean()))
    blur = cv2.GaussianBlur(change, (0, 0), sigma) - cv2.GaussianBlur(change, (0, 0), 2.2 * sigma)
    felt = np.abs(blur[core])
    if kind in ("dust", "sensor"):
        strength, clear = float(felt.max()), CLEAR_SPOT
    else:
        strength, clear = float(np.median(felt)), CLEAR_LINE
    seen = float(np.median(np.abs(change[core]))) >= LEAST
    return Blemish(kind, core, touched, ground, seen and strength >= clear * (own + 0.15))


def _cover(kind: str, bare: Planes, rng: np.random.Generator) -> tuple[Planes, float]:
    """The coverage (H, W) 0..1 of one blemish, and about how wide it is, px."""
    height, width = bare.shape
    size = max(1.0, max(height, width) / 640)
    x, y = _place(bare, rng, 0.85 if kind == "sensor" else 0.6, 40.0 if kind == "sensor" else 10.0)
    if kind == "dust":
        radius = rng.uniform(1.5, 6.0) * size
        return _fleck(bare.shape, x, y, radius, rng), 2 * radius
    if kind == "sensor":
        radius = rng.uniform(4.0, 14.0) * size
        yy, xx = np.ogrid[:height, :width]
        far = np.hypot(xx - x, yy - y) / radius
        soft = rng.uniform(0.2, 0.5)
        edge = np.clip((far - 1) / (0.35 * soft), -30, 30)
        return (1 / (1 + np.exp(edge))).astype(np.float32), 2 * radius
    thick = rng.uniform(1.0, 2.2) * size**0.5
    if kind == "wire":
        thick = rng.uniform(1.2, 3.5) * size**0.5
        rise = rng.uniform(-0.25, 0.25) * height
        along = np.linspace(-0.05, 1.05, 200)
        sag = rng.uniform(0.0, 0.08) * height * (1 - (2 * along - 1) ** 2)
        points = np.stack([along * width, y + (along - 0.5) * rise + sag], axis=1)
    else:
        length = rng.uniform(0.15, 0.45) if kind == "scratch" else rng.uniform(0.07, 0.2)
        points = _bent(x, y, length * max(height, width), 0.05 if kind == "scratch" else 0.5, rng)
    return _line(bare.shape, points, thick, broken=kind == "scratch", rng=rng), thick


def _place(
    bare: Planes, rng: np.random.Generator, calm_share: float, reach_px: float
) -> tuple[float, float]:
    """Anywhere, or (so often) at the calmest of a few places: on skies blemishes are seen."""
    height, width = bare.shape
    few = [(rng.uniform(0.03, 0.97) * width, rng.uniform(0.03, 0.97) * height) for _ in range(9)]
    if rng.random() > calm_share:
        return few[0]
    reach = max(8, round(reach_px * max(height, width) / 640))

    def calm(place: tuple[float, float]) -> float:
        x, y = int(place[0]), int(place[1])
        return float(bare[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].std())

    return min(few, key=calm)


def _fleck(
    shape: tuple[int, ...], x: float, y: float, radius: float, rng: np.random.Generator
) -> Planes:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wobble = sum(rng.uniform(0, 0.16) * np.cos(k * angles + rng.uniform(0, 7)) for k in (2, 3, 5))
    reach = radius * (1 + wobble)
    points = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1)
    plane = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(plane, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = rng.uniform(0.5, 0.25 * radius + 0.6)
    cover = cv2.GaussianBlur(plane.astype(np.float32) / 255, (0, 0), soft)
    return np.asarray(cover / max(1e-6, float(cover.max())), np.float32)


def _bent(x: float, y: float, length: float, bend: float, rng: np.random.Generator) -> Planes:
    turn = rng.uniform(0, np.pi)
    along = np.linspace(-0.5, 0.5, 80)
    one, two = rng.uniform(-bend, bend), rng.uniform(-bend, bend) * 0.7
    off = one * (0.25 - along**2) + two * along * (0.25 - along**2) * 4
    c, s = np.cos(turn), np.sin(turn)
    return np.stack(
        [x + length * (along * c - off * s), y + length * (along * s + off * c)], axis=1
    )


def _line(
    shape: tuple[int, ...], points: NDArray[np.float64], thick: float, *, broken: bool,
    rng: np.random.Generator,
) -> Planes:  # fmt: skip
    """Drawn four times as large, so that its width need not be whole pixels."""
    box_low = np.maximum(np.floor(points.min(axis=0)) - 8, 0).astype(int)
    box_high = np.minimum(np.ceil(points.max(axis=0)) + 9, (shape[1], shape[0])).astype(int)
    plane = np.zeros(shape[:2], np.float32)
    if (box_high - box_low).min() < 2:
        return plane
    size = (box_high - box_low)[::-1]
    large = np.zeros(tuple(4 * size), np.uint8)
    local = np.rint((points - box_low) * 4).astype(np.int32)
    pieces = [local]
    if broken and rng.random() < 0.5:
        cut = int(rng.integers(25, 55))
        pieces = [local[:cut], local[cut + 5 :]]
    for piece in pieces:
        cv2.polylines(large, [piece], False, 255, max(1, round(4 * thick)))
    small = cv2.resize(large, (int(size[1]), int(size[0])), interpolation=cv2.INTER_AREA)
    part = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), 0.5)
    plane[box_low[1] : box_high[1], box_low[0] : box_high[0]] = part / max(0.5, float(part.max()))
    return plane
