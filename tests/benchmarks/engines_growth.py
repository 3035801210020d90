"""How time and memory grow: with the photo, with the hole, and for a typical region.

    python -m tests.benchmarks.engines_growth --photo FILE --out DIR [--peers NAME,…]
        [--peer-python PYTHON] [--largest MP] [--parts photo,hole,fixed,typical]

photo: a blob of 5 % in the photo shrunk to 0.15, 2 and 12 MP. hole: 1 to 30 % of 2 MP.
fixed: the same 20,000 px hole in growing photos. typical: 512 px crops with holes of 3 to 8 %.
One thread; CPU seconds as in `engines`; every fill of ours runs in a process of its own, so that
its peak is its own. Tables on standard output, growth.json and plots (SVG) in DIR.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks import engines_peers as peers
from tests.benchmarks.engines_cases import load
from tests.benchmarks.plots import log_chart

SIZES_MP = (0.15, 2.0, 12.0)
SHARES = (0.01, 0.03, 0.1, 0.3)
FIXED_PX = 20_000
TYPICAL = 16
OURS = ("patch", "flat")


@dataclass(frozen=True)
class Point:
    """One fill. cpu_s: CPU seconds; peak_mb: what it needed beyond the photo and the program."""

    part: str
    engine: str
    photo_mp: float
    hole_px: int
    cpu_s: float
    peak_mb: float


def blob(shape: tuple[int, int], area: float) -> np.ndarray:
    """A wavy disc of about `area` px in the middle."""
    height, width = shape
    turn = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    radius = 1 + 0.25 * np.cos(3 * turn + 1) + 0.1 * np.cos(7 * turn)
    radius *= math.sqrt(area / (np.pi * np.mean(np.square(radius))))
    stretch = math.sqrt(width / height)
    x, y = width / 2 + radius * stretch * np.cos(turn), height / 2 + radius / stretch * np.sin(turn)
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [np.round(np.stack([x, y], axis=1)).astype(np.int32)], 1)
    return canvas > 0


def own_fill(name: str, photo: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Fill in this process; return CPU seconds and the peak above what was held."""
    from inpaint_studio.engines.warmup import warm
    from inpaint_studio.jobs.token import RunToken
    from tests.benchmarks.engines import ours

    cv2.setNumThreads(1)
    warm(RunToken())
    _, seconds, peak = ours(name, photo, mask)
    return seconds, peak


def measured(
    part: str, name: str, photo: np.ndarray, mask: np.ndarray, python: str
) -> Point | None:
    """One fill by ours or a peer; None (said on standard output) where the peer cannot run."""
    if name in OURS and part == "typical":  # peaks of equal work, measured elsewhere
        seconds, peak = own_fill(name, photo, mask)
    elif name in OURS:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            seconds, peak = pool.submit(own_fill, name, photo, mask).result()
    else:
        found = peers.fill(name, photo, mask, python)
        if isinstance(found, str):
            print(found)
            return None
        _, seconds, peak = found
    point = Point(part, name, mask.size / 1e6, int(mask.sum()), seconds, peak)
    print(
        f"{part:9}{name:12}{point.photo_mp:7.2f} MP{point.hole_px:9} px{seconds:9.2f} CPU-s"
        f"{peak:8.0f} MB{peak / point.photo_mp:8.0f} MB/MP",
        flush=True,
    )
    return point


def shrunk(photo: np.ndarray, megapixels: float) -> np.ndarray:
    factor = math.sqrt(megapixels * 1e6 / (photo.shape[0] * photo.shape[1]))
    size = (round(photo.shape[1] * factor), round(photo.shape[0] * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(photo, size, interpolation=how))


def cases(
    photo: np.ndarray, parts: list[str], largest: float
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield (part, photo, mask)."""
    sizes = [size for size in SIZES_MP if size <= largest]
    if "photo" in parts:
        for size in sizes:
            small = shrunk(photo, size)
            yield "photo", small, blob(small.shape[:2], 0.05 * small.shape[0] * small.shape[1])
    if "hole" in parts:
        middle = shrunk(photo, min(2.0, largest))
        for share in SHARES:
            yield "hole", middle, blob(middle.shape[:2], share * middle.shape[0] * middle.shape[1])
    if "fixed" in parts:
        for size in sizes[1:]:
            small = shrunk(photo, size)
            yield "fixed", small, blob(small.shape[:2], FIXED_PX)
    if "typical" in parts:
        rng = np.random.default_rng(1)
        middle = shrunk(photo, 6.0)
        for _ in range(TYPICAL):
            top, left = (int(rng.integers(0, n - 512 + 1)) for n in middle.shape[:2])
            crop = np.ascontiguousarray(middle[top : top + 512, left : left + 512])
            yield "typical", crop, blob((512, 512), rng.uniform(0.03, 0.08) * 512 * 512)


def ratios(points: list[Point]) -> str:
    """The peers' CPU seconds over those of `patch`, where both filled the same hole."""
    mine = {(p.part, p.photo_mp, p.hole_px): p.cpu_s for p in points if p.engine == "patch"}
    lines = []
    for p in points:
        if p.engine not in OURS and (p.part, p.photo_mp, p.hole_px) in mine:
            share = p.hole_px / p.photo_mp / 1e4
            ratio = p.cpu_s / mine[p.part, p.photo_mp, p.hole_px]
            lines.append(f"{p.part:9}{p.engine:12}{p.photo_mp:7.2f} MP{share:6.1f} %{ratio:8.1f} x")
    typical = [p.cpu_s for p in points if p.part == "typical" and p.engine == "patch"]
    if typical:
        lines.append(
            f"typical region: median {np.median(typical) * 1000:.0f} ms, "
            f"worst {max(typical) * 1000:.0f} ms CPU"
        )
    return "\n".join(lines)


def plot(points: list[Point], part: str, path: Path) -> None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for p in points:
        if p.part == part:
            across = p.hole_px / 1e6 if part == "hole" else p.photo_mp
            lines.setdefault(p.engine, []).append((across, max(p.cpu_s, 1e-3)))
    what = "million px of hole in a 2 MP photo" if part == "hole" else "photo, MP"
    log_chart(lines, path, across=what, up="CPU seconds, one thread")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peers", default="")
    parser.add_argument("--peer-python", default="python3")
    parser.add_argument("--largest", type=float, default=12.0, help="MP")
    parser.add_argument("--parts", default="photo,hole,fixed,typical")
    asked = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes started from here
    asked.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    photo = load(asked.photo, 20_000)
    names = ["patch", "flat", *(name for name in asked.peers.split(",") if name)]
    points: list[Point] = []
    for part, picture, mask in cases(photo, asked.parts.split(","), asked.largest):
        for name in names if part != "typical" else OURS:
            point = measured(part, name, picture, mask, asked.peer_python)
            points += [point] if point else []
    (asked.out / "growth.json").write_text(json.dumps([asdict(p) for p in points], indent=1))
    for part in ("photo", "hole", "fixed"):
        plot(points, part, asked.out / f"growth-{part}.svg")
    print(ratios(points))


if __name__ == "__main__":
    main()
