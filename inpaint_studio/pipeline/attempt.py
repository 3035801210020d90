"""One attempt at one region: fill by a given recipe, blend, judge. Pure but for the sink.

`RegionInput` is all an attempt sees, and all of it is stored, so the same attempt can be made
again from its artifacts: that is what a replay does.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace

import numpy as np

from inpaint_studio.arrays import MaskBool, Pixels, Plane
from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.table import DEAR, engine
from inpaint_studio.errors import EngineFailed
from inpaint_studio.gating.base import Judgement, JudgeRequest, Refill, SemanticJudge
from inpaint_studio.gating.invented import judge_enlarged, judge_new
from inpaint_studio.gating.judge import judge
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import ColorSpace, space_of
from inpaint_studio.imaging.mask import grow, ring
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline.request import Sink
from inpaint_studio.records import FillRecipe, Kind, RunOptions, Stage, Verdict, to_json

JUDGE_PAD_PX = 192
BLOCK_PX = 12
JOIN_PX = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionInput:
    """A region as an attempt sees it: a crop and its masks, all (h, w[, 3]).

    unusable: pixels that are no known ground (other regions' holes, painted exclusions).
    veil: a known semi-transparent overlay over the crop.
    """

    box: Box
    pixels: Pixels
    mask: MaskBool
    unusable: MaskBool
    icc: bytes | None
    kind: Kind
    options: RunOptions
    threads: int = 0
    veil: Veil | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one recipe made of a region. Boxes are in crop pixels."""

    recipe: FillRecipe
    after: Pixels
    core: MaskBool
    ring: MaskBool
    verdict: Verdict
    stages: tuple[Stage, ...]
    changes: tuple[str, ...] = ()
    maps: dict[str, Plane] = field(default_factory=dict)


class _Clock:
    """Collects stages with their seconds and artifacts."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.stages: list[Stage] = []
        self._since = time.perf_counter()

    def stage(self, name: str, array: np.ndarray | None = None, data: bytes = b"") -> None:
        seconds = time.perf_counter() - self._since
        key = self.sink.put_array(array) if array is not None else ""
        if data:
            key = self.sink.put_bytes(data)
        self.stages.append(Stage(name=name, sha256=key, seconds=seconds))
        self._since = time.perf_counter()


def attempt(
    region: RegionInput,
    recipe: FillRecipe,
    *,
    sink: Sink,
    semantic: SemanticJudge | None,
    token: RunToken,
) -> Attempt:
    """Fill, blend and judge one region by one recipe.

    Raises: Cancelled, EngineFailed, Missing, MemoryError. The photo outside core + ring is
        asserted to be untouched.
    """
    clock = _Clock(sink)
    core = grow(region.mask, recipe.grow_px, recipe.grow_within)
    if core.all():
        core = region.mask
    edge = ring(core, recipe.feather_px) & ~region.unusable
    join = _join(region, core)
    space = space_of(region.icc)
    linear = space.to_linear(region.pixels)
    clock.stages += input_stages(region, sink)
    clock.stage("linear")

    known = ~(core | region.unusable)
    request = FillRequest(
        linear=_without_hole(linear, core),
        mask=core,
        ring=edge | join,
        recipe=recipe,
        source=known if known.any() else None,
        threads=region.threads,
        under=linear if _is_lent(region) else None,
        veil=region.veil,
    )
    maker = engine(recipe.engine)
    token.doing((recipe.engine, region.box))
    fill = maker.fill(request, token.within(0.0, 0.7, "filling"))
    token.doing(None)
    check_fill(fill, request)
    changed = Box.of_mask(core | edge | join)
    clock.stage("fill", fill.linear[changed.slices])

    fill_pixels = space.from_linear(fill.linear, region.pixels.dtype)
    after = composite(region.pixels, fill_pixels, core, edge)
    if join.any():
        after = composite(after, fill_pixels, core, join)
    _assert_outside_untouched(region.pixels, after, core | edge | join)
    clock.stage("blended", after[changed.slices])

    token.step(0.7, "judging")
    judged = _judged(
        _judge_request(
            region,
            recipe,
            after=after,
            core=core | join,
            space=space,
            token=token,
            taken_off=fill.maps.get("taken_off"),
        ),
        recipe,
        semantic,
        token.within(0.7, 1.0, "judging"),
    )
    offset = _judge_box(core | join, after.shape, recipe)
    verdict = judged.verdict.shifted(offset.left, offset.top)
    clock.stage("readings", data=readings_bytes(verdict))
    maps = {name: _place(plane, offset, core.shape) for name, plane in judged.maps.items()}
    return Attempt(
        recipe=replace(recipe, fingerprint={**recipe.fingerprint, **fill.ran_with}),
        after=after,
        core=core,
        ring=edge | join,
        verdict=verdict,
        stages=tuple(clock.stages),
        changes=fill.changes,
        maps=maps,
    )


def input_stages(region: RegionInput, sink: Sink) -> list[Stage]:
    """Keep all that an attempt at this region sees."""
    clock = _Clock(sink)
    clock.stage("input", region.pixels)
    clock.stage("mask", region.mask)
    clock.stage("unusable", region.unusable)
    if region.icc:
        clock.stage("icc", data=region.icc)
    if region.veil is not None:
        clock.stage("veil", region.veil.weight)
        clock.stage("veil:numbers", region.veil.numbers())
    return clock.stages


def _join(region: RegionInput, core: MaskBool) -> MaskBool:
    """Return where a piece of an enlargement passes over into its neighbours.

    Each piece is given detail by itself; cut off hard, its grain would end at a line.
    """
    if region.options.intent != "upscale":
        return np.zeros_like(core)
    return ring(core, JOIN_PX) & region.unusable


def _is_lent(region: RegionInput) -> bool:
    """Whether an engine may see what lies under the mask: to take it off, or to enlarge it."""
    return region.kind in ("text", "watermark") or region.options.intent == "upscale"


def _judged(
    request: JudgeRequest, recipe: FillRecipe, semantic: SemanticJudge | None, token: RunToken
) -> Judgement:
    """Judge by what was asked for: a fill by its surroundings, what has none by itself."""
    if recipe.engine == "upscale":
        return judge_enlarged(request, int(recipe.parameters["factor"]), semantic, token)
    if request.mask.all():
        return judge_new(request, semantic, token)
    return judge(request, semantic, token)


def readings_bytes(verdict: Verdict) -> bytes:
    """Return the readings as bytes that are the same for the same pixels (no times in them)."""
    rows = [to_json(replace(r, seconds=0.0, map_sha256="")) for r in verdict.readings]
    return json.dumps(
        {"accepted": verdict.accepted, "risk": verdict.risk, "readings": rows}, sort_keys=True
    ).encode()


def _without_hole(linear: np.ndarray, core: MaskBool) -> np.ndarray:
    """Blank what lies under the core, so that no engine can be led by it."""
    blank = linear.copy()
    known = ~core
    blank[core] = blank[known].mean(axis=0, dtype=np.float64) if known.any() else 0.5
    return blank


def _assert_outside_untouched(before: Pixels, after: Pixels, touched: MaskBool) -> None:
    if after.shape != before.shape or after.dtype != before.dtype:
        raise EngineFailed("The blend changed the size or the depth of the photo.")
    if ((after != before).any(axis=2) & ~touched).any():
        raise EngineFailed("The blend changed pixels outside the mask and its ring.")


def _judge_box(core: MaskBool, shape: tuple[int, ...], recipe: FillRecipe) -> Box:
    box = Box.of_mask(core).pad(JUDGE_PAD_PX).clamp(Box.of_shape(shape))
    return on_blocks(box) if recipe.intent == "upscale" else box


def on_blocks(box: Box, origin: Box | None = None) -> Box:
    """Return the box grown to begin on a block of old pixels, whatever the factor (2, 3, 4).

    origin: where the picture that holds the box lies in its photo.
    """
    left, top = (origin.left, origin.top) if origin is not None else (0, 0)
    return Box(
        max(box.left - (box.left + left) % BLOCK_PX, 0),
        max(box.top - (box.top + top) % BLOCK_PX, 0),
        box.right,
        box.bottom,
    )


def _judge_request(
    region: RegionInput,
    recipe: FillRecipe,
    *,
    after: Pixels,
    core: MaskBool,
    space: ColorSpace,
    token: RunToken,
    taken_off: Plane | None,
) -> JudgeRequest:
    """The crop the gates look at, sRGB 8 bit, with the same recipe at hand for probe holes."""
    box = _judge_box(core, after.shape, recipe)
    hole = core[box.slices]
    may_probe = recipe.engine not in DEAR or region.options.budget == "full"
    return JudgeRequest(
        before=space.to_srgb8(region.pixels[box.slices]),
        after=space.to_srgb8(after[box.slices]),
        mask=hole,
        ring_px=recipe.feather_px,
        kind=region.kind,
        engine=recipe.engine,
        asks_for_new=recipe.intent in ("replace", "generate"),
        refill=refiller(region, recipe, crop=box, hole=hole, token=token) if may_probe else None,
        budget=region.options.budget,
        taken_off=None if taken_off is None else taken_off[box.slices],
    )


def refiller(
    region: RegionInput,
    recipe: FillRecipe,
    *,
    crop: Box,
    token: RunToken,
    hole: MaskBool | None = None,
) -> Refill:
    """Return what fills other holes of `crop`, given in sRGB, by the same recipe.

    hole: what is missing in the crop beside the other hole; the region's own mask by default.
    """
    barred = region.unusable[crop.slices] | (region.mask[crop.slices] if hole is None else hole)
    maker = engine(recipe.engine)
    srgb = space_of(None)
    quiet = RunToken(is_cancelled=lambda: token.is_cancelled)

    def refill(pixels: Pixels, mask: MaskBool) -> Pixels:
        source = ~(mask | barred)
        probe = FillRequest(
            linear=_without_hole(srgb.to_linear(pixels), mask),
            mask=mask,
            ring=ring(mask, recipe.feather_px),
            recipe=recipe,
            source=source if source.any() else None,
            threads=region.threads,
        )
        token.doing((recipe.engine, region.box))
        made = maker.fill(probe, quiet)
        token.doing(None)
        filled = srgb.from_linear(made.linear, pixels.dtype)
        return composite(pixels, filled, mask, probe.ring)

    return refill


def _place(plane: Plane, box: Box, shape: tuple[int, ...]) -> Plane:
    full = np.zeros(shape[:2], dtype=np.float32)
    full[box.slices] = plane
    return full
