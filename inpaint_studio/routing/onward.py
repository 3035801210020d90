"""Where a fill goes next: after an engine broke, after the gates or a person rejected it.

This is the one place that knows. What was left behind asks for a wider mask, a colour step for a
softer edge, a wrong texture or an invented thing for another engine; when all that was tried, for
another seed. Letters that are still read, and specks of them, ask for a wider mask where they are:
one that the fill shows by chance must not widen a whole paragraph. A person who rejects an edit
says which of these to change first. What has been tried is never tried again; None means that a
person must do it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    Reason,
    RunOptions,
    Verdict,
)

WIDER_PX = 4
WIDER_SHARE = 0.35
SPECKS_PX = (1, 2)
"""How far a mask grows for specks at its rim, however wide the strokes are: two px are enough in
four of four outlined lines whose strokes ask for 3 to 7 px, one in five of seven others, with half
as much masked; the gates accept these five, of the same grown by two px three."""
REST_PX, REST_EDGE_PX = 16, 2
"""A thing's rest that reaches further asks for another mask, not for the same one all around."""
READ_SHARE = 0.5
"""Share of a mask beside which letters are still read, from which on it grows all around."""
SOFTER_PX = 4
SEEDS = 3
MOST_TRIES = 5
LAST_RESORTS = ("patch", "flat")
"""Engines that need no weights, tried where a plan names no other and nothing new is asked for."""

Change: TypeAlias = Literal["wider", "softer", "engine", "seed"]

_ORDERS: dict[Change, tuple[Change, ...]] = {
    "wider": ("wider", "engine", "seed"),
    "softer": ("softer", "engine", "wider", "seed"),
    "engine": ("engine", "seed", "wider"),
    "seed": ("seed", "engine", "wider"),
}
_BY_READING: dict[str, Change] = {
    **dict.fromkeys(
        (
            "letters_left",
            "ink_left",
            "specks_left",
            "overlay_left",
            "effect_carried",
            "traces_left",
            "relief_left",
            "thing_left",
            "ghost",
            "ghost_signs",
            "letters_signs",
            "residue",
        ),
        "wider",
    ),
    **dict.fromkeys(
        ("seam", "seam_signs", "hue_signs", "tint", "light_step", "colour_step", "strip_colour"),
        "softer",
    ),
}
_WHERE = {"letters_left": " where letters are read", "specks_left": " where specks are left"}
_SEED_MATTERS = ("patch", "text", "generative")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRoute:
    """What is changed for the next attempt, in words (`change`), and why.

    grow_within: the box of the crop where the mask grows; None: all around.
    """

    engine: str
    grow_px: int
    grow_within: Box | None = None
    feather_px: int
    seed: int
    change: str
    reason: Reason

    def options(self, options: RunOptions, plan: Plan) -> RunOptions:
        """Return the options of the next run, after one with `options` that went by `plan`.

        What grew in a box alone belongs to the mask of that run: options know no box.
        """
        same = self.engine == plan.engine
        return replace(
            options,
            engine=self.engine,
            grow_px=self.grow_px if self.grow_within is None else 0,
            feather_px=self.feather_px,
            seed=self.seed,
            force=False,
            parameters=dict(plan.recipe.parameters) if same else {},
            attempt=options.attempt + 1,
        )


def other_engines(plan: Plan, offers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the engines that could take this region over from the plan's, best first.

    offers: engine -> "" when it can run here, else a sentence why not.
    """
    resorts = LAST_RESORTS if plan.recipe.intent in ("remove", "fill") else ()
    names = (plan.compare_with, *plan.fallbacks, *resorts)
    ready = (name for name in names if name != plan.engine and not offers.get(name, "no"))
    return tuple(dict.fromkeys(ready))


def after_failure(plan: Plan, failed: Collection[str]) -> str | None:
    """Return the engine that stands in when those in `failed` broke; None: none may.

    Only what the plan allows: an engine the user chose is not replaced behind his back.
    """
    return next((name for name in plan.fallbacks if name not in failed), None)


def onward_of(edit: EditRecord, offers: Mapping[str, str]) -> NextRoute | None:
    """Return what a flagged edit may be sent to next, all its fills considered."""
    tried = [attempt.recipe for attempt in edit.attempts]
    return next_route(edit.plan, edit.verdict, offers, tried)


def next_route(
    plan: Plan,
    verdict: Verdict,
    offers: Mapping[str, str],
    tried: Iterable[FillRecipe] = (),
    *,
    wish: Change | None = None,
    thickness_px: float = 0.0,
    hole: MaskBool | None = None,
) -> NextRoute | None:
    """Return the next attempt after `plan`'s fill was rejected, None when none is left.

    tried: the recipes of earlier attempts. wish: what a person wants changed first (he may
    reject what the gates accepted); without it the failed readings say so. thickness_px: the
    mask's stroke width, by which a wider mask is measured. hole: the mask before it was grown, in
    the verdict's pixels, where it may grow in a part; None: it may grow all around alone.
    """
    made = {_key(recipe) for recipe in (*tried, plan.recipe)}
    if (verdict.accepted and wish is None) or len(made) >= MOST_TRIES:
        return None
    for change, cause in _causes(verdict, wish):
        for more_px in SPECKS_PX if _is_specks(cause) else (_more_px(verdict, thickness_px),):
            box = _read_box(cause, hole, more_px)
            for recipe in _changed(change, plan, offers, more_px, box):
                if _key(recipe) not in made:
                    return _route(change, recipe, plan, cause)
    return None


def _is_specks(cause: Reading | Verdict | None) -> bool:
    return isinstance(cause, Reading) and cause.name == "specks_left"


def _causes(verdict: Verdict, wish: Change | None) -> list[tuple[Change, Reading | Verdict | None]]:
    """What to change, in order, and what says so: a person (None), a reading, or the risk."""
    if wish is not None:
        return [(change, None) for change in _ORDERS[wish]]
    failed = [reading for reading in verdict.readings if not reading.passed]
    order = list(_ORDERS)
    failed.sort(key=lambda r: (not r.decides, order.index(_BY_READING.get(r.name, "engine"))))
    asked: list[tuple[Change, Reading | Verdict | None]] = []
    for reading in failed:
        change = _BY_READING.get(reading.name, "engine")
        asked += [(step, reading) for step in dict.fromkeys((change, "engine"))]
    return [*asked, ("engine", verdict), ("seed", verdict)]


def _key(recipe: FillRecipe) -> tuple[str, int, Box | None, int, int]:
    seed = recipe.seed if recipe.engine in _SEED_MATTERS else 0
    return recipe.engine, recipe.grow_px, recipe.grow_within, recipe.feather_px, seed


def _more_px(verdict: Verdict, thickness_px: float) -> int:
    """Return by how much a wider mask grows: past the rest of a thing where that is near."""
    for name in ("thing_left", "relief_left"):
        rest = verdict.reading(name)
        if rest is not None and not rest.passed and rest.value <= REST_PX:
            return math.ceil(rest.value) + REST_EDGE_PX
    return wider_px(thickness_px) if thickness_px else WIDER_PX


def wider_px(thickness_px: float) -> int:
    """Return by how much the mask of letters of that stroke width grows when it was too tight."""
    return max(2, round(WIDER_SHARE * thickness_px))


def _read_box(
    cause: Reading | Verdict | None, hole: MaskBool | None, more_px: int
) -> Box | None:  # fmt: skip
    """Return where the mask grows for what is left of letters in or beside a small part of it."""
    if hole is None or not isinstance(cause, Reading) or cause.name not in _WHERE:
        return None
    return read_box(cause.box, hole, more_px)


def read_box(box: Box | None, hole: MaskBool, more_px: int) -> Box | None:
    """Return where `hole` grows by `more_px` when letters are read in `box`; None: all around."""
    if box is None:
        return None
    near = box.pad(more_px).clamp(Box.of_shape(hole.shape))
    return near if int(hole[near.slices].sum()) < READ_SHARE * int(hole.sum()) else None


def _changed(
    change: Change, plan: Plan, offers: Mapping[str, str], more_px: int, box: Box | None
) -> Sequence[FillRecipe]:
    recipe = plan.recipe
    if change == "wider":
        return [_wider(recipe, more_px, box)]
    if change == "softer":
        return [replace(recipe, feather_px=recipe.feather_px + SOFTER_PX)]
    if change == "engine":
        return [replace(recipe, engine=name) for name in other_engines(plan, offers)]
    if recipe.engine not in _SEED_MATTERS:
        return []
    return [replace(recipe, seed=recipe.seed + step) for step in range(1, SEEDS + 1)]


def _wider(recipe: FillRecipe, more_px: int, box: Box | None) -> FillRecipe:
    """The mask of `recipe` grown all around, or in a box; what another box grew by does not count
    elsewhere."""
    before = recipe.grow_within
    if box is None:
        px = more_px if before is not None else recipe.grow_px + more_px
        return replace(recipe, grow_px=px, grow_within=None)
    if before is None and recipe.grow_px:
        return replace(recipe, grow_px=recipe.grow_px + more_px)
    around = box if before is None else Box.around([before, box])
    return replace(recipe, grow_px=recipe.grow_px + more_px, grow_within=around)


def _route(
    change: Change, found: FillRecipe, plan: Plan, cause: Reading | Verdict | None
) -> NextRoute:
    where = ""
    if found.grow_within is not None:
        name = cause.name if isinstance(cause, Reading) else ""
        where = _WHERE.get(name, _WHERE["letters_left"])
    words = {
        "wider": f"mask grown by {found.grow_px} px{where}",
        "softer": f"edge feathered over {found.feather_px} px",
        "seed": f"seed {found.seed} instead of {plan.recipe.seed}",
        "engine": f"engine {found.engine} instead of {plan.engine}",
    }[change]
    head = words[0].upper() + words[1:]
    if isinstance(cause, Reading):
        limit = cause.high if cause.high is not None else cause.low
        said = f"{head}, because {cause.label or cause.name} failed."
        reason = Reason(text=said, feature=cause.name, value=cause.value, limit=limit)
    elif isinstance(cause, Verdict):
        said = f"{head}, because the risk is {cause.risk:.2f}."
        reason = Reason(text=said, feature="risk", value=cause.risk)
    else:
        reason = Reason(text=f"{head}, as the edit was rejected.")
    return NextRoute(
        engine=found.engine,
        grow_px=found.grow_px,
        grow_within=found.grow_within,
        feather_px=found.feather_px,
        seed=found.seed,
        change=words,
        reason=reason,
    )
