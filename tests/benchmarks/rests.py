"""How often the rest of a thing that its mask cuts through is seen, and how often wrongly.

    python -m tests.benchmarks.rests PHOTOS_FOLDER [--megapixels 0.2] [--seed 0] [--held]

Things are outlined by hand (`object_masks`); masks cover them with room to spare, leave 7 % of
them standing on a drawn side, lie beside their place, or cut and move them by chance. Besides,
holes that `gates_edits` draws without a look at the photo: there nothing should be named.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.beside import thing_left
from inpaint_studio.imaging.mask import grow
from tests.benchmarks.gates_edits import cases, photos
from tests.benchmarks.object_masks import HELD, OUTLINES, things

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
ROOM_PX, WIDE_PX = 3, 6
CUT, CUTS = 0.93, 4
MOVED_PX = (6, 8)
CHANCES = 3


def cut(truth: Mask, share: float, rng: np.random.Generator) -> Mask:
    """The mask of the `share` of a thing that lies to one drawn side."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices(truth.shape)
    along = columns * np.cos(angle) + rows * np.sin(angle)
    return grow(truth, ROOM_PX) & (along < np.quantile(along[truth], share))


def moved(truth: Mask, by: tuple[int, int]) -> Mask:
    return np.roll(grow(truth, ROOM_PX), by, axis=(0, 1))


def chance(truth: Mask, rng: np.random.Generator) -> Mask:
    """Cut or moved, as chance will have it."""
    if rng.random() < 0.5:
        return cut(truth, rng.uniform(0.8, 0.97), rng)
    down, right = rng.integers(-10, 11, 2)
    return moved(truth, (int(down), int(right)))


def rest(photo: Rgb, mask: Mask) -> Mask:
    found = thing_left(JudgeRequest(before=photo, after=photo, mask=mask))
    return np.zeros_like(mask) if found.map is None else found.map > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--megapixels", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held", action="store_true", help="the outlines nothing is tuned on")
    options = parser.parse_args()
    outlined = things(options.photos, options.megapixels, HELD if options.held else OUTLINES)
    rng = np.random.default_rng(options.seed)
    masks: dict[str, Callable[[Mask], Mask]] = {
        "covered, 3 px to spare": partial(grow, px=ROOM_PX),
        "covered, 6 px to spare": partial(grow, px=WIDE_PX),
        "7 % left standing": partial(cut, share=CUT, rng=rng),
        "10 px beside its place": partial(moved, by=MOVED_PX),
        "cut or moved by chance": partial(chance, rng=rng),
    }
    times = {"7 % left standing": CUTS, "cut or moved by chance": 2 * CHANCES}
    started, looked = time.process_time(), 0
    for name, make in masks.items():
        seen, right, total = [], 0, 0
        for thing, photo, truth in outlined:
            for _ in range(times.get(name, 1)):
                found = rest(photo, make(truth))
                total += 1
                if found.any():
                    seen.append(thing)
                    right += int((found & grow(truth, 2)).sum() > 0.5 * found.sum())
        looked += total
        shown = f" ({', '.join(dict.fromkeys(seen))})" if name.startswith("covered") else ""
        print(f"{name}: named {len(seen)} of {total}, {right} of them on the thing{shown}")
    print(f"{(time.process_time() - started) / looked:.3f} CPU-s a mask, its making included")
    folders = [folder for folder in sorted(options.photos.iterdir()) if folder.is_dir()]
    drawn = list(cases(photos([f for f in folders if f.name != "edits"])))
    named = [c.name for c in drawn if rest(c.before, c.mask).any()]
    print(f"drawn without a look at the photo: named {len(named)} of {len(drawn)} {named}")


if __name__ == "__main__":
    main()
