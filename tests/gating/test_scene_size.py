"""A scene made smaller keeps both the hole and the known ground."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.scene import MAX_PIXELS, make_scene


@pytest.mark.parametrize("kind", ["checkered", "one known pixel", "one hole pixel", "half"])
def test_neither_hole_nor_ground_is_lost(kind: str) -> None:
    side = int(MAX_PIXELS**0.5) + 40
    mask = np.indices((side, side)).sum(axis=0) % 2 == 0
    if kind != "checkered":
        mask[:] = kind == "one known pixel"
        mask[side // 2, side // 2] = kind == "one hole pixel"
        mask[0, 0] = mask[-1, -1] = kind != "half"
        if kind == "half":
            mask[:, : side // 2] = True
    pixels = np.zeros((side, side, 3), np.uint8)
    scene = make_scene(JudgeRequest(before=pixels, after=pixels, mask=mask, ring_px=2))
    assert scene.mask.size <= MAX_PIXELS
    assert scene.mask.any() and not scene.mask.all()
