"""Compile or load the kernels ahead of the first fill, in the background at start."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.table import engine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions

_SIDE = 128
_FILLS = ("flat", 24), ("patch", 24), ("patch", 48)
"""Engines, and how wide their holes are, px: `patch` lays the larger one out."""


def warm(token: RunToken) -> None:
    """Fill small made-up holes with every engine that has compiled kernels.

    Takes about 10 s the first time on a machine (compiling), then about two (the kernels
    lie in the user's cache folder). Raises: Cancelled.
    """
    # Blurred: grain must be correlated for `flat` to need all of its kernels.
    noise = np.random.default_rng(0).random((_SIDE, _SIDE, 3), dtype=np.float32)
    linear = cv2.GaussianBlur(noise, (0, 0), 1.0)
    for name, side in _FILLS:
        token.check()
        mask = np.zeros((_SIDE, _SIDE), dtype=bool)
        mask[40 : 40 + side, 40 : 40 + side] = True
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
