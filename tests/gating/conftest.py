"""Edits to judge, made from photos that ship with a dependency."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.scene import Rgb8


def hole(shape: tuple[int, int] = (160, 200), *, top: int = 60, left: int = 70) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + 40, left : left + 60] = True
    return mask


def grainy(shape: tuple[int, int] = (160, 200), *, sigma: float = 6.0, seed: int = 0) -> Rgb8:
    """A slope with grain: every fill of it that has the same grain is a perfect one."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(80, 160, shape[1])[None, :, None] * np.ones((*shape, 3))
    grain = rng.normal(0, sigma, shape)[..., None]
    return np.clip(np.rint(slope + grain), 0, 255).astype(np.uint8)


def sticker(ground: Rgb8, mask: np.ndarray) -> Rgb8:
    """Before: a striped thing lies on the ground."""
    before = ground.copy()
    rows, columns = np.nonzero(mask)
    before[rows, columns] = np.where(((rows + columns) // 4 % 2)[:, None], (200, 40, 30), 245)
    return before


@pytest.fixture
def perfect() -> JudgeRequest:
    """The sticker is gone and the ground goes on, with other grain of the same strength."""
    mask = hole()
    before = sticker(grainy(), mask)
    after = before.copy()
    after[mask] = grainy(seed=1)[mask]
    return JudgeRequest(before=before, after=after, mask=mask)


@pytest.fixture
def smeared(perfect: JudgeRequest) -> JudgeRequest:
    """The sticker is gone but its place is smooth and darker."""
    after = perfect.after.copy()
    smooth = cv2.GaussianBlur(after, (0, 0), 12)
    after[perfect.mask] = np.clip(smooth[perfect.mask].astype(int) - 12, 0, 255)
    return JudgeRequest(before=perfect.before, after=after, mask=perfect.mask)
