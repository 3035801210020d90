"""Fill the strokes of overlaid text, one group of letters at a time.

A caption crosses sky, hair and brick: one engine for all of it is wrong somewhere. The mask is
split in groups of letters; each is filled by `flat` where its surroundings are plain or a
gradient, and by `patch` where they carry texture or edges. No group copies from another's
strokes. Reading and finding letters is done before and after by the pipeline, never here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines.base import Availability, Engine, Fill, FillRequest
from inpaint_studio.engines.knobs import Knob, given
from inpaint_studio.engines.table import engine
from inpaint_studio.engines.unblend import Unblended, unblended
from inpaint_studio.engines.unblend_check import cleaner
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import encode
from inpaint_studio.imaging.ground import smooth_residual
from inpaint_studio.imaging.mask import groups
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar

PARTS = ("flat", "patch")
LOOK_PX = 24
OVERLAY_GAP_PX = 48
GROW_PX = 1
"""How far a mask is grown where nobody said how far."""
_EDGE_PX = 16
_RIM_LEFT = 5
"""The next pixels to letters may hold a trace of them: twice 2 px and the letter's own."""
KNOBS = {
    "gap_px": Knob(14.0, 0.0, 1000.0),
    "plain_up_to": Knob(2.0, 0.0, 1000.0),
    "unblend": Knob(1.0, 0.0, 1.0),
    "budget_s": Knob(60.0, 0.0, 1e9),
}
DEFAULTS: dict[str, Scalar] = {name: knob.default for name, knob in KNOBS.items()}


@dataclass(frozen=True, slots=True)
class _Group:
    """Letters that lie together: their pixels, and how far the ground around them is from
    plain."""

    mask: MaskBool
    residual: float


class TextEngine:
    """Letter groups by `flat` or `patch`, whichever their ground asks for."""

    name = "text"
    version = 6
    title = "Text"
    takes = frozenset(KNOBS)

    def availability(self) -> Availability:
        for part in PARTS:
            state = engine(part).availability()
            if not state.ready:
                return state
        return Availability(ready=True)

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        """Raises: BadSetting: a parameter is unknown or out of bounds."""
        parameters = given(self.name, options, KNOBS)
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            grow_px=options.grow_px if options.grow_px is not None else GROW_PX,
            feather_px=options.feather_px if options.feather_px is not None else 2,
            intent=options.intent,
            parameters={**DEFAULTS, "budget_s": options.time_budget_s, **parameters},
        )

    def context_px(self, mask: MaskBool) -> int:
        return max(48, *(engine(part).context_px(mask) for part in PARTS))

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        own = shape[0] * shape[1] * 120 / 2**20
        return own + max(engine(part).estimate_mb(shape, hole_px) for part in PARTS)

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        """Fill every group; `maps["engine"]` says which part filled where (1 flat, 2 patch,
        3 un-blended), `maps["taken_off"]` which share (0..1) of a pixel an overlay had that was
        taken off, 0 where nothing was brought back."""
        if request.under is None or not request.recipe.parameters.get("unblend", 1.0):
            return self._filled(request, [], token)
        lifts = _lifts(request.under, request.mask, request.veil)
        if not lifts:
            return self._filled(request, [], token)
        lifted = self._filled(request, lifts, token.within(0.0, 0.5))
        invented = self._filled(request, [], token.within(0.5, 1.0))
        return cleaner(lifted, invented, lifts, request.mask)

    def _filled(self, request: FillRequest, lifts: Sequence[Unblended], token: RunToken) -> Fill:
        """Take the `lifts` as they are and fill the rest."""
        numbers = {**DEFAULTS, **request.recipe.parameters}
        linear: Linear = request.linear.copy()
        lifted = np.zeros_like(request.mask)
        taken = np.zeros(request.mask.shape, dtype=np.float32)
        for lift in lifts:
            linear[lift.done] = lift.linear[lift.done]
            lifted |= lift.done
            np.maximum(taken, lift.weight, out=taken)
        changes = [lift.said for lift in lifts]
        letters = request.mask & ~lifted
        plain, textured = _sorted(
            linear, letters,
            gap_px=float(numbers["gap_px"]), limit=float(numbers["plain_up_to"]),
        )  # fmt: skip
        # Flat fills first: it needs no sources, and patch then has less to fill. It fills word
        # by word: what lies around others has another light and grain.
        work = [("flat", mask) for mask in plain] + [("patch", textured)] * bool(textured.any())
        for number, (name, mask) in enumerate(work):
            part, whole = engine(name), Box.of_shape(mask.shape)
            box = Box.of_mask(mask).pad(part.context_px(mask) + _EDGE_PX).clamp(whole)
            if name == "patch":
                box = whole
            inner = _request(part, request, linear, mask, letters, lifted, box, seed_step=number)
            span = (number / len(work), (number + 1) / len(work))
            fill = part.fill(inner, token.within(*span, f"filling letters ({name})"))
            changed = inner.mask | inner.ring
            linear[box.slices][changed] = fill.linear[changed]
            changes += [f"{part.title}: {change}" for change in fill.changes]
        token.step(1.0, "filling letters")
        chosen = 2 * textured.astype(np.float32) + 3 * lifted
        for mask in plain:
            chosen[mask] = 1
        return Fill(
            linear=linear, changes=tuple(changes), maps={"engine": chosen, "taken_off": taken}
        )


def _lifts(under: Linear, mask: MaskBool, veil: Veil | None = None) -> list[Unblended]:
    """Return what can be taken off as a semi-transparent overlay, group by group."""
    parts = groups(mask, OVERLAY_GAP_PX | 1)
    return unblended(under, mask, [part.full_mask(mask.shape) for part in parts], veil)


def _request(
    part: Engine,
    request: FillRequest,
    linear: Linear,
    mask: MaskBool,
    letters: MaskBool,
    lifted: MaskBool,
    box: Box,
    *,
    seed_step: int,
) -> FillRequest:
    """The part's own request over `box`: its letters, a ring shared out, no source on any letter.

    seed_step: added to the seed, so that two words get no grain of one pattern.
    """
    options = RunOptions(
        engine=part.name,
        kind="text",
        intent=request.recipe.intent,
        seed=request.recipe.seed + seed_step,
        grow_px=request.recipe.grow_px,
        feather_px=request.recipe.feather_px,
        time_budget_s=float(request.recipe.parameters.get("budget_s", DEFAULTS["budget_s"])),
    )
    near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    known = ~letters if request.source is None else (request.source | lifted) & ~letters
    if part.name == "flat":
        known &= _within(mask, LOOK_PX)
    here = np.ascontiguousarray(mask[box.slices])
    return replace(
        request,
        linear=np.ascontiguousarray(linear[box.slices]),
        mask=here,
        ring=(request.ring & near & ~mask)[box.slices],
        source=known[box.slices],
        recipe=part.recipe(options, here),
        under=None,
        veil=None,
    )


def _sorted(
    linear: Linear, mask: MaskBool, *, gap_px: float, limit: float
) -> tuple[list[MaskBool], MaskBool]:
    """Split the mask in (the words on plain ground, all letters on texture)."""
    plain: list[MaskBool] = []
    textured = np.zeros_like(mask)
    for group in _groups(linear, mask, gap_px):
        if group.residual <= limit:
            plain.append(group.mask)
        else:
            textured |= group.mask
    return plain, textured


def _within(mask: MaskBool, px: float) -> MaskBool:
    """The pixels that lie no further than `px` from the mask."""
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(away <= px, dtype=np.bool_)


def _groups(linear: Linear, mask: MaskBool, gap_px: float) -> list[_Group]:
    bare = cv2.dilate(mask.astype(np.uint8), np.ones((_RIM_LEFT, _RIM_LEFT), np.uint8)) == 0
    found = []
    for part in groups(mask, max(1, round(gap_px)) | 1):
        here = part.full_mask(mask.shape)
        box = Box.of_mask(here).pad(LOOK_PX).clamp(Box.of_shape(mask.shape)).slices
        ground = bare[box] & _within(here[box], LOOK_PX)
        found.append(_Group(here, smooth_residual(encode(linear[box]) * 255, ground)))
    return found
