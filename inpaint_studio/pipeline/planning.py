"""From a region to its plan: the crop an attempt sees, the route for it, and the full recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.engines.generative_time import about
from inpaint_studio.engines.table import DEAR, ENGINES, engine
from inpaint_studio.errors import Missing
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import Region
from inpaint_studio.pipeline.attempt import RegionInput, on_blocks
from inpaint_studio.pipeline.checks import cut_through, policy_in_force, without_effect
from inpaint_studio.pipeline.request import RunRequest
from inpaint_studio.records import FillRecipe, Plan, Reason, RunOptions
from inpaint_studio.routing.route import Route, choose, number

CONTEXT_PX = 224
ON_IT, OF_IT = 0.5, 0.33
_MB = 1e-6


def require(name: str) -> None:
    """Raise `BadSetting` for an unknown engine, `Missing` for one that is not installed."""
    offer = engine(name).availability()
    if not offer.ready:
        raise Missing(f"The engine {name} cannot run: {offer.why} {offer.how}".strip())


def offers() -> dict[str, str]:
    """Return engine name -> "" when it is ready, else a sentence why not."""
    ready = {name: maker.availability() for name, maker in ENGINES.items()}
    return {name: "" if offer.ready else offer.why or "not installed" for name, offer in (
        ready.items()
    )}  # fmt: skip


def engines_ready() -> Mapping[str, str]:
    """Return engine name -> "" when it is ready, else why not and what to do about it."""
    ready = {name: maker.availability() for name, maker in ENGINES.items()}
    return {name: "" if offer.ready else f"{offer.why} {offer.how}".strip() for name, offer in (
        ready.items()
    )}  # fmt: skip


def region_input(
    request: RunRequest, working: Pixels, mask: MaskBool, piece: Region, *, pad: int
) -> RegionInput:
    """Return the crop for one piece of the mask: `pad` px of surroundings where there are any."""
    box = piece.box.pad(pad).clamp(Box.of_shape(working.shape))
    if request.options.intent == "upscale":
        box = on_blocks(box, request.origin)
    own = np.zeros(box.shape, dtype=bool)
    own[piece.box.relative_to(box).slices] = piece.mask
    unusable = mask[box.slices] & ~own
    if request.source is not None and request.options.intent != "upscale":
        unusable = unusable | (~request.source[box.slices] & ~own)
    return RegionInput(
        box=box,
        pixels=working[box.slices].copy(),
        mask=own,
        unusable=unusable,
        icc=request.icc,
        kind=request.options.kind,
        options=request.options,
        threads=request.threads,
        veil=request.veil.within(box) if request.veil is not None else None,
    )


def reach_px(mask: MaskBool, engines: Iterable[str], grow_px: int | None = None) -> int:
    """Return how far around the mask a run by one of these engines may look."""
    reach = (ENGINES[name].context_px(mask) for name in engines if name in ENGINES)
    return max(CONTEXT_PX, *reach, 0) + max(0, grow_px or 0)


def planned(
    request: RunRequest,
    working: Pixels,
    mask: MaskBool,
    piece: Region,
    semantic: SemanticJudge | None = None,
    *,
    looking_mb: float = 0.0,
) -> tuple[RegionInput, Plan]:
    """Return what an attempt at this piece sees, and its plan.

    semantic: what can name the thing under the mask, where the policy asks for it. looking_mb: what
    the run needs before its fills, to look for a mark that repeats.
    Raises: BadSetting (the policy, the engine's name), Missing (the engine the user named cannot
    run here, or none can).
    """
    region = region_input(request, working, mask, piece, pad=CONTEXT_PX)
    route = route_for(region, semantic, request.things)
    plan = plan_for(route, region, looking_mb=looking_mb)
    plan = replace(plan, reasons=(*plan.reasons, *cut_through(region, plan.recipe)))
    pad = reach_px(region.mask, (plan.engine,), plan.recipe.grow_px)
    if pad > CONTEXT_PX:
        region = region_input(request, working, mask, piece, pad=pad)
    return region, plan


def route_for(
    region: RegionInput,
    semantic: SemanticJudge | None = None,
    things: Iterable[tuple[Box, str]] = (),
) -> Route:
    """Return what the policy says of a region, on this machine and at this moment.

    things: what is known to lie where, boxes as the region's own; only what they do not name is
    the detector asked for.
    """
    import psutil

    srgb = space_of(region.icc).to_srgb8(region.pixels)
    free = psutil.virtual_memory().available * _MB
    able = offers() if region.options.engine != "auto" else _that_fit(offers(), region, free)
    options, policy = region.options, policy_in_force()
    if not options.subject and policy.asks_for("subject"):
        own = ((box.shift(-region.box.left, -region.box.top), name) for box, name in things)
        subject = subject_of(region.mask, own)
        if not subject and semantic is not None:
            seen = semantic.objects(srgb)
            subject = subject_of(region.mask, ((box, name) for box, name, _ in seen))
        options = replace(options, subject=subject)
    return choose(srgb, region.mask, options, able, free, policy)


def subject_of(mask: MaskBool, things: Iterable[tuple[Box, str]]) -> str:
    """Return the name of the thing (box, name) that a mask covers, "" when it covers none.

    Half of the mask must lie on it, and a third of its box under the mask. Boxes may reach
    beyond the mask's crop.
    """
    best, name = 0.0, ""
    for box, label in things:
        covered = float(mask[box.clamp(Box.of_shape(mask.shape)).slices].sum())
        on_it, of_it = covered / float(mask.sum()), covered / max(box.area, 1)
        if on_it >= ON_IT and of_it >= OF_IT and on_it * of_it > best:
            best, name = on_it * of_it, label
    return name


def _that_fit(able: Mapping[str, str], region: RegionInput, free_mb: float) -> dict[str, str]:
    """Say of engines that could run why they cannot here: the memory is not there.

    Those that need minutes have ways of their own to do with less.
    """
    found = dict(able)
    for name in (name for name, why in able.items() if not why and name not in DEAR):
        needed = _needs_mb(name, region)
        if needed > free_mb:
            found[name] = f"It needs about {needed:.0f} MB and {free_mb:.0f} MB are free."
    return found


def plan_for(route: Route, region: RegionInput, *, looking_mb: float = 0.0) -> Plan:
    """Return the recipe of the route; when its model turns out damaged, that of a fallback.

    Raises: Missing: the engine the user named cannot run, or none can.
    """
    options = region.options
    names = [route.engine] if options.engine != "auto" else [route.engine, *route.fallbacks]
    changes: list[str] = []
    for name in dict.fromkeys(names):
        try:
            recipe = recipe_for(name, region.mask, options, route)
        except Missing as error:
            if name == names[-1]:
                raise
            changes.append(f"{name} cannot run ({error})")
            continue
        return Plan(
            recipe=recipe,
            reasons=(
                *route.reasons,
                *without_effect(name, options),
                _memory(name, region, looking_mb),
            ),
            fallbacks=route.fallbacks,
            changes=tuple(changes),
            compare_with=route.compare_with,
            decide_by=route.decide_by,
        )
    raise AssertionError("a route names at least one engine")


def _needs_mb(name: str, region: RegionInput) -> float:
    return engine(name).estimate_mb(region.mask.shape, int(region.mask.sum()))


def _memory(name: str, region: RegionInput, looking_mb: float) -> Reason:
    """What the run will need, said before it starts: the look comes first and is over then."""
    needed = _needs_mb(name, region)
    said = f"The fill needs about {number(needed)} MB of memory."
    if looking_mb > needed:
        said = (
            f"The look for a mark that repeats needs up to {number(looking_mb)} MB of memory, "
            f"the fill about {number(needed)}."
        )
    return Reason(text=said, feature="memory_mb", value=max(needed, looking_mb))


def expected(plan: Plan, region: RegionInput) -> Plan:
    """Return the plan with how long its fill will take, where that is long: said beforehand.

    It hangs on how busy the machine is, so it stands in no run's record.
    """
    estimate = getattr(engine(plan.engine), "estimate_s", None)
    seconds = estimate(plan.recipe, region.mask.shape) if estimate is not None else None
    words = about(seconds) if seconds is not None else ""
    if not words:
        return plan
    reason = Reason(
        text=f"The fill takes {words} on this CPU as busy as it is now.",
        feature="seconds",
        value=seconds,
    )
    return replace(plan, reasons=(*plan.reasons, reason))


def recipe_for(name: str, mask: MaskBool, options: RunOptions, route: Route) -> FillRecipe:
    """Return the full recipe for one engine: its defaults, the route's numbers, the user's word."""
    parameters = {**route.parameters, **options.parameters} if name == route.engine else (
        options.parameters
    )  # fmt: skip
    recipe = engine(name).recipe(replace(options, parameters=dict(parameters)), mask)
    return replace(
        recipe,
        seed=options.seed,
        intent=options.intent,
        prompt=options.prompt,
        grow_px=options.grow_px if options.grow_px is not None else route.grow_px,
        feather_px=options.feather_px if options.feather_px is not None else route.feather_px,
    )


def recipe_like(recipe: FillRecipe, name: str, region: RegionInput) -> FillRecipe:
    """Return another engine's recipe for the same wish: seed, prompt, grow and feather as given.

    Raises: Missing: its model is not there any more.
    """
    options = region.options if name == recipe.engine else replace(region.options, parameters={})
    return replace(
        engine(name).recipe(options, region.mask),
        seed=recipe.seed,
        intent=recipe.intent,
        prompt=recipe.prompt,
        grow_px=recipe.grow_px,
        feather_px=recipe.feather_px,
    )
