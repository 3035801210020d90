"""The routing policy: rules in one readable TOML file, checked with sentences.

The user's own `routing.toml` in the settings folder replaces the one that comes with the program.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from inpaint_studio.errors import BadSetting
from inpaint_studio.paths import config_dir, resource
from inpaint_studio.records import KINDS, DecideBy, Intent, Scalar
from inpaint_studio.routing.features import NAMES, WORDS, Features

POLICY_VERSION = 1
ENGINES = ("flat", "patch", "text", "generative", "learned", "upscale")
ALWAYS_READY = ("flat", "patch")
_WORDS: dict[str, tuple[str, ...]] = {"kind": KINDS, "intent": get_args(Intent)}
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

    @property
    def sentence(self) -> str:
        """The condition as a person says it."""
        name = self.feature.replace("_", " ")
        if self.words:
            return f"{name} is {' or '.join(self.words)}"
        bounds = [("at least", self.low), ("at most", self.high)]
        return f"{name} " + " and ".join(f"{word} {b:g}" for word, b in bounds if b is not None)

    def lies_in(self, other: Condition) -> bool:
        """Say whether `other`, a condition on the same feature, holds wherever this one does."""
        if self.words or other.words:
            return set(self.words) <= set(other.words)
        above = other.low is None or (self.low is not None and self.low >= other.low)
        return above and (other.high is None or (self.high is not None and self.high <= other.high))


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

    def asks_for(self, feature: str) -> bool:
        """Say whether any rule looks at a feature: what none asks for need not be found out."""
        return any(c.feature == feature for rule in self.rules for c in rule.conditions)


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
    _check_together(parsed, path)
    last = parsed[-1]
    _require(
        not last.conditions and last.engine in ("patch", "flat"),
        path,
        'must end with a rule for everything: when = {} and engine = "patch" or "flat"',
    )
    return Policy(rules=parsed, path=path)


def _check_together(rules: Sequence[Rule], path: str) -> None:
    """Refuse rules that contradict each other: two of one name, one that can never decide."""
    for number, rule in enumerate(rules, start=1):
        where = f"rule {number} ({rule.name})"
        for earlier, other in enumerate(rules[: number - 1], start=1):
            _require(other.name != rule.name, path, f"has two rules named {rule.name!r}")
            _require(
                other.engine not in ALWAYS_READY or not _implies(rule, other), path,
                f"{where} can never decide: rule {earlier} ({other.name}) holds wherever it does "
                "and stands before it; change their order or their conditions",
            )  # fmt: skip


def _implies(rule: Rule, other: Rule) -> bool:
    """Say whether `other` holds wherever `rule` does."""
    own = {condition.feature: condition for condition in rule.conditions}
    return all(
        condition.feature in own and own[condition.feature].lies_in(condition)
        for condition in other.conditions
    )


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
    _require(
        isinstance(merged.get("compare_with", ""), str), path, f"{where}: compare_with is no text"
    )
    for name in (row["engine"], *fallbacks, *filter(None, [merged.get("compare_with", "")])):
        _require(
            name in ENGINES, path, f"{where} names no engine: {name!r}; use {_listed(ENGINES)}"
        )
    compare = merged.get("compare_with", "")
    _require(compare != row["engine"], path, f"{where} compares {compare} with itself")
    _require("decide_by" not in row or compare, path, f"{where} has decide_by but no compare_with")
    because = row["because"]
    for name in _fields(because, path, where):
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
    _require(
        isinstance(parameters, dict)
        and all(isinstance(value, (str, int, float)) for value in parameters.values()),
        path, f"{where}: parameters must be a table of numbers and words",
    )  # fmt: skip
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


def _fields(because: str, path: str, where: str) -> list[str]:
    """The features whose numbers a reason shows."""
    try:
        parts = list(string.Formatter().parse(because))
    except ValueError:
        parts = []
    _require(
        bool(parts) and not any(spec or conversion for _, _, spec, conversion in parts),
        path, f"{where}: because must be a sentence, with features only as {{feature}}",
    )  # fmt: skip
    return [name for _, name, _, _ in parts if name is not None]


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
            set(bounds) == {"is"} and isinstance(words, list) and words != []
            and all(isinstance(word, str) for word in words),
            path, f"{where}: {name} needs is = [words]",
        )  # fmt: skip
        known = _WORDS.get(name, tuple(words))
        for word in words:
            _require(
                word in known, path, f"{where}: no {name} is called {word!r}; use {_listed(known)}"
            )
        return Condition(feature=name, words=tuple(words or ()))
    _require(set(bounds) <= {"min", "max"}, path, f"{where}: {name} takes only min and max")
    for value in bounds.values():
        _require(
            isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value),
            path, f"{where}: {name} must be bounded by numbers",
        )  # fmt: skip
    low, high = bounds.get("min"), bounds.get("max")
    _require(low is None or high is None or low <= high, path, f"{where}: {name} has min above max")
    return Condition(feature=name, low=low, high=high)


def _require(holds: bool, path: str, fault: str) -> None:
    if not holds:
        subject = "" if fault.startswith("rule ") else "it "
        raise BadSetting(f"The routing policy {path} cannot be used: {subject}{fault}.")


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
