"""Remove embossed logos from made surfaces: found, filled by the pipeline, judged, failure rate.

    python -m tests.benchmarks.logo_removal [--count 40] [--seed 1] [--times 1] [--out FOLDER]

An accepted edit is bad when relief can still be seen: gradient energy in the logo's place more
than 1.6 times, or less than 0.5 times, what the bare surface had there. With `--out` each case
gets a sheet at 200 %: photo, mask, result, bare surface. Look at them: the measure sees the
whole, not the trace that an eye sees. `--times 3`: photos three times as large, with grain.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpaint_studio import api
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import propose
from inpaint_studio.vision.readers import Readers
from tests.overlays import SURFACES, Overlay, emboss, surface

GRAIN = 2.5
"""Standard deviation of an enlarged photo's grain, levels."""
LONGEST_PX = 1200
"""Of a sheet that is shown at twice its size."""


def energy(photo: np.ndarray, where: np.ndarray) -> float:
    """Mean squared gradient of lightness at about 1 px, over `where`."""
    light = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1)
    dx = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=3) / 8
    dy = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=3) / 8
    return float((dx * dx + dy * dy)[where].mean()) + 0.05


def enlarged(case: Overlay, times: int, seed: int) -> Overlay:
    """Return the case `times` as large, with the grain of a camera."""
    height, width = (times * side for side in case.changed.shape)
    large = [
        cv2.resize(photo.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        for photo in (case.photo, case.behind)
    ]
    gap = np.abs(large[0] - large[1]).max(axis=2)
    grain = np.random.default_rng(seed).normal(0, GRAIN, (height, width, 1))
    photo, behind = (np.clip(np.rint(p + grain), 0, 255).astype(np.uint8) for p in large)
    size_px = times * case.size_px
    return replace(case, photo=photo, behind=behind, changed=gap >= 6, touched=gap >= 1,
                   size_px=size_px)  # fmt: skip


def sheet(case: Overlay, mask: np.ndarray, after: np.ndarray) -> Image.Image:
    """Return photo, mask, result and bare surface around the logo, side by side.

    At 200 %, large ones at 100 %.
    """
    box = Box.of_mask(mask | case.touched).pad(40).clamp(Box.of_shape(mask.shape)).slices
    masked = np.where(mask[..., None], np.uint8([255, 0, 255]), case.photo)
    tiles = [tile[box] for tile in (case.photo, masked, after, case.behind)]
    whole = np.concatenate([np.pad(tile, ((0, 0), (0, 4), (0, 0))) for tile in tiles], axis=1)
    picture = Image.fromarray(whole)
    times = 2 if picture.width <= LONGEST_PX else 1
    size = times * picture.width, times * picture.height
    return picture.resize(size, Image.Resampling.NEAREST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for a sheet of each case")
    options = parser.parse_args()
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    readers = Readers(threads=1)
    missed = queued = accepted = bad = 0
    for number in range(options.count):
        kind = SURFACES[number % len(SURFACES)]
        seed = options.seed * 1000 + number
        case = emboss(surface(kind, seed), seed)
        if options.times > 1:
            case = enlarged(case, options.times, seed)
        found = propose(case.photo, ["logo"], readers, RunToken())
        mask = np.zeros(case.changed.shape, dtype=bool)
        for item in found:
            mask |= item.full_mask(mask.shape)
        if mask[case.changed].mean() < 0.5:
            missed += 1
            print(f"{kind:7s} {case.size_px:3d}px not found", flush=True)
            continue
        done = api.fill(case.photo, mask, kind="logo", engine="auto")
        ratio = energy(done.pixels, case.changed) / energy(case.behind, case.changed)
        wrong = not 0.5 <= ratio <= 1.6
        if done.accepted:
            accepted += 1
            bad += wrong
        else:
            queued += 1
        print(
            f"{kind:7s} {case.size_px:3d}px covered {mask[case.changed].mean():.3f} "
            f"false {(mask & ~case.touched).mean():.4f} engine {done.plan.engine} "
            f"{'accepted' if done.accepted else 'queued':8s} energy ratio {ratio:.2f} "
            f"{'BAD' if wrong else ''}",
            flush=True,
        )
        if options.out:
            state = "accepted" if done.accepted else "queued"
            name = f"{seed}-{kind}-{state}.png"
            sheet(case, mask, done.pixels).save(options.out / name)
    print(
        f"{options.count} logos: {missed} not found, {queued} queued, {accepted} accepted, "
        f"{bad} bad among the accepted ({bad / max(1, accepted):.1%})"
    )


if __name__ == "__main__":
    main()
