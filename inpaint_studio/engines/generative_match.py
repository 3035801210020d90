"""Match the colours of a model's answer to the photo around the hole.

A model's answer is off by a smooth colour step even where it should return the photo (the VAE's
round trip). The step is measured just outside the hole, in the low band only, and carried into
the hole as a harmonic field. A global match would move the border only, and a histogram match
on a flat photo would replace the fill; both were rejected.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.engines.membrane import smooth_guess, solve
from inpaint_studio.jobs.token import RunToken

Floats = NDArray[np.float32]

BAND_PX = 16
SIGMA_PX = 4.0
LIMIT = 0.15


def match(answer: Floats, photo: Floats, hole: MaskBool, token: RunToken) -> tuple[Floats, float]:
    """Return the answer with its low band moved to the photo's at the hole's rim.

    answer, photo: (H, W, 3) encoded 0..1; hole: (H, W), where the model invented. Returns the
    matched answer, clipped to 0..1, and the largest step that was corrected, 0..1. A step beyond
    0.15 is no colour step but another picture: only so much is corrected, the gate sees the rest.
    """
    near = _near(hole)
    if not near.any():
        return answer, 0.0
    weight = near.astype(np.float32)
    step = (photo - answer) * weight[..., None]
    low = cv2.GaussianBlur(step, (0, 0), SIGMA_PX, borderType=cv2.BORDER_REFLECT)
    share = cv2.GaussianBlur(weight, (0, 0), SIGMA_PX, borderType=cv2.BORDER_REFLECT)
    low = low / np.maximum(share, np.float32(1e-4))[..., None]
    low = np.clip(low, -LIMIT, LIMIT)
    unknown = hole | ~near
    field = np.where(unknown[..., None], np.float32(0.0), low).astype(np.float32)
    field = solve(smooth_guess(field, unknown), hole, token)
    largest = float(np.abs(field[near]).max())
    return np.clip(answer + field, 0.0, 1.0).astype(np.float32), largest


def _near(hole: MaskBool) -> MaskBool:
    """Known pixels within the band around the hole."""
    size = 2 * BAND_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grown = cv2.dilate(hole.astype(np.uint8), disc) > 0
    near: MaskBool = grown & ~hole
    return near
