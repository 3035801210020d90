"""The engine `learned`: feed-forward fill networks from disk (LaMa, MI-GAN, and their like).

Each network is described by a contract (`weights.entries.Contract`), so another network is a
row, not code. This module is light to import; runtimes are loaded in `learned_run`.
"""

from __future__ import annotations

import math
import os

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.knobs import Knob
from inpaint_studio.engines.modelled import ModelEngine
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions
from inpaint_studio.weights.entries import ModelEntry

KNOBS: dict[str, Knob] = {
    "model": Knob(""),
    "match": Knob(True),
    "refine": Knob(True),
    "size": Knob(1024, 64, 4096),
    # The number of threads changes bits, so it is part of the recipe, not of the machine.
    "threads": Knob(os.cpu_count() or 1, 1, 1024),
}


class LearnedEngine(ModelEngine):
    """Fills big holes in one pass with a network from the models folder."""

    name = "learned"
    title = "Learned"
    takes = frozenset(KNOBS)
    kinds = ("erase",)
    noun = "fill network"
    what_to_put = "big-lama.pt, a LaMa .onnx or migan_pipeline_v2.onnx"

    def runs(self, entry: ModelEntry) -> bool:
        return is_trusted(entry)

    def _why_none(self) -> str:
        untrusted = [e for e in self.folder.usable(*self.kinds) if not is_trusted(e)]
        if untrusted:
            return (
                f"{untrusted[0].path.name} is TorchScript, which is program code; run "
                f"`inpaint-studio models verify --trust {untrusted[0].id}` if you trust its source."
            )
        return super()._why_none()

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        entry = self.pick(str(options.parameters.get("model", "")))
        return self.recipe_of(options, entry, self.wishes(options, KNOBS))

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
