"""The routing policy: rules in one readable TOML file, checked with sentences.

The user's own `routing.toml` in the settings folder replaces the one that comes with the program.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaint_studio.errors import BadSetting
from inpaint_studio.paths import config_dir, resource
from inpaint_studio.records import DecideBy, Scalar
from inpaint_studio.routing.features import NAMES, WORDS, Features

POLICY_VERSION = 1
ENGINES = ("flat", "patch", "text", "generative", "learned", "upscale")
_RULE_KEYS = {
    "name", "when", "engine", "because", "fallbacks", "compare_with", "decide_by", "parameters",
    "grow_px", "feather_px",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One feature and where it must lie."""

    feature: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()

    def holds(self, features: Features) -> bool:
        value = features.get(self.feature)
        if isinstance(value, str):
            return value in self.words
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done when all conditions hold."""

    name: str
    conditions: tuple[Condition, ...]
    engine: str
    because: str
    fallbacks: tuple[str, ...]
    compare_with: str = ""
    decide_by: DecideBy = "gates"
    parameters: dict[str, Scalar] = field(default_factory=dict)
    grow_px: int = 0
    feather_px: int = 2

    def holds(self, features: Features) -> bool:
        return all(condition.holds(features) for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    rules: tuple[Rule, ...]
    path: str = ""


def user_policy() -> Path:
    return config_dir() / "routing.toml"


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy in `path`; by default the user's, else the program's.

    Raises: BadSetting: a sentence that names file, rule and what to change.
    """
    if path is None:
        path = user_policy() if user_policy().exists() else resource("routing", "policy.toml")
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise BadSetting(f"The routing policy {path} cannot be read: {error.strerror}.") from error
    return _load(path, stamp)


@lru_cache(maxsize=8)
def _load(path: Path, stamp: int) -> Policy:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(
            f"The routing policy {path} is not readable TOML ({error}); mend or delete it."
        ) from error
    return parse_policy(raw, str(path))


def parse_policy(raw: Mapping[str, Any], path: str) -> Policy:
    """Return the checked policy of a parsed file. Raises: BadSetting."""
    known = {"version", "defaults", "rule"}
    for key in raw:
        _require(key in known, path, f"has an unknown part {key!r}; use {_listed(known)}")
    version = raw.get("version")
    _require(version == POLICY_VERSION, path, f"must say version = {POLICY_VERSION}")
    defaults = raw.get("defaults", {})
    _require(isinstance(defaults, dict), path, "must have [defaults] as a table")
    rules = raw.get("rule", [])
    _require(isinstance(rules, list) and rules != [], path, "has no [[rule]]; add at least one")
    parsed = tuple(_rule(row, defaults, path, number) for number, row in enumerate(rules, start=1))
    last = parsed[-1]
    _require(
        not last.conditions and last.engine in ("patch", "flat"),
        path,
        'must end with a rule for everything: when = {} and engine = "patch" or "flat"',
    )
    return Policy(rules=parsed, path=path)


def _rule(row: Any, defaults: Mapping[str, Any], path: str, number: int) -> Rule:
    where = f"rule {number}"
    _require(isinstance(row, dict), path, f"{where} must be a table")
    where = f"rule {number} ({row.get('name', 'without a name')})"
    for key in row:
        _require(key in _RULE_KEYS, path, f"{where} has an unknown key {key!r}")
    for key in ("name", "engine", "because"):
        _require(isinstance(row.get(key), str), path, f"{where} needs {key} as a text")
    merged = {**defaults, **row}
    fallbacks = merged.get("fallbacks", [])
    _require(isinstance(fallbacks, list), path, f"{where}: fallbacks must be a list of engines")
    for name in (row["engine"], *fallbacks, *filter(None, [merged.get("compare_with", "")])):
        _require(
            name in ENGINES, path, f"{where} names no engine: {name!r}; use {_listed(ENGINES)}"
        )
    because = row["because"]
    fields = [name for _, name, _, _ in string.Formatter().parse(because) if name is not None]
    for name in fields:
        _require(name in NAMES, path, f"{where}: because uses an unknown feature {{{name}}}")
    for key in ("grow_px", "feather_px"):
        value = merged.get(key, 0)
        _require(
            isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 256,
            path, f"{where}: {key} must be a whole number from 0 to 256",
        )  # fmt: skip
    decide_by = merged.get("decide_by", "gates")
    _require(
        decide_by in ("gates", "probes"), path, f'{where}: decide_by must be "gates" or "probes"'
    )
    parameters = merged.get("parameters", {})
    _require(isinstance(parameters, dict), path, f"{where}: parameters must be a table")
    return Rule(
        name=row["name"],
        conditions=_conditions(row.get("when", {}), path, where),
        engine=row["engine"],
        because=because,
        fallbacks=tuple(fallbacks),
        compare_with=merged.get("compare_with", ""),
        decide_by=decide_by,
        parameters=dict(parameters),
        grow_px=merged.get("grow_px", 0),
        feather_px=merged.get("feather_px", 2),
    )


def _conditions(when: Any, path: str, where: str) -> tuple[Condition, ...]:
    _require(isinstance(when, dict), path, f"{where}: when must be a table of features")
    return tuple(_condition(name, bounds, path, where) for name, bounds in when.items())


def _condition(name: str, bounds: Any, path: str, where: str) -> Condition:
    _require(name in NAMES, path, f"{where}: there is no feature {name!r}; use {_listed(NAMES)}")
    _require(
        isinstance(bounds, dict) and bounds != {}, path, f"{where}: {name} needs min, max or is"
    )
    if name in WORDS:
        words = bounds.get("is")
        _require(
            set(bounds) == {"is"} and isinstance(words, list)
            and all(isinstance(word, str) for word in words),
            path, f"{where}: {name} needs is = [words]",
        )  # fmt: skip
        return Condition(feature=name, words=tuple(words or ()))
    _require(set(bounds) <= {"min", "max"}, path, f"{where}: {name} takes only min and max")
    for value in bounds.values():
        _require(
            isinstance(value, (int, float)) and not isinstance(value, bool),
            path, f"{where}: {name} must be bounded by numbers",
        )  # fmt: skip
    low, high = bounds.get("min"), bounds.get("max")
    _require(low is None or high is None or low <= high, path, f"{where}: {name} has min above max")
    return Condition(feature=name, low=low, high=high)


def _require(holds: bool, path: str, fault: str) -> None:
    if not holds:
        raise BadSetting(f"The routing policy {path} cannot be used: it {fault}.")


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
