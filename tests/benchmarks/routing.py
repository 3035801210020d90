"""Does the policy choose well? Routed against always-flat, always-patch and the oracle.

    python -m tests.benchmarks.routing collect --photos DIR... -o ROWS --half all [--seed 0]
    python -m tests.benchmarks.routing report ROWS... [--half tuning|held-out|all]
    python -m tests.benchmarks.routing fit ROWS...

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
import copy
import hashlib
import itertools
import json
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_studio.engines.table import engine
from inpaint_studio.errors import BadSetting
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.metrics import look
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.paths import resource
from inpaint_studio.pipeline.attempt import RegionInput, attempt
from inpaint_studio.pipeline.probing import probe_looks
from inpaint_studio.pipeline.request import HashOnly
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.features import Features, measure
from inpaint_studio.routing.policy import Rule, load_policy, parse_policy
from tests.benchmarks.engines_cases import KINDS, draw, load

ENGINES = ("flat", "patch")
PLACES = ("whole", "small", "plainest")
LONGEST_PX = 640
PAD_PX = 224
PLAIN = (0.5, 0.8, 1.2, 2.0, 3.0)
NEARLY = (0.8, 1.2, 2.0, 4.0, 7.0, 12.0, 20.0)
EDGES = (0.01, 0.03, 0.06, 0.1)
Row = dict[str, Any]


def cases(photos: list[Path], plain: int, seed: int) -> Iterator[tuple[Row, Any, Any]]:
    """Yield (row so far, truth (H, W, 3) uint8, mask (H, W)); another seed draws other holes."""
    for number, path in enumerate(photos):
        rng = np.random.default_rng([seed, number])
        kind, where = KINDS[(number + seed) % len(KINDS)], PLACES[(number + seed) % len(PLACES)]
        truth = load(path, LONGEST_PX)
        if where == "whole":
            mask = draw(kind, truth.shape[:2], rng)
        else:
            spot = plainest(truth) if where == "plainest" else None
            mask = small(kind, truth.shape[:2], rng, spot)
        yield {"photo": path.name, "set": where, "kind": kind}, truth, mask
    for number in range(plain):
        rng = np.random.default_rng([97 + seed, number])
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


def collect(photos: list[Path], *, plain: int, seed: int, output: Path, budget: str) -> None:
    """Write one JSON line a case: features, look and risk of each engine, looks of its probes."""
    with output.open("w") as file:
        for number, (row, truth, mask) in enumerate(cases(photos, plain, seed)):
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
    other = replace(recipes[-1], seed=1)
    again = attempt(
        replace(region, options=RunOptions(budget="cheap")), other, sink=HashOnly(), semantic=None,
        token=RunToken(),
    )  # fmt: skip
    row["other_seed"] = look(again.after, truth[box.slices], hole)
    began = time.process_time()
    row["probes"] = probe_looks(region, recipes, RunToken())
    row["cpu"]["probes"] = time.process_time() - began
    return row


def is_held_out(row: Row) -> bool:
    return hashlib.sha256(row["photo"].encode()).digest()[0] % 2 == 1


def half(rows: list[Row], name: str) -> list[Row]:
    wanted = {"tuning": (False,), "held-out": (True,), "all": (False, True)}[name]
    return [row for row in rows if is_held_out(row) in wanted]


def rule_for(row: Row, rules: Sequence[Rule]) -> Rule:
    features = Features(**{"subject": "", **row["features"]})
    return next(rule for rule in rules if rule.engine in ENGINES and rule.holds(features))


def chosen(row: Row, rules: Sequence[Rule]) -> tuple[str, float]:
    """Return the engine the policy ends up with, and the CPU seconds that took."""
    rule = rule_for(row, rules)
    one, other = rule.engine, rule.compare_with
    cpu = row["cpu"]
    if other not in ENGINES:
        return one, cpu[one]
    if rule.decide_by == "probes" and row["probes"]:
        means = dict(zip(ENGINES, np.mean(row["probes"], axis=0), strict=True))
        winner = other if means[other] < means[one] else one
        return winner, cpu["probes"] + cpu[winner]
    ranks = {name: (not row["accepted"][name], row["risk"][name]) for name in (one, other)}
    return other if ranks[other] < ranks[one] else one, cpu[one] + cpu[other]


def figures(rows: list[Row], rules: Sequence[Rule]) -> Row:
    """Return mean looks, CPU seconds, and the share of the gap closed (None: there is no gap)."""
    looks = {name: np.array([row["look"][name] for row in rows]) for name in ENGINES}
    oracle = np.minimum(*looks.values())
    picks = [chosen(row, rules) for row in rows]
    ours = np.array([row["look"][name] for row, (name, _) in zip(rows, picks, strict=True)])
    best = min(float(values.mean()) for values in looks.values())
    gap = best - float(oracle.mean())
    return {
        "cases": len(rows),
        **{f"always_{name}": float(values.mean()) for name, values in looks.items()},
        "policy": float(ours.mean()),
        "oracle": float(oracle.mean()),
        "closed": (best - float(ours.mean())) / gap if gap > 1e-9 else None,
        "cpu_s": {
            **{f"always_{n}": float(np.mean([row["cpu"][n] for row in rows])) for n in ENGINES},
            "policy": float(np.mean([seconds for _, seconds in picks])),
        },
        "flat_chosen": float(np.mean([name == "flat" for name, _ in picks])),
        "luck": luck(rows),
        "probed": probed(rows, rules),
    }


def probed(rows: list[Row], rules: Sequence[Rule]) -> Row:
    """Where probe holes decide: how many cases, and in how many they chose the better fill."""
    asked = [row for row in rows if rule_for(row, rules).compare_with in ENGINES and row["probes"]]
    right = [row for row in asked if row["look"][chosen(row, rules)[0]] == min(
        row["look"][name] for name in ENGINES
    )]  # fmt: skip
    return {"cases": len(asked), "right": len(right)}


def luck(rows: list[Row]) -> float | None:
    """Return what an oracle would gain by choosing among two seeds of the same engine: no policy
    can know that, so a gap of this size is none that routing could close."""
    pairs = [(row["look"]["patch"], row["other_seed"]) for row in rows if "other_seed" in row]
    return float(np.mean([one - min(one, two) for one, two in pairs])) if pairs else None


def report(rows: list[Row], which: str) -> None:
    rules = load_policy(resource("routing", "policy.toml")).rules
    rows = half(rows, which)
    sets = dict.fromkeys(row["set"] for row in rows)
    for name in (*sets, "all"):
        part = [row for row in rows if name in (row["set"], "all")]
        sys.stdout.write(f"{name}: {json.dumps(_rounded(figures(part, rules)))}\n")


def _rounded(found: Row) -> Row:
    return {
        key: _rounded(value) if isinstance(value, dict) else
        round(value, 4) if isinstance(value, float) else value
        for key, value in found.items()
    }  # fmt: skip


def fit(rows: list[Row]) -> None:
    """Print the bounds that serve the tuning half best, and what they are worth held out."""
    raw = tomllib.loads(resource("routing", "policy.toml").read_text())
    tuning, held_out = half(rows, "tuning"), half(rows, "held-out")
    found: list[tuple[float, tuple[float, float, float]]] = []
    for bounds in itertools.product(PLAIN, NEARLY, EDGES):
        try:
            rules = _bounded(raw, bounds)
        except BadSetting:  # one rule leaves nothing to the other
            continue
        found.append((figures(tuning, rules)["policy"], bounds))
    found.sort()
    for look_index, bounds in found[:5]:
        worth = figures(held_out, _bounded(raw, bounds))
        sys.stdout.write(f"{bounds}: tuning {look_index:.4f}, held out {_rounded(worth)}\n")


def _bounded(raw: Row, bounds: tuple[float, float, float]) -> Sequence[Rule]:
    """The shipped policy with other bounds of what is plain and nearly plain."""
    raw = copy.deepcopy(raw)
    rules = {rule["name"]: rule for rule in raw["rule"]}
    rules["plain ground"]["when"]["smooth_residual"]["max"] = bounds[0]
    rules["nearly plain"]["when"]["smooth_residual"]["max"] = bounds[1]
    rules["nearly plain"]["when"]["edge_density"]["max"] = bounds[2]
    return parse_policy(raw, "fitted").rules


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("collect", "report", "fit"))
    parser.add_argument("rows", type=Path, nargs="*", help="what collect wrote")
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--plain", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", default="auto")
    parser.add_argument("--half", default="held-out", choices=("tuning", "held-out", "all"))
    parser.add_argument("-o", "--output", type=Path)
    wish = parser.parse_args()
    cv2.setNumThreads(1)
    if wish.verb == "collect":
        photos = [
            path for folder in wish.photos for path in sorted(folder.iterdir())
            if path.suffix in (".jpg", ".png") and half([{"photo": path.name}], wish.half)
        ]  # fmt: skip
        collect(photos, plain=wish.plain, seed=wish.seed, output=wish.output, budget=wish.budget)
        return 0
    rows = [json.loads(line) for path in wish.rows for line in path.read_text().splitlines()]
    if wish.verb == "report":
        report(rows, wish.half)
    else:
        fit(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
