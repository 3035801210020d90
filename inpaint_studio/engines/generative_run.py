"""One generative fill: pre-fill, crop, run the pipeline, match the colours, stitch.

Imported when a fill is asked for. Memory that runs out changes the plan one rung at a time, and
each change is a sentence in the fill. What lies outside mask and ring is never touched: the
model's answer is only looked at inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import generative_load as store
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.generative_call import answer_of
from inpaint_studio.engines.generative_device import (
    DevicePlan,
    Memory,
    choose,
    is_out_of_memory,
    lower,
    memory_now,
    settle,
)
from inpaint_studio.engines.generative_frame import (
    Frame,
    cut,
    cut_mask,
    frame_for,
    put_back,
    tiles,
)
from inpaint_studio.engines.generative_time import about, cpu_seconds
from inpaint_studio.engines.modelled import check_identity
from inpaint_studio.engines.prefill import prefill
from inpaint_studio.errors import EngineFailed
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import decode, encode
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME, Family
from inpaint_studio.weights.sizes import parameters_of

Floats: TypeAlias = NDArray[np.float32]

REFINE_STRENGTH = 0.45


@dataclass(slots=True)
class Run:
    """What stays the same over the passes of one fill, and what it notes on its way."""

    recipe: FillRecipe
    entry: ModelEntry
    sha256: str
    family: Family
    native_px: int
    plan: DevicePlan
    memory: Memory
    changes: list[str] = field(default_factory=list)
    passes: int = 0

    def say(self, sentence: str) -> None:
        if sentence and sentence not in self.changes:
            self.changes.append(sentence)


def run(request: FillRequest, entry: ModelEntry, token: RunToken) -> Fill:
    """Fill the hole of a request with a diffusion model.

    Raises: Cancelled. Missing: the model is another one than the recipe's. BadModel.
        EngineFailed: memory ran out on every rung, or the model answered with NaN.
    """
    token.step(0.0, "preparing")
    sha256 = check_identity(request.recipe, entry, token)
    family = BY_NAME[entry.family]
    # The number of threads changes bits, so the recipe decides it, not the machine.
    words = settle(int(request.recipe.parameters.get("threads", 0)))
    job = _start(request.recipe, entry, sha256, family)
    target = request.mask | request.ring
    canvas = encode(request.linear)
    how = str(request.recipe.parameters.get("prefill", "patch"))
    start, note = prefill(request, how, token.within(0.0, 0.1, "pre-filling"))
    if note:
        job.say(note)
    canvas = np.where(target[..., None], encode(start), canvas).astype(np.float32)

    frame = _frame(job, target)
    refines = frame.scale < 1.0 and bool(request.recipe.parameters.get("refine", True))
    share = 0.5 if refines else 1.0
    stage = _stage(job, frame)
    canvas = _paint(job, canvas, target, token.within(0.1, 0.1 + 0.9 * share, stage))
    if frame.scale < 1.0 and refines:
        canvas = _refine(job, canvas, target, token.within(0.55, 1.0, "refining"))
    elif frame.scale < 1.0:
        job.say(f"The hole is bigger than the model; it was filled at {frame.scale:.0%} of size.")
    linear = np.where(target[..., None], decode(canvas), request.linear).astype(np.float32)
    return Fill(
        linear=linear,
        changes=tuple(job.changes),
        ran_with={**words, **job.plan.words, "passes": str(job.passes)},
    )


def _stage(job: Run, frame: Frame) -> str:
    """Name the stage, with an honest guess of its time where the CPU does it."""
    if job.plan.device != "cpu":
        return "filling"
    recipe = job.recipe
    steps = int(recipe.parameters.get("steps", job.family.steps))
    share = float(recipe.parameters.get("strength", job.family.strength))
    guess = about(
        cpu_seconds(
            job.entry,
            pixels=frame.height * frame.width,
            steps=max(1, round(steps * share)),
            has_words=bool(recipe.prompt or recipe.parameters.get("negative")),
        )
    )
    return f"filling on the CPU, {guess}" if guess else "filling"


def _start(recipe: FillRecipe, entry: ModelEntry, sha256: str, family: Family) -> Run:
    native = int(recipe.parameters.get("size", 0)) or store.native_side(entry.path, family)
    memory = memory_now()
    whole, largest_part = parameters_of(entry.path)
    plan = choose(
        whole / 1e6,
        largest_part / 1e6,
        int(native * family.largest_px / family.native_px),
        memory,
        device=str(recipe.parameters.get("device", "")),
        dtype=str(recipe.parameters.get("dtype", "")),
        prefers_bf16=family.name not in ("sd", "sdxl"),
        compiled=bool(recipe.parameters.get("compile", False)),
    )
    return Run(recipe, entry, sha256, family, native, plan, memory)


def _frame(job: Run, target: MaskBool) -> Frame:
    largest = min(job.plan.side_px, int(job.native_px * job.family.largest_px
                                        / job.family.native_px))  # fmt: skip
    return frame_for(
        target,
        native_px=min(job.native_px, largest),
        largest_px=largest,
        multiple=job.family.multiple,
    )


def _paint(
    job: Run,
    canvas: Floats,
    target: MaskBool,
    token: RunToken,
    *,
    strength: float | None = None,
) -> Floats:
    """Return the canvas with the target painted by one pass, however much memory there is."""
    while True:
        frame = _frame(job, target)
        try:
            return _pass(job, canvas, target, frame, token, strength)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler: the failed pass's tensors are no longer held by its traceback.
        _step_down(job)


def _step_down(job: Run) -> None:
    store.release_device_memory()
    lowered = lower(job.plan, job.memory)
    if lowered is None:
        store.forget()
        raise EngineFailed(
            f"{job.entry.name} ran out of memory in every way it can run here; close other "
            "programs or choose a smaller model, and run the job again from the queue."
        )
    job.plan, sentence = lowered
    job.say(sentence)


def _pass(
    job: Run,
    canvas: Floats,
    target: MaskBool,
    frame: Frame,
    token: RunToken,
    strength: float | None,
) -> Floats:
    loaded = store.warm(job.entry, job.sha256, job.plan)
    job.plan.tune(loaded.pipe)
    picture = cut(frame, canvas)
    hole = cut_mask(frame, target)
    number, job.passes = job.passes, job.passes + 1
    answer = answer_of(
        loaded,
        picture,
        hole,
        job.recipe,
        token,
        seed=(job.recipe.seed + number * 1_000_003) % 2**63,
        strength=strength,
    )
    if not np.isfinite(answer).all():
        return _again_in_full(job, canvas, target, token, strength)
    matches = bool(job.recipe.parameters.get("match", True))
    return put_back(frame, canvas, target, answer, hole, matches=matches, token=token)


def _again_in_full(
    job: Run, canvas: Floats, target: MaskBool, token: RunToken, strength: float | None
) -> Floats:
    """Half precision can overflow: try once more in full before giving up."""
    if job.plan.dtype == "float32":
        raise EngineFailed(
            f"{job.entry.name} answered with numbers that are not finite; verify the model or "
            "choose another one."
        )
    job.say(f"The model overflowed in {job.plan.dtype}; it ran in float32 instead.")
    job.plan = replace(job.plan, dtype="float32")
    return _paint(job, canvas, target, token, strength=strength)


def _refine(job: Run, canvas: Floats, target: MaskBool, token: RunToken) -> Floats:
    """Return the canvas with a big hole, filled at reduced size, redone tile by tile at full size.

    A tile starts from what is there and leaves what earlier tiles finished, but for the overlap.
    """
    side = min(job.native_px, job.plan.side_px)
    overlap = max(16, side // 4)
    boxes = tiles(target, side_px=side, overlap_px=overlap)
    done = np.zeros_like(target)
    for index, box in enumerate(boxes):
        part = token.within(index / len(boxes), (index + 1) / len(boxes), "refining")
        here = np.zeros_like(target)
        here[box.slices] = True
        todo = target & here & ~done
        if not todo.any():
            continue
        canvas = canvas.copy()
        canvas[box.slices] = _paint(
            job, canvas[box.slices], todo[box.slices], part, strength=REFINE_STRENGTH
        )
        inner = box.pad(-overlap // 4).clamp(Box.of_shape(target.shape))
        done[inner.slices] = True
    job.say(f"The hole is bigger than the model; it was refined in {len(boxes)} tiles.")
    return canvas


def warm_pipe() -> Any:
    """For benchmarks: the pipeline that is warm in this process, or None."""
    return store.current()
