"""The engine `generative`: any diffusers inpainting model the user has on disk.

This module is light to import; torch and diffusers are loaded when a fill is asked for
(`generative_run`). What decides the pixels stands in the recipe; what else can change bits
(device, dtype, versions, threads) stands in its fingerprint.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from importlib import metadata

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME, Family
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.verify import identity

SAMPLERS = ("", "ddim", "euler", "euler-a", "dpm++", "unipc", "lcm")


@dataclass(frozen=True, slots=True)
class Knob:
    """One parameter a user may set: its default and its bounds or choices."""

    default: Scalar
    low: float | None = None
    high: float | None = None
    choices: tuple[Scalar, ...] = ()

    def check(self, name: str, value: object) -> Scalar:
        """Return `value` as this knob's type. Raises: BadSetting."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise BadSetting(f"The parameter {name} must be a {kind.__name__}, not {value!r}.")
        if self.choices and value not in self.choices:
            raise BadSetting(
                f"The parameter {name} must be one of {', '.join(map(str, self.choices))}."
            )
        if isinstance(value, (int, float)) and self.low is not None and self.high is not None:
            number = float(value)
            if not (math.isfinite(number) and self.low <= number <= self.high):
                raise BadSetting(
                    f"The parameter {name} must lie between {self.low:g} and {self.high:g}."
                )
        return value


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


class GenerativeEngine:
    """Fills holes by meaning with a diffusion model from the models folder."""

    name = "generative"
    version = 1
    title = "Generative"

    def __init__(self, folder: ModelFolder | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> ModelFolder:
        return self._folder or ModelFolder()

    def models(self) -> tuple[ModelEntry, ...]:
        """Return the inpainting models an engine may try, checked ones first."""
        return tuple(
            entry
            for entry in self.folder.usable("diffusion")
            if entry.family in BY_NAME and BY_NAME[entry.family].use == "inpaint"
        )

    def availability(self) -> Availability:
        if self.models():
            return Availability(ready=True)
        where = self.folder.root / "diffusion"
        broken = [entry for entry in self.folder.entries("diffusion") if not entry.is_usable]
        why = (
            f"No diffusion model can be used: {broken[0].advice}"
            if broken
            else "There is no diffusion model on this computer."
        )
        return Availability(
            ready=False,
            why=why,
            how=(
                "Put an inpainting model (a diffusers folder, or one .safetensors file with its "
                f"folder of settings beside it) in {where}, or run "
                "`inpaint-studio models import FOLDER`."
            ),
        )

    def pick(self, name: str) -> ModelEntry:
        """Return the model called `name`, or the first usable one. Raises: Missing."""
        models = self.models()
        for entry in models:
            if not name or name in (entry.id, entry.name, entry.sha256):
                return entry
        if name and models:
            raise Missing(
                f"There is no diffusion model called {name} in {self.folder.root}; "
                f"there is {', '.join(entry.name for entry in models)}."
            )
        state = self.availability()
        raise Missing(f"{state.why} {state.how}")

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        entry = self.pick(str(options.parameters.get("model", "")))
        family = BY_NAME[entry.family]
        table = knobs(family)
        if options.intent != "remove":
            # Something new is asked for: what lay there before must not steer it.
            table["strength"] = replace(table["strength"], default=1.0)
            table["prefill"] = replace(table["prefill"], default="none")
        parameters: dict[str, Scalar] = {name: knob.default for name, knob in table.items()}
        for name, value in options.parameters.items():
            if name not in table and options.engine != self.name:
                continue  # meant for the engine the user named; this one is a fallback
            if name not in table:
                raise BadSetting(
                    f"The engine generative has no parameter {name}; "
                    f"there is {', '.join(sorted(table))}."
                )
            parameters[name] = table[name].check(name, value)
        del parameters["model"]
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent=options.intent,
            prompt=options.prompt,
            model=entry.id,
            model_sha256=identity(entry),
            parameters=parameters,
            fingerprint=fingerprint(),
        )

    def context_px(self, mask: MaskBool) -> int:
        models = self.models()
        native = BY_NAME[models[0].family].native_px if models else 512
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

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        from inpaint_studio.engines.generative_run import run

        entry = self.pick(request.recipe.model)
        return run(request, entry, token)


def fingerprint() -> dict[str, str]:
    """Return what can change bits beside the recipe, as far as it is known before the run."""
    import platform

    found = {"machine": platform.machine(), "numpy": np.__version__}
    for package in ("torch", "diffusers", "transformers"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found


def variations(recipe: FillRecipe, count: int) -> tuple[FillRecipe, ...]:
    """Return `count` recipes that differ in nothing but the seed (the given one comes first).

    Each is run by itself: a batch of seeds would not give the bytes of its members.
    """
    return tuple(replace(recipe, seed=(recipe.seed + index) % 2**63) for index in range(count))
