"""How long a fill will take on the CPU, said before it starts."""

from __future__ import annotations

import math
import platform
import sys
import time
from ctypes.util import find_library
from functools import cache
from pathlib import Path

import numpy as np

from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.memory import estimate_seconds

# A network reaches about this share of the speed of one big matrix product: 0.85 was measured with
# one thread at Stable Diffusion 1.5's own size, several threads reach less.
EFFICIENCY = 0.75
SIDE = 768


def has_device(wanted: str = "") -> bool:
    """Whether a GPU will do the work, as far as it can be told without loading torch."""
    if wanted:
        return wanted != "cpu"
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return find_library("nvcuda") is not None
    return Path("/dev/nvidia0").exists()


@cache
def gigaflops() -> float:
    """Return the speed of a matrix product on this machine's CPU, in GFLOP/s (about 50 ms)."""
    square = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        square @ square
        best = min(best, time.perf_counter() - began)
    return 2.0 * SIDE**3 / best / 1e9


def cpu_seconds(entry: ModelEntry, *, pixels: int, steps: int, has_words: bool) -> float:
    """Return the estimated seconds of one pass on the CPU as it is loaded now."""
    return estimate_seconds(
        entry,
        pixels=pixels,
        steps=steps,
        has_words=has_words,
        gigaflops=gigaflops() * EFFICIENCY,
    )


def about(seconds: float) -> str:
    """Return "about 40 s" or "about 6 min"; "" below a second."""
    if seconds < 1:
        return ""
    if seconds < 90:
        return f"about {max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    return f"about {math.ceil(seconds / 60)} min"
