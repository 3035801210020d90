"""Start a model from what a plain engine puts into the hole, so that it invents less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inpaint_studio.arrays import Linear
from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.membrane import smooth_guess
from inpaint_studio.errors import EngineFailed, Missing, TookTooLong
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions


def prefill(request: FillRequest, how: str, token: RunToken) -> tuple[Linear, str]:
    """Return the request's linear crop with something in the hole, and a change of plan or "".

    how: "patch" or "flat" (the engine of that name), or "none": a smooth guess.
    Raises: Cancelled, TookTooLong.
    """
    if how != "none" and not request.mask.all():
        from inpaint_studio.engines.table import engine

        maker = engine(how)
        try:
            recipe = maker.recipe(RunOptions(engine=how, seed=request.recipe.seed), request.mask)
            return maker.fill(replace(request, recipe=recipe), token).linear, ""
        except TookTooLong:
            raise
        except (EngineFailed, Missing) as error:
            note = f"The pre-fill by {how} was left out: {error}"
            return _guess(request), note
    return _guess(request), ""


def _guess(request: FillRequest) -> Linear:
    if request.mask.all():
        return np.full_like(request.linear, 0.214)  # middle grey
    return smooth_guess(request.linear, request.mask)
