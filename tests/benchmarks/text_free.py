"""What is proposed on photos without overlays: nothing may be automatic, nothing large.

    python -m tests.benchmarks.text_free PHOTOS_FOLDER [--count 60] [--seed 5] [--kinds text,...]
        [--sheet OUT.png] [--signs]

Some photos show real text (signs); a suggestion is right there, to be told by eye on the sheet.
`--signs` draws a sign into every photo, in perspective, lit, soft and grained: may be suggested,
never automatic.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import PROPOSERS, propose
from inpaint_studio.records import Kind
from inpaint_studio.vision.readers import Readers
from tests.signs import draw_sign


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--kinds", default="text")
    parser.add_argument("--models", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--signs", action="store_true")
    options = parser.parse_args()
    kinds = [kind for kind in options.kinds.split(",") if kind in get_args(Kind)]
    readers = Readers(threads=1, models=options.models)
    files = sorted(p for p in options.photos.rglob("*") if p.suffix.lower() in {".png", ".jpg"})
    rng = np.random.default_rng(options.seed)
    chosen = rng.choice(len(files), size=min(options.count, len(files)), replace=False)
    tiles = []
    totals = {kind: [0, 0, 0, 0.0] for kind in kinds if kind in PROPOSERS}
    for index in sorted(chosen):
        photo = np.asarray(Image.open(files[index]).convert("RGB"))
        if options.signs:
            photo = draw_sign(photo, options.seed * 1000 + int(index)).photo
        shown = photo.copy()
        for kind, total in totals.items():
            start = time.perf_counter()
            found = propose(photo, [kind], readers, RunToken())
            total[3] += time.perf_counter() - start
            total[0] += any(item.record.automatic for item in found)
            total[1] += bool(found)
            for item in found:
                share = float(item.mask.sum()) / photo[..., 0].size
                total[2] += share > 0.05
                shown[item.full_mask(photo.shape)] = (255, 0, 255)
                print(
                    f"{files[index].name:20s} {kind:8s} automatic {item.record.automatic!s:5s} "
                    f"{share:.2%} {item.record.reason}",
                    flush=True,
                )
        if (shown != photo).any():
            tiles.append(np.concatenate([photo, shown], axis=1))
    for kind, (automatic, any_found, large, seconds) in totals.items():
        print(
            f"{kind}: of {len(chosen)} photos {automatic} with something automatic, "
            f"{any_found} with a suggestion, {large} suggestions over 5 % of the frame, "
            f"{seconds / len(chosen):.2f} s each"
        )
    if options.sheet and tiles:
        width = max(tile.shape[1] for tile in tiles)
        padded = [np.pad(t, ((0, 4), (0, width - t.shape[1]), (0, 0))) for t in tiles]
        Image.fromarray(np.concatenate(padded, axis=0)).save(options.sheet)


if __name__ == "__main__":
    main()
