"""How well do the gates judge? Everything the gate's promise rests on, in one table.

    python -m tests.benchmarks.gates --edits DIR [DIR ...] [--keep FILE | --kept FILE] [-o FILE]

`--edits` names folders of labelled edits; `tests.benchmarks.gates_edits` makes one.
`held_out`: the risk, every single reading and the faults' signs by models and limits that never saw
the photo. `planted`: the shipped gate set judges faults put into right edits (with `--read` letters
and objects are looked for as well); it learned from these photos, so that part says whether reason
and place are right, the held-out part how often. `cpu_seconds`: what judging costs.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.gating.base import JudgeRequest, SemanticJudge
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.labelled import GOOD, LabelledEdit, read_edits
from inpaint_studio.gating.planted import FAULTS, LEGIBLE, plant
from inpaint_studio.gating.samples import collect, keep, kept
from inpaint_studio.gating.train import signs, train
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Verdict

ARTICLE = {"mse": "change_mse", "ssim": "ssim", "high_freq_power_ratio": "high_freq_power_ratio"}
# A hard edge is named by either; a foreign thing may be read as letters and the other way round;
# a line that steps is displaced.
FAMILIES = (("seam", "hue"), ("letters", "pasted", "floating"), ("shift", "stepped"))
EDGES = [(f, smooth) for f in FAULTS for smooth in (False, True) if f in LEGIBLE or not smooth]
READ = {"letters": ("letters_left", "new_text"), "pasted": ("new_object",),
        "floating": ("copied_piece",)}  # fmt: skip


def names_of(fault: str) -> set[str]:
    """Return the readings that name this fault rightly."""
    family = next((f for f in FAMILIES if fault in f), (fault,))
    return {signs(f) for f in family} | {r for f in family for r in READ.get(f, ())}


def right_edits(folders: list[Path], most: int) -> list[LabelledEdit]:
    """Return good edits and, one a scene, the true pixels; evenly picked."""
    found: list[LabelledEdit] = []
    scenes: set[str] = set()
    for edit in chain.from_iterable(read_edits(folder) for folder in folders):
        if edit.label == GOOD:
            found.append(edit)
        if edit.truth is not None and edit.scene not in scenes:
            scenes.add(edit.scene)
            found.append(edit.with_after(edit.truth))
    step = max(1, len(found) // most)
    return found[::step][:most]


def faults(
    folders: list[Path], most: int, semantic: SemanticJudge | None
) -> dict[str, dict[str, float]]:
    """Plant each fault in right edits, letters and things with both edges; visible ones count."""
    counts = {fault: [0, 0, 0, 0] for fault in FAULTS}
    right = right_edits(folders, most)
    accepted = signs_seen = 0
    for edit in right:
        box = Box.of_mask(edit.mask).pad(192).clamp(Box.of_shape(edit.mask.shape)).slices
        before, after, mask = edit.before[box], edit.after[box], edit.mask[box]

        def verdict(pixels: np.ndarray) -> Verdict:
            request = JudgeRequest(before=before, after=pixels, mask=mask)  # noqa: B023
            return judge(request, semantic, RunToken()).verdict

        clean = verdict(after)
        accepted += clean.accepted
        signs_seen += any(r.decides and not r.passed for r in clean.readings)
        for fault, smooth in EDGES:
            planted = plant(before, after, mask, fault, smooth=smooth)
            if not planted.visible:
                continue
            found = verdict(planted.after)
            failed = {r.name for r in found.readings if r.decides and not r.passed}
            row = counts[fault]
            row[0] += 1
            row[1] += not found.accepted
            row[2] += bool(failed & names_of(fault))
            row[3] += found.box is not None and found.box.overlaps(planted.box)
    shares = {
        fault: {"planted": n, "flagged": a / n, "named": b / n, "placed": c / max(a, 1)}
        for fault, (n, a, b, c) in counts.items()
        if n
    }
    untouched = {
        "edits": len(right),
        "accepted": accepted / max(len(right), 1),
        "signs_of_a_fault": signs_seen / max(len(right), 1),
    }
    return {"untouched": untouched, **shares}


def times() -> dict[str, float]:
    """Seconds of CPU: a 512² region, cheap and all without a recipe; 12 MP with a 5 % hole."""
    rng = np.random.default_rng(0)
    found = {}
    cases = (("512_hole_8%", 512, 512, 72), ("512_hole_56%", 512, 512, 192),
             ("12MP_hole_5%", 3000, 4000, 387))  # fmt: skip
    for name, height, width, half in cases:
        shape = (height, width)
        low = cv2.resize(rng.random((shape[0] // 32, shape[1] // 32, 3), np.float32), shape[::-1])
        photo = np.clip(low * 200 + rng.normal(0, 8, (*shape, 3)), 0, 255).astype(np.uint8)
        mask = np.zeros(shape, dtype=bool)
        y, x = shape[0] // 2, shape[1] // 2
        mask[y - half : y + half, x - half : x + half] = True
        box = Box.of_mask(mask).pad(192).clamp(Box.of_shape(shape)).slices
        for budget in ("cheap", "full"):
            best = float("inf")
            for _ in range(3):
                started = time.process_time()
                judge(JudgeRequest(before=photo[box], after=photo[box], mask=mask[box],
                                   budget=budget), None, RunToken())  # fmt: skip
                best = min(best, time.process_time() - started)
            found[f"{name}_{budget}"] = round(best, 3)
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def tell(figures: dict[str, object], output: Path | None) -> None:
    """Write the figures as JSON to standard output and, if asked, to a file."""
    text = json.dumps(figures, indent=1)
    if output:
        output.write_text(text + "\n")
    sys.stdout.write(text + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=Path, nargs="+", required=True)
    parser.add_argument("--faults", type=int, default=60, help="right edits to plant faults in")
    parser.add_argument("--read", action="store_true", help="read letters and objects too (slow)")
    parser.add_argument("--keep", type=Path, help="write what was measured to this file")
    parser.add_argument("--kept", type=Path, nargs="+", help="train from such files instead")
    parser.add_argument("--only", choices=("train", "faults", "times"))
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    figures: dict[str, object] = {}
    if chosen.only in (None, "times"):
        figures["cpu_seconds"] = times()
    if chosen.only in (None, "faults"):
        readers: SemanticJudge | None = None
        if chosen.read:
            from inpaint_studio.vision.readers import Readers

            readers = Readers()
        figures["planted"] = faults(chosen.edits, chosen.faults, readers)
    if chosen.only in (None, "train"):
        if chosen.kept:
            samples = [sample for path in chosen.kept for sample in kept(path)]
        else:
            fresh = collect(chain.from_iterable(read_edits(f) for f in chosen.edits))
            samples = keep(fresh, chosen.keep) if chosen.keep else list(fresh)
        trained = train(samples, "benchmark")["training"]
        figures["held_out"] = trained
        figures["article"] = {said: trained["single_readings"][n] for said, n in ARTICLE.items()}
    tell(figures, chosen.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
