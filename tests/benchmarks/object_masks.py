"""Outline things from a drawn box, strokes and clicks, beside plain GrabCut, by IoU and time.

    python -m tests.benchmarks.object_masks PHOTOS_FOLDER [--megapixels 1] [--ways NAME,…]
        [--held] [--sheet OUT.png]

The truth is drawn by hand (`tests/vision/outlines.json`, polygons over photos of the folder,
by file name; with --held those of `outlines_held.json`, which nothing was tuned on). Boxes are
the truth's, drawn loosely by seed as people do; a stroke runs along the thing's middle; clicks
are its middle and, with them, the worst places of the answer before. Photos are enlarged to the
megapixels asked for before anything is timed (CPU seconds, 1 thread).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.geometry import Box
from inpaint_studio.vision.segment import from_box, from_points, from_strokes

OUTLINES = Path(__file__).parents[1] / "vision" / "outlines.json"
HELD = OUTLINES.with_name("outlines_held.json")
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def things(
    folder: Path, megapixels: float, outlines: Path = OUTLINES
) -> list[tuple[str, Rgb, Mask]]:
    """Return (name, photo, truth) of every outline whose photo lies in the folder."""
    found = []
    for name, points in json.loads(outlines.read_text()).items():
        path = next(iter(folder.rglob(f"{name.split()[0]}.*")), None)
        if path is None:
            continue
        photo = np.asarray(Image.open(path).convert("RGB"))
        scale = (megapixels * 1e6 / photo[..., 0].size) ** 0.5
        size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
        photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC), np.uint8)
        truth = np.zeros(photo.shape[:2], np.uint8)
        cv2.fillPoly(truth, [np.rint(np.array(points) * scale).astype(np.int32)], 1)
        found.append((name, photo, truth > 0))
    return found


def loose(truth: Mask, seed: int) -> Box:
    """The truth's box, each side up to 6 % off and mostly outwards."""
    rng = np.random.default_rng(seed)
    box = Box.of_mask(truth)
    off = rng.uniform(-0.01, 0.06, 4) * (box.width, box.height, box.width, box.height)
    return Box(
        round(box.left - off[0]), round(box.top - off[1]),
        round(box.right + off[2]), round(box.bottom + off[3]),
    ).clamp(Box.of_shape(truth.shape))  # fmt: skip


def stroke(truth: Mask) -> Mask:
    """A stroke through the deepest places along a thing, as thick as a brush would be."""
    distance = cv2.distanceTransform(np.pad(truth, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(truth)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    _, axes = np.linalg.eigh(np.cov((points - points.mean(axis=0)).T))
    along = (points - points.mean(axis=0)) @ axes[:, 1]
    slices = np.digitize(along, np.quantile(along, np.linspace(0.04, 0.96, 9)))
    path = []
    for number in range(1, 9):
        here = np.flatnonzero(slices == number)
        path.append(points[here[int(distance[rows[here], columns[here]].argmax())]])
    canvas = np.zeros(truth.shape, np.uint8)
    thick = max(3, round(0.006 * max(truth.shape)))
    cv2.polylines(canvas, [np.rint(np.array(path)).astype(np.int32)], False, 1, thick)
    return (canvas > 0) & (distance > 2)


def middle(mask: Mask) -> tuple[int, int]:
    padded = np.pad(mask, 1).astype(np.uint8)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    return int(column), int(row)


def plain_box(photo: Rgb, box: Box) -> Mask:
    """GrabCut as OpenCV's documentation has it: the rectangle, five rounds, all of the photo."""
    marks = np.zeros(photo.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    rect = (box.left, box.top, box.width, box.height)
    bgr = np.ascontiguousarray(photo[..., ::-1])
    cv2.grabCut(bgr, marks, rect, models[0], models[1], 5, cv2.GC_INIT_WITH_RECT)
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))


def plain_stroke(photo: Rgb, inside: Mask, box: Box) -> Mask:
    marks = np.full(photo.shape[:2], cv2.GC_BGD, np.uint8)
    marks[box.slices] = cv2.GC_PR_FGD
    marks[inside] = cv2.GC_FGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    bgr = np.ascontiguousarray(photo[..., ::-1])
    cv2.grabCut(bgr, marks, None, models[0], models[1], 5, cv2.GC_INIT_WITH_MASK)
    return np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD))


def clicked(photo: Rgb, truth: Mask, count: int) -> Mask:
    """The answer after so many clicks, each on the worst place of the answer before."""
    plus, minus = [middle(truth)], []
    mask = from_points(photo, plus).mask
    for _ in range(count - 1):
        missed, wrong = truth & ~mask, mask & ~truth
        if missed.sum() >= wrong.sum():
            plus.append(middle(missed))
        else:
            minus.append(middle(wrong))
        mask = from_points(photo, plus, minus).mask
    return mask


def iou(one: Mask, two: Mask) -> float:
    return float((one & two).sum() / max(1, (one | two).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--ways", default="", help="only these, by name")
    parser.add_argument("--plain", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--held", action="store_true", help="the outlines nothing is tuned on")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    table: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    tiles = []
    outlines = HELD if options.held else OUTLINES
    for number, (name, photo, truth) in enumerate(
        things(options.photos, options.megapixels, outlines)
    ):
        box, inside = loose(truth, number), stroke(truth)
        ways: dict[str, Callable[[], Mask]] = {
            "box": lambda photo=photo, box=box: from_box(photo, box).mask,
            "strokes": lambda photo=photo, inside=inside: from_strokes(photo, inside).mask,
            "strokes in a box": lambda photo=photo, inside=inside, box=box: from_strokes(
                photo, inside, box=box
            ).mask,
            "1 click": lambda photo=photo, truth=truth: clicked(photo, truth, 1),
            "2 clicks": lambda photo=photo, truth=truth: clicked(photo, truth, 2),
            "3 clicks": lambda photo=photo, truth=truth: clicked(photo, truth, 3),
        }  # fmt: skip
        if options.plain:
            ways["box, plain GrabCut"] = lambda photo=photo, box=box: plain_box(photo, box)
            ways["strokes in a box, plain GrabCut"] = lambda photo=photo, inside=inside, box=box: (
                plain_stroke(photo, inside, box)
            )
        wanted = [way for way in options.ways.split(",") if way]
        ways = {way: work for way, work in ways.items() if not wanted or way in wanted}
        said = []
        for way, work in ways.items():
            start = time.process_time()
            mask = work()
            count = int(way[0]) if way[0].isdigit() else 1
            seconds.setdefault(way, []).append((time.process_time() - start) / count)
            table.setdefault(way, []).append(iou(mask, truth))
            said.append(f"{way} {table[way][-1]:.3f}")
            if way in ("box", "strokes in a box"):
                tiles.append(_shown(photo, mask, truth))
        print(f"{name:14s} " + ", ".join(said), flush=True)
    print(f"\n{'way':34s} mean IoU  median  lowest  CPU s each  most")
    for way, values in table.items():
        spent = seconds[way]
        print(
            f"{way:34s} {np.mean(values):8.3f} {np.median(values):7.3f} {min(values):7.3f}"
            f" {np.mean(spent):11.3f} {max(spent):5.2f}"
        )
    if options.sheet:
        rows = [np.concatenate(tiles[k : k + 6], axis=1) for k in range(0, len(tiles) - 5, 6)]
        Image.fromarray(np.concatenate(rows, axis=0)).save(options.sheet)


def _shown(photo: Rgb, mask: Mask, truth: Mask) -> Rgb:
    shown = photo.copy()
    shown[mask & ~truth] = (255, 0, 0)
    shown[truth & ~mask] = (0, 0, 255)
    shown[mask & truth] = shown[mask & truth] // 2 + np.array([0, 110, 0], np.uint8)
    return np.asarray(cv2.resize(shown, (260, 260), interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
