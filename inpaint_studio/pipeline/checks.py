"""What is looked at before a fill: wishes that mean nothing, a policy's faults, a mask's."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from inpaint_studio.engines.table import check_names, engine
from inpaint_studio.errors import BadSetting
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.beside import asks_for_the_rest, thing_left
from inpaint_studio.gating.scene import CONTEXT_PX
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import grow
from inpaint_studio.pipeline.attempt import RegionInput
from inpaint_studio.records import KINDS, FillRecipe, Intent, Reason, RunOptions
from inpaint_studio.routing.onward import MOST_TRIES
from inpaint_studio.routing.policy import Policy, load_policy

_WORDS: dict[str, tuple[str, ...]] = {
    "kind": KINDS, "intent": get_args(Intent), "budget": ("cheap", "auto", "full"),
}  # fmt: skip
_NUMBERS = {
    "grow_px": (-500, 500), "feather_px": (0, 200), "seed": (0, 2**63 - 1), "tries": (1, MOST_TRIES)
}  # fmt: skip


def check_options(options: RunOptions) -> None:
    """Raise `BadSetting` for a word that means nothing or a number out of its range."""
    for name, words in _WORDS.items():
        value = getattr(options, name)
        if value not in words:
            raise BadSetting(f"There is no {name} {value!r}; choose one of {', '.join(words)}.")
    for name, (low, high) in _NUMBERS.items():
        value = getattr(options, name)
        if value is None and name.endswith("_px"):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadSetting(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
    if options.engine == "auto":
        check_names(options.parameters)  # An engine that was named says itself what it takes.


def policy_in_force(path: Path | None = None) -> Policy:
    """Return the routing policy (of `path`, else the user's own or the shipped one), checked.

    Raises: BadSetting: it cannot be read, or a rule sets a parameter that its engine has not.
    """
    policy = load_policy(path)
    for rule in policy.rules:
        for name in rule.parameters.keys() - engine(rule.engine).takes:
            raise BadSetting(
                f"{policy.path}: the rule {rule.name!r} sets {name!r}, which the engine "
                f"{rule.engine} has not; it has {', '.join(sorted(engine(rule.engine).takes))}."
            )
    return policy


def without_effect(name: str, options: RunOptions) -> tuple[Reason, ...]:
    """Say which of the user's parameters are for other engines than the one chosen."""
    idle = sorted(options.parameters.keys() - engine(name).takes)
    if not idle:
        return ()
    others = f"the engine {name} has no such parameter"
    return (Reason(text=f"Without effect: {', '.join(idle)}; {others}.", warns=True),)


def cut_through(region: RegionInput, recipe: FillRecipe) -> tuple[Reason, ...]:
    """Say before the fill that the mask leaves part of a thing standing: the gates will flag it."""
    if recipe.intent not in ("remove", "fill"):
        return ()
    near = Box.of_mask(region.mask).pad(CONTEXT_PX + max(0, recipe.grow_px))
    view = near.clamp(Box.of_shape(region.mask.shape)).slices
    before = space_of(region.icc).to_srgb8(region.pixels[view])
    mask = grow(region.mask[view], recipe.grow_px)
    request = JudgeRequest(
        before=before, after=before, mask=mask, ring_px=recipe.feather_px, kind=region.kind
    )
    rest = thing_left(request).value if asks_for_the_rest(request) and not mask.all() else 0.0
    if not rest:
        return ()
    words = (
        f"The mask seems to cut through a thing, which reaches {rest:.0f} px out of it. Mask the "
        "rest, too, or a person must look at the result."
    )
    return (Reason(text=words, feature="thing_left", value=rest, warns=True),)
