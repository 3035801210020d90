"""Does the policy choose well? Routed against always-flat, always-patch and the oracle.

    python -m tests.benchmarks.routing collect --photos DIR... -o rows.jsonl [--plain 60]
    python -m tests.benchmarks.routing report rows.jsonl [--half tuning|held-out|all]
    python -m tests.benchmarks.routing fit rows.jsonl

Every case is one hole in one photo, in turn as large as the photo lets it, half as long anywhere,
and half as long where the photo is plainest (sky, wall); or on a drawn studio ground as product
shots have (slope, vignette, grain). The thing in the hole is a flat colour. Each engine fills it
on the road itself, and the look index (lower is better) against the truth says which was right.
"Closed" is the share of the gap between the better fixed engine and the oracle (always the better
of the two) that the policy closes. Photos are split in halves by the sum of their names: `fit`
looks at the tuning half alone, and figures are to be quoted from the held-out half.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_studio.engines.table import engine
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.metrics import look
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import RegionInput, attempt
from inpaint_studio.pipeline.probing import probe_looks
from inpaint_studio.pipeline.request import HashOnly
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.features import measure
from tests.benchmarks.engines_cases import KINDS, draw, load

ENGINES = ("flat", "patch")
PLACES = ("whole", "small", "plainest")
LONGEST_PX = 640
PAD_PX = 224
Row = dict[str, Any]


def cases(photos: list[Path], plain: int, turns: int) -> Iterator[tuple[Row, Any, Any]]:
    """Yield (row so far, truth (H, W, 3) uint8, mask (H, W)); each is drawn by its own seed."""
    for turn in range(turns):
        for number, path in enumerate(photos):
            rng = np.random.default_rng([turn, number])
            kind, where = KINDS[(number + turn) % len(KINDS)], PLACES[(number + turn) % len(PLACES)]
            truth = load(path, LONGEST_PX)
            if where == "whole":
                mask = draw(kind, truth.shape[:2], rng)
            else:
                spot = plainest(truth) if where == "plainest" else None
                mask = small(kind, truth.shape[:2], rng, spot)
            yield {"photo": path.name, "set": where, "kind": kind}, truth, mask
    for number in range(plain):
        rng = np.random.default_rng([97, number])
        truth = studio(rng)
        kind = KINDS[number % len(KINDS)]
        mask = small(kind, truth.shape[:2], rng)
        yield {"photo": f"studio{number}", "set": "studio", "kind": kind}, truth, mask


def small(
    kind: str, shape: tuple[int, int], rng: np.random.Generator, spot: tuple[int, int] | None = None
) -> Any:
    """Return a mask of that kind, half as long, in a window of the photo: at `spot` (x, y), or
    anywhere."""
    height, width = shape[0] // 2, shape[1] // 2
    mask = np.zeros(shape, dtype=bool)
    left, top = spot or (int(rng.integers(0, width)), int(rng.integers(0, height)))
    mask[top : top + height, left : left + width] = draw(kind, (height, width), rng)
    return mask


def plainest(photo: Any) -> tuple[int, int]:
    """Return where (left, top) a window of half the photo's size has the least detail."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = np.minimum(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 6)), 20)
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    total = cv2.integral(detail)
    sums = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    top, left = np.unravel_index(int(sums.argmin()), sums.shape)
    return int(left), int(top)


def studio(rng: np.random.Generator) -> Any:
    """Return a studio background: a slope between two colours, a vignette, grain."""
    height, width = 320, 400
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None] - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    along = (np.cos(turn) * x + np.sin(turn) * y + 0.7) / 1.4
    one, two = rng.uniform(60, 230, 3), rng.uniform(-30, 30, 3)
    light = 1 - rng.uniform(0, 0.5) * (x * x + y * y)
    ground = (one + two * along[..., None]) * light[..., None]
    grain = rng.normal(0, rng.uniform(0.3, 5), (height, width, 1)) + rng.normal(0, 0.5, (1, 1, 3))
    return np.clip(np.rint(ground + grain), 0, 255).astype(np.uint8)


def collect(photos: list[Path], *, plain: int, turns: int, output: Path, budget: str) -> None:
    """Write one JSON line a case: features, look and risk of each engine, looks of its probes."""
    with output.open("w") as file:
        for number, (row, truth, mask) in enumerate(cases(photos, plain, turns)):
            row |= measured(truth, mask, budget)
            file.write(json.dumps(row) + "\n")
            file.flush()
            sys.stderr.write(f"\r{number + 1} cases")


def measured(truth: Any, mask: Any, budget: str) -> Row:
    photo = truth.copy()
    photo[mask] = np.random.default_rng(int(mask.sum())).integers(0, 256, 3, dtype=np.uint8)
    box = Box.of_mask(mask).pad(PAD_PX).clamp(Box.of_shape(mask.shape))
    hole, options = mask[box.slices], RunOptions(budget=budget)  # type: ignore[arg-type]
    region = RegionInput(
        box=box, pixels=photo[box.slices].copy(), mask=hole, unusable=np.zeros_like(hole), icc=None,
        kind="painted", options=options, threads=1,
    )  # fmt: skip
    features = replace(measure(region.pixels, hole), free_mb=1e6)
    row: Row = {"features": asdict(features), "look": {}, "risk": {}, "accepted": {}, "cpu": {}}
    recipes = []
    for name in ENGINES:
        recipe = replace(engine(name).recipe(options, hole), feather_px=2)
        recipes.append(recipe)
        began = time.process_time()
        made = attempt(region, recipe, sink=HashOnly(), semantic=None, token=RunToken())
        row["cpu"][name] = time.process_time() - began
        row["look"][name] = look(made.after, truth[box.slices], hole)
        row["risk"][name] = made.verdict.risk
        row["accepted"][name] = made.verdict.accepted
    began = time.process_time()
    row["probes"] = probe_looks(region, recipes, RunToken())
    row["cpu"]["probes"] = time.process_time() - began
    return row


def is_held_out(row: Row) -> bool:
    return hashlib.sha256(row["photo"].encode()).digest()[0] % 2 == 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("collect",))
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--plain", type=int, default=60)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--budget", default="auto")
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    photos = [
        path for folder in chosen.photos for path in sorted(folder.iterdir())
        if path.suffix in (".jpg", ".png")
    ]  # fmt: skip
    collect(
        photos, plain=chosen.plain, turns=chosen.turns, output=chosen.output, budget=chosen.budget
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
