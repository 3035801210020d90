"""Fit what tells blemishes from everything else in a photo (`resources/blemishes/weights.json`).

    python -m tests.benchmarks.blemishes_fit PHOTOS_FOLDER… [--count 250] [--seed 11] [--half 0]
        [--out FILE]

Blemishes are drawn into photos of one half (`blemishes` measures on the other); candidates that
lie on a visible one are right, those that touch none wrong, the rest left out. Printed: false
ones a photo at some recalls, each photo judged by a function fitted without it (4 folds).
"""

from __future__ import annotations

import argparse
import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.belief import MOST_OFF
from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.spots import Spot, spots
from inpaint_studio.proposals.thin import Thin, thin_lines
from tests.benchmarks.blemishes import files_in
from tests.blemishes import KINDS, Blemish, plant

SPOT_KINDS = ("dust", "sensor")
HIDDEN, ROUNDS, RIGHT_WEIGHT = 12, 600, 3.0
LARGEST = (1000, 1400)
Rows = tuple[list[tuple[float, ...]], list[int], list[int]]


def judged(item: Spot | Thin, planted: list[Blemish], *, line: bool) -> int:
    """Return 2: on a visible blemish, 1: beside the question, 0: on none."""
    found = 0
    for one in planted:
        core = one.core[item.box.slices]
        both = int((core & item.mask).sum())
        if line:
            touched = int((one.touched[item.box.slices] & item.mask).sum())
            hit = touched >= 0.35 * item.mask.sum() and both >= 0.2 * one.core.sum()
        else:
            hit = both >= 0.4 * one.core.sum() and item.mask.sum() < 8 * one.core.sum() + 40
        if hit:
            found = max(found, 2 if one.visible else 1)
        elif both:
            found = max(found, 1)
    return found


def gathered(files: list[Path], count: int, seed: int) -> dict[str, Rows]:
    rng = np.random.default_rng(seed)
    rows: dict[str, Rows] = {"spot": ([], [], []), "line": ([], [], [])}
    for number in range(count):
        path = files[int(rng.integers(len(files)))]
        photo = np.asarray(Image.open(path).convert("RGB"))[: LARGEST[0], : LARGEST[1]]
        kind = KINDS[number % len(KINDS)]
        shown, planted = plant(photo, kind, rng)
        of = "spot" if kind in SPOT_KINDS else "line"
        look: Any = spots if of == "spot" else thin_lines
        for item in look(to_lab(shown), RunToken()):
            rows[of][0].append(item.features)
            rows[of][1].append(judged(item, planted, line=of == "line"))
            rows[of][2].append(zlib.crc32(path.stem.encode()) // 7 % 4)
    return rows


def fitted(features: NDArray[np.float64], right: NDArray[np.bool_], seed: int) -> dict[str, Any]:
    import torch

    torch.manual_seed(seed)
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = np.clip((features - mean) / spread, -MOST_OFF, MOST_OFF)
    x = torch.tensor(scaled, dtype=torch.float32)
    y = torch.tensor(right, dtype=torch.float32)
    net = torch.nn.Sequential(
        torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 1)
    )
    steps = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=3e-3)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(steps, ROUNDS)
    weight = torch.where(y > 0, RIGHT_WEIGHT, 1.0)
    loss_of = torch.nn.functional.binary_cross_entropy_with_logits
    for _ in range(ROUNDS):
        steps.zero_grad()
        loss = loss_of(net(x)[:, 0], y, weight=weight)
        loss = loss + 1e-4 * sum((part**2).sum() for part in (net[0].weight, net[2].weight))
        loss.backward()
        steps.step()
        slower.step()
    return {
        "mean": mean.tolist(), "spread": spread.tolist(),
        "inner": net[0].weight.tolist(), "inner_bias": net[0].bias.tolist(),
        "outer": net[2].weight[0].tolist(), "outer_bias": net[2].bias[0].item(),
    }  # fmt: skip


def odds_of(told: dict[str, Any], features: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled = (features - np.array(told["mean"])) / np.array(told["spread"])
    hidden = np.tanh(
        np.clip(scaled, -MOST_OFF, MOST_OFF) @ np.array(told["inner"]).T + told["inner_bias"]
    )
    return np.asarray(hidden @ np.array(told["outer"]) + told["outer_bias"])


def rounded(values: Any) -> Any:
    return [rounded(v) for v in values] if isinstance(values, list) else float(f"{values:.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--half", type=int, choices=(0, 1), default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = gathered(files_in(options.photos, options.half), options.count, options.seed)
    whole = {}
    for kind, (listed, marks, folds) in rows.items():
        features, mark, fold = np.nan_to_num(np.array(listed)), np.array(marks), np.array(folds)
        clear = mark != 1
        odds = np.zeros(len(mark))
        for number in range(4):
            here = clear & (fold != number)
            told = fitted(features[here], mark[here] == 2, 0)
            odds[fold == number] = odds_of(told, features[fold == number])
        right, wrong = np.sort(odds[mark == 2])[::-1], odds[mark == 0]
        kinds = sum((k in SPOT_KINDS) == (kind == "spot") for k in KINDS)
        photos = options.count * kinds / len(KINDS)
        for recall in (0.6, 0.7, 0.8, 0.9):
            least = right[int(recall * len(right)) - 1]
            print(
                f"{kind} recall {recall} of {len(right)} candidates: log odds {least:.2f}, "
                f"{(wrong >= least).sum() / photos:.2f} false a photo"
            )
        told = fitted(features[clear], mark[clear] == 2, 0)
        whole[kind] = {name: rounded(values) for name, values in told.items()}
    if options.out:
        options.out.write_text(json.dumps(whole, separators=(",", ": ")) + "\n")


if __name__ == "__main__":
    main()
