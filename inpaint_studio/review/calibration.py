"""Thresholds from the verdicts gathered, applied only on the user's word, kept by version.

The evidence for "at most X % bad among the auto-accepted" is the audit stream and nothing else:
what people say about flagged items is left out on purpose. A photo of the same product is no
new evidence, so a product counts once. Planted edits measure the reviewer; a reviewer who misses
some sees fewer bad edits than there are, which `Outlook.caveat` says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inpaint_studio.errors import BadSetting, StorageError
from inpaint_studio.gating.bounds import audits_needed, upper_bound
from inpaint_studio.gating.calibrate import Audited, Drift, Warranty, drift, groups_by_risk, warrant
from inpaint_studio.gating.risk import default_gates, written
from inpaint_studio.paths import config_dir, ensure, resource
from inpaint_studio.review.groups import sku_of
from inpaint_studio.review.statistics import EditFact, Escape, escape
from inpaint_studio.store.files import write_durably
from inpaint_studio.store.library import Library

NAME = "gates.json"
SEEN = ("accepted", "fixed", "rejected")
LIMITS = (0.005, 0.01, 0.02, 0.05, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a number of further clean audits would buy: the bound it brings down to `bound`."""

    more: int
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the verdicts carry. `curve` is (risk, bound at that threshold) for the plot."""

    limit: float
    warranty: Warranty
    escape: Escape
    curve: tuple[tuple[float, float], ...]
    steps: tuple[Step, ...]
    drift: Drift | None
    caveat: str
    threshold_now: float


def model_of(version: str) -> str:
    """Return which models a verdict's or a set's version stands for ("2" of "2+20260105/pair@0.5").

    Sets that differ in their thresholds alone give the same risks.
    """
    return version.split("/")[0].split("+")[0]


def audits_of(facts: Sequence[EditFact], names: dict[str, str] | None = None) -> list[Audited]:
    """Return the audited verdicts; names: item id -> photo name, to count a product once.

    A risk is a number of the models that gave it: verdicts of other models are no evidence for a
    threshold of those in force.
    """
    model = model_of(default_gates().version)
    return [
        Audited(
            risk=fact.risk,
            is_bad=fact.state != "accepted",
            group=sku_of(names[fact.item_id]) if names and fact.item_id in names else "",
        )
        for fact in facts
        if _is_audit(fact) and model_of(fact.gates) in ("", model)
    ]


def _is_audit(fact: EditFact) -> bool:
    return fact.origin == "audit" and fact.state in SEEN


def outlook(
    facts: Sequence[EditFact], limit: float, *, names: dict[str, str] | None = None
) -> Outlook:
    """Say what can be promised from these facts, and what more reviews would buy."""
    audits = audits_of(facts, names)
    warranty = warrant(audits, limit)
    found = escape(facts)
    counted = groups_by_risk(audits)
    seen, bad = sum(added for _, added, _ in counted), sum(turned for _, _, turned in counted)
    steps = tuple(
        Step(more=more, bound=upper_bound(bad, seen + more))
        for more in {50, 100, 200, 500, max(0, audits_needed(limit, bad) - seen)}
        if more
    )
    now = default_gates().thresholds
    caveats: list[str] = []
    old = sum(map(_is_audit, facts)) - len(audits)
    if old:
        caveats.append(
            f"{old} audits are of verdicts by other gate models than those in force; their risks "
            "are on another scale, so they count for nothing here."
        )
    if found.catch is not None and found.catch.value < 1:
        caveats.append(
            f"Reviewers caught {found.catch.count} of {found.catch.total} planted bad edits, so "
            f"the true share may be about {1 / max(found.catch.value, 0.01):.1f} times as high."
        )
    return Outlook(
        limit=limit, warranty=warranty, escape=found, curve=_curve(counted),
        steps=tuple(sorted(steps, key=lambda step: step.more)),
        drift=drift(bad, seen, limit) if audits else None,
        caveat=" ".join(caveats), threshold_now=max(now.values(), default=0.5),
    )  # fmt: skip


def _curve(counted: Sequence[tuple[float, int, int]]) -> tuple[tuple[float, float], ...]:
    points = []
    seen = bad = 0
    for risk, added, turned in counted:
        seen, bad = seen + added, bad + turned
        points.append((risk, upper_bound(bad, seen)))
    return tuple(points)


def active_path() -> Path:
    """Where the gate set that a calibration made lies."""
    return config_dir() / "gates" / NAME


def apply(warranty: Warranty, *, reviewer: str = "") -> str:
    """Make a gate set with the warranted threshold the one in force; return its version.

    Every set made is kept beside it under its version: a verdict names the one it was judged by.
    Raises: BadSetting: the warranty was refused; StorageError.
    """
    if warranty.threshold is None:
        raise BadSetting(f"There is nothing to apply. {warranty.sentence}")
    source = active_path() if active_path().exists() else resource("gates", NAME)
    try:
        raw = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"The gate file {source} cannot be read ({error}).") from error
    version = f"{str(raw['version']).split('+')[0]}+{datetime.now(UTC):%Y%m%d-%H%M%S}"
    raw["thresholds"] = dict.fromkeys(raw["thresholds"], warranty.threshold)
    raw["version"] = version
    raw["warranty"] = {
        "limit": warranty.limit, "bound": warranty.bound, "seen": warranty.seen,
        "bad": warranty.bad, "by": reviewer, "sentence": warranty.sentence,
    }  # fmt: skip
    data = written(raw).encode()
    folder = ensure(active_path().parent)
    write_durably(folder / f"gates-{version}.json", data)
    write_durably(active_path(), data)
    return version


def withdraw() -> None:
    """Go back to the gate set that comes with the program; the versions made stay."""
    active_path().unlink(missing_ok=True)


def versions() -> list[dict[str, object]]:
    """Return the gate sets that calibrations made, newest first."""
    found: list[dict[str, object]] = []
    for path in sorted(active_path().parent.glob("gates-*.json"), reverse=True):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found.append({"version": raw.get("version"), "thresholds": raw.get("thresholds"),
                      "warranty": raw.get("warranty")})  # fmt: skip
    return found


def names_of(library: Library) -> dict[str, str]:
    """Return item id -> photo name of the audited items."""
    return {row.item_id: row.name for row in library.reviews.select("origin = 'audit'")}
