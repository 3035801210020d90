"""What the engines that need a model from disk have in common: lookup, knobs, recipe, identity."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import metadata

from inpaint_studio.engines.base import Availability
from inpaint_studio.engines.knobs import Knob, given
from inpaint_studio.errors import Missing
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar
from inpaint_studio.weights.entries import ModelEntry, ModelKind
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.verify import identity


class ModelEngine(ABC):
    """An engine that runs a model of the models folder. Light: nothing is loaded here."""

    name = ""
    version = 1
    title = ""
    kinds: tuple[ModelKind, ...] = ()
    noun = "model"
    """What its models are called in a sentence."""
    takes: frozenset[str] = frozenset()
    what_to_put = ""
    """What a user without a model should put into the folder of the first kind."""

    def __init__(self, folder: ModelFolder | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> ModelFolder:
        return self._folder or ModelFolder()

    @abstractmethod
    def runs(self, entry: ModelEntry) -> bool:
        """Whether this engine runs a model of its kinds."""

    def models(self) -> tuple[ModelEntry, ...]:
        """Return the models this engine may try, checked ones first."""
        return tuple(entry for entry in self.folder.usable(*self.kinds) if self.runs(entry))

    def availability(self) -> Availability:
        if self.models():
            return Availability(ready=True)
        return Availability(
            ready=False,
            why=self._why_none(),
            how=(
                f"Put {self.what_to_put} in {self.folder.root / self.kinds[0]}, or run "
                "`inpaint-studio models import FOLDER`."
            ),
        )

    def _why_none(self) -> str:
        broken = [entry for entry in self.folder.entries(*self.kinds) if not entry.is_usable]
        if broken:
            return f"No {self.noun} can be used: {broken[0].advice}"
        return f"There is no {self.noun} on this computer."

    def pick(self, name: str) -> ModelEntry:
        """Return the model called `name`, or the first usable one. Raises: Missing."""
        models = self.models()
        for entry in models:
            if not name or name in (entry.id, entry.name, entry.sha256):
                return entry
        if name and models:
            raise Missing(
                f"There is no {self.noun} called {name} in {self.folder.root}; "
                f"there is {', '.join(entry.name for entry in models)}."
            )
        state = self.availability()
        raise Missing(f"{state.why} {state.how}".strip())

    def wishes(self, options: RunOptions, knobs: Mapping[str, Knob]) -> dict[str, Scalar]:
        """Return every parameter but the model's name: the user's where given, else defaults.

        Raises: BadSetting: a parameter is unknown or out of bounds.
        """
        found: dict[str, Scalar] = {name: knob.default for name, knob in knobs.items()}
        found.update(given(self.name, options, knobs))
        found.pop("model", None)
        return found

    def recipe_of(
        self, options: RunOptions, entry: ModelEntry | None, parameters: dict[str, Scalar]
    ) -> FillRecipe:
        """Return the recipe that runs `entry` (None: no model) with these parameters."""
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent=options.intent,
            prompt=options.prompt,
            model=entry.id if entry is not None else "",
            model_sha256=identity(entry) if entry is not None else "",
            parameters=parameters,
            fingerprint=fingerprint(),
        )


def check_identity(recipe: FillRecipe, entry: ModelEntry, token: RunToken) -> str:
    """Return the model's sum. Raises: Missing: the recipe was made with another file."""
    sha256 = identity(entry, token)
    if recipe.model_sha256 and recipe.model_sha256 != sha256:
        raise Missing(
            f"The recipe was made with {recipe.model} of sum {recipe.model_sha256[:12]}…, but the "
            f"file on disk has {sha256[:12]}…; put the first one back to make the same fill."
        )
    return sha256


def fingerprint() -> dict[str, str]:
    """Return what is known before the run of what can change bits: library versions."""
    found = {"machine": platform.machine()}
    for package in ("torch", "diffusers", "transformers", "onnxruntime", "numpy"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "missing"
    return found
