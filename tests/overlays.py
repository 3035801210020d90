"""Overlays on photos, drawn by seed: captions, prices, watermarks, paragraphs, arcs, logos.

Each overlay knows what was behind it and which pixels it changed, so that masks and fills can
be measured. Fonts are what the machine has; Pillow's own is the last resort, and kinds that
need a font the machine lacks (CJK) are left out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = NDArray[np.uint8]
Alpha = NDArray[np.float32]
Layer = tuple[Alpha, NDArray[np.float32]]

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("C:/Windows/Fonts"), Path("/Library/Fonts"))
LATIN = (
    "Summer Sale", "New Arrival", "© Studio Lumen 2023", "SAMPLE IMAGE", "Visit our shop today",
    "Limited Edition", "Photo by A. Moreau", "Best price guaranteed", "20 October 2024",
    "Hello World", "BREAKING NEWS", "Chapter Seven", "www.example.com", "Only this weekend",
)  # fmt: skip
PRICES = ("$ 24.99", "€ 1,299", "-50 %", "2 for 1", "19.90 EUR", "NOW 79,-")
CJK = ("夏季大減价优惠", "新品上市", "版权所有请勿转载", "東京の朝", "限时特价", "写真素材")
PARAGRAPH = (
    "The quick brown fox jumps", "over the lazy dog while the", "photographer waits for light",
    "and the tide comes slowly in",
)  # fmt: skip
KINDS = (
    "caption", "outlined", "shadowed", "glow", "translucent", "tiled", "rotated", "curved",
    "cjk", "vertical", "dark", "colours", "price", "paragraph", "title", "small",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Overlay:
    """A photo with an overlay. `changed`: visibly (>= 6 levels); `touched`: at all, both as drawn,
    before JPEG spread it."""

    name: str
    kind: str
    photo: Rgb
    behind: Rgb
    changed: NDArray[np.bool_]
    touched: NDArray[np.bool_]
    texts: tuple[str, ...]
    size_px: int
    jpeg: int = 0
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def shows(self) -> NDArray[np.bool_]:
        """Where the overlay shows: `touched`, and where a JPEG rings with it (>= 6 levels)."""
        if not self.jpeg:
            return self.touched
        bare = as_jpeg(self.behind, self.jpeg).astype(np.int16)
        gap = np.abs(bare - self.photo.astype(np.int16)).max(axis=2)
        return np.asarray(self.touched | (gap >= 6), dtype=np.bool_)


@cache
def fonts(script: str = "latin") -> tuple[str, ...]:
    """Return font files that hold `script` ("latin" or "cjk"), sorted by name.

    A file counts when it really draws the script: many hold another script alone and would
    draw every Latin letter as the same empty box.
    """
    found: list[str] = []
    for folder in FONT_FOLDERS:
        if folder.is_dir():
            found += [str(p) for p in folder.rglob("*") if p.suffix in {".ttf", ".otf", ".ttc"}]
    skip = ("symbol", "dingbat", "d050000l", "emoji", "math", "standardsymbols", "mono")
    wide = ("cjk", "droidsansfallback", "wqy", "notosanssc", "notosansjp", "ukai", "uming")
    names = sorted(found)
    if script == "cjk":
        return tuple(n for n in names if any(w in Path(n).name.lower() for w in wide))
    taboo = (*skip, *wide)
    return tuple(
        n for n in names if not any(w in Path(n).name.lower() for w in taboo) and _draws(n, "AgQ7$")
    )


def _draws(path: str, letters: str) -> bool:
    """Whether a font file holds every one of some letters."""
    font = ImageFont.truetype(path, 24)
    absent = bytes(font.getmask("\uffff"))
    drawn = [bytes(font.getmask(letter)) for letter in letters]
    return all(any(mask) and mask != absent for mask in drawn)


@cache
def families(script: str = "latin") -> dict[str, tuple[str, ...]]:
    """Return the font files by family, so that a family of many files is drawn no oftener."""
    found: dict[str, list[str]] = {}
    for path in fonts(script):
        found.setdefault(ImageFont.truetype(path, 24).getname()[0] or path, []).append(path)
    return {name: tuple(found[name]) for name in sorted(found)}


def _font(path: str | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


def text_alpha(
    text: str, path: str | None, size: int, *, stroke: int = 0, vertical: bool = False
) -> Alpha:
    """Return the coverage (h, w) 0..1 of a text, with room for its stroke."""
    font = _font(path, size)
    if vertical:
        cells = [text_alpha(char, path, size, stroke=stroke) for char in text]
        width = max(cell.shape[1] for cell in cells)
        step = round(size * 1.12)
        canvas = np.zeros((step * len(cells) + size, width), dtype=np.float32)
        for number, cell in enumerate(cells):
            part = canvas[number * step : number * step + cell.shape[0]]
            left = (width - cell.shape[1]) // 2
            cell = cell[: part.shape[0]]
            part[:, left : left + cell.shape[1]] = np.maximum(
                part[:, left : left + cell.shape[1]], cell
            )
        return canvas
    left, top, right, bottom = font.getbbox(text, stroke_width=stroke)
    image = Image.new("L", (int(right - left) + 6, int(bottom - top) + 6), 0)
    draw = ImageDraw.Draw(image)
    draw.text((3 - left, 3 - top), text, font=font, fill=255, stroke_width=stroke)
    return np.asarray(image, dtype=np.float32) / 255


def turned(alpha: Alpha, degrees: float) -> Alpha:
    image = Image.fromarray((alpha * 255).astype(np.uint8))
    out = image.rotate(degrees, expand=True, resample=Image.Resampling.BICUBIC)
    return np.asarray(out, dtype=np.float32) / 255


def arc_alpha(text: str, path: str | None, size: int, radius: float, *, up: bool = True) -> Alpha:
    """Return a text on an arc of `radius` px, its middle at the top (or bottom) of the circle."""
    font = _font(path, size)
    widths = [max(1.0, float(font.getlength(char))) for char in text]
    total = sum(widths)
    side = int(2 * (radius + 2 * size))
    canvas = Image.new("L", (side, side), 0)
    run = -total / 2
    for char, width in zip(text, widths):
        theta = (run + width / 2) / radius
        run += width
        cell = Image.new("L", (4 * size, 4 * size), 0)
        ImageDraw.Draw(cell).text((2 * size, 2 * size), char, font=font, fill=255, anchor="mm")
        sign = 1 if up else -1
        cell = cell.rotate(-sign * np.degrees(theta), resample=Image.Resampling.BICUBIC)
        x = side / 2 + radius * np.sin(theta) - 2 * size
        y = side / 2 - sign * radius * np.cos(theta) - 2 * size
        piece = Image.new("L", canvas.size, 0)
        piece.paste(cell, (round(x), round(y)))
        canvas = Image.fromarray(np.maximum(np.asarray(canvas), np.asarray(piece)))
    alpha = np.asarray(canvas, dtype=np.float32) / 255
    rows, columns = np.nonzero(alpha > 0)
    return alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def placed(alpha: Alpha, shape: tuple[int, ...], left: int, top: int) -> Alpha:
    """Return `alpha` on an empty plane of `shape`; what falls outside is cut."""
    plane = np.zeros(shape[:2], dtype=np.float32)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(shape[0], top + alpha.shape[0]), min(shape[1], left + alpha.shape[1])
    if y1 > y0 and x1 > x0:
        plane[y0:y1, x0:x1] = alpha[y0 - top : y1 - top, x0 - left : x1 - left]
    return plane


def compose(photo: Rgb, layers: Sequence[Layer]) -> Rgb:
    """Return the photo under the layers, bottom first: out = (1 - a)·out + a·colour."""
    out = photo.astype(np.float32)
    for alpha, colour in layers:
        out = out * (1 - alpha[..., None]) + colour * alpha[..., None]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def as_jpeg(photo: Rgb, quality: int, subsampling: int = 2) -> Rgb:
    """Return what a JPEG of that quality shows."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file).convert("RGB"))


def _colour(rng: np.random.Generator, photo: Rgb, area: Alpha, *, dark: bool = False) -> Alpha:
    """A colour that can be read on what lies under `area`."""
    under = photo[area > 0.3].astype(np.float32)
    mean = under.mean(axis=0) if len(under) else np.full(3, 128.0)
    bright = float(mean @ np.array([0.21, 0.72, 0.07])) < 140
    if dark:
        bright = False
    choices = (
        [(255, 255, 255), (255, 240, 90), (250, 250, 235), (120, 230, 255)]
        if bright
        else [(10, 10, 10), (20, 20, 90), (150, 10, 20), (0, 60, 30)]
    )
    return np.array(choices[int(rng.integers(len(choices)))], dtype=np.float32)


def _spot(rng: np.random.Generator, photo: Rgb, alpha: Alpha) -> tuple[int, int]:
    height, width = photo.shape[:2]
    left = int(rng.integers(4, max(5, width - alpha.shape[1] - 4)))
    top = int(rng.integers(4, max(5, height - alpha.shape[0] - 4)))
    return left, top


def _fitting(draw: Callable[[int], Alpha], size: int, shape: tuple[int, ...]) -> tuple[Alpha, int]:
    alpha = draw(size)
    while (alpha.shape[1] > shape[1] - 10 or alpha.shape[0] > shape[0] - 10) and size > 8:
        size = max(8, int(size * 0.85))
        alpha = draw(size)
    return alpha, size


def draw(
    photo: Rgb, kind: str, seed: int, *, jpeg: int = 0, allowed: Sequence[str] = ()
) -> Overlay:
    """Return `photo` with one overlay of `kind`; the same seed draws the same overlay.

    allowed: the font families to draw from (none: all that the machine has).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    path = _pick_font(rng, "cjk" if kind in {"cjk", "vertical"} else "latin", allowed)
    sizes = {"small": (10, 15), "title": (50, 80), "tiled": (16, 28), "paragraph": (12, 22)}
    size = int(rng.integers(*sizes.get(kind, (16, 48))))
    layers, texts, size = _layers(photo, kind, rng, path, size)
    shown = compose(photo, layers)
    gap = np.abs(shown.astype(np.int16) - photo.astype(np.int16)).max(axis=2)
    shown = as_jpeg(shown, jpeg) if jpeg else shown
    name = f"{kind}-{seed}" + (f"-q{jpeg}" if jpeg else "")
    return Overlay(name, kind, shown, photo, gap >= 6, gap >= 1, texts, size, jpeg)


def _pick_font(rng: np.random.Generator, script: str, allowed: Sequence[str]) -> str | None:
    known = families(script)
    if not known:
        if script == "cjk":
            raise LookupError("no CJK font here")
        return None
    chosen = [name for name in known if name in allowed] or list(known)
    names = known[chosen[int(rng.integers(len(chosen)))]]
    return names[int(rng.integers(len(names)))]


def _layers(
    photo: Rgb, kind: str, rng: np.random.Generator, path: str | None, size: int
) -> tuple[list[Layer], tuple[str, ...], int]:
    words = PRICES if kind == "price" else CJK if kind in {"cjk", "vertical"} else LATIN
    text = words[int(rng.integers(len(words)))]
    if kind == "tiled":
        return _tiled(photo, rng, path, size, text)
    if kind == "paragraph":
        return _paragraph(photo, rng, path, size)
    degrees = float(rng.uniform(10, 45) * rng.choice([-1, 1])) if kind == "rotated" else 0.0
    radius = float(rng.uniform(110, 260))

    def shape_of(px: int) -> Alpha:
        if kind == "curved":
            return arc_alpha(text, path, min(px, 34), radius, up=bool(seed_up))
        plain = text_alpha(text, path, px, vertical=kind == "vertical")
        return turned(plain, degrees) if degrees else plain

    seed_up = rng.integers(2)
    alpha, size = _fitting(shape_of, size, photo.shape)
    left, top = _spot(rng, photo, alpha)
    ink = placed(alpha, photo.shape, left, top)
    colour = _colour(rng, photo, ink, dark=kind == "dark")
    layers = _effects(kind, rng, ink, colour, size)
    return layers, (text,), size


def _effects(
    kind: str, rng: np.random.Generator, ink: Alpha, colour: Alpha, size: int
) -> list[Layer]:
    other = np.full(3, 0.0 if colour.mean() > 110 else 255.0, dtype=np.float32)
    if kind == "outlined":
        wide = 2 * max(1, round(size * rng.uniform(0.04, 0.08))) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
        return [(cv2.dilate(ink, disc), other), (ink, colour)]
    if kind == "shadowed":
        step = max(1, round(size * rng.uniform(0.05, 0.10)))
        shadow = np.roll(cv2.GaussianBlur(ink, (0, 0), max(0.6, step / 2)), (step, step), (0, 1))
        return [(shadow * np.float32(rng.uniform(0.5, 0.9)), other), (ink, colour)]
    if kind == "glow":
        spread = max(1.5, size * 0.08)
        halo = np.clip(cv2.GaussianBlur(ink, (0, 0), spread) * 1.6, 0, 1)
        return [(halo * np.float32(0.7), other), (ink, colour)]
    if kind == "translucent":
        return [(ink * np.float32(rng.uniform(0.35, 0.75)), colour)]
    if kind == "colours":
        columns = np.nonzero(ink.max(axis=0) > 0)[0]
        cuts = np.linspace(columns.min(), columns.max() + 1, 6).astype(int)
        layers: list[Layer] = []
        palette = [(230, 40, 40), (250, 200, 20), (60, 200, 80), (40, 120, 250), (240, 90, 200)]
        for number in range(5):
            part = np.zeros_like(ink)
            part[:, cuts[number] : cuts[number + 1]] = ink[:, cuts[number] : cuts[number + 1]]
            layers.append((part, np.array(palette[number], dtype=np.float32)))
        return layers
    return [(ink, colour)]


def _tiled(
    photo: Rgb, rng: np.random.Generator, path: str | None, size: int, text: str
) -> tuple[list[Layer], tuple[str, ...], int]:
    tile = turned(text_alpha(text, path, size), 30)
    plane = np.zeros(photo.shape[:2], dtype=np.float32)
    step_y, step_x = int(tile.shape[0] * 1.25) + 12, int(tile.shape[1] * 1.15) + 12
    for row, top in enumerate(range(-step_y // 2, photo.shape[0], step_y)):
        for left in range(-step_x // 2 - (row % 2) * step_x // 2, photo.shape[1], step_x):
            plane = np.maximum(plane, placed(tile, photo.shape, left, top))
    alpha = plane * np.float32(rng.uniform(0.30, 0.6))
    return [(alpha, np.full(3, 255.0, dtype=np.float32))], (text,), size


def _paragraph(
    photo: Rgb, rng: np.random.Generator, path: str | None, size: int
) -> tuple[list[Layer], tuple[str, ...], int]:
    while size > 9:
        lines = [text_alpha(line, path, size) for line in PARAGRAPH]
        step = round(size * 1.35)
        if max(x.shape[1] for x in lines) < photo.shape[1] - 12:
            break
        size -= 1
    height = step * len(lines) + size
    block = np.zeros((height, max(x.shape[1] for x in lines)), dtype=np.float32)
    for number, line in enumerate(lines):
        part = block[number * step : number * step + line.shape[0], : line.shape[1]]
        np.maximum(part, line[: part.shape[0]], out=part)
    left, top = _spot(rng, photo, block)
    ink = placed(block, photo.shape, left, top)
    return [(ink, _colour(rng, photo, ink))], PARAGRAPH, size


SURFACES = ("fabric", "wood", "metal", "skin")


def surface(kind: str, seed: int, shape: tuple[int, int] = (360, 480)) -> Rgb:
    """Return a surface made by seed: woven fabric, wood grain, brushed metal, skin-like."""
    rng = np.random.default_rng([seed, SURFACES.index(kind)])
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    noise = rng.normal(size=shape).astype(np.float32)
    base = np.array(
        {
            "fabric": (70 + rng.uniform(-30, 90), 80, 100 + rng.uniform(-30, 60)),
            "wood": (150, 105, 65),
            "metal": (165, 168, 172),
            "skin": (205, 160, 135),
        }[kind],
        dtype=np.float32,
    )
    if kind == "fabric":
        pitch = rng.uniform(3.5, 7.0)
        weave = np.sin(2 * np.pi * x / pitch) * np.sin(2 * np.pi * y / pitch)
        plane = 9 * weave + 3 * cv2.GaussianBlur(noise, (0, 0), 0.8)
    elif kind == "wood":
        bent = y + 8 * np.sin(x / rng.uniform(60, 120)) + 40 * cv2.GaussianBlur(noise, (0, 0), 18)
        grain = cv2.GaussianBlur(noise, (0, 0), sigmaX=14, sigmaY=0.7) * 20
        plane = 8 * np.sin(bent / rng.uniform(3, 6)) + grain
    elif kind == "metal":
        plane = cv2.GaussianBlur(noise, (0, 0), sigmaX=22, sigmaY=0.6) * 25 + noise * 1.2
    else:
        pores = cv2.GaussianBlur(noise, (0, 0), 1.3) * 9
        plane = pores + cv2.GaussianBlur(rng.normal(size=shape).astype(np.float32), (0, 0), 12) * 40
    light = 14 * np.cos((x - rng.uniform(0, width)) / width * 1.7 + (y / height) * 1.1)
    out = base + (plane + light)[..., None] * np.array([1.0, 0.97, 0.92], dtype=np.float32)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def logo_alpha(rng: np.random.Generator, size: int) -> Alpha:
    """Return a logo's shape (h, w) 0..1: a ring, star, swoosh or wordmark."""
    kind = int(rng.integers(4))
    if kind == 3:
        words = ("NORA", "Velux", "ALTO", "Kite", "ORBIT")
        names = fonts() or (None,)
        path = names[int(rng.integers(len(names)))]
        return text_alpha(words[int(rng.integers(len(words)))], path, max(18, size // 2))
    side = 2 * size
    canvas = np.zeros((side, side), dtype=np.uint8)
    middle = (size, size)
    if kind == 0:
        cv2.circle(canvas, middle, int(size * 0.8), 255, max(3, size // 7), cv2.LINE_AA)
        cv2.circle(canvas, middle, int(size * 0.3), 255, -1, cv2.LINE_AA)
    elif kind == 1:
        points = []
        for k in range(10):
            radius = size * (0.85 if k % 2 == 0 else 0.38)
            angle = -np.pi / 2 + k * np.pi / 5
            points.append((size + radius * np.cos(angle), size + radius * np.sin(angle)))
        cv2.fillPoly(canvas, [np.array(points, dtype=np.int32)], 255, cv2.LINE_AA)
    else:
        for k in range(3):
            axes = (int(size * (0.85 - 0.22 * k)), int(size * (0.5 - 0.12 * k)))
            cv2.ellipse(canvas, middle, axes, 20, 20, 230, 255, max(3, size // 9), cv2.LINE_AA)
    return canvas.astype(np.float32) / 255


def emboss(photo: Rgb, seed: int) -> Overlay:
    """Return `photo` with a logo pressed into it: a light side, a dark side, same colour."""
    rng = np.random.default_rng([seed, 77])
    size = int(rng.integers(26, 56))
    shape = logo_alpha(rng, size)
    left, top = _spot(rng, photo, shape)
    height = cv2.GaussianBlur(placed(shape, photo.shape, left, top), (0, 0), rng.uniform(0.9, 1.8))
    angle = rng.uniform(0, 2 * np.pi)
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8
    shade = (np.cos(angle) * dx + np.sin(angle) * dy) * rng.uniform(140, 260)
    gain = 1 + shade / 128
    out = np.clip(np.rint(photo.astype(np.float32) * gain[..., None]), 0, 255).astype(np.uint8)
    gap = np.abs(out.astype(np.int16) - photo.astype(np.int16)).max(axis=2)
    notes = {"angle": float(angle)}
    return Overlay(f"emboss-{seed}", "emboss", out, photo, gap >= 6, gap >= 1, (), size, 0, notes)


SCRIPTS = {
    "armenian": ("Բարև աշխարհ", "Նոր հավաքածու", "Միայն այսօր"),
    "georgian": ("გამარჯობა", "ახალი კოლექცია", "მხოლოდ დღეს"),
    "arabic": ("مرحبا بالعالم", "تخفيضات كبيرة", "وصل حديثا"),
    "hebrew": ("שלום עולם", "מבצע סוף שבוע", "חדש בחנות"),
    "ethiopic": ("ሰላም ለዓለም", "አዲስ ስብስብ", "ዛሬ ብቻ ነው"),
}
"""Scripts that the reader does not know, with what captions say in them."""


def draw_foreign(photo: Rgb, script: str, seed: int) -> Overlay | None:
    """Return `photo` with a plain caption in a script of `SCRIPTS`; None: no font draws it."""
    rng = np.random.default_rng([seed, list(SCRIPTS).index(script)])
    words = SCRIPTS[script]
    text = words[int(rng.integers(len(words)))]
    known = _fonts_drawing("".join(dict.fromkeys("".join(words).replace(" ", ""))))
    if not known:
        return None
    path = known[int(rng.integers(len(known)))]
    alpha, size = _fitting(
        lambda px: text_alpha(text, path, px), int(rng.integers(18, 44)), photo.shape
    )
    ink = placed(alpha, photo.shape, *_spot(rng, photo, alpha))
    shown = compose(photo, [(ink, _colour(rng, photo, ink))])
    gap = np.abs(shown.astype(np.int16) - photo.astype(np.int16)).max(axis=2)
    return Overlay(f"{script}-{seed}", script, shown, photo, gap >= 6, gap >= 1, (text,), size)


@cache
def _fonts_drawing(letters: str) -> tuple[str, ...]:
    """Return the font files that hold every one of some letters, sorted by name."""
    folders = (folder for folder in FONT_FOLDERS if folder.is_dir())
    files = sorted(str(p) for f in folders for p in f.rglob("*") if p.suffix in {".ttf", ".otf"})
    return tuple(path for path in files if _draws(path, letters))
