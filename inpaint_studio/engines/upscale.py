"""Enlarge a region or a photo: a local diffusers upscaler where there is one, else Lanczos.

Whoever enlarges, the answer scaled back down is the photo again: what the model invents beyond
that is taken out of the low band (`consistent`), and what is left is a reading for the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import Linear
from inpaint_studio.engines.base import Availability
from inpaint_studio.engines.generative import Knob, fingerprint
from inpaint_studio.errors import BadSetting, EngineFailed, Missing
from inpaint_studio.imaging.color import decode, encode
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, Reading, RunOptions, Scalar
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.verify import identity

Floats: TypeAlias = NDArray[np.float32]

FACTORS = (2, 3, 4)
TILE_PX, OVERLAP_PX = 128, 16
CONSISTENT = 1.0 / 255
"""Largest difference, encoded 0..1, between the photo and the answer scaled back down (P99)."""

KNOBS: dict[str, Knob] = {
    "model": Knob(""),
    "factor": Knob(2, choices=FACTORS),
    "steps": Knob(20, 1, 200),
    "guidance": Knob(1.0, 0.0, 50.0),
    "noise": Knob(20, 0, 350),
    "tile": Knob(TILE_PX, 32, 512),
    "threads": Knob(1, 1, 1024),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlarged:
    """The bigger picture in linear light, what the gate reads of it, and changes of plan."""

    linear: Linear
    readings: tuple[Reading, ...]
    changes: tuple[str, ...] = ()
    ran_with: dict[str, str]


class Upscaler:
    """Always available: without a model it is Lanczos, and says so."""

    name = "upscale"
    version = 1
    title = "Enlarge"

    def __init__(self, folder: ModelFolder | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> ModelFolder:
        return self._folder or ModelFolder()

    def models(self) -> tuple[ModelEntry, ...]:
        return tuple(
            entry
            for entry in self.folder.usable("upscale", "diffusion")
            if entry.family in BY_NAME and BY_NAME[entry.family].use == "upscale"
        )

    def availability(self) -> Availability:
        if self.models():
            return Availability(ready=True)
        return Availability(
            ready=True,
            why="There is no upscaler model on this computer; Lanczos enlarges without detail.",
            how=f"Put a diffusers upscaler folder in {self.folder.root / 'upscale'}.",
        )

    def recipe(self, options: RunOptions) -> FillRecipe:
        """Return the full recipe; `model` "lanczos" asks for no model.

        Raises: BadSetting. Missing: the model that was named is not there.
        """
        parameters: dict[str, Scalar] = {name: knob.default for name, knob in KNOBS.items()}
        for name, value in options.parameters.items():
            if name not in KNOBS:
                raise BadSetting(
                    f"Enlarging has no parameter {name}; there is {', '.join(sorted(KNOBS))}."
                )
            parameters[name] = KNOBS[name].check(name, value)
        wanted = str(parameters.pop("model"))
        models = [] if wanted == "lanczos" else list(self.models())
        if wanted and wanted != "lanczos":
            models = [m for m in models if wanted in (m.id, m.name, m.sha256)]
            if not models:
                raise Missing(f"There is no upscaler called {wanted} in {self.folder.root}.")
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent="upscale",
            prompt=options.prompt,
            model=models[0].id if models else "lanczos",
            model_sha256=identity(models[0]) if models else "",
            parameters=parameters,
            fingerprint=fingerprint(),
        )

    def enlarge(self, linear: Linear, recipe: FillRecipe, token: RunToken) -> Enlarged:
        """Return (H, W, 3) linear light enlarged by the recipe's factor.

        Raises: Cancelled. Missing: the recipe's model is gone or another one. EngineFailed.
        """
        factor = int(recipe.parameters["factor"])
        photo = encode(linear)
        changes: list[str] = []
        ran_with = {"device": "cpu"}
        if recipe.model == "lanczos":
            answer = _resized(photo, factor)
            if not self.models():
                changes.append("There is no upscaler model here; Lanczos enlarged the photo.")
        else:
            answer, ran_with = self._by_model(photo, factor, recipe, token)
        if not np.isfinite(answer).all():
            raise EngineFailed("The upscaler answered with numbers that are not finite.")
        answer = consistent(answer, photo, factor)
        return Enlarged(
            linear=decode(answer),
            readings=(consistency(answer, photo, factor),),
            changes=tuple(changes),
            ran_with=ran_with,
        )

    def _by_model(
        self, photo: Floats, factor: int, recipe: FillRecipe, token: RunToken
    ) -> tuple[Floats, dict[str, str]]:
        from inpaint_studio.engines.upscale_run import run

        entry = next((m for m in self.models() if m.id == recipe.model), None)
        if entry is None:
            raise Missing(f"The upscaler {recipe.model} is no longer in {self.folder.root}.")
        big, ran_with = run(photo, recipe, entry, token)
        if factor != 4:
            size = (photo.shape[1] * factor, photo.shape[0] * factor)
            big = cv2.resize(big, size, interpolation=cv2.INTER_AREA)
        return np.clip(big, 0.0, 1.0), ran_with


def consistent(answer: Floats, photo: Floats, factor: int) -> Floats:
    """Return the answer moved so that scaled down it is the photo (three back-projections).

    Irani & Peleg, "Improving resolution by image registration", 1991.
    """
    result = answer
    for _ in range(3):
        result = np.clip(result + _resized(photo - _shrunk(result, photo), factor), 0.0, 1.0)
    return result.astype(np.float32)


def consistency(answer: Floats, photo: Floats, factor: int) -> Reading:
    """Return how far the answer, scaled back down, is from the photo: P99, encoded 0..1."""
    left = np.abs(_shrunk(answer, photo) - photo).max(axis=-1)
    value = float(np.percentile(left, 99))
    return Reading(
        name="upscale_consistency",
        value=value,
        high=CONSISTENT,
        passed=value <= CONSISTENT,
        label="Same photo when scaled back",
    )


def _resized(plane: Floats, factor: int) -> Floats:
    size = (plane.shape[1] * factor, plane.shape[0] * factor)
    grown: Floats = cv2.resize(plane, size, interpolation=cv2.INTER_LANCZOS4)
    return grown


def _shrunk(answer: Floats, photo: Floats) -> Floats:
    size = (photo.shape[1], photo.shape[0])
    shrunk: Floats = cv2.resize(answer, size, interpolation=cv2.INTER_AREA)
    return shrunk
