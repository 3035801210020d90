"""Our engines and other programs' on the same holes: quality, time, memory, contact sheets.

    python -m tests.benchmarks.engines --photos DIR --out DIR [--peers] [--peer-python PYTHON]
        [--seed N] [--count N] [--longest PX]

One thread everywhere; run on an idle machine. Times are CPU seconds of the fill alone (of the
whole program for G'MIC). A peer that is not there is named and left out.
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
from PIL import Image

from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.table import engine
from inpaint_studio.engines.warmup import warm
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from tests.benchmarks import engines_measures as measures
from tests.benchmarks import engines_peers as peers
from tests.benchmarks.engines_cases import KINDS, Case, cases

OURS = ("patch", "flat")

Filled = tuple[np.ndarray, float, float]


def ours(name: str, photo: np.ndarray, mask: np.ndarray) -> Filled:
    """Fill as the program does: the mask's box with the engine's context, and the blend."""
    filler = engine(name)
    box = Box.of_mask(mask).pad(filler.context_px(mask)).clamp(Box.of_shape(mask.shape))
    crop, hole = photo[box.slices], np.ascontiguousarray(mask[box.slices])
    edge = ring(hole, 2)
    recipe = filler.recipe(RunOptions(), hole)
    linear = to_linear(crop)
    peak = _reset_peak()
    started = time.process_time()
    asked = FillRequest(linear=linear, mask=hole, ring=edge, recipe=recipe, threads=1)
    fill = filler.fill(asked, RunToken())
    seconds = time.process_time() - started
    peak = _peak_mb() - peak
    check_fill(fill, asked)
    after = photo.copy()
    after[box.slices] = composite(crop, from_linear(fill.linear, photo.dtype), hole, edge)
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


def sheet(case: Case, path: Path) -> None:
    """Truth, the hole, then every fill, cropped to the hole, at 100 %."""
    box = Box.of_mask(case.mask).pad(24).clamp(Box.of_shape(case.mask.shape)).slices
    marked = case.truth.copy()
    marked[case.mask] = (255, 0, 255)
    tiles = []
    for label, image in {"truth": case.truth, "hole": marked, **pictures}.items():
        tile = np.pad(image[box], ((16, 4), (0, 4), (0, 0)))
        tile = np.ascontiguousarray(tile)
        cv2.putText(tile, label, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1)
        tiles.append(tile)
    while len(tiles) % 4:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.hstack(tiles[k : k + 4]) for k in range(0, len(tiles), 4)]
    Image.fromarray(np.vstack(rows)).save(path)


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
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheets and figures")
    parser.add_argument("--peers", action="store_true", help="run other programs too")
    parser.add_argument("--peer-python", default=sys.executable, help="Python of the peers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=12, help="cases of every kind")
    parser.add_argument("--longest", type=int, default=481, help="photos are shrunk to this, px")
    asked = parser.parse_args()
    _one_thread()
    asked.out.mkdir(parents=True, exist_ok=True)
    warm(RunToken())
    fillers: dict[str, Callable[[np.ndarray, np.ndarray], Filled | str]] = {
        name: (lambda photo, mask, name=name: ours(name, photo, mask)) for name in OURS
    }
    if asked.peers:
        for name in peers.PEERS:
            fillers[name] = lambda photo, mask, name=name: peers.fill(
                name, photo, mask, asked.peer_python
            )
    found: dict[str, dict[str, dict[str, float]]] = {}
    for case in cases(asked.photos, count=asked.count, seed=asked.seed, longest_px=asked.longest):
        pictures.clear()
        found[case.name] = run(case, fillers)
        for name in set(fillers) - set(found[case.name]):
            fillers.pop(name)  # it said why; asking again would not help
        sheet(case, asked.out / f"{case.name}.png")
        print(case.name, {n: round(row["look"], 3) for n, row in found[case.name].items()})
    (asked.out / "engines.json").write_text(json.dumps(found, indent=1))
    print(table(found))
    print(worst(found))


if __name__ == "__main__":
    main()
