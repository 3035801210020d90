"""Measure the stroke masks on overlays: glyph pixels covered, false area, seconds, by kind.

    python -m tests.benchmarks.text_masks PHOTOS_FOLDER [--count 64] [--seed 1]
        [--families NAME,NAME] [--sheet OUT.png]

"covered" is measured over all visible overlay pixels; "of read" only where a line of the
reader lies over them. "false" is the share of the photo masked though no overlay touched it;
"false_seen" does not count where a JPEG shows the overlay's ringing (6 levels and more).
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers
from tests.overlays import KINDS, Overlay, draw


def cases(folder: Path, count: int, seed: int, *, allowed: Sequence[str] = ()) -> list[Overlay]:
    """Overlays over all kinds in turn, about every fourth one JPEG-compressed."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".png", ".jpg"})
    rng = np.random.default_rng(seed)
    made: list[Overlay] = []
    for number in range(count):
        path = files[int(rng.integers(len(files)))]
        photo = np.asarray(Image.open(path).convert("RGB"))
        jpeg = (0, 90, 0, 75)[(number // len(KINDS)) % 4] if number % 2 else 0
        kind = KINDS[number % len(KINDS)]
        made.append(draw(photo, kind, seed * 1000 + number, jpeg=jpeg, allowed=allowed))
    return made


def measure(case: Overlay, readers: Readers) -> tuple[dict[str, float], np.ndarray]:
    """Return the figures of one case and its mask."""
    start = time.perf_counter()
    found = propose(case.photo, ["text"], readers, RunToken())
    seconds = time.perf_counter() - start
    mask = np.zeros(case.changed.shape, dtype=bool)
    automatic = np.zeros_like(mask)
    for item in found:
        here = item.full_mask(mask.shape)
        if not (here & case.touched).any():
            continue  # text that the photo itself shows
        mask |= here
        if item.record.automatic:
            automatic |= item.full_mask(mask.shape)
    lines = np.zeros_like(mask)
    for line in readers.lines(case.photo):
        lines |= line.area_mask(mask.shape)
    read = case.changed & lines
    figures = {
        "covered": float(mask[case.changed].mean()) if case.changed.any() else 1.0,
        "found": float(lines[case.changed].mean()) if case.changed.any() else 1.0,
        "of_read": float(mask[read].mean()) if read.any() else float("nan"),
        "false": float((mask & ~case.touched).mean()),
        "false_seen": float((mask & ~case.shows).mean()),
        "excess": float((mask & ~case.touched).sum() / max(1, case.touched.sum())),
        "automatic": float(any(item.record.automatic for item in found)),
        "seconds": seconds,
    }
    return figures, mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--families", default="", help="font families to draw from")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    readers = Readers(threads=1)
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    tiles = []
    allowed = [name for name in options.families.split(",") if name]
    for case in cases(options.photos, options.count, options.seed, allowed=allowed):
        if options.kinds and case.kind not in options.kinds.split(","):
            continue
        figures, mask = measure(case, readers)
        rows[case.kind].append(figures)
        rows["ALL"].append(figures)
        text = " ".join(f"{key}={value:.4f}" for key, value in figures.items())
        print(f"{case.name:22s} {case.size_px:3d}px {text}", flush=True)
        rows["JPEG" if case.jpeg else "PNG"].append(figures)
        shown = case.photo.copy()
        shown[mask] = (255, 0, 255)
        tiles.append(np.concatenate([case.photo, shown], axis=1))
    print(f"\n{'kind':12s} " + " ".join(f"{key:>9s}" for key in rows["ALL"][0]) + "  of_read>=.95")
    for kind, figures_list in rows.items():
        means = [np.nanmean([row[key] for row in figures_list]) for key in rows["ALL"][0]]
        reads = np.array([row["of_read"] for row in figures_list])
        reads = reads[~np.isnan(reads)]
        share = float((reads >= 0.95).mean()) if reads.size else float("nan")
        print(f"{kind:12s} " + " ".join(f"{value:9.4f}" for value in means) + f"  {share:.2f}")
    if options.sheet:
        width = max(tile.shape[1] for tile in tiles)
        padded = [np.pad(t, ((0, 4), (0, width - t.shape[1]), (0, 0))) for t in tiles]
        Image.fromarray(np.concatenate(padded, axis=0)).save(options.sheet)


if __name__ == "__main__":
    main()
