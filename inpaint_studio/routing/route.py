"""Choose the route for a region: engine, recipe numbers, and reasons that carry their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import Formatter

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.records import DecideBy, Reason, RunOptions, Scalar
from inpaint_studio.routing.features import NAMES, SAID, WORDS, Features, measure
from inpaint_studio.routing.policy import Condition, Policy, Rule, load_policy

MADE_ANEW = ("generate", "upscale")
"""Intents that one engine alone can serve: another one would do something else than was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a region goes. `compare_with`: another engine that may suit as well; `decide_by` what
    tells which (`records.Plan`)."""

    engine: str
    reasons: tuple[Reason, ...] = ()
    fallbacks: tuple[str, ...] = ()
    parameters: dict[str, Scalar] = field(default_factory=dict)
    grow_px: int = 0
    feather_px: int = 2
    compare_with: str = ""
    decide_by: DecideBy = "gates"
    rule: str = ""


def choose(
    pixels: Pixels,
    mask: MaskBool,
    options: RunOptions,
    offers: Mapping[str, str],
    free_mb: float,
    policy: Policy | None = None,
) -> Route:
    """Return the route for one region of a crop, (H, W, 3) sRGB-encoded.

    offers: engine -> "" when it can run here, else a sentence why not. An engine the user named
    is taken as it is. Raises: BadSetting: no such engine; Missing: the named one cannot run here.
    """
    policy = policy or load_policy()
    features = measure(
        pixels, mask, kind=options.kind, intent=options.intent, subject=options.subject,
        prompt=options.prompt, free_mb=free_mb,
    )  # fmt: skip
    matching = [rule for rule in policy.rules if rule.holds(features)]
    if options.engine != "auto":
        return _forced(options.engine, matching[-1], offers)
    passed_by: list[Reason] = []
    for rule in matching:
        why_not = offers.get(rule.engine, f"There is no engine {rule.engine}.")
        if not why_not:
            return _route(rule, features, offers, passed_by)
        if options.intent in MADE_ANEW:
            raise Missing(f"{_said(rule, features)} But {why_not}")
        passed_by.append(
            Reason(text=f"{_said(rule, features)} But {rule.engine} cannot run here: {why_not}")
        )
    raise Missing("No engine can run here; reinstall Inpaint Studio or mend the routing policy.")


def _forced(engine: str, rule: Rule, offers: Mapping[str, str]) -> Route:
    if engine not in offers:
        raise BadSetting(f"There is no engine {engine!r}; choose one of {', '.join(offers)}.")
    if offers[engine]:
        raise Missing(offers[engine])
    return Route(
        engine=engine,
        reasons=(Reason(text=f"The engine {engine} was asked for."),),
        fallbacks=(),
        grow_px=rule.grow_px,
        feather_px=rule.feather_px,
        rule="asked for",
    )


def _route(
    rule: Rule, features: Features, offers: Mapping[str, str], passed_by: list[Reason]
) -> Route:
    ready = [name for name in rule.fallbacks if name != rule.engine and not offers.get(name, "no")]
    compare = rule.compare_with
    if compare and (offers.get(compare, "no") or compare == rule.engine):
        compare = ""
    return Route(
        engine=rule.engine,
        reasons=(*_reasons(rule, features), *passed_by),
        fallbacks=tuple(dict.fromkeys(ready)),
        parameters=dict(rule.parameters),
        grow_px=rule.grow_px,
        feather_px=rule.feather_px,
        compare_with=compare,
        decide_by=rule.decide_by,
        rule=rule.name,
    )


def _reasons(rule: Rule, features: Features) -> list[Reason]:
    """One sentence, then one more for every further number it rests on."""
    facts = [
        Reason(
            text=_fact(condition, features),
            feature=condition.feature,
            value=float(features.get(condition.feature)),
            limit=condition.high if condition.high is not None else condition.low,
        )
        for condition in rule.conditions
        if condition.feature not in WORDS
    ]
    head = Reason(text=_said(rule, features))
    if facts:
        head = replace(facts[0], text=head.text)
    elif named := _named(rule, features):
        head = Reason(text=head.text, feature=named[0], value=named[1])
    return [head, *facts[1:]]


def _fact(condition: Condition, features: Features) -> str:
    """A condition that held, as a sentence with its number and its bounds."""
    name = condition.feature
    words, unit = SAID[name]
    bounds = (("at least", condition.low), ("at most", condition.high))
    asked = " and ".join(f"{word} {shown(name, b)}" for word, b in bounds if b is not None)
    value = shown(name, float(features.get(name)))
    unit = unit if not value.endswith(unit) else ""
    return f"{words[0].upper()}{words[1:]} {value}{unit}, as the rule asks: {asked}."


def _named(rule: Rule, features: Features) -> tuple[str, float] | None:
    """Return the first number that the rule's own sentence rests on."""
    for _, name, _, _ in Formatter().parse(rule.because):
        value = features.get(name) if name else ""
        if name and not isinstance(value, str):
            return name, value
    return None


def _said(rule: Rule, features: Features) -> str:
    values = {name: features.get(name) for name in NAMES}
    said = {n: v if isinstance(v, str) else shown(n, v) for n, v in values.items()}
    return rule.because.format(**said)


def shown(name: str, value: float) -> str:
    """Return a feature's number as a person reads it; a share with its percent sign."""
    if SAID[name][1] == " %":
        return f"{number(100 * value)} %"
    return number(value)


def number(value: float) -> str:
    """Return a number as a person reads it: three figures, no exponent."""
    if abs(value) >= 100 or value == round(value, 0):
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else "0"
