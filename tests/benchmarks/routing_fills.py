"""What each engine makes of a case, measured once for each engine version and kept in a file.

A line of the file is one measurement, named by case, engine with version, parameters and seed:
when an engine's version rises only its own fills are made again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.imaging.metrics import STRANGENESS_SHARE, hog_distance, texture_strangeness
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import RegionInput
from inpaint_studio.pipeline.probing import probe_looks
from inpaint_studio.records import FillRecipe, RunOptions
from inpaint_studio.routing.features import measure
from tests.benchmarks.engines_measures import seam
from tests.benchmarks.routing_cases import Picture, Work

SEEDS = (0, 1)
Found = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """An engine with parameters, as a rule of the policy may name it."""

    engine: str
    parameters: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        words = [f"{key}={value:g}" for key, value in sorted(self.parameters.items())]
        return " ".join([self.engine, *words])

    @property
    def label(self) -> str:
        """The name with the version, which decides the pixels."""
        versions = f"{engine(self.engine).version}"
        if self.engine == "text":
            versions += f"/{engine('flat').version}/{engine('patch').version}"
        return f"{self.name} v{versions}"

    def recipe(self, work: Work, seed: int) -> FillRecipe:
        options = RunOptions(parameters=dict(self.parameters), seed=seed)
        return replace(engine(self.engine).recipe(options, work.mask), feather_px=2)


class Ledger:
    """Measurements by name, in a file that only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Found] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self._found[row.pop("name")] = row

    def get(self, name: str) -> Found | None:
        return self._found.get(name)

    def put(self, name: str, found: Found) -> Found:
        self._found[name] = found
        with self._path.open("a") as file:
            file.write(json.dumps({"name": name, **found}) + "\n")
        return found

    def cases(self) -> Iterable[tuple[str, Found]]:
        return ((n, found) for n, found in self._found.items() if "features" in found)


def fill_name(case: str, way: Way, seed: int) -> str:
    return f"{case} | {way.label} | {seed}"


def measure_case(ledger: Ledger, work: Work, ways: Sequence[Way]) -> None:
    """Measure what the ledger lacks: features, fills by every way and seed."""
    if ledger.get(work.name) is None:
        seen = measure(work.shown, work.mask, kind=work.kind, free_mb=1e6)
        ledger.put(
            work.name,
            {"photo": work.photo, "part": work.part, "features": asdict(seen)},
        )
    for way in ways:
        if way.engine == "text" and work.kind != "text":
            continue
        for seed in SEEDS[:1] if way.engine == "flat" else SEEDS:
            name = fill_name(work.name, way, seed)
            if ledger.get(name) is None:
                ledger.put(name, _filled(work, way, seed))


def _filled(work: Work, way: Way, seed: int) -> Found:
    recipe = way.recipe(work, seed)
    linear = to_linear(work.shown)
    blank = linear.copy()
    blank[work.mask] = blank[~work.mask].mean(axis=0, dtype=np.float64)
    rim = ring(work.mask, recipe.feather_px)
    asked = FillRequest(
        linear=blank, mask=work.mask, ring=rim, recipe=recipe, source=~work.mask, threads=1,
        under=linear if work.kind == "text" else None,
    )  # fmt: skip
    began = time.process_time()
    made = engine(way.engine).fill(asked, RunToken())
    cpu = time.process_time() - began
    after = composite(work.shown, from_linear(made.linear, np.dtype(np.uint8)), work.mask, rim)
    near = Box.of_mask(work.mask).pad(96).clamp(Box.of_shape(work.mask.shape)).slices
    return {"cpu": cpu, **scores(after[near], work.truth[near], work.mask[near])}


def scores(after: Picture, truth: Picture, mask: Any) -> Found:
    """hog, strange: the parts of the look index; seam in dE; grain: error of fine detail, dB."""
    return {
        "hog": hog_distance(after, truth, mask),
        "strange": texture_strangeness(after, mask) - texture_strangeness(truth, mask),
        "seam": seam(after, mask) - max(0.0, seam(truth, mask)),
        "grain": grain_error(after, truth, mask),
    }


def grain_error(after: Picture, truth: Picture, mask: Any) -> float:
    """Return how far the power of fine detail in the hole lies from the truth's, dB, unsigned.

    Second differences across rows and columns at lags 1 and 2; rounding is added to both.
    """
    worst = 0.0
    for lag in (1, 2):
        powers = []
        for picture in (after, truth):
            grey = picture.astype(np.float32).mean(axis=2)
            across = 2 * grey - np.roll(grey, lag, 1) - np.roll(grey, -lag, 1)
            down = 2 * grey - np.roll(grey, lag, 0) - np.roll(grey, -lag, 0)
            powers.append(float((np.square(across) + np.square(down))[mask].mean()) + 1.0)
        worst = max(worst, abs(10 * float(np.log10(powers[0] / powers[1]))))
    return worst


def look_of(row: Found) -> float:
    """Return the look index of a measured fill (`imaging.metrics.look`)."""
    return float(row["hog"] + STRANGENESS_SHARE * max(0.0, row["strange"]))


def probes_name(case: str, ways: Sequence[Way]) -> str:
    return f"{case} | probes | {' / '.join(way.label for way in ways)}"


def probe_case(ledger: Ledger, work: Work, ways: Sequence[Way]) -> None:
    """Measure the looks of the ways' fills of probe holes, when the ledger lacks them."""
    name = probes_name(work.name, ways)
    if ledger.get(name) is not None:
        return
    region = RegionInput(
        box=Box.of_shape(work.mask.shape), pixels=work.shown, mask=work.mask,
        unusable=np.zeros_like(work.mask), icc=None, kind=work.kind, options=RunOptions(),
        threads=1,
    )  # fmt: skip
    began = time.process_time()
    looks = probe_looks(region, [way.recipe(work, 0) for way in ways], RunToken())
    ledger.put(name, {"looks": looks, "cpu": time.process_time() - began})
