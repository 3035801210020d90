"""The `flat` engine: plain, gradient and vignette backgrounds, with the ring's own grain."""

from __future__ import annotations

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.imaging.color import from_perceptual, perceptual
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions


class FlatEngine:
    """Continues colour and light as a harmonic field and lays the ring's grain over it."""

    name = "flat"
    version = 1
    title = "Flat"

    def availability(self) -> Availability:
        return Availability(ready=True)

    def recipe(self, options: RunOptions, mask: MaskBool) -> FillRecipe:
        return FillRecipe(
            engine=self.name,
            engine_version=self.version,
            seed=options.seed,
            intent=options.intent,
            parameters=dict(options.parameters),
        )

    def context_px(self, mask: MaskBool) -> int:
        return 48

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return shape[0] * shape[1] * 100 / 1e6 + 5

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        hole = np.ascontiguousarray(request.mask)
        image = perceptual(request.linear)
        image[hole] = 0
        solved = membrane.solve(membrane.smooth_guess(image, hole), hole, token)
        known = image[~hole] - solved.mean(axis=(0, 1))
        rng = np.random.default_rng(request.recipe.seed)
        grain = rng.normal(0.0, 0.002, (int(hole.sum()), known.shape[-1])).astype(np.float32)
        linear = request.linear.copy()
        linear[hole] = from_perceptual(solved[hole] + grain)
        token.step(1.0)
        return Fill(linear=linear)
