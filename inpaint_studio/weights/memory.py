"""Whether a model fits this computer, and how long it would take: before anything is loaded."""

from __future__ import annotations

from dataclasses import replace

import psutil

from inpaint_studio.errors import BadModel
from inpaint_studio.weights.entries import ModelEntry
from inpaint_studio.weights.families import BY_NAME
from inpaint_studio.weights.sizes import parameters_of


def with_memory(entry: ModelEntry, total_mb: float | None = None) -> ModelEntry:
    """Return the entry, in state "memory" when this computer can never hold it.

    Half precision on the CPU is the least a model can do with: 2 bytes a parameter.
    """
    if entry.kind not in ("diffusion", "upscale") or not entry.is_usable:
        return entry
    total = total_mb if total_mb is not None else psutil.virtual_memory().total / 1e6
    try:
        need = parameters_of(entry.path)[0] * 2 / 1e6
    except (BadModel, OSError):
        return entry
    if need <= total * 0.85:
        return entry
    return replace(
        entry,
        state="memory",
        advice=(
            f"{entry.name} needs at least {need / 1000:.1f} GB of memory and this computer has "
            f"{total / 1000:.1f} GB. Use a smaller model."
        ),
    )


def estimate_seconds(
    entry: ModelEntry, *, pixels: int, steps: int, has_words: bool, gigaflops: float
) -> float:
    """Return how long the steps of one fill will take at so many GFLOP/s.

    The work of a step is the family's, scaled by the model's parameters and by the pixels
    (attention grows faster than that, so big crops take longer than said).
    """
    family = BY_NAME[entry.family]
    share = parameters_of(entry.path)[1] / 1e9 / family.params_b
    work = family.teraflop * share * pixels / family.native_px**2
    if family.true_guidance and not has_words:
        work /= 2
    return work * 1000 / max(gigaflops, 1e-3) * steps
