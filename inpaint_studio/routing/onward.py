"""Where a rejected fill goes next: the failed readings say what to change.

What was left behind asks for a wider mask, a colour step for a softer edge, a wrong texture or
an invented thing for another engine; when all that was tried, for another seed. What has been
tried is never tried again; None means that a person must do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inpaint_studio.records import FillRecipe, Plan, Reason, Verdict

WIDER_PX = 4
SOFTER_PX = 4
SEEDS = 3
MOST_TRIES = 5

_WIDER = ("letters_left", "ghost", "residue")
_SOFTER = ("seam", "tint", "strip_colour")
_OTHER = (
    "new_object", "new_text", "high_freq_power_ratio", "texture_amplitude", "texture_support",
    "spectral_consistency", "reconstruction_mse", "consensus", "patch_support", "new_colour",
    "edge_continuation", "sensitivity",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRoute:
    """What is changed for the next attempt, and why."""

    engine: str
    grow_px: int
    feather_px: int
    seed: int
    reason: Reason


def next_route(
    plan: Plan,
    verdict: Verdict,
    offers: Mapping[str, str],
    tried: Sequence[FillRecipe] = (),
) -> NextRoute | None:
    """Return the next attempt after `verdict` rejected `plan`'s fill.

    offers: engine -> "" when it can run here. tried: the recipes of earlier attempts.
    """
    made = {_key(recipe) for recipe in (*tried, plan.recipe)}
    if verdict.accepted or len(made) >= MOST_TRIES:
        return None
    failed = [reading for reading in verdict.readings if not reading.passed]
    failed.sort(key=lambda reading: not reading.decides)
    for reading in failed:
        for change in _changes(reading.name):
            found = _changed(change, plan, offers, made)
            if found is None:
                continue
            limit = reading.high if reading.high is not None else reading.low
            said = (
                f"{_sentence(change, found, plan)} because {reading.label or reading.name} failed."
            )
            reason = Reason(text=said, feature=reading.name, value=reading.value, limit=limit)
            return _as_route(found, reason)
    for change in ("engine", "seed"):
        found = _changed(change, plan, offers, made)
        if found is not None:
            said = f"{_sentence(change, found, plan)} because the risk is {verdict.risk:.2f}."
            return _as_route(found, Reason(text=said, feature="risk", value=verdict.risk))
    return None


def _changes(name: str) -> tuple[str, ...]:
    if name in _WIDER:
        return ("wider", "engine")
    if name in _SOFTER:
        return ("softer", "engine")
    return ("engine",) if name in _OTHER else ()


def _key(recipe: FillRecipe) -> tuple[str, int, int, int]:
    return recipe.engine, recipe.grow_px, recipe.feather_px, recipe.seed


def _changed(
    change: str,
    plan: Plan,
    offers: Mapping[str, str],
    made: set[tuple[str, int, int, int]],
) -> FillRecipe | None:
    recipe = plan.recipe
    candidates: list[FillRecipe] = []
    if change == "wider":
        candidates = [replace(recipe, grow_px=recipe.grow_px + WIDER_PX)]
    elif change == "softer":
        candidates = [replace(recipe, feather_px=recipe.feather_px + SOFTER_PX)]
    elif change == "engine":
        names = dict.fromkeys((*plan.fallbacks, plan.compare_with))
        candidates = [
            replace(recipe, engine=name) for name in names if name and not offers.get(name, "no")
        ]
    elif change == "seed":
        candidates = [replace(recipe, seed=recipe.seed + step) for step in range(1, SEEDS + 1)]
    return next((found for found in candidates if _key(found) not in made), None)


def _as_route(found: FillRecipe, reason: Reason) -> NextRoute:
    return NextRoute(
        engine=found.engine,
        grow_px=found.grow_px,
        feather_px=found.feather_px,
        seed=found.seed,
        reason=reason,
    )


def _sentence(change: str, found: FillRecipe, plan: Plan) -> str:
    if change == "wider":
        return f"Mask grown by {found.grow_px} px"
    if change == "softer":
        return f"Edge feathered over {found.feather_px} px"
    if change == "seed":
        return f"Seed {found.seed} instead of {plan.recipe.seed}"
    return f"Engine {found.engine} instead of {plan.engine}"
