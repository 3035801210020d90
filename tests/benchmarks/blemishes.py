"""Blemishes planted in real photos: how many are found, how much of what is found is one.

    python -m tests.benchmarks.blemishes PHOTOS_FOLDER [--count 24] [--seed 1]

Each photo is looked at bare first: what is found there counts against no kind ("bare"). Dust
(soft dark spots), sensor spots (small bright points), scratches (thin bright lines, broken) and
wires (dark curves across the frame), one kind a photo in turn. Recall: planted ones of which
half is covered. Precision: new proposals of which a fifth lies on a planted one.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers

KINDS = ("dust", "sensor", "scratch", "wire")
Rgb = NDArray[np.uint8]
Cover = NDArray[np.float32]


def covers(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> list[Cover]:
    """Return the coverage (H, W) 0..1 of each blemish of a photo."""
    made = []
    for _ in range({"dust": 5, "sensor": 5, "scratch": 2, "wire": 1}[kind]):
        plane = np.zeros(shape[:2], np.uint8)
        height, width = plane.shape
        x, y = int(rng.integers(20, width - 20)), int(rng.integers(20, height - 20))
        if kind in ("dust", "sensor"):
            cv2.circle(plane, (x, y), int(rng.integers(3, 9)) if kind == "dust" else 1, 255, -1)
        elif kind == "scratch":
            turn, length = rng.uniform(0, np.pi), 0.4 * width
            end = (int(x + length * np.cos(turn)), int(y + length * np.sin(turn)))
            cv2.line(plane, (x, y), end, 255, 1, cv2.LINE_AA)
        else:
            along = np.linspace(0, width, 60)
            sag = y + 0.1 * height * ((along / width - 0.5) ** 2 * 4 - 1)
            points = np.stack([along, sag], axis=1).astype(np.int32)
            cv2.polylines(plane, [points], False, 255, 2, cv2.LINE_AA)
        soft = 1.5 if kind == "dust" else 0.6
        made.append(cv2.GaussianBlur(plane.astype(np.float32) / 255, (0, 0), soft))
    return made


def planted(photo: Rgb, kind: str, made: list[Cover]) -> Rgb:
    out = photo.astype(np.float32)
    colour = 250.0 if kind in ("sensor", "scratch") else 35.0
    alpha = {"dust": 0.5, "sensor": 1.0, "scratch": 0.8, "wire": 0.9}[kind]
    for cover in made:
        out += (colour - out) * (alpha * cover)[..., None]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = sorted(p for p in options.photos.rglob("*") if p.suffix.lower() in {".png", ".jpg"})
    rng = np.random.default_rng(options.seed)
    readers = Readers(threads=1)
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for number in range(options.count):
        kind = KINDS[number % len(KINDS)]
        photo = np.asarray(Image.open(files[int(rng.integers(len(files)))]).convert("RGB"))
        made = covers(kind, photo.shape, rng)
        known = {p.record.box for p in look(photo, readers)}
        seen = look(planted(photo, kind, made), readers)
        fresh = [p for p in seen if p.record.box not in known]
        truth = [cover > 0.3 for cover in made]
        near = grow(np.logical_or.reduce(truth), 2)
        whole = np.zeros_like(near)
        for item in fresh:
            whole |= item.full_mask(near.shape)
        row = table[kind]
        row[0] += sum(bool(whole[t].mean() >= 0.5) for t in truth if t.any())
        row[1] += sum(bool(t.any()) for t in truth)
        row[2] += sum(near[p.record.box.slices][p.mask].mean() >= 0.2 for p in fresh)
        row[3] += len(fresh)
        row[4] += len(known)
    for kind, (hits, all_of, right, new, bare) in table.items():
        print(
            f"{kind:8s} recall {hits / all_of:.2f} ({all_of}), precision {right / max(new, 1):.2f}"
            f" ({new}); found in the bare photos {bare}"
        )


def look(photo: Rgb, readers: Readers) -> list[Proposal]:
    return propose(photo, ["blemish"], readers, RunToken())


if __name__ == "__main__":
    main()
