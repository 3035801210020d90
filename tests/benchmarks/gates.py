"""How well do the gates judge? Everything the gate's promise rests on, in one table.

    python -m tests.benchmarks.gates --edits DIR [-o gates.json]

Labelled edits, perfect ones and planted faults are judged by models that never saw their photo.
Then the shipped gate set itself judges planted faults on perfect ground, and its time is taken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.gating import fit
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.labelled import BAD, DOUBTFUL, read_edits
from inpaint_studio.gating.planted import FAULTS, plant
from inpaint_studio.gating.train import Sample, collect, train
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken

ARTICLE = {"mse": "change_mse", "ssim": "ssim", "high_freq_power_ratio": "high_freq_power_ratio"}
VISIBLE_LEVELS = 2.0


def article(samples: list[Sample]) -> dict[str, float]:
    """The article's readings taken literally, each by its better direction."""
    sure = [s for s in samples if s.origin == "label" and s.label != DOUBTFUL]
    is_bad = np.array([s.label == BAD for s in sure])
    found = {}
    for said, name in ARTICLE.items():
        value = fit.auc(np.array([s.features[name] for s in sure]), is_bad)
        found[said] = round(max(value, 1 - value), 3)
    return found


def faults(edits: Path, most: int) -> dict[str, dict[str, float]]:
    """Plant each fault in edits labelled good that the gates accept; only visible ones count."""
    good = [edit for edit in read_edits(edits) if edit.label == 0][:most]
    counts = {fault: [0, 0, 0, 0] for fault in FAULTS}
    clean = 0
    for edit in good:
        box = Box.of_mask(edit.mask).pad(192).clamp(Box.of_shape(edit.mask.shape)).slices
        before, after, mask = edit.before[box], edit.after[box], edit.mask[box]
        clean += judge(JudgeRequest(before=before, after=after, mask=mask), None,
                       RunToken()).verdict.accepted  # fmt: skip
        for fault in FAULTS:
            planted = plant(before, after, mask, fault)
            change = planted.after[mask].astype(float) - after[mask]
            if np.sqrt((change**2).mean()) < VISIBLE_LEVELS:
                continue
            verdict = judge(
                JudgeRequest(before=before, after=planted.after, mask=mask), None, RunToken()
            ).verdict
            failed = {reading.name for reading in verdict.readings if not reading.passed}
            row = counts[fault]
            row[0] += 1
            row[1] += not verdict.accepted
            row[2] += bool(failed & set(planted.signs))
            row[3] += verdict.box is not None and verdict.box.overlaps(planted.box)
    shares = {
        fault: {"planted": n, "flagged": a / n, "named": b / n, "placed": c / max(a, 1)}
        for fault, (n, a, b, c) in counts.items()
        if n
    }
    return {"untouched": {"edits": len(good), "accepted": clean / max(len(good), 1)}, **shares}


def times() -> dict[str, float]:
    """Seconds of CPU: a 512² region, cheap and all without a recipe; 12 MP with a 5 % hole."""
    rng = np.random.default_rng(0)
    found = {}
    for name, shape, half in (("512", (512, 512), 80), ("12MP", (3000, 4000), 387)):
        low = cv2.resize(rng.random((shape[0] // 32, shape[1] // 32, 3), np.float32), shape[::-1])
        photo = np.clip(low * 200 + rng.normal(0, 8, (*shape, 3)), 0, 255).astype(np.uint8)
        mask = np.zeros(shape, dtype=bool)
        y, x = shape[0] // 2, shape[1] // 2
        mask[y - half : y + half, x - half : x + half] = True
        box = Box.of_mask(mask).pad(192).clamp(Box.of_shape(shape)).slices
        for budget in ("cheap", "full"):
            started = time.process_time()
            judge(JudgeRequest(before=photo[box], after=photo[box], mask=mask[box], budget=budget),
                  None, RunToken())  # fmt: skip
            found[f"{name}_{budget}"] = round(time.process_time() - started, 3)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=Path, required=True)
    parser.add_argument("--faults", type=int, default=45, help="good edits to plant faults in")
    parser.add_argument("--only", choices=("train", "faults", "times"))
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    figures: dict[str, object] = {}
    if chosen.only in (None, "times"):
        figures["cpu_seconds"] = times()
    if chosen.only in (None, "faults"):
        figures["planted"] = faults(chosen.edits, chosen.faults)
    if chosen.only in (None, "train"):
        samples = collect(read_edits(chosen.edits), made=True)
        figures["trained"] = train(samples, "benchmark")["training"]
        figures["article"] = article(samples)
    text = json.dumps(figures, indent=1)
    if chosen.output:
        chosen.output.write_text(text + "\n")
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
