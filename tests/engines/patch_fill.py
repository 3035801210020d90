"""One fill by the patch engine, as its tests ask for it."""

from __future__ import annotations

import numpy as np

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar


def fill(image: Linear, mask: MaskBool, *, threads: int = 1, **parameters: Scalar) -> Linear:
    maker = PatchEngine()
    recipe = maker.recipe(RunOptions(engine="patch", parameters=parameters), mask)
    request = FillRequest(
        linear=image, mask=mask, ring=np.zeros_like(mask), recipe=recipe, threads=threads
    )
    return maker.fill(request, RunToken()).linear
