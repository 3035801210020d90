"""`run`: the whole road, region by region."""

from __future__ import annotations

import resource
import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from inpaint_studio import __version__
from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.engines.table import ENGINES, engine
from inpaint_studio.errors import EngineFailed, Missing, TookTooLong
from inpaint_studio.gating.base import SemanticJudge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import space_of
from inpaint_studio.imaging.mask import Region, grow, regions, stroke_width, validate
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.attempt import Attempt, RegionInput, attempt
from inpaint_studio.pipeline.request import Delta, HashOnly, RunRequest, RunResult, Sink
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reason,
    RunOptions,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.routing.route import Route, choose, number

CONTEXT_PX = 224
_MB = 1 / (1024 * 1024)


def run(
    request: RunRequest,
    token: RunToken | None = None,
    sink: Sink | None = None,
    *,
    semantic: SemanticJudge | None = None,
) -> RunResult:
    """Walk one photo and one mask down the whole road.

    Returns: the record with one edit per region, and their deltas (None where an edit left the
        pixels alone). Every pixel outside mask + ring is the photo's own, byte for byte.
    Raises: BadMask, BadSetting, Missing (the engine asked for is not there), Cancelled.
    """
    token = token or RunToken()
    sink = sink or HashOnly()
    started = time.perf_counter()
    mask = validate(request.mask, request.pixels.shape)
    origin = request.origin or Box.of_shape(request.pixels.shape)
    if request.options.engine != "auto":
        require(request.options.engine)
    pieces = regions(mask)
    working = request.pixels.copy()
    shares = np.cumsum([0.0, *(float(piece.mask.sum()) for piece in pieces)])
    shares /= shares[-1]

    walked: list[_Walked] = []
    for index, piece in enumerate(pieces):
        part = token.within(float(shares[index]), float(shares[index + 1]))
        done = _walk(request, working, mask, piece, sink=sink, semantic=semantic, token=part)
        if done.delta is not None:
            done.delta.apply(working)
        walked.append(done)
    token.step(1.0, "done")

    record = RunRecord(
        run_id=new_id(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        options=request.options,
        photo_name=request.photo_name,
        photo_sha256=request.photo_sha256,
        edits=tuple(_shift_edit(done.edit, origin) for done in walked),
        seconds=time.perf_counter() - started,
        peak_mb=peak_mb(),
        program_version=__version__,
    )
    deltas = tuple(_shift_delta(done.delta, origin) for done in walked)
    cores = tuple((done.box.shift(origin.left, origin.top), done.core) for done in walked)
    maps = {done.edit.edit_id: done.maps for done in walked}
    return RunResult(record, deltas, cores, maps)


def plans(request: RunRequest, token: RunToken | None = None) -> list[tuple[Box, Plan]]:
    """Say what `run` would do, region by region, without filling anything.

    Returns: (box of the region in photo pixels, its plan). Raises: as `run`.
    """
    token = token or RunToken()
    mask = validate(request.mask, request.pixels.shape)
    origin = request.origin or Box.of_shape(request.pixels.shape)
    if request.options.engine != "auto":
        require(request.options.engine)
    found = []
    for piece in regions(mask):
        token.check()
        region = _region_input(request, request.pixels, mask, piece, pad=CONTEXT_PX)
        plan = _plan(_route(region, request.options), region, request.options)
        found.append((piece.box.shift(origin.left, origin.top), plan))
    return found


def new_id() -> str:
    """A short sortable id: time first, then chance. It decides no pixels."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def peak_mb() -> float:
    """The most memory this process has held, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak * _MB


def require(name: str) -> None:
    """Raise `BadSetting` for an unknown engine, `Missing` for one that is not installed."""
    offer = engine(name).availability()
    if not offer.ready:
        raise Missing(f"The engine {name} cannot run: {offer.why} {offer.how}".strip())


def offers() -> dict[str, str]:
    """Engine name -> "" when it is ready, else why it is not."""
    ready = {name: maker.availability() for name, maker in ENGINES.items()}
    return {name: "" if offer.ready else offer.why or "not installed" for name, offer in (
        ready.items()
    )}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Walked:
    edit: EditRecord
    delta: Delta | None
    box: Box
    core: MaskBool
    maps: dict[str, Plane]


def _walk(
    request: RunRequest,
    working: Pixels,
    mask: MaskBool,
    piece: Region,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
) -> _Walked:
    """One region: plan, attempts, verdict, delta. Boxes are in `request.pixels`."""
    started = time.perf_counter()
    token.step(0.0, "planning")
    planning = _region_input(request, working, mask, piece, pad=CONTEXT_PX)
    route = _route(planning, request.options)
    plan = _plan(route, planning, request.options)
    pad = max(CONTEXT_PX, engine(plan.engine).context_px(planning.mask))
    region = planning if pad == CONTEXT_PX else _region_input(
        request, working, mask, piece, pad=pad
    )  # fmt: skip
    try:
        best, plan = _best_attempt(region, plan, sink=sink, semantic=semantic, token=token)
    except TookTooLong as error:
        best, plan = None, _changed(plan, str(error))
    seconds = time.perf_counter() - started
    edit_id = new_id()
    if best is None:
        return _untouched(region, plan, edit_id, seconds)

    box = region.box
    plan = replace(plan, recipe=best.recipe, changes=plan.changes + best.changes)
    changed = Box.of_mask(best.core | best.ring)
    delta = Delta(
        changed.shift(box.left, box.top),
        region.pixels[changed.slices].copy(),
        best.after[changed.slices].copy(),
    )
    verdict, map_stages = _store_maps(best, sink)
    accepted = verdict.accepted or request.options.force
    edit = EditRecord(
        edit_id=edit_id,
        box=box,
        kind=request.options.kind,
        plan=plan,
        verdict=verdict,
        stages=best.stages + map_stages,
        state="accepted" if accepted else "queued",
        delta_box=delta.box,
        seconds=seconds,
    )
    return _Walked(_in_photo(edit, box), delta, box, best.core, best.maps)


def _region_input(
    request: RunRequest, working: Pixels, mask: MaskBool, piece: Region, *, pad: int
) -> RegionInput:
    box = piece.box.pad(pad).clamp(Box.of_shape(working.shape))
    own = np.zeros(box.shape, dtype=bool)
    own[piece.box.relative_to(box).slices] = piece.mask
    unusable = mask[box.slices] & ~own
    if request.source is not None:
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
    )


def _route(region: RegionInput, options: RunOptions) -> Route:
    import psutil

    srgb = space_of(region.icc).to_srgb8(region.pixels)
    free = psutil.virtual_memory().available * _MB
    return choose(srgb, region.mask, options, offers(), free)


def _plan(route: Route, region: RegionInput, options: RunOptions) -> Plan:
    """The recipe of the route; when its model turns out damaged, that of the next fallback.

    Raises: Missing: the engine the user named cannot run, or none can.
    """
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
            reasons=(*route.reasons, _memory(name, region)),
            fallbacks=route.fallbacks,
            changes=tuple(changes),
            compare_with=route.compare_with,
        )
    raise AssertionError("a route names at least one engine")


def _memory(name: str, region: RegionInput) -> Reason:
    """What the fill will need, said before it starts."""
    needed = engine(name).estimate_mb(region.mask.shape, int(region.mask.sum()))
    return Reason(
        text=f"The fill needs about {number(needed)} MB of memory.",
        feature="memory_mb",
        value=needed,
    )


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


def _best_attempt(
    region: RegionInput,
    plan: Plan,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
) -> tuple[Attempt | None, Plan]:
    """Try the plan; route down when an engine breaks; compare when the plan says so."""
    best: Attempt | None = None
    for name in dict.fromkeys((plan.engine, *plan.fallbacks)):
        recipe = plan.recipe if name == plan.engine else _recipe_like(plan.recipe, name, region)
        try:
            best = attempt(region, recipe, sink=sink, semantic=semantic, token=token)
            break
        except TookTooLong:
            raise  # another engine's pixels instead would be the clock's choice
        except (EngineFailed, Missing, MemoryError) as error:
            plan = _changed(plan, f"{name} failed ({str(error) or type(error).__name__})")
    if best is None:
        return None, plan
    if region.kind in ("text", "watermark"):
        best, plan = _again_if_letters(
            best, region, plan, sink=sink, semantic=semantic, token=token
        )
    if plan.compare_with and plan.compare_with != best.recipe.engine:
        best, plan = _compare(best, region, plan, sink=sink, semantic=semantic, token=token)
    return best, plan


def _recipe_like(recipe: FillRecipe, name: str, region: RegionInput) -> FillRecipe:
    other = engine(name).recipe(region.options, region.mask)
    return replace(
        other,
        seed=recipe.seed,
        intent=recipe.intent,
        prompt=recipe.prompt,
        grow_px=recipe.grow_px,
        feather_px=recipe.feather_px,
    )


def _changed(plan: Plan, change: str) -> Plan:
    return replace(plan, changes=(*plan.changes, change))


def _again_if_letters(
    best: Attempt,
    region: RegionInput,
    plan: Plan,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
) -> tuple[Attempt, Plan]:
    """Letters left after the fill: grow the mask by what the stroke needs and try once more."""
    left = best.verdict.reading("letters_left")
    if left is None or left.passed:
        return best, plan
    more = max(2, round(0.35 * stroke_width(region.mask)))
    wider = replace(best.recipe, grow_px=best.recipe.grow_px + more)
    if grow(region.mask, wider.grow_px).all():
        return best, plan
    again = attempt(region, wider, sink=sink, semantic=semantic, token=token)
    plan = _changed(
        plan, f"letters left ({left.value:g}), mask grown by {more} px and filled again"
    )
    return (again if _is_better(again, best) else best), plan


def _compare(
    best: Attempt,
    region: RegionInput,
    plan: Plan,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
) -> tuple[Attempt, Plan]:
    """Run the other engine too and keep what the gates like better."""
    recipe = _recipe_like(best.recipe, plan.compare_with, region)
    try:
        other = attempt(region, recipe, sink=sink, semantic=semantic, token=token)
    except TookTooLong:
        raise
    except (EngineFailed, Missing, MemoryError) as error:
        return best, _changed(plan, f"{plan.compare_with} failed in comparison ({error})")
    winner, loser = (other, best) if _is_better(other, best) else (best, other)
    note = (
        f"compared {best.recipe.engine} with {other.recipe.engine}: kept {winner.recipe.engine}, "
        f"risk {winner.verdict.risk:.2f} against {loser.verdict.risk:.2f}"
    )
    return winner, _changed(plan, note)


def _is_better(one: Attempt, other: Attempt) -> bool:
    return (not one.verdict.accepted, one.verdict.risk) < (
        not other.verdict.accepted,
        other.verdict.risk,
    )


def _untouched(region: RegionInput, plan: Plan, edit_id: str, seconds: float) -> _Walked:
    """No engine could fill it: the pixels stay, the edit waits for a person."""
    verdict = Verdict(
        accepted=False,
        risk=1.0,
        summary="No engine could fill this region; the photo was left as it was.",
        reasons=plan.changes,
        version="none",
    )
    edit = EditRecord(
        edit_id=edit_id,
        box=region.box,
        kind=region.kind,
        plan=plan,
        verdict=verdict,
        state="queued",
        seconds=seconds,
    )
    return _Walked(edit, None, region.box, region.mask, {})


def _store_maps(best: Attempt, sink: Sink) -> tuple[Verdict, tuple[Stage, ...]]:
    """Keep the evidence maps as artifacts and name them in their readings."""
    keys = {name: sink.put_array(_packed(plane)) for name, plane in best.maps.items()}
    readings = tuple(
        replace(reading, map_sha256=keys.get(reading.name, "")) for reading in best.verdict.readings
    )
    stages = tuple(Stage(name=f"map:{name}", sha256=key) for name, key in keys.items())
    return replace(best.verdict, readings=readings), stages


def _packed(plane: Plane) -> np.ndarray:
    """Evidence is looked at, not computed with: half precision is plenty."""
    return plane.astype(np.float16)


def _in_photo(edit: EditRecord, box: Box) -> EditRecord:
    """Shift the verdict's boxes from the crop to `request.pixels`."""
    return replace(edit, verdict=edit.verdict.shifted(box.left, box.top))


def _shift_edit(edit: EditRecord, origin: Box) -> EditRecord:
    if not (origin.left or origin.top):
        return edit
    shifted = _in_photo(edit, origin)
    return replace(
        shifted,
        box=edit.box.shift(origin.left, origin.top),
        delta_box=edit.delta_box.shift(origin.left, origin.top) if edit.delta_box else None,
    )


def _shift_delta(delta: Delta | None, origin: Box) -> Delta | None:
    if delta is None or not (origin.left or origin.top):
        return delta
    return replace(delta, box=delta.box.shift(origin.left, origin.top))


def engines_ready() -> Mapping[str, str]:
    """What `doctor` and the window show: engine -> "" or why it is not ready."""
    return offers()
