"""Holes to fill, drawn from photos by seed: brush strokes, blobs, scratches, rectangles, text."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

KINDS = ("brush", "blob", "scratch", "rect", "text")
_WORDS = ("SALE", "PREVIEW", "only today -50%", "stock photo", "$19.99", "The quick brown fox")


@dataclass(frozen=True)
class Case:
    """truth and photo: (H, W, 3) uint8; the photo holds something else under `mask`."""

    name: str
    kind: str
    truth: np.ndarray
    photo: np.ndarray
    mask: np.ndarray


def cases(photos: Path, *, count: int, seed: int, longest_px: int) -> Iterator[Case]:
    """Yield `count` cases of every kind, each of another photo where there are enough."""
    files = sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    if not files:
        raise SystemExit(f"No .jpg or .png photo lies in {photos}.")
    order = np.random.default_rng(seed).permutation(len(files))
    turn = 0
    for kind in KINDS:
        for number in range(count):
            truth = load(files[order[turn % len(files)]], longest_px)
            turn += 1
            name = f"{kind}{number:02d}"
            rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
            mask = draw(kind, truth.shape[:2], rng)
            photo = truth.copy()
            photo[mask] = rng.integers(0, 256, 3, dtype=np.uint8)
            yield Case(name, kind, truth, photo, mask)


def load(path: Path, longest_px: int) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    if max(image.size) > longest_px:
        image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return np.asarray(image).copy()


def draw(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a mask of that kind, scaled to the photo; never empty, never all."""
    height, width = shape
    scale = (height * width / 154_000) ** 0.5
    canvas = np.zeros(shape, np.uint8)
    {"brush": _brush, "blob": _blob, "scratch": _scratch, "rect": _rect, "text": _text}[kind](
        canvas, scale, rng
    )
    canvas[0, 0] = 0
    if not canvas.any():
        canvas[height // 2, width // 2] = 1
    return canvas > 0


def _walk(canvas: np.ndarray, rng: np.random.Generator, turn: float, length: float) -> np.ndarray:
    height, width = canvas.shape
    angle = rng.uniform(0, 2 * np.pi)
    place = np.array([rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height])
    points = [place]
    for _ in range(14):
        angle += rng.normal(0, turn)
        place = place + length / 14 * np.array([np.cos(angle), np.sin(angle)])
        points.append(place)
    return np.round(points).astype(np.int32)


def _brush(canvas: np.ndarray, scale: float, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 4)):
        path = _walk(canvas, rng, 0.35, rng.uniform(120, 280) * scale)
        cv2.polylines(canvas, [path], False, 1, int(rng.uniform(10, 26) * scale))


def _blob(canvas: np.ndarray, scale: float, rng: np.random.Generator) -> None:
    height, width = canvas.shape
    area = rng.uniform(0.05, 0.15) * height * width
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 1 + sum(
        rng.normal(0, 0.35 / k) * np.cos(k * t + rng.uniform(0, 6.28)) for k in range(2, 9)
    )
    radius = np.clip(radius, 0.45, 1.7)
    radius *= np.sqrt(area / (np.pi * np.mean(np.square(radius))))
    aspect = rng.uniform(0.75, 1.35)
    x = rng.uniform(0.3, 0.7) * width + radius * aspect * np.cos(t)
    y = rng.uniform(0.3, 0.7) * height + radius / aspect * np.sin(t)
    cv2.fillPoly(canvas, [np.round(np.stack([x, y], axis=1)).astype(np.int32)], 1)


def _scratch(canvas: np.ndarray, scale: float, rng: np.random.Generator) -> None:
    height, width = canvas.shape
    for _ in range(rng.integers(4, 10)):
        path = _walk(canvas, rng, 0.05, rng.uniform(0.25, 1.0) * height)
        cv2.polylines(canvas, [path], False, 1, max(1, round(rng.uniform(1, 3.4) * scale)))
    for _ in range(rng.integers(15, 40)):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(canvas, centre, max(1, int(rng.uniform(1, 3) * scale)), 1, -1)


def _rect(canvas: np.ndarray, scale: float, rng: np.random.Generator) -> None:
    height, width = canvas.shape
    w, h = int(rng.uniform(0.28, 0.45) * width), int(rng.uniform(0.12, 0.24) * height)
    left, top = int(rng.uniform(0.03, 0.5) * width), int(rng.uniform(0.03, 0.7) * height)
    canvas[top : top + h, left : left + w] = 1


def _text(canvas: np.ndarray, scale: float, rng: np.random.Generator) -> None:
    height, width = canvas.shape
    for line in range(rng.integers(1, 5)):
        size = rng.uniform(0.5, 1.8) * scale
        place = (int(rng.uniform(0.02, 0.3) * width), int((0.2 + 0.18 * line) * height))
        words = _WORDS[rng.integers(len(_WORDS))]
        face = [cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX][rng.integers(2)]
        cv2.putText(canvas, words, place, face, size, 1, max(1, round(2.5 * size)), cv2.LINE_8)
    canvas[:] = cv2.dilate(canvas, np.ones((3, 3), np.uint8))
