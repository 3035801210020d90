"""How often is a find by colour of the logo proposer right, and is its confidence honest?

    python -m tests.benchmarks.logos PHOTOS_FOLDER… [--count 140] [--skip 0] [--seed 5] [--even 80]
        [--fit]

Each photo is looked at bare, with a sticker (`stickers`) and with a logo of one colour drawn into
it, the two counted half: half of the photos have one. Made surfaces (`--even` of them) likewise.
Right: the find shares half of its area with the thing's convex hull (IoU). `--fit` prints the
constants of `proposals.logos.BELIEF` as these photos would have them, from all finds, also those
that are dropped for want of confidence.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpaint_studio.gating.fit import auc, logistic
from inpaint_studio.proposals import logos
from inpaint_studio.proposals.ground import to_lab
from tests.benchmarks.stickers import FORMS, Mask, stuck
from tests.overlays import SURFACES, Rgb, logo_alpha, surface

RIGHT = 0.5
STEPS = (0.0, 0.15, 0.3, 0.5, 0.7, 0.85, 1.01)


def with_logo(photo: Rgb, seed: int) -> tuple[Rgb, Mask]:
    """Return the photo with a logo of one colour, and the logo's convex hull."""
    rng = np.random.default_rng(seed)
    alpha = logo_alpha(rng, int(rng.integers(50, 110)))
    alpha = alpha / max(float(alpha.max()), 1e-6)
    height, width = alpha.shape
    top = int(rng.integers(8, photo.shape[0] - height - 8))
    left = int(rng.integers(8, photo.shape[1] - width - 8))
    out = photo.astype(np.float32)
    part = out[top : top + height, left : left + width]
    part += alpha[..., None] * (rng.uniform(0, 255, 3) - part)
    drawn = np.zeros(photo.shape[:2], dtype=bool)
    drawn[top : top + height, left : left + width] = alpha > 0.5
    return np.clip(np.rint(out), 0, 255).astype(np.uint8), drawn


def hull_of(mask: Mask) -> Mask:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    return hull > 0


def grounds(options: argparse.Namespace) -> Iterator[tuple[str, Rgb]]:
    files = sorted(
        p for f in options.photos for p in f.rglob("*") if p.suffix.lower() in {".png", ".jpg"}
    )
    order = np.random.default_rng(options.seed).permutation(len(files))
    for k in order[options.skip :][: options.count]:
        photo = np.asarray(Image.open(files[k]).convert("RGB"))
        scale = min(1.0, logos.LOOK_PX / max(photo.shape[:2]))
        if scale < 1:
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        yield "photo", photo
    for number in range(options.even):
        seed = 1000 * options.seed + options.skip + number
        yield "surface", surface(SURFACES[number % len(SURFACES)], seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=140)
    parser.add_argument("--skip", type=int, default=0, help="leave out the first photos")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--even", type=int, default=80)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.fit:
        logos.LEAST_CONFIDENCE = 0.0
    rows: list[tuple[float, ...]] = []
    bare, hits = {"photo": [], "surface": []}, {"photo": [], "surface": []}
    for number, (kind, photo) in enumerate(grounds(options)):
        seed = 1000 * options.seed + options.skip + number
        cases = ((photo, None, 1.0), (*stuck(photo, FORMS[number % len(FORMS)], seed), 0.5),
                 (*with_logo(photo, seed), 0.5))  # fmt: skip
        for shown, thing, weight in cases:
            lab = to_lab(shown)
            every = logos.finds(lab, *logos.unusual(lab))[: logos.MOST]
            finds = [find for find in every if not find.relief]
            hull = np.zeros(photo.shape[:2], dtype=bool) if thing is None else hull_of(thing)
            shares = [float((f.mask & hull).sum() / (f.mask | hull).sum()) for f in finds]
            for find, share in zip(finds, shares):
                row = (find.confidence, share >= RIGHT, weight, *find.evidence)
                rows.append(row)
            if thing is None:
                bare[kind].append(len(finds))
            else:
                hits[kind].append(max(shares, default=0.0) >= RIGHT)
    sure, right, weight, *parts = (np.array(column) for column in zip(*rows))
    is_right = right.astype(bool)
    for kind in bare:
        places = sum(n > 0 for n in bare[kind])
        print(f"{kind}: {sum(bare[kind])} finds on {places} of {len(bare[kind])} bare; "
              f"of things drawn {np.mean(hits[kind]):.0%} found")  # fmt: skip
    print(f"{len(rows)} finds by colour, AUC of the confidence {auc(sure, is_right):.3f}")
    for low, high in pairwise(STEPS):
        here = (sure >= low) & (sure < high)
        if here.any():
            said = np.average(sure[here], weights=weight[here])
            print(f"{low:.2f} to {high:.2f}: {here.sum():4d}, said {said:.2f}, right "
                  f"{np.average(is_right[here], weights=weight[here]):.2f}")  # fmt: skip
    if options.fit:
        table = np.stack(parts, axis=1)
        mean, spread = table.mean(axis=0), table.std(axis=0)
        weights, constant = logistic((table - mean) / spread, is_right.astype(float), weight, 1.0)
        print(
            "BELIEF", np.round([constant - (weights * mean / spread).sum(), *weights / spread], 2)
        )


if __name__ == "__main__":
    main()
