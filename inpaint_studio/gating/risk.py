"""The combined risk: weighted z-scores and small trees, kept as data and explained by their parts.

risk = 1 / (1 + exp(-(b + sum w_i z_i + sum t_j(x)))), z_i = clip((s(x_i) - mean_i) / std_i, -4,
4), where s is the identity or a log and t_j the answer of a tree. Weights, trees, bands, thresholds
and the figures they were made with are read from one JSON file (`resources/gates`), written by
`python -m inpaint_studio.gating.train`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from inpaint_studio.errors import BadSetting
from inpaint_studio.gating.trees import Tree, from_data, walk
from inpaint_studio.paths import config_dir, resource

Z_LIMIT = 4.0
LOG_FLOOR = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One feature's share in the risk."""

    name: str
    mean: float
    std: float
    weight: float
    scale: Literal["plain", "log"] = "plain"

    def z(self, value: float) -> float:
        moved = scaled(value, self.scale)
        return min(max((moved - self.mean) / self.std, -Z_LIMIT), Z_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskModel:
    """A fitted model for one set of features."""

    terms: tuple[Term, ...]
    intercept: float
    trees: tuple[Tree, ...] = ()

    def weighed(self, features: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """Return log-odds of a bad edit, and what each feature adds to them.

        A feature that is not there counts as usual (z = 0). Of a tree counts what its questions
        about the feature moved on the way down.
        """
        total = self.intercept
        parts: dict[str, float] = {}
        for term in self.terms:
            if term.name in features:
                parts[term.name] = term.weight * term.z(features[term.name])
                total += parts[term.name]
        answers = []
        for tree in self.trees:
            answer, moves = walk(tree, features)
            answers.append(answer)
            for name, moved in moves:
                parts[name] = parts.get(name, 0.0) + moved
        return total + sum(answers), parts

    def logit(self, features: Mapping[str, float]) -> float:
        return self.weighed(features)[0]

    def risk(self, features: Mapping[str, float]) -> float:
        return as_risk(self.logit(features))

    def shares(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """Return what each feature adds to the log-odds, the most alarming first."""
        return sorted(self.weighed(features)[1].items(), key=lambda part: -part[1])


def as_risk(logit: float) -> float:
    """Return 0..1 of log-odds."""
    return 1.0 / (1.0 + math.exp(-min(max(logit, -60.0), 60.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSet:
    """Models, bands and thresholds of one version. Old verdicts keep the version they name.

    faults: a model of each fault's signs, by reading; its limit is the upper end of its band.
    alarms: readings that reject by themselves beyond this value (sets before version 2).
    """

    version: str
    models: dict[str, RiskModel]
    thresholds: dict[str, float]
    bands: dict[str, tuple[float | None, float | None]]
    faults: dict[str, RiskModel] = field(default_factory=dict)
    alarms: dict[str, float] = field(default_factory=dict)
    undecided: tuple[float, float] = (0.0, 1.0)
    training: dict[str, Any] = field(default_factory=dict)


def scaled(value: float, scale: str) -> float:
    return math.log(max(value, 0.0) + LOG_FLOOR) if scale == "log" else value


def default_gates() -> GateSet:
    """Return the gate set in force: one the user's calibration made, else the program's own.

    The file is looked at each time and read when it is another one, so that a calibration also
    reaches the workers that run already, from their next verdict on.
    """
    for path in (config_dir() / "gates" / "gates.json", resource("gates", "gates.json")):
        try:
            stat = path.stat()
        except OSError:
            continue
        return _loaded(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    raise BadSetting("The program's gate file is not there; install the program again.")


@lru_cache(maxsize=4)
def _loaded(path: Path, _mtime_ns: int, _size: int, _inode: int) -> GateSet:
    return load_gates(path)


def load_gates(path: Path) -> GateSet:
    """Read a gate set. Raises: BadSetting: it is no such file."""
    try:
        raw = json.loads(path.read_text())
        models = {name: _model(model) for name, model in raw["models"].items()}
        return GateSet(
            version=str(raw["version"]),
            models=models,
            thresholds={name: float(value) for name, value in raw["thresholds"].items()},
            bands={name: (band[0], band[1]) for name, band in raw["bands"].items()},
            faults={name: _model(model) for name, model in raw.get("faults", {}).items()},
            alarms={name: float(value) for name, value in raw.get("alarms", {}).items()},
            undecided=(float(raw["undecided"][0]), float(raw["undecided"][1])),
            training=raw.get("training", {}),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadSetting(
            f"The gate file {path} cannot be read ({error}); restore it or run calibrate again."
        ) from error


def written(gates: dict[str, Any]) -> str:
    """Return a gate set as text: a line each, a tree on one line."""
    kept: list[str] = []

    def folded(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: folded(part) for name, part in node.items() if name != "trees"} | (
                {"trees": [hold(tree) for tree in node["trees"]]} if "trees" in node else {}
            )
        return node

    def hold(tree: Any) -> str:
        kept.append(json.dumps(tree))
        return f"@{len(kept) - 1}@"

    text = json.dumps(folded(gates), indent=1)
    return re.sub(r'"@(\d+)@"', lambda found: kept[int(found[1])], text) + "\n"


def _model(raw: dict[str, Any]) -> RiskModel:
    terms = tuple(Term(**term) for term in raw["terms"])
    trees = tuple(from_data(tree) for tree in raw.get("trees", ()))
    return RiskModel(terms=terms, intercept=float(raw["intercept"]), trees=trees)
