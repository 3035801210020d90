"""What belongs to the strokes is taken along on the side where it lies, and not all round."""

import cv2
import numpy as np
import pytest
from skimage import data

from inpaint_studio.imaging.mask import grow
from inpaint_studio.proposals.effects import _alone, _filled_holes, grown_to_effects
from inpaint_studio.proposals.ground import to_lab
from tests.overlays import compose, placed, text_alpha


@pytest.mark.parametrize(
    ("name", "top", "share"), [("coffee", 180, 0.7), ("rocket", 0, 0.9), ("brick", 90, 0.5)]
)
def test_a_soft_shadow_is_taken_along_on_its_side_alone(name: str, top: int, share: float):
    photo = getattr(data, name)()[top : top + 110, :420]
    bare = photo if photo.ndim == 3 else np.repeat(photo[..., None], 3, axis=2)
    ink = placed(text_alpha("Limited Edition", None, 46), bare.shape, 30, 28)
    shadow = np.roll(cv2.GaussianBlur(ink, (0, 0), 1.0), (2, 2), (0, 1)) * np.float32(share)
    light = np.full(3, 245 if bare.mean() < 140 else 10, dtype=np.float32)
    shown = compose(np.ascontiguousarray(bare), [(shadow, 255 - light), (ink, light)])
    room = np.ones(ink.shape, dtype=bool)
    mask = grown_to_effects(to_lab(shown), ink > 0.5, room, 50.0)
    overlay = (ink > 0) | (shadow > 0.08)
    assert mask[overlay].mean() > 0.97
    assert (mask & ~grow(overlay, 2)).sum() < 0.06 * overlay.sum()


def test_one_direction_alone_is_no_effect_unless_several_show_one():
    horizon = np.array([0, 0, 0, 0, 0, 0, 4.6, 0])
    assert _alone(horizon, shared=True).tolist() == (horizon > 0).tolist()
    shadow = np.array([0, 4.6, 3.6, 0, 0, 0, 0, 1.6])
    assert not _alone(shadow, shared=True).any()
    outline = np.array([2.6, 0, 2.6, 1.6, 3.6, 0, 0, 0])
    assert not _alone(outline, shared=True).any()
    assert _alone(outline, shared=False).tolist() == (outline > 2).tolist()
    both = np.array([0, 3.6, 2.6, 0, 0, 0, 9.6, 0])
    assert _alone(both, shared=True).tolist() == (both > 9).tolist()


@pytest.mark.parametrize(("inside", "filled"), [((250, 240, 90), True), ((70, 80, 60), False)])
def test_holes_are_filled_where_they_hold_ink_and_not_where_they_show_the_ground(
    inside: tuple[int, int, int], filled: bool
):
    photo = np.full((60, 300, 3), 180, dtype=np.uint8)
    photo[20:40] = (70, 80, 60)
    core, holes = (np.zeros(photo.shape[:2], dtype=bool) for _ in range(2))
    for left in range(20, 270, 40):
        core[14:46, left : left + 26] = True
        holes[22:38, left + 6 : left + 20] = True
    core &= ~holes
    photo[core], photo[holes] = (200, 30, 40), inside
    found = _filled_holes(to_lab(photo), core, 40.0)
    assert (found == (holes if filled else False)).all()
