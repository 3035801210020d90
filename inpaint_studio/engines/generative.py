"""The engine `generative`: any diffusers inpainting model the user has on disk.

This module is light to import; torch and diffusers are loaded when a fill is asked for
(`generative_run`). What decides the pixels stands in the recipe; what else can change bits
(device, dtype, versions, threads) stands in its fingerprint.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.knobs import Knob
from inpaint_studio.engines.modelled import ModelEngine
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME, Family

SAMPLERS = ("", "ddim", "euler", "euler-a", "dpm++", "unipc", "lcm")


def knobs(family: Family) -> dict[str, Knob]:
    """Return every parameter of the engine with this family's defaults."""
    return {
        "model": Knob(""),
        "steps": Knob(family.steps, 1, 200),
        "guidance": Knob(family.guidance, 0.0, 50.0),
        "strength": Knob(family.strength, 0.05, 1.0),
        "sampler": Knob("", choices=SAMPLERS),
        "negative": Knob(""),
        "prefill": Knob("patch", choices=("patch", "flat", "none")),
        "match": Knob(True),
        "refine": Knob(True),
        "size": Knob(0, 0, 4096),
        "threads": Knob(os.cpu_count() or 1, 1, 1024),
        "compile": Knob(False),
        "device": Knob("", choices=("", "cpu", "cuda", "mps")),
        "dtype": Knob("", choices=("", "float32", "float16", "bfloat16")),
    }


_NAMES = frozenset(knobs(next(iter(BY_NAME.values()))))
"""The same for every family; only the defaults differ."""


class GenerativeEngine(ModelEngine):
    """Fills holes by meaning with a diffusion model from the models folder."""

    name = "generative"
    title = "Generative"
    takes = _NAMES
    kinds = ("diffusion",)
    noun = "diffusion model"
    what_to_put = (
        "an inpainting model (a diffusers folder, or one .safetensors file with its folder of "
        "settings beside it)"
    )

    def runs(self, entry: ModelEntry) -> bool:
        return entry.family in BY_NAME and BY_NAME[entry.family].use == "inpaint"

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        entry = self.pick(str(options.parameters.get("model", "")))
        family = BY_NAME[entry.family]
        table = knobs(family)
        if options.intent != "remove":
            # Something new is asked for: what lay there before must not steer it.
            table["strength"] = replace(table["strength"], default=1.0)
            table["prefill"] = replace(table["prefill"], default="none")
        return self.recipe_of(options, entry, self.wishes(options, table))

    def context_px(self, mask: MaskBool) -> int:
        # Which model will run is not known here: enough is shown for the largest.
        native = max((BY_NAME[m.family].native_px for m in self.models()), default=512)
        box = Box.of_mask(mask)
        shorter = min(box.width, box.height)
        return max(64, math.ceil((native - shorter) / 2), int(0.3 * max(box.width, box.height)))

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        models = self.models()
        if not models:
            return 0.0
        family = BY_NAME[models[0].family]
        side = min(max(shape), family.largest_px)
        return models[0].bytes / 1e6 * 1.2 + side * side * 3 * 4 * 128 / 1e6

    def estimate_s(self, recipe: FillRecipe, shape: tuple[int, int]) -> float | None:
        """Return the seconds one fill takes on this CPU now; None where a device will do it.

        shape: the crop's. Raises: Missing: the recipe's model is gone.
        """
        from inpaint_studio.engines.generative_time import cpu_seconds, has_device

        if has_device(str(recipe.parameters.get("device", ""))):
            return None
        entry = self.pick(recipe.model)
        family = BY_NAME[entry.family]
        side = min(max(shape), int(recipe.parameters.get("size", 0)) or family.native_px)
        steps = int(recipe.parameters.get("steps", family.steps))
        share = float(recipe.parameters.get("strength", family.strength))
        has_words = bool(recipe.prompt or recipe.parameters.get("negative"))
        return cpu_seconds(
            entry, pixels=side * side, steps=max(1, round(steps * share)), has_words=has_words
        )

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        from inpaint_studio.engines.generative_run import run

        entry = self.pick(request.recipe.model)
        return run(request, entry, token)


def variations(recipe: FillRecipe, count: int) -> tuple[FillRecipe, ...]:
    """Return `count` recipes that differ in nothing but the seed (the given one comes first).

    Each is run by itself: a batch of seeds would not give the bytes of its members.
    """
    return tuple(replace(recipe, seed=(recipe.seed + index) % 2**63) for index in range(count))
