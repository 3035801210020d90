"""Stickers drawn into photos: is the plate suggested as a whole, and what on bare photos?

    python -m tests.benchmarks.stickers PHOTOS_FOLDER… [--count 24] [--bare 24] [--seed 1]
        [--sheet OUT.png]

Plates in turn: a rectangle, one with round corners, an ellipse, a quadrangle in perspective; of
one colour, a third with a border of another, some turned a little; one or two words on it. Found:
a suggested plate shares at least 0.8 of its area with the drawn one (IoU). Bare photos: every
suggested plate counts as false, even one under a real sign.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers
from tests.overlays import Rgb, fonts, placed, text_alpha

FORMS = ("rectangle", "round corners", "ellipse", "quadrangle")
WORDS = ("SALE", "NEW", "BIO", "-30%", "Fresh", "OFFER", "LIMITED", "Made here", "2 for 1")
Mask = NDArray[np.bool_]


def stuck(photo: Rgb, form: str, seed: int) -> tuple[Rgb, Mask]:
    """Return the photo with a sticker of a form, and the sticker's own pixels."""
    rng = np.random.default_rng([seed, FORMS.index(form)])
    word, path = WORDS[int(rng.integers(len(WORDS)))], fonts()[int(rng.integers(len(fonts())))]
    ink = text_alpha(word, path, int(rng.integers(16, 34)))
    high, wide = ink.shape
    pad = 1.9 if form == "ellipse" else 1.45
    height, width = round(pad * high + 8), round((1.5 if form == "ellipse" else 1.2) * wide + 10)
    plate = np.zeros((height, width), np.uint8)
    border = max(2, height // 16) if rng.random() < 0.35 else 0
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    if form == "ellipse":
        cv2.ellipse(plate, (width // 2, height // 2), (width // 2 - 1, height // 2 - 1), 0, 0, 360,
                    255, -1, cv2.LINE_AA)  # fmt: skip
    elif form == "round corners":
        reach = height // 5
        plate[reach:-reach], plate[:, reach:-reach] = 255, 255
        for x in (reach, width - 1 - reach):
            for y in (reach, height - 1 - reach):
                cv2.circle(plate, (x, y), reach, 255, -1, cv2.LINE_AA)
    else:
        plate[:] = 255
    dark = rng.random() < 0.5
    colour = rng.uniform(20, 90, 3) if dark else rng.uniform(180, 250, 3)
    face = np.broadcast_to(colour, (height, width, 3)).astype(np.float32).copy()
    if border:
        inner = cv2.erode(plate, np.ones((2 * border + 1,) * 2, np.uint8), borderValue=0) > 127
        face[~inner] = 255 - colour
    alpha = placed(ink, (height, width), (width - wide) // 2, (height - high) // 2)[..., None]
    face = face * (1 - alpha) + alpha * (np.float32(245) if dark else np.float32(20))
    turn = np.deg2rad(rng.uniform(-12, 12))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    target = (corners - corners.mean(axis=0)) @ spin.T
    if form == "quadrangle":
        target *= rng.uniform(0.88, 1.1, target.shape)
    target -= target.min(axis=0)
    room = np.array([photo.shape[1], photo.shape[0]]) - target.max(axis=0) - 8
    target += rng.uniform(4, np.maximum(room, 5))
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))
    size = (photo.shape[1], photo.shape[0])
    cover = cv2.warpPerspective(plate, warp, size, flags=cv2.INTER_AREA).astype(np.float32) / 255
    shown = cv2.warpPerspective(
        face, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    out = photo * (1 - cover[..., None]) + shown * cover[..., None]
    out += rng.normal(0, 1.5, out.shape) * cover[..., None]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8), cover > 0.5


def plates(photo: Rgb, readers: Readers) -> list[Proposal]:
    found = propose(photo, ["logo"], readers, RunToken())
    return [item for item in found if "even plate" in item.record.reason]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--bare", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    files = sorted(
        p for f in options.photos for p in f.rglob("*") if p.suffix.lower() in {".png", ".jpg"}
    )
    order = np.random.default_rng(options.seed).permutation(len(files))
    readers = Readers(threads=1)
    found: dict[str, list[float]] = {form: [] for form in FORMS}
    false, tiles = 0, []
    for number in range(options.count):
        photo = np.asarray(Image.open(files[order[number % len(order)]]).convert("RGB"))
        form = FORMS[number % len(FORMS)]
        shown, truth = stuck(photo, form, options.seed * 1000 + number)
        best = 0.0
        for item in plates(shown, readers):
            mask = item.full_mask(truth.shape)
            best = max(best, float((mask & truth).sum() / (mask | truth).sum()))
            false += not (mask & truth).any()
            edge = mask ^ (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
            shown[edge] = (255, 0, 255)
        found[form].append(best)
        print(f"{form:14s} IoU {best:.2f}", flush=True)
        tiles.append(cv2.resize(shown, (480, 320), interpolation=cv2.INTER_AREA))
    for form, values in found.items():
        hit = [value for value in values if value >= 0.8]
        print(f"{form:14s} found {len(hit)} of {len(values)}, their mean IoU "
              f"{np.mean(hit or [0]):.2f}")  # fmt: skip
    every = [value for values in found.values() for value in values]
    print(f"all found {sum(v >= 0.8 for v in every)} of {len(every)}, false beside them {false}")
    suggested = 0
    for k in order[::-1][: options.bare]:
        photo = np.asarray(Image.open(files[k]).convert("RGB"))
        count = len(plates(photo, readers))
        suggested += count
        if count:
            print(f"{files[k].name}: {count}")
    print(f"{options.bare} bare photos: {suggested} plates suggested")
    if options.sheet and tiles:
        rows = [np.concatenate(tiles[k : k + 4], axis=1) for k in range(0, len(tiles) - 3, 4)]
        Image.fromarray(np.concatenate(rows, axis=0)).save(options.sheet)


if __name__ == "__main__":
    main()
