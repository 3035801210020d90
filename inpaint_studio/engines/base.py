"""What every fill engine is: the Protocol, what it is asked, what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from inpaint_studio.arrays import Linear, MaskBool, Plane
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRequest:
    """One hole to fill.

    linear: (H, W, 3) float32 linear light; what lies under `mask` must not decide the result.
    mask: (H, W) bool, the hard core: every True pixel must get new content.
    ring: (H, W) bool, disjoint from `mask`: known pixels just outside the core in which the
        fill may deviate a little so that the blend has room. An engine that leaves them as
        they are is right too.
    source: (H, W) bool or None: where patches may be copied from (None: everywhere known).
        Never overlaps `mask`.
    recipe: everything else that decides the pixels.
    under: (H, W, 3) or None: the crop as the photo shows it, lent only where the thing to remove
        may be a semi-transparent overlay that an engine can take off instead of inventing.
    veil: that overlay over this crop, where it is known already (measured on several photos);
        None: the engine may estimate it.
    """

    linear: Linear
    mask: MaskBool
    ring: MaskBool
    recipe: FillRecipe
    source: MaskBool | None = None
    threads: int = 0
    under: Linear | None = None
    veil: Veil | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """New pixels for a crop, before blending.

    linear: (H, W, 3) float32 linear light, finite; valid where mask or ring is True (elsewhere
        it equals the request's). changes: visible changes of plan the engine had to make.
    maps: named (H, W) float32 planes kept as artifacts (low band, source map, ...).
    ran_with: what really decided bits this time (device, dtype, threads, rung of the memory
        ladder); it belongs into the stored recipe's fingerprint.
    """

    linear: Linear
    changes: tuple[str, ...] = ()
    maps: dict[str, Plane] = field(default_factory=dict)
    ran_with: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether an engine can run here; if not, why, and what to put where."""

    ready: bool
    why: str = ""
    how: str = ""


class Engine(Protocol):
    """A way to fill a hole. Stateless between calls: same request, same bytes."""

    name: str
    version: int
    title: str
    """What the window calls it."""

    @property
    def takes(self) -> frozenset[str]:
        """The names of the parameters a user may set."""
        ...

    def availability(self) -> Availability: ...

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        """Return the full recipe (defaults filled in, model hashed) for these options."""
        ...

    def context_px(self, mask: MaskBool) -> int:
        """How far around the mask's box this engine wants to see, in px at native scale."""
        ...

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        """Memory the fill will need beside the crop, in MB."""
        ...

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        """Fill the hole.

        Raises: Cancelled, Missing, EngineFailed. Never returns NaN or another shape.
        """
        ...


def check_fill(fill: Fill, request: FillRequest) -> None:
    """Raise `EngineFailed` when an engine broke its contract."""
    from inpaint_studio.errors import EngineFailed

    if fill.linear.shape != request.linear.shape or fill.linear.dtype != np.float32:
        raise EngineFailed(
            f"Engine {request.recipe.engine} returned {fill.linear.dtype} "
            f"{fill.linear.shape} instead of float32 {request.linear.shape}."
        )
    if not np.isfinite(fill.linear[request.mask | request.ring]).all():
        raise EngineFailed(f"Engine {request.recipe.engine} returned NaN or infinite pixels.")
