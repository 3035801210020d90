"""Our engines and other programs' on the same holes: quality, time, memory, contact sheets.

    python -m tests.benchmarks.engines --photos DIR --out DIR [--peers] [--peer-python PYTHON]
        [--only NAME,…] [--seed N] [--count N] [--kinds KIND,…] [--longest PX] [--blind]
    python -m tests.benchmarks.engines --votes MARKS --out DIR

One thread everywhere. Times are CPU seconds: ours with colour conversion and blend, G'MIC's less
what it takes to read and write the same files. A peer that is not there is named and left out.
`--blind` writes sheets with letters for names and their key; look, write down each case's letters
from best to worst, and let `--votes` count.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.table import engine
from inpaint_studio.engines.warmup import warm
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar
from tests.benchmarks import engines_measures as measures
from tests.benchmarks import engines_peers as peers
from tests.benchmarks.engines_cases import KINDS, Case, cases
from tests.benchmarks.engines_sheets import blind_sheet, sheet, votes

OURS = ("patch", "flat")

Filled = tuple[np.ndarray, float, float]


def ours(name: str, photo: np.ndarray, mask: np.ndarray, **parameters: Scalar) -> Filled:
    """Fill as the program does: the mask's box with the engine's context, and the blend."""
    filler = engine(name)
    box = Box.of_mask(mask).pad(filler.context_px(mask)).clamp(Box.of_shape(mask.shape))
    crop, hole = photo[box.slices], np.ascontiguousarray(mask[box.slices])
    edge = ring(hole, 2)
    recipe = filler.recipe(RunOptions(parameters=parameters), hole)
    after = photo.copy()
    peak = _reset_peak()
    started = time.process_time()
    asked = FillRequest(linear=to_linear(crop), mask=hole, ring=edge, recipe=recipe, threads=1)
    fill = filler.fill(asked, RunToken())
    after[box.slices] = composite(crop, from_linear(fill.linear, photo.dtype), hole, edge)
    seconds = time.process_time() - started
    peak = _peak_mb() - peak
    check_fill(fill, asked)
    assert np.array_equal(after[~mask & ~ring(mask, 2)], photo[~mask & ~ring(mask, 2)])
    return after, seconds, peak


def _reset_peak() -> float:
    """Reset the process's high-water mark (Linux); return what it holds now, in MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0.0
    return _peak_mb()


def _peak_mb() -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(float(x.split()[1]) / 1024 for x in lines if x.startswith("VmHWM"))


def run(
    case: Case, fillers: dict[str, Callable[[np.ndarray, np.ndarray], Filled | str]]
) -> dict[str, dict[str, float]]:
    """Fill one case with everybody; return the measures and keep the pictures in `pictures`."""
    rows: dict[str, dict[str, float]] = {}
    for name, filler in fillers.items():
        found = filler(case.photo, case.mask)
        if isinstance(found, str):
            print(found, file=sys.stderr)
            continue
        picture, seconds, peak = found
        rows[name] = {
            "look": measures.look(picture, case.truth, case.mask),
            "seam": measures.seam(picture, case.mask),
            "cpu_s": seconds,
            "peak_mb": peak,
        }
        pictures[name] = picture
    return rows


pictures: dict[str, np.ndarray] = {}


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Mean look by kind, seam rate, time and memory by engine, best look first."""
    names = sorted({name for rows in found.values() for name in rows})
    shared = [case for case, rows in found.items() if len(rows) == len(names)]
    if not shared:
        return "No case was filled by everybody; leave out the peers that failed."

    def mean(name: str, key: str, kind: str = "") -> float:
        values = [found[case][name][key] for case in shared if case.startswith(kind)]
        return float(np.mean(values)) if values else float("nan")

    head = f"{'engine':12}{'look':>8}" + "".join(f"{kind:>9}" for kind in KINDS)
    lines = [f"{len(shared)} cases", head + f"{'seams':>8}{'CPU s':>8}{'/ours':>7}{'MB':>7}"]
    for name in sorted(names, key=lambda n: mean(n, "look")):
        seams = np.mean([found[case][name]["seam"] > measures.SEAM_LIMIT for case in shared])
        line = f"{name:12}{mean(name, 'look'):8.3f}"
        line += "".join(f"{mean(name, 'look', kind):9.3f}" for kind in KINDS)
        ratio = mean(name, "cpu_s") / mean("patch", "cpu_s")
        line += f"{seams:8.3f}{mean(name, 'cpu_s'):8.3f}{ratio:7.2f}{mean(name, 'peak_mb'):7.0f}"
        lines.append(line)
    return "\n".join(lines)


def better(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """In how many cases `patch` has the lower look index, peer by peer."""
    names = sorted({name for rows in found.values() for name in rows} - {"patch"})
    lines = ["patch has the better look index than"]
    for name in names:
        pairs = [(r["patch"]["look"], r[name]["look"]) for r in found.values() if name in r]
        lines.append(f"{name:12}{np.mean([a < b for a, b in pairs]):8.2f} of {len(pairs)}")
    return "\n".join(lines)


def worst(found: dict[str, dict[str, dict[str, float]]]) -> str:
    order = sorted(found, key=lambda case: -found[case]["patch"]["look"])[:10]
    return "ten worst of patch: " + ", ".join(
        f"{case} {found[case]['patch']['look']:.2f}" for case in order
    )


def _one_thread() -> None:
    """Libraries read these at import: start again with them set."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    if any(os.environ.get(name) != "1" for name in names):
        command = [sys.executable, "-m", "tests.benchmarks.engines", *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **dict.fromkeys(names, "1")})
    cv2.setNumThreads(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheets and figures")
    parser.add_argument("--peers", action="store_true", help="run other programs too")
    parser.add_argument("--peer-python", default=sys.executable, help="Python of the peers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=12, help="cases of every kind")
    parser.add_argument("--longest", type=int, default=481, help="photos are shrunk to this, px")
    parser.add_argument("--only", default="", help="peers to run, by name")
    parser.add_argument("--kinds", default="", help="kinds of holes, all by default")
    parser.add_argument("--blind", action="store_true", help="sheets without names, and a key")
    parser.add_argument("--votes", type=Path, help="count a blind round's marks")
    asked = parser.parse_args()
    if asked.votes:
        print(votes(asked.out / "blind" / "key.json", asked.votes))
        return
    if asked.photos is None:
        parser.error("name a folder of photos: --photos DIR")
    _one_thread()
    asked.out.mkdir(parents=True, exist_ok=True)
    warm(RunToken())
    fillers: dict[str, Callable[[np.ndarray, np.ndarray], Filled | str]] = {
        name: (lambda photo, mask, name=name: ours(name, photo, mask)) for name in OURS
    }
    if asked.peers:
        for name in asked.only.split(",") if asked.only else peers.PEERS:
            fillers[name] = lambda photo, mask, name=name: peers.fill(
                name, photo, mask, asked.peer_python
            )
    found: dict[str, dict[str, dict[str, float]]] = {}
    kinds = tuple(asked.kinds.split(",")) if asked.kinds else KINDS
    drawn = cases(asked.photos, count=asked.count, seed=asked.seed, longest_px=asked.longest)
    for case in drawn:
        if case.kind not in kinds:
            continue
        pictures.clear()
        found[case.name] = run(case, fillers)
        for name in set(fillers) - set(found[case.name]):
            fillers.pop(name)  # it said why; asking again would not help
        sheet(case, pictures, asked.out / f"{case.name}.png")
        if asked.blind:
            blind_sheet(case, pictures, asked.out / "blind")
        print(case.name, {n: round(row["look"], 3) for n, row in found[case.name].items()})
    (asked.out / "engines.json").write_text(json.dumps(found, indent=1))
    print(table(found))
    print(better(found))
    print(worst(found))


if __name__ == "__main__":
    main()
