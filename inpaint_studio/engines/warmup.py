"""Compile or load the kernels ahead of the first fill, in the background at start."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions


def warm(token: RunToken) -> None:
    """Fill one small made-up hole with every engine that has compiled kernels.

    Takes about 10 s the first time on a machine (compiling), then under a second (the kernels
    lie in the user's cache folder). Raises: Cancelled.
    """
    # Blurred: grain must be correlated for `flat` to need all of its kernels.
    noise = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    linear = cv2.GaussianBlur(noise, (0, 0), 1.0)
    mask = np.zeros((64, 64), dtype=bool)
    mask[20:44, 20:44] = True
    for name in ("flat", "patch"):
        token.check()
        filler = engine(name)
        filler.fill(
            FillRequest(
                linear=linear,
                mask=mask,
                ring=np.zeros_like(mask),
                recipe=filler.recipe(RunOptions(), mask),
                threads=1,
            ),
            token,
        )
