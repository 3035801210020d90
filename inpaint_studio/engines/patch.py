"""The `patch` engine: texture and structure by multi-scale patch synthesis."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.cards import cuda_card, ran_on
from inpaint_studio.engines.knobs import Knob
from inpaint_studio.engines.patch_turned import TURNS, copies
from inpaint_studio.engines.plain import LIMIT, PlainEngine
from inpaint_studio.errors import Missing
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import from_perceptual, perceptual
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar

if TYPE_CHECKING:
    from inpaint_studio.engines.patch_manner import Manner

# CPU seconds for a million pixels of hole, measured with one thread: what every hole costs, and
# what the search of the finest level and those below it adds; and, for no more than so many
# million, what a start adds that is not kept.
_JOIN_S = 3.0
_SEARCH_S = 9.0
_STARTS_S = 3.5
_STARTS_MOST = 0.064
_MOST_REST = 3
_VERSION_9_STARTS = 3
_CONTEXT_PX = (128, 384)
"""Least and most of what is asked for around a hole: as much as it is large. A layout needs to see
a scene; with half of it (`_NEAR_PX`) a hole over trees was filled with the grass below them."""
_NEAR_PX = (64, 256)
"""Of that, what a hole without a layout is filled from: half as much as it is large."""
_COPY_B = 120
"""Bytes that a pixel of a copy beside the crop takes."""
DEVICES = ("cpu", "cuda")
"""The card only by wish: this search was never run on one, and nobody knows where it pays."""

KNOBS = {
    **LIMIT,
    "rest_levels": Knob(0, 0, 12),
    "far_cost": Knob(150.0, 0.0, 1e6),
    "lines": Knob(True),
    "coarse_rounds": Knob(16, 1, 1000),
    "fine_rounds": Knob(16, 1, 1000),
    "turned": Knob("no", choices=tuple(TURNS)),
    "scaled": Knob(False),
    "grown": Knob(False),
    "starts": Knob(2, 1, 3),
    "apart": Knob(0.1, 0.0, 10.0),
    "margin": Knob(6, 0, 64),
    "margin_cost": Knob(150.0, 0.0, 1e5),
    "chroma": Knob(0.75, 0.0, 2.0),
    "scene": Knob(True),
    "letters": Knob(True),
    "wide": Knob(True),
    "whole": Knob(True),
    "part": Knob(True),
    "device": Knob("cpu", choices=DEVICES),
}
_DEFAULTS: dict[str, Scalar] = {name: knob.default for name, knob in KNOBS.items()}
EARLIER: dict[str, Scalar] = {
    "apart": 0.0,
    "margin": 0,
    "chroma": 0.5,
    "scene": False,
    "wide": False,
    "whole": False,
}
"""Up to version 10. What asks for a still earlier version, three starts or `grown`, asks for these,
too, so that its recipes keep their pixels."""


class PatchEngine(PlainEngine):
    """Copies what fits from around the hole, coarse to fine, and joins it without a seam.

    Parameters: rest_levels, set by the time budget; far_cost, how dear distant sources are;
    coarse_rounds and fine_rounds, how long scales are worked on at most; lines, 0 to leave lines
    that cross the hole to chance; apart, what a match deep in the hole costs for each neighbour
    copied from elsewhere, as a share of the mean cost; margin, how many px the border of coarser
    scales is repeated outwards, so that what lies between hole and border is a source, and
    margin_cost, how dear each of these pixels is; chroma, how much colour counts beside brightness
    in the match; turned (mirrored, quarters or all) and scaled, 1 to copy from the crop turned and
    resized, too; scene, 0 to leave out the layout of large holes (`patch_scene`); letters, 0 to
    fill letters as strokes are (`patch_letters`); starts, from how many first guesses the structure
    of other holes is sought (1 to 3; 3 is version 9); grown, 1 to let whatever reaches the rim grow
    inwards, as up to version 8; wide, 0 to spread differences of light over 7 px only, not 32
    (`patch_join`); whole, 0 to let the rim and hard seams break what was laid out; part, 0 to copy
    whole patches of whatever ground under letters (`patch_ground`); device, cuda where a graphics
    card shall search (`patch_device`), whose pixels are its own: without it the CPU does. With part
    0 it is version 15, with whole 0, too, version 14, with wide 0 and letters 0, too, version 13,
    with whole, wide and scene 0 version 12, with margin_cost 0, too, version 11, with whole, wide,
    scene, apart and margin 0 and chroma 0.5 version 10.
    """

    name = "patch"
    version = 16
    title = "Patch"
    knobs = KNOBS

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        """Raises: BadSetting: a parameter is unknown or out of bounds; Missing: the device asked
        for is not there."""
        recipe = super().recipe(options, mask)
        rest = {key: value for key, value in recipe.parameters.items() if key != "device"}
        if recipe.parameters.get("device", "cpu") == "cpu":
            return replace(recipe, parameters=rest)
        if not cuda_card():
            raise Missing("No graphics card that torch could use is there; leave the device out.")
        return recipe

    def context_px(self, mask: MaskBool) -> int:
        box = Box.of_mask(mask)
        return int(np.clip(max(box.width, box.height), *_CONTEXT_PX))

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return shape[0] * shape[1] * 175 / 1e6 + hole_px * 200 / 1e6 + 32

    def needs_mb(self, request: FillRequest) -> float:
        parameters = _DEFAULTS | request.recipe.parameters
        beside = copies(str(parameters["turned"]), bool(parameters["scaled"]))
        own = super().needs_mb(request)
        return own + beside * float(max(request.mask.shape) ** 2 * _COPY_B) / 1e6

    def effort(self, mask: MaskBool, budget_s: float) -> dict[str, Scalar]:
        million = float(mask.sum()) / 1e6
        start = min(million, _STARTS_MOST) * _STARTS_S
        if million * (_JOIN_S + _SEARCH_S) + start <= budget_s:
            return {}
        rest = 1
        while rest < _MOST_REST and million * (_JOIN_S + _SEARCH_S / 4**rest) > budget_s:
            rest += 1
        return {"rest_levels": rest}

    def make(self, request: FillRequest, token: RunToken) -> Fill:
        parameters = asked(request.recipe)
        manner = manner_of(parameters, request.mask)
        part = np.s_[:, :] if not copied_as_is(parameters) else part_seen(request.mask, manner)
        hole = np.ascontiguousarray(request.mask[part])
        image = perceptual(request.linear[part]) * np.float32(255)
        image[hole] = 0
        source = ~hole if request.source is None else request.source[part] & ~hole
        rest = int(parameters["rest_levels"])
        solved, ran_with, changes = search(
            request.recipe.seed,
            image,
            hole,
            source,
            parameters,
            manner,
            threads=request.threads or os.cpu_count() or 1,
            token=token,
        )
        if rest:
            changes += (f"Too large for the time budget: the finest {rest} scales follow coarser.",)
        if solved is None:
            changes += ("No whole patch of known pixels: filled smoothly instead.",)
            solved = membrane.solve(membrane.smooth_guess(image, hole), hole, token)
        linear = request.linear.copy()
        brightest = max(255.0, float(image[~hole].max(initial=0)))
        filled = np.minimum(solved[hole], brightest) / np.float32(255)
        linear[request.mask] = from_perceptual(filled)
        token.step(1.0)
        return Fill(linear=linear, changes=changes, ran_with=ran_with)


def part_seen(mask: MaskBool, manner: Manner) -> tuple[slice, slice]:
    """Return the part of a crop that a hole is filled from, however much its caller cut out."""
    box = Box.of_mask(mask)
    side = max(box.width, box.height)
    wanted, limits = (side, _CONTEXT_PX) if manner.laid_out else (side // 2, _NEAR_PX)
    reach = np.clip(wanted, *limits)
    return box.pad(int(reach)).clamp(Box.of_shape(mask.shape)).slices


def search(
    seed: int,
    image: Linear,
    hole: MaskBool,
    source: MaskBool,
    parameters: dict[str, Scalar],
    manner: Manner,
    *,
    threads: int,
    token: RunToken,
) -> tuple[Linear | None, dict[str, str], tuple[str, ...]]:
    """Fill as the parameters ask; what ran, and what became of the plan (see `on_card`)."""
    from inpaint_studio.engines.patch_rounds import synthesise

    work = partial(
        synthesise,
        image,
        hole,
        source,
        seed=seed,
        rest=int(parameters["rest_levels"]),
        far_cost=float(parameters["far_cost"]),
        lines=bool(parameters["lines"]),
        coarse_rounds=max(1, int(parameters["coarse_rounds"])),
        fine_rounds=max(1, int(parameters["fine_rounds"])),
        turned=str(parameters["turned"]),
        scaled=bool(parameters["scaled"]),
        wide=bool(parameters["wide"]),
        clear=bool(parameters["whole"]),
        manner=manner,
        threads=threads,
        token=token,
    )
    device = str(parameters["device"])
    return (work(), {}, ()) if device == "cpu" else on_card(work, device)


def asked(recipe: FillRecipe) -> dict[str, Scalar]:
    """Return all parameters of a recipe, those it leaves out as its version has them."""
    given = recipe.parameters
    is_earlier = bool(given.get("grown", False)) or given.get("starts") == _VERSION_9_STARTS
    return _DEFAULTS | (EARLIER if is_earlier else {}) | given


def copied_as_is(parameters: dict[str, Scalar]) -> bool:
    """Return whether sources are neither turned nor resized."""
    return parameters["turned"] == "no" and not parameters["scaled"]


def manner_of(parameters: dict[str, Scalar], mask: MaskBool) -> Manner:
    """Return how structure is found for this mask."""
    from inpaint_studio.engines.patch_letters import is_lettered, is_open
    from inpaint_studio.engines.patch_manner import GROWN, LAID_OUT, LETTERED, RIMMED, settled
    from inpaint_studio.engines.patch_scene import is_deep

    starts, rest = int(parameters["starts"]), bool(parameters["rest_levels"])
    on_cpu = parameters["device"] == "cpu"  # A card's search knows whole sources alone.
    manner = settled(starts)
    if parameters["grown"]:
        manner = GROWN
    elif parameters["scene"] and copied_as_is(parameters):
        if is_deep(mask):
            manner = LAID_OUT if parameters["whole"] else RIMMED
        elif parameters["letters"] and starts == 2 and not rest and is_lettered(mask):
            partly = bool(parameters["part"]) and on_cpu and is_open(mask)
            manner = replace(LETTERED, partly=partly)
    return replace(
        manner,
        apart=float(parameters["apart"]),
        margin=int(parameters["margin"]),
        margin_cost=float(parameters["margin_cost"]),
        chroma=float(parameters["chroma"]),
    )


def on_card(
    search: Callable[..., Linear | None], device: str
) -> tuple[Linear | None, dict[str, str], tuple[str, ...]]:
    """Search on a graphics card, on the CPU where that fails; what ran, and the change of plan."""
    from inpaint_studio.engines.patch_device import DeviceRounds

    why = "it is not there" if device == "cuda" and not cuda_card() else ""
    if not why:
        try:
            return search(make_rounds=partial(DeviceRounds, device=device)), ran_on(device), ()
        except (RuntimeError, MemoryError) as error:  # torch's words for: no memory, no driver
            why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    change = f"The graphics card was left out ({why}): the CPU searched, whose pixels differ."
    return search(), {"device": "cpu"}, (change,)
