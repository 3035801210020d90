"""Blemishes planted in real photos: how many visible ones are found, how many proposals are one.

    python -m tests.benchmarks.blemishes PHOTOS_FOLDER… [--count 60] [--seed 1] [--half 0|1]
        [--sheet OUT.png] [--clean N]

Five kinds, one a photo in turn: `dust` (small flecks, dark or bright), `sensor` (soft dark
discs), `scratch` (thin straight lines, broken), `hair` (short curves), `wire` (across the frame).
Ground: how much the bare photo varies around a blemish (smooth, medium, busy). Visible: it
stands out from that variation at its own scale. Recall: planted ones of which half is covered;
cover: how much of those, soft rim included. Precision: of all proposals, those of which a fifth
lies on a planted one; what the bare photo holds counts as wrong, even where it is one.
Photos are halved by name into 0 (to tune on) and 1 (held back).
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections import defaultdict
from dataclasses import dataclass
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
from tests.blemishes import KINDS, Blemish, plant

Rgb = NDArray[np.uint8]


@dataclass
class Row:
    """What was seen of one kind on one ground."""

    planted: int = 0
    visible: int = 0
    found: int = 0
    found_unseen: int = 0


def files_in(folders: list[Path], half: int | None) -> list[Path]:
    """Return the photos of the folders, by name; of one half of them where asked."""
    files = sorted(
        p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in {".png", ".jpg"}
    )
    return [p for p in files if half is None or zlib.crc32(p.stem.encode()) % 2 == half]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--clean", type=int, default=60, help="bare photos looked at besides")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    files = files_in(options.photos, options.half)
    rng = np.random.default_rng(options.seed)
    readers = Readers(threads=1)
    rows: dict[tuple[str, str], Row] = defaultdict(Row)
    right: dict[str, list[bool]] = defaultdict(list)
    covers: dict[str, list[float]] = defaultdict(list)
    tiles, spent, area = [], 0.0, 0
    for number in range(options.count):
        kind = KINDS[number % len(KINDS)]
        photo = np.asarray(Image.open(files[int(rng.integers(len(files)))]).convert("RGB"))
        shown, planted = plant(photo, kind, rng)
        start = time.process_time()
        seen = look(shown, readers)
        spent, area = spent + time.process_time() - start, area + photo[..., 0].size
        masks = [item.full_mask(photo.shape) for item in seen]
        whole = np.logical_or.reduce([np.zeros(photo.shape[:2], bool), *masks])
        for one in planted:
            row = rows[kind, one.ground]
            hit = float(whole[one.core].mean()) >= 0.5
            row.planted += 1
            row.visible += one.visible
            row.found += hit and one.visible
            row.found_unseen += hit and not one.visible
            if hit and one.visible:
                covers[kind].append(float(whole[one.touched].mean()))
        near = grow(np.logical_or.reduce([one.touched for one in planted]), 2)
        right[kind] += [bool(near[mask].mean() >= 0.2) for mask in masks]
        if options.sheet:
            tiles.append(_tile(shown, planted, whole))
    _report(rows, right, covers)
    print(f"CPU s per megapixel {spent / area * 1e6:.2f}")
    order = rng.permutation(len(files))[: options.clean]
    bare = [len(look(np.asarray(Image.open(files[k]).convert("RGB")), readers)) for k in order]
    if bare:
        print(
            f"{len(bare)} bare photos: {np.mean(bare):.2f} proposals a photo, none on "
            f"{np.mean(np.array(bare) == 0):.0%}, most {max(bare)}"
        )
    if options.sheet:
        save_sheet(tiles, options.sheet)


def _report(
    rows: dict[tuple[str, str], Row], right: dict[str, list[bool]], covers: dict[str, list[float]]
) -> None:
    print("kind     ground  planted visible recall  (unseen found)")
    for (kind, ground), row in sorted(rows.items()):
        print(
            f"{kind:8s} {ground:7s} {row.planted:7d} {row.visible:7d} "
            f"{row.found / max(1, row.visible):6.2f}  ({row.found_unseen})"
        )
    for ground in ("smooth", "medium", "busy", "smooth medium"):
        some = [row for (_, of), row in rows.items() if of in ground.split()]
        seen, found = sum(r.visible for r in some), sum(r.found for r in some)
        print(f"all on {ground:14s} visible {seen:4d} recall {found / max(1, seen):.2f}")
    for kind in KINDS:
        cover = np.array(covers[kind] or [0.0])
        print(
            f"{kind:8s} precision {np.mean(right[kind] or [0]):.2f} ({len(right[kind])}), "
            f"cover of the found: median {np.median(cover):.3f}, "
            f"95 % and more in {np.mean(cover >= 0.95):.2f}"
        )
    every = [hit for hits in right.values() for hit in hits]
    print(f"all      precision {np.mean(every or [0]):.2f} ({len(every)})")


def look(photo: Rgb, readers: Readers) -> list[Proposal]:
    return propose(photo, ["blemish"], readers, RunToken())


def _tile(photo: Rgb, planted: list[Blemish], mask: NDArray[np.bool_]) -> Rgb:
    """The photo, planted ones outlined (green: visible, blue: not), proposals in red."""
    shown = photo.copy()
    for one in planted:
        edge = grow(one.touched, 3) & ~grow(one.touched, 2)
        shown[edge] = (0, 230, 0) if one.visible else (60, 120, 255)
    shown[grow(mask, 5) & ~grow(mask, 4)] = (255, 0, 0)
    return shown


def save_sheet(tiles: list[Rgb], path: Path, width: int = 560) -> None:
    fitted = []
    for tile in tiles:
        scale = width / max(tile.shape[:2])
        small = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas = np.zeros((width * 3 // 4, width, 3), np.uint8)
        fit = small[: canvas.shape[0]]
        canvas[: fit.shape[0], : fit.shape[1]] = fit
        fitted.append(canvas)
    while len(fitted) % 3:
        fitted.append(np.zeros_like(fitted[0]))
    rows = [np.concatenate(fitted[k : k + 3], axis=1) for k in range(0, len(fitted), 3)]
    Image.fromarray(np.concatenate(rows, axis=0)).save(path)


if __name__ == "__main__":
    main()
