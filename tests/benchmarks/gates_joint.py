"""Are planted faults flagged, for the right reason and in the right place, on photos never seen?

    python -m tests.benchmarks.gates_joint --edits DIR [DIR ...] --kept FILE [FILE ...]
        [--count 100] [--folds 3] [--seed 11] [--faults NAME …] [--plain] [-o FILE]

The photos are parted in folds. For each a gate set is trained on what was measured of all other
photos (`--kept`, as `gates --keep` writes it: models, limits and threshold know nothing of the
fold), and judges faults put into right edits of the fold, `--count` of each fault in all, letters
and pasted things half with hard and half with smooth edges, with the text and object readers unless
`--plain`. A fault is counted right (`joint`) where the edit is flagged, a sign or reading of that
fault is among what failed or is what the verdict names as its guess, and the place shown for that
very reason overlaps it (the window draws the places of all readings that decide, and of the guess).
`first`: where the place that the verdict gives first overlaps it, whatever reason it is of.
`guessed` says how many of the planted are named so, `guessed_right` how many of these rightly.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.gating import fit
from inpaint_studio.gating.base import JudgeRequest, SemanticJudge
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.labelled import LabelledEdit
from inpaint_studio.gating.limits import interval
from inpaint_studio.gating.planted import FAULTS, LEGIBLE, plant
from inpaint_studio.gating.risk import GateSet, load_gates, written
from inpaint_studio.gating.samples import Sample, kept
from inpaint_studio.gating.train import train
from inpaint_studio.gating.words import guess_line
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from tests.benchmarks.gates import EDGES, names_of, right_edits, tell

AROUND_PX = 192
INNER_FOLDS = 3

Row = tuple[bool, bool, bool, bool, list[str], str]
"""(flagged, with the right reason, shown in the right place, the first place is right, what failed,
what is named as a guess)"""


def gates_without(samples: Sequence[Sample], photos: set[str]) -> GateSet:
    """Return a gate set that learned nothing from these photos."""
    rest = [sample for sample in samples if sample.photo not in photos]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gates.json"
        path.write_text(written(train(rest, "joint", folds=INNER_FOLDS, seeds=1)))
        return load_gates(path)


def planted_in(
    edits: Sequence[LabelledEdit], counts: dict[tuple[str, bool], int], seed: int
) -> Iterator[tuple[str, bool, LabelledEdit, Box]]:
    """Yield (fault, smooth, edit with the fault, where it is) until each is there often enough."""
    left = dict(counts)
    order = np.random.default_rng(seed).permutation(len(edits))
    for number in order:
        edit = edits[number]
        view = Box.of_mask(edit.mask).pad(AROUND_PX).clamp(Box.of_shape(edit.mask.shape)).slices
        before, after, mask = edit.before[view], edit.after[view], edit.mask[view]
        for (fault, smooth), wanted in left.items():
            if not wanted:
                continue
            made = plant(before, after, mask, fault, seed=int(number), smooth=smooth)
            if made.visible:
                left[fault, smooth] -= 1
                cut = replace(edit, before=before, after=made.after, mask=mask, truth=None)
                yield fault, smooth, cut, made.box
        if not any(left.values()):
            return


def judged(
    edit: LabelledEdit, fault: str, at: Box, gates: GateSet, readers: SemanticJudge | None
) -> Row:
    """Return what the verdict says of an edit with this fault at this place."""
    request = JudgeRequest(before=edit.before, after=edit.after, mask=edit.mask)
    verdict = judge(request, readers, RunToken(), gates).verdict
    failed = {r.name for r in verdict.readings if r.decides and not r.passed}
    said = {r.name for r in verdict.readings if guess_line(r) in verdict.reasons}
    right = [r for r in verdict.readings if r.name in (failed | said) & names_of(fault)]
    shown = any(reading.box is not None and reading.box.overlaps(at) for reading in right)
    first = verdict.box is not None and verdict.box.overlaps(at)
    return not verdict.accepted, bool(right), shown, first, sorted(failed), "".join(said)


def shares(rows: Sequence[Row]) -> dict[str, object]:
    flagged, named, shown, first = (
        np.array([row[n] for row in rows], dtype=bool) for n in range(4)
    )
    joint = flagged & named & shown
    return {
        "planted": len(rows), "flagged": round(float(flagged.mean()), 4),
        "named": round(float((flagged & named).mean()), 4),
        "joint": round(float(joint.mean()), 4), "interval": interval(joint.tolist()),
        "first": round(float((flagged & named & first).mean()), 4),
        "guessed": sum(bool(row[5]) for row in rows),
        "guessed_right": sum(row[1] for row in rows if row[5]),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=Path, nargs="+", required=True)
    parser.add_argument("--kept", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--faults", choices=FAULTS, nargs="+", default=FAULTS)
    parser.add_argument("--plain", action="store_true", help="without text and object readers")
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    readers: SemanticJudge | None = None
    if not chosen.plain:
        from inpaint_studio.vision.readers import Readers

        readers = Readers(threads=1)
    samples = list(chain.from_iterable(kept(path) for path in chosen.kept))
    edits = right_edits(chosen.edits, sys.maxsize)
    fold = fit.fold_numbers([e.photo for e in edits], chosen.folds, chosen.seed)
    found: dict[str, list[Row]] = {}
    missed: list[str] = []
    for number in range(chosen.folds):
        mine = [edit for edit, place in zip(edits, fold) if place == number]
        gates = gates_without(samples, {e.photo for e in mine})
        counts = {
            (f, s): -(-chosen.count // chosen.folds // (2 if f in LEGIBLE else 1))
            for f, s in EDGES
            if f in chosen.faults
        }
        sys.stderr.write(f"fold {number + 1} of {chosen.folds}: trained\n")
        for fault, smooth, edit, at in planted_in(mine, counts, chosen.seed):
            row = judged(edit, fault, at, gates, readers)
            found.setdefault(fault, []).append(row)
            if fault in LEGIBLE:
                found.setdefault(f"{fault}, {'smooth' if smooth else 'hard'}", []).append(row)
            if not all(row[:3]):
                missed.append(f"{fault} {'smooth ' * smooth}{edit.scene} {edit.engine}: {row}")
    figures = {name: shares(rows) for name, rows in found.items()} | {"missed": missed}
    tell(figures, chosen.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
