"""The `patch` engine: texture and structure by multi-scale patch synthesis."""

from __future__ import annotations

import os

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines import membrane
from inpaint_studio.engines.base import Availability, Fill, FillRequest
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import from_perceptual, perceptual
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import FillRecipe, RunOptions


class PatchEngine:
    """Copies what fits from around the hole, coarse to fine, and joins it without a seam."""

    name = "patch"
    version = 2
    title = "Patch"

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
        box = Box.of_mask(mask)
        return int(np.clip(max(box.width, box.height) // 2, 64, 256))

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return shape[0] * shape[1] * 120 / 1e6 + hole_px * 200 / 1e6 + 32

    def fill(self, request: FillRequest, token: RunToken) -> Fill:
        from inpaint_studio.engines.patch_rounds import synthesise

        hole = np.ascontiguousarray(request.mask)
        image = perceptual(request.linear) * np.float32(255)
        image[hole] = 0
        source = ~hole if request.source is None else request.source & ~hole
        threads = request.threads or os.cpu_count() or 1
        solved = synthesise(
            image, hole, source, seed=request.recipe.seed, threads=threads, token=token
        )
        changes: tuple[str, ...] = ()
        if solved is None:
            changes = ("No whole patch of known pixels: filled smoothly instead.",)
            solved = membrane.solve(membrane.smooth_guess(image, hole), hole, token)
        linear = request.linear.copy()
        brightest = max(255.0, float(image[~hole].max(initial=0)))
        linear[hole] = from_perceptual(np.minimum(solved[hole], brightest) / np.float32(255))
        token.step(1.0)
        return Fill(linear=linear, changes=changes)
