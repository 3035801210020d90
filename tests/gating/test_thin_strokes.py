"""Thin strokes of letters that a mask left out are seen; the photo's own lines are not."""

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.ink import ink_left
from inpaint_studio.gating.thin_strokes import thin_strokes
from inpaint_studio.imaging.mask import grow

INK = (250, 235, 90)


def ground(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(200, 420, 3)) * 12
    return np.clip(90 + cv2.GaussianBlur(noise, (0, 0), 1.5), 0, 255).astype(np.uint8)


def strokes(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Thick strokes of five letters, 0..1, and the hairlines that join them, half as strong."""
    thick, thin = np.zeros(shape[:2], np.uint8), np.zeros(shape[:2], np.uint8)
    for left in range(60, 360, 60):
        cv2.line(thick, (left, 70), (left, 110), 255, 8)
        cv2.line(thick, (left + 30, 70), (left + 30, 110), 255, 8)
        cv2.line(thin, (left + 5, 106), (left + 25, 74), 140, 1, cv2.LINE_AA)
    return thick / np.float32(255), thin / np.float32(255)


def shown(bare: np.ndarray, cover: np.ndarray) -> np.ndarray:
    mixed = bare + (np.array(INK) - bare.astype(np.float32)) * cover[..., None]
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("left_out", [True, False])
def test_hairlines_that_the_mask_left_out_are_seen(seed: int, left_out: bool):
    bare = ground(seed)
    thick, thin = strokes(bare.shape)
    before = shown(bare, np.maximum(thick, thin))
    mask = grow((thick > 0) if left_out else (thick + thin > 0), 1)
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert (measured.value > 0) == left_out


def lines(places: list[tuple[int, int]]) -> np.ndarray:
    plane = np.zeros((300, 400), np.uint8)
    for row, column in places:
        cv2.line(plane, (column, row), (column + 15, row + 9), 1, 1)
    return plane > 0


def test_lines_that_lie_all_over_the_photo_tell_nothing():
    mask = np.zeros((300, 400), dtype=bool)
    mask[140:160, 100:300] = True
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    beside = [(161, 120), (161, 200), (161, 260)]
    elsewhere = [(row, column) for row in range(10, 290, 20) for column in range(10, 380, 30)]
    assert thin_strokes(lines(beside) & ~mask, away, 30.0).any()
    everywhere = lines([*beside, *elsewhere]) & ~mask
    assert not thin_strokes(everywhere, away, 30.0).any()
