"""Does the policy choose well? Routed against each engine always, and against the oracle.

    python -m tests.benchmarks.routing collect --photos DIR... --rows FILE [--seed 0] [--every 1/1]
    python -m tests.benchmarks.routing report --rows FILE [--half tuning|held-out|all] [--seed N]
    python -m tests.benchmarks.routing sweep --rows FILE

What is filled and in which parts stands in `routing_cases`. The loss of an engine in a case is
the look index (lower is better) against the truth, expected over seeds: a mean, so that no
engine is chosen for its luck. The oracle chooses for each case by the other seeds than the one it
is charged for: what only luck decides it does not gain. "Closed" is the share of the gap between
the best fixed engine and the oracle that the policy closes. Photos are split in halves by the sum
of their names; bounds are to be sought (`sweep`) on the tuning half alone.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.engines.warmup import warm
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.paths import resource
from inpaint_studio.routing.features import Features
from inpaint_studio.routing.policy import Rule, load_policy, parse_policy
from tests.benchmarks.routing_cases import works
from tests.benchmarks.routing_fills import (
    SEEDS,
    Found,
    Ledger,
    Way,
    fill_name,
    look_of,
    measure_case,
    probe_case,
    probes_name,
)

FLAT, PATCH, TEXT = Way("flat"), Way("patch"), Way("text")
WAYS = (FLAT, PATCH, TEXT)
BOUNDS = (0.4, 0.8, 1.2, 2.0, 3.0, 5.0, 8.0, 12.0)


class Case:
    """One case as the ledger knows it. looks: by way and seed; text is `patch` where it is not
    asked for letters, as the engine is for nothing else."""

    def __init__(self, name: str, found: Found, ledger: Ledger) -> None:
        self.name, self.part, self.photo = name, found["part"], found["photo"]
        self.features = Features(**found["features"])
        self.looks: dict[str, list[float]] = {}
        self.cpu: dict[str, float] = {}
        for way in WAYS:
            rows = [ledger.get(fill_name(name, way, seed)) for seed in SEEDS]
            known = [row for row in rows if row is not None]
            if known and (way.engine == "flat" or len(known) == len(SEEDS)):
                self.looks[way.engine] = [look_of(row) for row in known] * (
                    len(SEEDS) // len(known)
                )  # fmt: skip
                self.cpu[way.engine] = float(np.mean([row["cpu"] for row in known]))
        probes = ledger.get(probes_name(name, (PATCH, FLAT)))
        self.probes: list[list[float]] | None = probes["looks"] if probes else None
        self.probe_cpu = probes["cpu"] if probes else 0.0

    @property
    def is_whole(self) -> bool:
        return {"flat", "patch"} <= set(self.looks) and (
            self.features.kind != "text" or "text" in self.looks
        )

    def loss(self, engine: str) -> float:
        return float(np.mean(self.looks[engine]))

    def oracle(self) -> float:
        """The loss of the best engine, chosen by other seeds than it is charged for."""
        total = 0.0
        for seed in range(len(SEEDS)):
            others = {
                name: np.mean([v for n, v in enumerate(looks) if n != seed])
                for name, looks in self.looks.items()
            }
            total += self.looks[min(others, key=lambda name: others[name])][seed]
        return total / len(SEEDS)

    def rule(self, rules: Sequence[Rule]) -> Rule:
        return next(r for r in rules if r.engine in self.looks and r.holds(self.features))

    def chosen(self, rules: Sequence[Rule]) -> tuple[str, float]:
        """Return the engine that the policy ends up with, and the CPU seconds of it all."""
        rule = self.rule(rules)
        name = rule.engine
        if rule.compare_with not in self.looks:
            return name, self.cpu[name]
        assert rule.decide_by == "probes", "fills to compare are not measured here"
        if self.probes:
            means = dict(zip(("patch", "flat"), np.mean(self.probes, axis=0), strict=True))
            other = rule.compare_with
            name = other if means[other] < means[name] else name
        return name, self.cpu[name] + self.probe_cpu


def figures(cases: Sequence[Case], rules: Sequence[Rule]) -> Found:
    """Return mean losses, the share of the gap closed (None: there is no gap), CPU seconds."""
    picks = [case.chosen(rules) for case in cases]
    policy = float(np.mean([case.loss(pick) for case, (pick, _) in zip(cases, picks, strict=True)]))
    fixed = {
        name: float(np.mean([case.loss(name) for case in cases])) for name in ("flat", "patch")
    }
    oracle = float(np.mean([case.oracle() for case in cases]))
    gap = min(fixed.values()) - oracle
    return {
        "cases": len(cases),
        **{f"always_{name}": loss for name, loss in fixed.items()},
        "policy": policy,
        "oracle": oracle,
        "closed": (min(fixed.values()) - policy) / gap if gap > 1e-4 else None,
        "cpu_s": {
            "patch": float(np.mean([case.cpu["patch"] for case in cases])),
            "policy": float(np.mean([seconds for _, seconds in picks])),
        },
        "chosen": {
            name: sum(pick == name for pick, _ in picks) for name in ("flat", "patch", "text")
        },
    }


def cases_of(ledger: Ledger, half: str, seeds: Sequence[int]) -> list[Case]:
    found = []
    for name, row in ledger.cases():
        held_out = hashlib.sha256(row["photo"].encode()).digest()[0] % 2 == 1
        seed = int(name.rsplit("-", 1)[1])
        if half in ("all", "held-out" if held_out else "tuning") and (not seeds or seed in seeds):
            found.append(Case(name, row, ledger))
    return [case for case in found if case.is_whole]


def report(ledger: Ledger, half: str, seeds: Sequence[int]) -> None:
    rules = load_policy(resource("routing", "policy.toml")).rules
    cases = cases_of(ledger, half, seeds)
    for part in (*sorted({case.part for case in cases}), "all"):
        chosen = [case for case in cases if part in (case.part, "all")]
        sys.stdout.write(f"{part}: {json.dumps(_rounded(figures(chosen, rules)))}\n")
    for low, high in resampled(cases, rules):
        sys.stdout.write(f"share closed, 95 % of resamples: {low:.2f} to {high:.2f}\n")


def resampled(cases: Sequence[Case], rules: Sequence[Rule]) -> list[tuple[float, float]]:
    """Return the bounds between which the closed share lies when the cases are drawn anew."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        drawn = [cases[n] for n in rng.integers(0, len(cases), len(cases))]
        closed = figures(drawn, rules)["closed"]
        if closed is not None:
            shares.append(closed)
    return [tuple(np.quantile(shares, (0.025, 0.975)))] if shares else []


def sweep(ledger: Ledger) -> None:
    """Print what other bounds of plain ground would be worth on the tuning half."""
    raw = tomllib.loads(resource("routing", "policy.toml").read_text())
    cases = cases_of(ledger, "tuning", ())
    for bound in BOUNDS:
        tried = copy.deepcopy(raw)
        rule = next(rule for rule in tried["rule"] if rule["name"] == "plain ground")
        rule["when"]["smooth_residual"]["max"] = bound
        found = figures(cases, parse_policy(tried, "swept").rules)
        sys.stdout.write(f"{bound}: {json.dumps(_rounded(found))}\n")


def _rounded(found: Found) -> Found:
    return {
        key: _rounded(value) if isinstance(value, dict) else
        round(value, 4) if isinstance(value, float) else value
        for key, value in found.items()
    }  # fmt: skip


def collect(ledger: Ledger, photos: list[Path], *, studio: int, seed: int, every: str) -> None:
    """Measure what is lacking. every: "2/3" takes the second case of each three."""
    rules = load_policy(resource("routing", "policy.toml")).rules
    turn, step = (int(word) for word in every.split("/"))
    for number, work in enumerate(works(photos, studio=studio, seed=seed)):
        if number % step != turn - 1:
            continue
        measure_case(ledger, work, WAYS)
        found = ledger.get(work.name)
        assert found is not None
        if Case(work.name, found, ledger).rule(rules).compare_with:
            probe_case(ledger, work, (PATCH, FLAT))
        sys.stderr.write(f"\r{number + 1} cases")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("collect", "report", "sweep"))
    parser.add_argument("--rows", type=Path, required=True, help="the file of measurements")
    parser.add_argument("--photos", type=Path, nargs="+", default=[])
    parser.add_argument("--studio", type=int, default=50, help="drawn grounds beside the photos")
    parser.add_argument("--seed", type=int, nargs="*", default=[], help="collect: one, default 0")
    parser.add_argument("--every", default="1/1")
    parser.add_argument("--half", default="held-out", choices=("tuning", "held-out", "all"))
    wish = parser.parse_args()
    cv2.setNumThreads(1)
    ledger = Ledger(wish.rows)
    if wish.verb == "collect":
        warm(RunToken())
        files = (path for folder in wish.photos for path in sorted(folder.iterdir()))
        photos = [path for path in files if path.suffix in (".jpg", ".png")]
        seed = wish.seed[0] if wish.seed else 0
        collect(ledger, photos, studio=wish.studio, seed=seed, every=wish.every)
    elif wish.verb == "report":
        report(ledger, wish.half, wish.seed)
    else:
        sweep(ledger)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
