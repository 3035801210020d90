"""The one place that calls a diffusers pipeline: arguments by family, seed, steps, cancel."""

from __future__ import annotations

import inspect
import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.generative_device import is_out_of_memory
from inpaint_studio.engines.generative_load import Loaded, first_line, quiet
from inpaint_studio.errors import Cancelled, EngineFailed
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe

Floats = NDArray[np.float32]

_SAMPLERS = {
    "ddim": "DDIMScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler-a": "EulerAncestralDiscreteScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "lcm": "LCMScheduler",
}
_ASK_EVERY_S = 0.02


class _Watch:
    """Asks a token, from inside the network, whether the user wants to stop.

    One step may take twenty seconds on a CPU; asking between layers makes a stop quick.
    """

    def __init__(self) -> None:
        self.token: RunToken | None = None
        self._asked = 0.0

    def __call__(self, module: Any, arguments: Any) -> None:
        if self.token is None:
            return
        now = time.monotonic()
        if now - self._asked >= _ASK_EVERY_S:
            self._asked = now
            self.token.check()


def answer_of(
    loaded: Loaded,
    picture: Floats,
    hole: MaskBool,
    recipe: FillRecipe,
    token: RunToken,
    *,
    seed: int,
    strength: float | None = None,
) -> Floats:
    """Return the model's whole picture, (H, W, 3) encoded 0..1, for a picture with a hole.

    Both sides must be multiples of what the family asks. Raises: Cancelled, and whatever the
    library raises.
    """
    import torch

    arguments = _arguments(loaded, recipe, strength)
    more = {"negative_prompt": arguments["negative"]} if loaded.family.has_negative else {}
    return call_pipeline(
        loaded,
        recipe,
        token,
        seed=seed,
        steps=int(arguments["steps"]),
        prompt=recipe.prompt,
        image=torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None],
        mask_image=torch.from_numpy(hole.astype(np.float32))[None, None],
        height=picture.shape[0],
        width=picture.shape[1],
        strength=arguments["strength"],
        guidance_scale=arguments["guidance"],
        **more,
    )


def call_pipeline(
    loaded: Loaded,
    recipe: FillRecipe,
    token: RunToken,
    *,
    seed: int,
    steps: int,
    **given: Any,
) -> Floats:
    """Call the pipeline with a fresh scheduler and a fresh CPU generator; return its picture.

    Raises: Cancelled, the library's own out-of-memory errors, EngineFailed for any other.
    """
    import torch

    pipe = loaded.pipe
    pipe.scheduler = _scheduler(loaded, str(recipe.parameters.get("sampler", "")))
    watch = _watch(loaded)
    watch.token = token
    total = 0

    def on_step_end(_: Any, index: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        nonlocal total
        total = total or max(1, getattr(pipe, "num_timesteps", 0) or steps)
        token.step(min(1.0, (index + 1) / total))
        return kept

    if "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
        given["callback_on_step_end"] = on_step_end
    try:
        with quiet(), torch.inference_mode():
            made = pipe(
                num_inference_steps=steps,
                generator=torch.Generator("cpu").manual_seed(seed),
                output_type="np",
                **given,
            ).images[0]
    except Exception as error:
        # Offloaded parts are sent back, whatever stopped the run.
        pipe.maybe_free_model_hooks()
        if isinstance(error, Cancelled) or is_out_of_memory(error):
            raise
        # The edge to a library that raises whatever it likes.
        raise EngineFailed(f"The model {recipe.model} failed: {first_line(error)}.") from error
    finally:
        watch.token = None
    answer: Floats = np.asarray(made, dtype=np.float32)
    return answer


def _arguments(loaded: Loaded, recipe: FillRecipe, strength: float | None) -> dict[str, Any]:
    values = recipe.parameters
    family = loaded.family
    share = strength if strength is not None else float(values.get("strength", family.strength))
    steps = int(values.get("steps", family.steps))
    # A pipeline refuses to take no step at all.
    steps = max(steps, math.ceil(1.0 / share))
    while int(steps * share) < 1:
        steps += 1
    guidance = float(values.get("guidance", family.guidance))
    negative = str(values.get("negative", ""))
    has_words = bool(recipe.prompt or negative)
    if family.true_guidance and not has_words and not _is_distilled(loaded):
        # With nothing said both halves of the guidance are the same: half the work will do.
        guidance = 1.0
    return {"strength": share, "steps": steps, "guidance": guidance, "negative": negative}


def _is_distilled(loaded: Loaded) -> bool:
    """Whether guidance is an input of the network (LCM) instead of a second run of it."""
    core = getattr(loaded.pipe, "unet", None)
    return core is not None and getattr(core.config, "time_cond_proj_dim", None) is not None


def _scheduler(loaded: Loaded, name: str) -> Any:
    """Return a fresh scheduler: one that was cancelled half-way remembers where it was."""
    kept = loaded.scheduler
    if not name or loaded.family.name not in ("sd", "sdxl"):
        return type(kept).from_config(kept.config)
    import diffusers

    return getattr(diffusers, _SAMPLERS[name]).from_config(kept.config)


def _watch(loaded: Loaded) -> _Watch:
    found = getattr(loaded.pipe, "_inpaint_studio_watch", None)
    if isinstance(found, _Watch):
        return found
    watch = _Watch()
    for part in loaded.pipe.components.values():
        if not hasattr(part, "modules") or getattr(part, "_compiled_call_impl", None):
            continue
        for module in part.modules():
            if not any(True for _ in module.children()):
                module.register_forward_pre_hook(watch)
    object.__setattr__(loaded.pipe, "_inpaint_studio_watch", watch)
    return watch
