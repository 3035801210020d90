"""Photos of a made-up night: real ones, with captions and logos drawn over them.

Sizes are mixed as a shop's are, but small enough for a small machine: of a hundred photos about
92 have 0.15 to 0.4 MP, six 2 to 3 MP and two 5 to 12 MP. Every photo has other bytes, the draw
depends on the seed alone.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from inpaint_studio.paths import resource

DATA = Path(__file__).parents[3] / "shared" / "data"
WORDS = ("SALE 50%", "NEW", "Sample 2024", "COPYRIGHT", "www.shop.example", "Special offer")
COLOURS = ("white", "yellow", "red", "black", "#1d6fb8")
MOST_MP = 12.0


def make_photos(folder: Path, number: int, seed: int) -> list[Path]:
    """Write `number` photos into folders of `folder`; return them. Every 50th is damaged."""
    folder.mkdir(parents=True)
    paths = []
    for n in range(number):
        rng = random.Random(seed * 100_000 + n)
        picture = _drawn(_source(n, rng), rng)
        path = folder / f"shelf{n % 3}" / f"sku{n // 4:03d}_{n % 4 + 1}{_suffix(n)}"
        path.parent.mkdir(exist_ok=True)
        picture.save(path, quality=92)
        if n % 50 == 49:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        paths.append(path)
    return paths


def masks_for(photos: list[Path], folder: Path) -> None:
    """One mask for every photo: a bar, as a shop's fixed watermark would be."""
    folder.mkdir()
    for path in photos:
        try:
            with Image.open(path) as picture:
                mask = np.zeros((picture.height, picture.width), np.uint8)
        except OSError:
            continue  # damaged beyond its header
        top, left = picture.height * 6 // 10, picture.width // 8
        mask[top : top + picture.height // 12, left : left + picture.width // 3] = 255
        Image.fromarray(mask).save(folder / f"{path.stem}.png")


def _suffix(n: int) -> str:
    return (".jpg", ".png", ".jpg", ".webp", ".jpg", ".tif", ".jpg", ".jpg")[n % 8]


def _source(n: int, rng: random.Random) -> Image.Image:
    kind = "photos"
    if n % 50 == 7:
        kind = "camera"
    elif n % 16 == 5:
        kind = "large"
    elif n % 5 == 3:
        kind = rng.choice(("kodak", "gb82"))
    files = sorted(path for path in (DATA / kind).iterdir() if path.suffix in (".jpg", ".png"))
    if not files:
        raise SystemExit(f"the shared test photos ({kind}) are not beside this checkout")
    with Image.open(files[n % len(files)]) as photo:
        upright: Image.Image = ImageOps.exif_transpose(photo) or photo
        picture = upright.convert("RGB")
    share = (MOST_MP * 1e6 / (picture.width * picture.height)) ** 0.5
    if share < 1:
        picture = picture.resize((int(picture.width * share), int(picture.height * share)))
    return picture


def _drawn(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Draw one caption, and over every third photo a round logo with two letters."""
    font_file = str(next(iter(sorted(resource("fonts").glob("*SemiBold*")))))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(font_file, rng.randint(picture.width // 20, picture.width // 11))
    words = rng.choice(WORDS)
    x = rng.randint(4, max(5, picture.width - int(draw.textlength(words, font=font)) - 4))
    y = rng.randint(4, max(5, picture.height - font.size - 8))
    draw.text((x, y), words, font=font, fill=rng.choice(COLOURS))
    if rng.random() < 1 / 3:
        side = picture.width // 10
        left, top = rng.randint(0, picture.width - side), rng.randint(0, picture.height - side)
        draw.ellipse((left, top, left + side, top + side), fill=rng.choice(COLOURS))
        mark = ImageFont.truetype(font_file, side // 2)
        draw.text((left + side // 5, top + side // 5), "IQ", font=mark, fill="white")
    return picture
