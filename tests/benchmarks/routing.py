"""Does the policy choose well? Routed against always-flat, always-patch and the oracle.

    python -m tests.benchmarks.routing --photos DIR [--cases 160] [--plain 60] [-o routing.json]

Every case is one hole in one photo, or on a plain ground as product shots have (slope, vignette,
grain). Both engines fill it, and the look index (lower is better) against the truth says which was
right. "Closed" is the share of the gap between the better fixed engine and the oracle (always the
better of the two) that the policy closes. Where a rule has both engines run, the gates' risk
chooses, as in the program.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import judge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.imaging.metrics import look
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.features import Features, measure
from inpaint_studio.routing.policy import load_policy

KINDS = ("stroke", "blob", "scratch", "box", "caption")
ENGINES = ("flat", "patch")


def draw(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a mask of one kind; what it hides is chosen without looking at the photo."""
    height, width = shape
    plane = np.zeros(shape, np.uint8)
    x, y = int(rng.integers(width // 4, 3 * width // 4)), int(rng.integers(60, height - 60))
    if kind == "stroke":
        points = np.cumsum(rng.integers(-28, 29, (6, 2)), axis=0) + np.array([x, y])
        cv2.polylines(plane, [points.astype(np.int32)], False, 1, int(rng.integers(8, 17)))
    elif kind == "blob":
        axes = (int(rng.integers(18, 42)), int(rng.integers(18, 42)))
        cv2.ellipse(plane, (x, y), axes, float(rng.integers(180)), 0, 360, 1, -1)
    elif kind == "scratch":
        for _ in range(3):
            a = rng.integers(20, width - 20, 2)
            b = rng.integers(20, height - 20, 2)
            ends = (int(a[0]), int(b[0])), (int(a[1]), int(b[1]))
            cv2.line(plane, *ends, 1, int(rng.integers(1, 4)))
    elif kind == "box":
        half = rng.integers(12, 40, 2)
        cv2.rectangle(plane, (x - int(half[0]), y - int(half[1])),
                      (x + int(half[0]), y + int(half[1])), 1, -1)  # fmt: skip
    else:
        cv2.putText(plane, "Sale 50% off", (width // 6, y), cv2.FONT_HERSHEY_DUPLEX, 1.1, 1, 5)
    return plane.astype(bool)


def fill(name: str, photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    maker = engine(name)
    box = Box.of_mask(mask).pad(maker.context_px(mask)).clamp(Box.of_shape(mask.shape))
    crop, hole = photo[box.slices], mask[box.slices]
    request = FillRequest(
        linear=to_linear(crop), mask=hole, ring=ring(hole, 2),
        recipe=maker.recipe(RunOptions(), hole), threads=1,
    )  # fmt: skip
    linear = maker.fill(request, RunToken()).linear
    out = photo.copy()
    filled = from_linear(linear, photo.dtype)
    out[box.slices] = composite(crop, filled, hole, request.ring)
    return out


def plain_ground(rng: np.random.Generator) -> np.ndarray:
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


def run(photos: list[Path], cases: int, plain: int, seed: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(cases + plain):
        rng = np.random.default_rng([seed, number])
        if number < cases:
            photo = cv2.imread(str(photos[number % len(photos)]))[..., ::-1].copy()
        else:
            photo = plain_ground(rng)
        kind = KINDS[number % len(KINDS)]
        mask = draw(kind, photo.shape[:2], rng)
        features = measure(photo, mask)
        ground = "photo" if number < cases else "plain"
        row: dict[str, object] = {"kind": kind, "ground": ground, "features": asdict(features)}
        for name in ENGINES:
            filled = fill(name, photo, mask)
            row[name] = look(filled, photo, mask)
            row[f"risk_{name}"] = judge(
                JudgeRequest(before=photo, after=filled, mask=mask, budget="cheap"),
                None, RunToken(),
            ).verdict.risk  # fmt: skip
        rows.append(row)
        if number % 20 == 19:
            sys.stderr.write(f"{number + 1} of {cases + plain}\n")
    return rows


def judge_policy(rows: list[dict[str, object]]) -> dict[str, float]:
    """Return mean looks and the share of the gap closed by the shipped policy."""
    rules = load_policy().rules
    totals = {name: float(np.mean([row[name] for row in rows])) for name in ENGINES}
    chosen, oracle = [], []
    for row in rows:
        features = Features(**{**row["features"], "free_mb": 1e9})  # type: ignore[dict-item]
        rule = next(r for r in rules if r.engine in ENGINES and r.holds(features))
        looks = [float(row[name]) for name in ENGINES]  # type: ignore[arg-type]
        oracle.append(min(looks))
        name = rule.engine
        if rule.compare_with in ENGINES:
            name = min((rule.engine, rule.compare_with), key=lambda n: row[f"risk_{n}"])  # type: ignore[arg-type, return-value]
        chosen.append(float(row[name]))  # type: ignore[arg-type]
    best = min(totals.values())
    gap = best - float(np.mean(oracle))
    return {
        **{f"always_{name}": value for name, value in totals.items()},
        "policy": float(np.mean(chosen)),
        "oracle": float(np.mean(oracle)),
        "closed": (best - float(np.mean(chosen))) / gap if gap > 0 else 1.0,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--cases", type=int, default=160)
    parser.add_argument("--plain", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    photos = sorted(p for p in chosen.photos.iterdir() if p.suffix in (".jpg", ".png"))
    cv2.setNumThreads(1)
    rows = run(photos, chosen.cases, chosen.plain, chosen.seed)
    figures = judge_policy(rows)
    if chosen.output:
        chosen.output.write_text(json.dumps({"figures": figures, "rows": rows}, indent=1))
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
