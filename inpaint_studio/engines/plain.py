"""What the engines that need nothing but pixels share: always ready, one recipe, a time limit.

The time a region may take is stated in its recipe before the fill starts. `effort` turns the
budget into numbers that decide pixels, from the sizes of crop and hole alone: no clock has a say,
so the same recipe gives the same bytes on a slow machine. The clock only ends a fill that takes
`LIMIT_TIMES` as long as it was given; such a region is left as it was and waits for a person.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import psutil

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.engines.knobs import Knob, given
from inpaint_studio.errors import EngineFailed
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions, Scalar

LIMIT_TIMES = 10.0
LIMIT = {"limit_s": Knob(600.0, 0.0, 1e9)}
"""The knob that every plain engine has."""


class PlainEngine(ABC):
    """An engine without weights. Subclasses say what they do and what it costs."""

    name: str
    version: int
    title: str
    knobs: Mapping[str, Knob] = LIMIT

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(self.knobs)

    def availability(self) -> Availability:
        return Availability(ready=True)

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        """Raises: BadSetting: a parameter is unknown or out of bounds."""
        wishes = given(self.name, options, self.knobs)
        limit: dict[str, Scalar] = {"limit_s": LIMIT_TIMES * options.time_budget_s}
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent=options.intent,
            parameters={**limit, **self.effort(mask, options.time_budget_s), **wishes},
        )

    def effort(self, mask: MaskBool, budget_s: float) -> dict[str, Scalar]:
        """Return the parameters that keep a hole in a crop of this size within the budget."""
        return {}

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        """Raises: Cancelled, TookTooLong, EngineFailed (it needs more memory than is free)."""
        self._check_memory(request)
        limit = request.recipe.parameters.get("limit_s")
        if limit is not None:
            token = token.at_most(float(limit), f"The engine {self.name}")
        return self.make(request, token)

    def needs_mb(self, request: FillRequest) -> float:
        """Return what this recipe needs beside the crop, in MB."""
        return self.estimate_mb(request.mask.shape, int(request.mask.sum()))

    def _check_memory(self, request: FillRequest) -> None:
        """A clean refusal: on Linux too much memory asked for ends in a killed process."""
        needed = self.needs_mb(request)
        free = psutil.virtual_memory().available / 1e6
        if needed > free:
            raise EngineFailed(
                f"The engine {self.name} needs about {needed:.0f} MB for this hole and only "
                f"{free:.0f} MB are free; close other programs or mask a smaller part."
            )

    @abstractmethod
    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        """Return the memory a fill needs beside the crop, in MB."""

    @abstractmethod
    def make(self, request: FillRequest, token: RunToken) -> Fill:
        """Fill the hole; see `Engine.fill`."""
