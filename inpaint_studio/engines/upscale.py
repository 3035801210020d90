"""The engine `upscale`: detail for a picture that was enlarged, whole or in a region.

It works in place: the road is given the photo after plain enlarging (`imaging.enlarge`), takes
the region's old pixels from it by scaling down, lets a local diffusers upscaler enlarge those,
and puts the answer where the mask is. So an enlarged photo is an ordinary photo with an ordinary
edit: judged, undone, replayed. Rejected: an edit whose after is bigger than its before.

Whoever enlarges, the answer scaled back down is the old picture: what a model invents beyond
that is taken out of the low band. The model "lanczos" adds nothing: the pixels stay.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.engines.knobs import Knob
from inpaint_studio.engines.modelled import ModelEngine
from inpaint_studio.errors import EngineFailed
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import decode, encode
from inpaint_studio.imaging.enlarge import FACTORS, consistent, shrunk
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME

Floats = NDArray[np.float32]

LANCZOS = "lanczos"
TILE_PX = 128
CONTEXT_PX = 96
PLAIN = "No upscaler model was used: the photo was enlarged by Lanczos, which adds no detail."

KNOBS: dict[str, Knob] = {
    "model": Knob(""),
    "factor": Knob(2, choices=FACTORS),
    "steps": Knob(20, 1, 200),
    "guidance": Knob(1.0, 0.0, 50.0),
    "noise": Knob(20, 0, 350),
    "tile": Knob(TILE_PX, 32, 512),
    # The number of threads changes bits, so it is part of the recipe, not of the machine.
    "threads": Knob(os.cpu_count() or 1, 1, 1024),
}


class UpscaleEngine(ModelEngine):
    """Adds detail to an enlarged picture with an upscaler model; without one, says so."""

    name = "upscale"
    version = 2
    title = "Enlarge"
    takes = frozenset(KNOBS)
    kinds = ("upscale", "diffusion")
    noun = "upscaler model"
    what_to_put = "a diffusers upscaler folder"

    def runs(self, entry: ModelEntry) -> bool:
        return entry.family in BY_NAME and BY_NAME[entry.family].use == "upscale"

    def availability(self) -> Availability:
        """Always ready: Lanczos needs nothing; `why` says when there is no model."""
        state = super().availability()
        return Availability(ready=True, why=state.why, how=state.how)

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        """Return the full recipe. Raises: BadSetting. Missing: no model, and none was waived."""
        wanted = str(options.parameters.get("model", ""))
        entry = None if wanted == LANCZOS else self.pick(wanted)
        recipe = self.recipe_of(options, entry, self.wishes(options, KNOBS))
        return recipe if entry is not None else replace(recipe, model=LANCZOS)

    def context_px(self, mask: MaskBool) -> int:
        return CONTEXT_PX

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        models = self.models()
        weights = models[0].bytes / 1e6 * 1.2 if models else 0.0
        return weights + shape[0] * shape[1] * 12 * 4 / 1e6

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        """Return the crop with detail under the mask.

        Raises: Cancelled. Missing: the recipe's model is gone or another one. EngineFailed.
        """
        recipe, seen = request.recipe, request.under
        if seen is None:
            raise EngineFailed("Enlarging needs the pixels under the mask; run it by itself.")
        token.step(0.0, "preparing")
        target = request.mask | request.ring
        if recipe.model == LANCZOS:
            linear = np.where(target[..., None], seen, request.linear).astype(np.float32)
            return Fill(linear=linear, changes=(PLAIN,), ran_with={"device": "cpu"})
        from inpaint_studio.engines.upscale_run import run

        factor = int(recipe.parameters["factor"])
        box = _whole_blocks(Box.of_mask(target).pad(CONTEXT_PX), factor).clamp(
            Box.of_shape(target.shape)
        )
        picture = encode(seen[box.slices])
        small = shrunk(picture, factor)
        big, ran_with = run(small, recipe, self.pick(recipe.model), token.within(0.0, 0.95))
        if not np.isfinite(big).all():
            raise EngineFailed("The upscaler answered with numbers that are not finite.")
        answer = consistent(_sized(big, small.shape, factor), small, factor)
        token.step(0.98, "putting back")
        linear = request.linear.copy()
        linear[box.slices] = decode(answer[: box.height, : box.width])
        linear = np.where(target[..., None], linear, request.linear).astype(np.float32)
        return Fill(linear=linear, ran_with=ran_with)


def _whole_blocks(box: Box, factor: int) -> Box:
    """Return the box with its top left corner on a block of old pixels."""
    left, top = (max(0, math.floor(v / factor) * factor) for v in (box.left, box.top))
    return Box(left, top, box.right, box.bottom)


def _sized(big: Floats, small: tuple[int, ...], factor: int) -> Floats:
    """Return the model's picture at `factor` times the small one's size, 0..1."""
    size = (small[1] * factor, small[0] * factor)
    if big.shape[:2] != size[::-1]:
        big = cv2.resize(big, size, interpolation=cv2.INTER_AREA)
    sized: Floats = np.clip(big, 0.0, 1.0).astype(np.float32)
    return sized
