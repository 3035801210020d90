"""The `flat` engine: plain, gradient and vignette backgrounds, with the ring's own grain."""

from __future__ import annotations

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.base import Fill, FillRequest
from inpaint_studio.engines.flat_field import low_band
from inpaint_studio.engines.flat_grain import rounding_variance, synthesise
from inpaint_studio.engines.plain import PlainEngine
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import from_perceptual, perceptual
from inpaint_studio.jobs.token import RunToken

_CONTEXT_PX = 48


class FlatEngine(PlainEngine):
    """Continues colour and light as a harmonic field and lays the ring's grain over it."""

    name = "flat"
    version = 3
    title = "Flat"

    def context_px(self, mask: MaskBool) -> int:
        return _CONTEXT_PX

    def estimate_mb(self, shape: tuple[int, int], hole_px: int) -> float:
        return shape[0] * shape[1] * 110 / 1e6 + 20

    def make(self, request: FillRequest, token: RunToken) -> Fill:
        token.step(0.0, "light")
        box = Box.of_mask(request.mask).pad(_CONTEXT_PX).clamp(Box.of_shape(request.mask.shape))
        hole = np.ascontiguousarray(request.mask[box.slices])
        values = perceptual(request.linear[box.slices])
        values[hole] = 0
        learn = hole if request.source is None else ~request.source[box.slices] | hole
        low = low_band(values, learn if not learn.all() else hole, token)
        token.step(0.6, "grain")
        grain = synthesise(
            values - low,
            ~learn,
            hole,
            seed=request.recipe.seed,
            rounding=rounding_variance(values, ~hole),
        )
        token.check()
        brightest = max(1.0, float(values[~hole].max(initial=0)))
        filled = np.minimum(low[hole] + grain[hole], np.float32(brightest))
        linear = request.linear.copy()
        linear[box.slices][hole] = from_perceptual(filled)
        token.step(1.0)
        return Fill(linear=linear)
