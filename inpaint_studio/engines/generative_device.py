"""Where and how a pipeline runs: device, number format, offloading, tiling, and what to give up.

`choose` and `lower` are pure: they decide from numbers, so every rung is tested without a GPU.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from inpaint_studio.errors import EngineFailed

Offload = Literal["", "model", "sequential"]

# Working memory of a pass per pixel, in MB, at 2 bytes a number; measured figures of SD-sized
# networks lie between 0.004 and 0.007 with attention in one piece.
PASS_MB_PER_PX = 0.006
SMALLEST_SIDE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is free now, in MB. `device` is the best one there is: cuda, mps or cpu."""

    device: str
    free_mb: float
    ram_mb: float
    has_bf16: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePlan:
    """How one run uses the machine. `side_px` bounds the longest side of a pass."""

    device: str = "cpu"
    dtype: str = "float32"
    offload: Offload = ""
    slicing: bool = False
    tiling: bool = False
    compiled: bool = False
    side_px: int = 768

    @property
    def key(self) -> tuple[str, ...]:
        """What a loaded pipeline depends on (a smaller side needs no new one)."""
        return (self.device, self.dtype, self.offload, str(self.compiled))

    def place(self, pipe: Any) -> None:
        """Bring a pipeline that lies on the CPU to where it will run."""
        if self.offload == "model":
            pipe.enable_model_cpu_offload(device=self.device)
        elif self.offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=self.device)
        else:
            pipe.to(self.device)
        if self.compiled:
            core = getattr(pipe, "unet", None) or pipe.transformer
            core.compile()

    def tune(self, pipe: Any) -> None:
        """Set what may change from run to run without loading anything."""
        if hasattr(pipe, "enable_attention_slicing"):
            if self.slicing:
                pipe.enable_attention_slicing()
            else:
                pipe.disable_attention_slicing()
        if self.tiling:
            pipe.vae.enable_tiling()
        else:
            pipe.vae.disable_tiling()

    @property
    def words(self) -> dict[str, str]:
        """For the recipe's fingerprint: what can change bits."""
        return {
            "device": self.device,
            "dtype": self.dtype,
            "offload": self.offload or "none",
            "slicing": str(self.slicing).lower(),
            "tiling": str(self.tiling).lower(),
            "compiled": str(self.compiled).lower(),
            "side_px": str(self.side_px),
        }


def memory_now() -> Memory:
    """Ask the machine. Imports torch."""
    import psutil
    import torch

    ram = psutil.virtual_memory().available / 1e6
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        return Memory(
            device="cuda",
            free_mb=free / 1e6,
            ram_mb=ram,
            has_bf16=bool(torch.cuda.is_bf16_supported()),
        )
    if torch.backends.mps.is_available():
        return Memory(device="mps", free_mb=ram * 0.7, ram_mb=ram, has_bf16=False)
    return Memory(device="cpu", free_mb=ram, ram_mb=ram)


def pass_mb(side_px: int, dtype: str, *, saving: bool = False) -> float:
    """Return the working memory of one pass over a square, in MB."""
    size = 2 if dtype == "float32" else 1
    return side_px * side_px * PASS_MB_PER_PX * size * (0.4 if saving else 1.0)


def choose(
    parameters_m: float,
    largest_part_m: float,
    side_px: int,
    memory: Memory,
    *,
    device: str = "",
    dtype: str = "",
    prefers_bf16: bool = False,
    compiled: bool = False,
) -> DevicePlan:
    """Return how to run a model of so many million parameters.

    Raises: EngineFailed: it does not fit at all; the sentence gives both numbers.
    """
    where = device or memory.device
    plan = DevicePlan(device=where, side_px=side_px, compiled=compiled)
    if where == "cpu":
        return _on_cpu(plan, parameters_m, memory, dtype)
    half = "bfloat16" if prefers_bf16 and memory.has_bf16 else "float16"
    plan = replace(plan, dtype=dtype or half)
    each = 4 if plan.dtype == "float32" else 2
    free = memory.free_mb * 0.9
    weights = parameters_m * each
    if weights + pass_mb(side_px, plan.dtype) <= free:
        return plan
    plan = replace(plan, slicing=True, tiling=True)
    work = pass_mb(side_px, plan.dtype, saving=True)
    if weights + work <= free:
        return plan
    if where == "cuda" and weights <= memory.ram_mb * 0.8:
        if largest_part_m * each + work <= free:
            return replace(plan, offload="model")
        if work <= free:
            return replace(plan, offload="sequential")
    return _on_cpu(replace(plan, device="cpu"), parameters_m, memory, "")


def _on_cpu(plan: DevicePlan, parameters_m: float, memory: Memory, dtype: str) -> DevicePlan:
    free = memory.ram_mb * 0.9
    for name, each in (("float32", 4), ("bfloat16", 2)):
        if dtype and dtype != name:
            continue
        for saving in (False, True):
            if parameters_m * each + pass_mb(plan.side_px, "float32", saving=saving) <= free:
                return replace(
                    plan, device="cpu", dtype=name, offload="", slicing=saving, tiling=saving
                )
    need = parameters_m * (4 if dtype == "float32" else 2)
    raise EngineFailed(
        f"The model needs about {need / 1000:.1f} GB of memory and {memory.ram_mb / 1000:.1f} GB "
        "are free; close other programs or choose a smaller model."
    )


def lower(plan: DevicePlan, memory: Memory) -> tuple[DevicePlan, str] | None:
    """Return the next rung down after an allocation failed, and the sentence that says so.

    Smaller crop, then tiling, then offloading, then the CPU; None when nothing is left.
    """
    if plan.side_px > SMALLEST_SIDE and not (plan.slicing and plan.tiling):
        side = max(SMALLEST_SIDE, plan.side_px * 3 // 4 // 64 * 64)
        if side < plan.side_px and plan.side_px > 384:
            return replace(plan, side_px=side), (
                f"The device ran out of memory: the crop became smaller "
                f"({plan.side_px} -> {side} px)."
            )
    if not (plan.slicing and plan.tiling):
        return replace(plan, slicing=True, tiling=True), (
            "The device ran out of memory: attention and decoding were done in pieces."
        )
    if plan.device == "cuda" and plan.offload == "":
        return replace(plan, offload="model"), (
            "The device ran out of memory: parts of the model wait in main memory."
        )
    if plan.device == "cuda" and plan.offload == "model":
        return replace(plan, offload="sequential"), (
            "The device ran out of memory: the model is brought in layer by layer."
        )
    if plan.device != "cpu":
        dtype = "float32" if memory.ram_mb > 16_000 else "bfloat16"
        return replace(plan, device="cpu", dtype=dtype, offload="", compiled=False), (
            "The device ran out of memory: the CPU took over, which is slower."
        )
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that an allocation failed (each library has its own)."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text
        for words in ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
    )


def settle(threads: int) -> dict[str, str]:
    """Make torch repeatable in this process; return what bits depend on."""
    import os

    import torch

    count = threads or os.cpu_count() or 1
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
    # Warn only: a few operators have no repeatable form on some devices; the plan says so.
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    return {"threads": str(count), "cpu": torch.backends.cpu.get_cpu_capability()}
