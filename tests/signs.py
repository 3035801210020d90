"""Signs that stand in a scene, drawn by seed: seen at an angle, lit, a little soft, with grain.

They are what must not be taken for an overlay: plates, shop fronts and painted letters, each in
perspective (every third one seen nearly straight on), under light that falls off along it, with
the lens' softness and the photo's own grain.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.overlays import Rgb, as_jpeg, fonts, text_alpha

WORDS = (
    "BAKERY", "Hotel Lindner", "PARKING", "Open daily", "CAFE", "Museum", "Exit 24", "Platform 3",
    "Bookshop", "NO ENTRY", "Pharmacy", "Town Hall", "Harbour", "Garage", "Route 66", "Fresh fish",
)  # fmt: skip
_FINE = 4


@dataclass(frozen=True, eq=False)
class Sign:
    """A photo with a sign in it; `letters`: (H, W) where its letters are."""

    name: str
    photo: Rgb
    letters: NDArray[np.bool_]
    straight: bool


def draw_sign(photo: Rgb, seed: int) -> Sign:
    """Return `photo` (at least 240 px a side) with one sign; the same seed draws the same."""
    rng = np.random.default_rng([seed, 501])
    names = fonts() or (None,)
    path = names[int(rng.integers(len(names)))]
    text = WORDS[int(rng.integers(len(WORDS)))]
    size = int(rng.integers(14, 48))
    alpha = text_alpha(text, path, size * _FINE)
    while alpha.shape[1] > 0.6 * _FINE * photo.shape[1]:
        size = int(0.85 * size)
        alpha = text_alpha(text, path, size * _FINE)
    pad = int(0.5 * size * _FINE)
    alpha = np.pad(alpha, pad)
    height, width = alpha.shape
    straight = bool(seed % 3 == 0)
    bend = 0.01 if straight else 0.10
    reach = np.array([width, height]) / _FINE
    corner = np.array([
        rng.uniform(8, max(9, photo.shape[1] - reach[0] - 8)),
        rng.uniform(8, max(9, photo.shape[0] - reach[1] - 8)),
    ])  # fmt: skip
    quad = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * reach
    quad += rng.uniform(-bend, bend, size=(4, 2)) * np.array([reach[0] * 0.5, reach[1]])
    turn = np.radians(rng.uniform(-0.6, 0.6) if straight else rng.uniform(-7, 7))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    quad = (quad - reach / 2) @ spin.T + reach / 2 + corner
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, (quad * _FINE).astype(np.float32))
    fine = (photo.shape[1] * _FINE, photo.shape[0] * _FINE)

    def seen(plane: NDArray[np.float32], soft_px: float) -> NDArray[np.float32]:
        turned = cv2.warpPerspective(plane, matrix, fine, flags=cv2.INTER_LINEAR)
        turned = cv2.GaussianBlur(turned, (0, 0), soft_px * _FINE)
        return np.asarray(cv2.resize(turned, photo.shape[1::-1], interpolation=cv2.INTER_AREA))

    soft = float(rng.uniform(0.45, 1.1))
    ink, plate = seen(alpha, soft), seen(np.ones_like(alpha), soft)
    return Sign(
        f"sign-{seed}{'-straight' if straight else ''}",
        _lit(photo, ink, plate, rng), ink > 0.5, straight,
    )  # fmt: skip


def _lit(
    photo: Rgb, ink: NDArray[np.float32], plate: NDArray[np.float32], rng: np.random.Generator
) -> Rgb:
    """The photo with plate and letters painted in, lit and grained."""
    dark, bright = rng.uniform(15, 70, size=3), rng.uniform(170, 245, size=3)
    ground, letters = (dark, bright) if rng.integers(2) else (bright, dark)
    photo_f = photo.astype(np.float32)
    painted = photo_f if rng.integers(3) == 0 else np.broadcast_to(
        ground.astype(np.float32), photo.shape
    )  # fmt: skip
    made = painted * (1 - ink[..., None]) + letters.astype(np.float32) * ink[..., None]
    y, x = np.mgrid[0 : photo.shape[0], 0 : photo.shape[1]].astype(np.float32)
    slope = rng.uniform(-0.35, 0.35, size=2) / 100
    rows, columns = np.nonzero(plate > 0.5)
    light = 1 + slope[0] * (x - columns.mean()) + slope[1] * (y - rows.mean())
    worn = cv2.GaussianBlur(rng.normal(size=ink.shape).astype(np.float32), (0, 0), 2.5) * 9
    grain = rng.normal(size=photo.shape).astype(np.float32) * float(rng.uniform(1.2, 3.5))
    made = made * np.clip(light, 0.5, 1.3)[..., None] + worn[..., None] + grain
    out = photo_f * (1 - plate[..., None]) + made * plate[..., None]
    shown = np.clip(np.rint(out), 0, 255).astype(np.uint8)
    return as_jpeg(shown, int(rng.integers(85, 96))) if rng.integers(2) else shown
