"""The engine `learned`: feed-forward fill networks from disk (LaMa, MI-GAN, and their like).

Each network is described by a contract (`weights.entries.Contract`), so another network is a
row, not code. This module is light to import; runtimes are loaded in `learned_run`.
"""

from __future__ import annotations

import math
import os

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.engines.generative import Knob, fingerprint
from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.verify import identity

KNOBS: dict[str, Knob] = {
    "model": Knob(""),
    "match": Knob(True),
    "refine": Knob(True),
    "size": Knob(1024, 64, 4096),
    # The number of threads changes bits, so it is part of the recipe, not of the machine.
    "threads": Knob(os.cpu_count() or 1, 1, 1024),
}


class LearnedEngine:
    """Fills big holes in one pass with a network from the models folder."""

    name = "learned"
    version = 1
    title = "Learned"

    def __init__(self, folder: ModelFolder | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> ModelFolder:
        return self._folder or ModelFolder()

    def models(self) -> tuple[ModelEntry, ...]:
        """Return the networks an engine may try; TorchScript only when its sum is trusted."""
        return tuple(entry for entry in self.folder.usable("erase") if is_trusted(entry))

    def availability(self) -> Availability:
        if self.models():
            return Availability(ready=True)
        where = self.folder.root / "erase"
        untrusted = [e for e in self.folder.usable("erase") if not is_trusted(e)]
        broken = [e for e in self.folder.entries("erase") if not e.is_usable]
        why = "There is no fill network on this computer."
        if untrusted:
            why = (
                f"{untrusted[0].path.name} is TorchScript, which is program code; run "
                f"`inpaint-studio models verify --trust {untrusted[0].id}` if you trust its source."
            )
        elif broken:
            why = f"No fill network can be used: {broken[0].advice}"
        return Availability(
            ready=False,
            why=why,
            how=(
                f"Put big-lama.pt, a LaMa .onnx or migan_pipeline_v2.onnx in {where}, or run "
                "`inpaint-studio models import FOLDER`."
            ),
        )

    def pick(self, name: str) -> ModelEntry:
        """Return the network called `name`, or the first usable one. Raises: Missing."""
        models = self.models()
        for entry in models:
            if not name or name in (entry.id, entry.name, entry.sha256):
                return entry
        if name and models:
            raise Missing(
                f"There is no fill network called {name} in {self.folder.root}; "
                f"there is {', '.join(entry.name for entry in models)}."
            )
        state = self.availability()
        raise Missing(f"{state.why} {state.how}")

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        entry = self.pick(str(options.parameters.get("model", "")))
        parameters: dict[str, Scalar] = {name: knob.default for name, knob in KNOBS.items()}
        for name, value in options.parameters.items():
            if name not in KNOBS and options.engine != self.name:
                continue  # meant for the engine the user named; this one is a fallback
            if name not in KNOBS:
                raise BadSetting(
                    f"The engine learned has no parameter {name}; there is "
                    f"{', '.join(sorted(KNOBS))}."
                )
            parameters[name] = KNOBS[name].check(name, value)
        del parameters["model"]
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent=options.intent,
            model=entry.id,
            model_sha256=identity(entry),
            parameters=parameters,
            fingerprint=fingerprint(),
        )

    def context_px(self, mask: MaskBool) -> int:
        box = Box.of_mask(mask)
        shorter = min(box.width, box.height)
        return max(64, math.ceil((512 - shorter) / 2), int(0.5 * max(box.width, box.height)))

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        models = self.models()
        size = models[0].bytes / 1e6 if models else 0.0
        side = min(max(shape), int(KNOBS["size"].default))
        return size * 2 + side * side * 4 * 256 / 1e6

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        from inpaint_studio.engines.learned_run import run

        entry = self.pick(request.recipe.model)
        return run(request, entry, token)


def is_trusted(entry: ModelEntry) -> bool:
    """Whether the file may be opened: TorchScript is code, so it needs a known sum or a word."""
    from inpaint_studio.weights.known import is_known_sum

    if entry.path.suffix.lower() != ".pt":
        return True
    return entry.state == "ready" and (entry.trusted or is_known_sum(entry.sha256))
