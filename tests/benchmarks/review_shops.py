"""1,000 simulated shops: how often is the calibration's promise broken, and when does it refuse?

    python -m tests.benchmarks.review_shops [--shops 1000] [--limit 0.02]

Each shop has its own share of bad edits and its own gate (how far the risks of good and bad
edits lie apart). Its audits are a random sample of what the gate accepts. A promise is broken
when the true share of bad edits below the chosen threshold exceeds the limit. Beside it: naive
tuning, which takes the largest threshold whose *observed* share is within the limit.
"""

from __future__ import annotations

import argparse

import numpy as np

from inpaint_studio.gating.calibrate import Audited, warrant

POPULATION = 200_000
STRENGTHS = ("strong", "middling", "weak")


def shop(rng: np.random.Generator, strength: str) -> tuple[np.ndarray, np.ndarray]:
    """Return risk and truth of a shop's edits. strength: strong, middling or weak gate."""
    share = float(rng.uniform(0.03, 0.3))
    apart = {"strong": 3.0, "middling": 2.0, "weak": 0.4}[strength] * float(rng.uniform(0.85, 1.15))
    bad = rng.random(POPULATION) < share
    logit = rng.normal(np.where(bad, apart / 2, -apart / 2), 1.0)
    return 1 / (1 + np.exp(-logit)), bad


def truth(risk: np.ndarray, bad: np.ndarray, threshold: float) -> float:
    below = risk <= threshold
    return float(bad[below].mean()) if below.any() else 0.0


def naive(audits: list[Audited], limit: float) -> float | None:
    best, wrong = None, 0
    for seen, audit in enumerate(sorted(audits, key=lambda a: a.risk), 1):
        wrong += audit.is_bad
        if wrong / seen <= limit:
            best = audit.risk
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=1000)
    parser.add_argument("--limit", type=float, default=0.02)
    parser.add_argument("--audits", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gates", nargs="*", default=STRENGTHS, choices=STRENGTHS)
    args = parser.parse_args()
    print(f"{args.shops} shops, {args.audits} audits each, at most {args.limit:.1%} bad promised")
    print(f"{'gate':10} {'':9} {'promised':>9} {'broken':>8} {'refused':>8} {'accepts':>8}")
    for strength in args.gates:
        rng = np.random.default_rng([args.seed, len(strength)])
        counts = {"warranty": [0, 0], "naive": [0, 0]}
        accepted: dict[str, list[float]] = {"warranty": [], "naive": []}
        for _ in range(args.shops):
            risk, bad = shop(rng, strength)
            # The gate in force accepts the less risky part; the audit draws from that part.
            open_part = np.flatnonzero(risk <= np.quantile(risk, 0.8))
            drawn = rng.choice(open_part, args.audits, replace=False)
            audits = [Audited(risk=float(risk[i]), is_bad=bool(bad[i])) for i in drawn]
            for name, threshold in (
                ("warranty", warrant(audits, args.limit).threshold),
                ("naive", naive(audits, args.limit)),
            ):
                if threshold is None:
                    continue
                counts[name][0] += 1
                counts[name][1] += truth(risk, bad, threshold) > args.limit
                accepted[name].append(float((risk <= threshold).mean()))
        for name, (promised, broken) in counts.items():
            share = broken / promised if promised else 0.0
            takes = np.median(accepted[name]) if accepted[name] else 0.0
            print(
                f"{strength:10} {name:9} {promised:9d} {share:8.1%} "
                f"{args.shops - promised:8d} {takes:8.1%}   "
                f"broken of all shops {broken / args.shops:.1%}"
            )


if __name__ == "__main__":
    main()
