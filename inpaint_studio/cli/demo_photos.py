"""The demo's jobs: real photos that come with a dependency, with things put over copies of them.

The clean photo stays known, so the demo can state the true error of every edit, which no real
job can.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inpaint_studio.arrays import MaskBool
from inpaint_studio.records import Kind

Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DemoJob:
    """One photo with one thing to remove. `mask` None: the program must propose it itself."""

    name: str
    what: str
    clean: Rgb
    photo: Rgb
    kind: Kind
    mask: MaskBool | None


def jobs() -> list[DemoJob]:
    """All jobs, always the same."""
    return [
        _caption("coffee", "a caption", _photo("coffee"), "50% OFF", (60, 50), 64),
        _caption("rocket", "a subtitle", _photo("rocket"), "LIFT-OFF AT SEVEN", (150, 360), 36),
        _caption("chelsea", "a watermark", _photo("chelsea"), "sample photo", (90, 130), 44, 150),
        _tiled("coffee all over", _photo("coffee"), "PREVIEW"),
        _price_tag("motorcycle", _photo("motorcycle_left")),
        _embossed("gravel", _photo("gravel")),
        _embossed("sky", _photo("rocket")[:300]),
        _painted("brick", _photo("brick"), (250, 240), (60, 38)),
        _painted("grass", _photo("grass"), (250, 260), (46, 60)),
        _painted("astronaut, the sleeve", _photo("astronaut"), (70, 330), (34, 46)),
        _painted("astronaut, the face", _photo("astronaut"), (223, 118), (56, 70)),
    ]


def _photo(name: str) -> Rgb:
    """One of scikit-image's photos, RGB."""
    from skimage import data

    folder = Path(data.__path__[0])
    found = next(folder.glob(f"{name}.*"))
    return np.asarray(Image.open(found).convert("RGB")).copy()


def _caption(
    name: str, what: str, clean: Rgb, text: str, at: tuple[int, int], size: int, opacity: int = 255
) -> DemoJob:
    layer = Image.new("RGBA", (clean.shape[1], clean.shape[0]), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(size)
    outline = max(1, size // 24) if opacity == 255 else 0
    draw.text(
        at,
        text,
        font=font,
        fill=(255, 255, 255, opacity),
        stroke_width=outline,
        stroke_fill=(20, 20, 20, opacity),
    )
    return DemoJob(name, what, clean, _over(clean, layer), "text", None)


def _tiled(name: str, clean: Rgb, text: str) -> DemoJob:
    """A see-through mark all over a photo, rows shifted by half a period."""
    layer = Image.new("RGBA", (clean.shape[1], clean.shape[0]), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for row, top in enumerate(range(24, clean.shape[0], 118)):
        for left in range(-90 * (row % 2), clean.shape[1], 205):
            draw.text((left, top), text, font=ImageFont.load_default(28), fill=(255, 255, 255, 115))
    mask = cv2.dilate((np.asarray(layer)[..., 3] > 4).astype(np.uint8), np.ones((3, 3), np.uint8))
    return DemoJob(name, "a tiled watermark", clean, _over(clean, layer), "watermark", mask > 0)


def _over(clean: Rgb, layer: Image.Image) -> Rgb:
    base = Image.fromarray(clean).convert("RGBA")
    return np.asarray(Image.alpha_composite(base, layer).convert("RGB")).copy()


def _price_tag(name: str, clean: Rgb) -> DemoJob:
    layer = Image.new("RGBA", (clean.shape[1], clean.shape[0]), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    box = (470, 40, 620, 110)
    draw.rounded_rectangle(box, radius=14, fill=(214, 40, 48, 255))
    draw.text((488, 50), "$19.99", font=ImageFont.load_default(38), fill=(255, 255, 255, 255))
    mask = np.asarray(layer)[..., 3] > 0
    return DemoJob(name, "a price tag", clean, _over(clean, layer), "object", mask)


def _embossed(name: str, clean: Rgb) -> DemoJob:
    """A logo pressed into the surface: light above and left, shade below and right."""
    height, width = clean.shape[:2]
    shape = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(shape)
    center = (int(width * 0.62), int(height * 0.42))
    draw.ellipse(
        (center[0] - 58, center[1] - 58, center[0] + 58, center[1] + 58), outline=255, width=9
    )
    draw.text((center[0] - 36, center[1] - 34), "IS", font=ImageFont.load_default(58), fill=255)
    height_map = cv2.GaussianBlur(np.asarray(shape, dtype=np.float32), (0, 0), 1.6)
    slope = np.gradient(height_map)
    light = (slope[0] + slope[1]) * 0.9
    photo = np.clip(clean.astype(np.float32) - light[..., None], 0, 255).astype(np.uint8)
    mask = cv2.dilate((np.abs(light) > 1.0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return DemoJob(name, "an embossed logo", clean, photo, "logo", mask)


def _painted(name: str, clean: Rgb, center: tuple[int, int], radii: tuple[int, int]) -> DemoJob:
    mask = np.zeros(clean.shape[:2], dtype=np.uint8)
    cv2.ellipse(mask, center, radii, 20.0, 0.0, 360.0, 1, -1)
    photo = clean.copy()
    photo[mask > 0] = (32, 96, 220)
    return DemoJob(name, "a painted region", clean, photo, "painted", mask > 0)
