"""Captions in scripts that the reader does not know: is each one suggested, and none taken off?

    python -m tests.benchmarks.text_unread PHOTOS_FOLDER [--count 48] [--seed 1]

Armenian, Georgian, Arabic, Hebrew and Ethiopic, in fonts that the machine has. "suggested": a
proposal that a person must look at covers the caption; "silent": nothing does, so that a batch
would let it pass; "taken off": a proposal that may run unseen lies over it (misread, but seen).
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers
from tests.overlays import SCRIPTS, draw_foreign


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = sorted(p for p in options.photos.rglob("*") if p.suffix.lower() in {".png", ".jpg"})
    rng = np.random.default_rng(options.seed)
    readers = Readers(threads=1)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    covered = []
    for number in range(options.count):
        script = list(SCRIPTS)[number % len(SCRIPTS)]
        photo = np.asarray(Image.open(files[int(rng.integers(len(files)))]).convert("RGB"))
        case = draw_foreign(photo, script, options.seed * 1000 + number)
        if case is None:
            table[script]["no font"] += 1
            continue
        mask, taken = np.zeros_like(case.changed), False
        for item in propose(case.photo, ["text"], readers, RunToken()):
            here = item.full_mask(mask.shape)
            if (here & case.changed).any():
                mask |= here
                taken |= item.record.automatic
        share = float(mask[case.changed].mean())
        end = "taken off" if taken else "suggested" if share > 0.1 else "silent"
        table[script][end] += 1
        covered += [share] if end == "suggested" else []
        print(f"{case.name:18s} {case.size_px:3d} px {end:10s} covered {share:.2f}", flush=True)
    total: Counter[str] = sum(table.values(), Counter())
    for script, ends in table.items():
        print(f"{script:10s} {dict(ends)}")
    print(f"all        {dict(total)}; covered where suggested {np.mean(covered):.3f}")


if __name__ == "__main__":
    main()
