"""What belongs to the strokes is taken along on the side where it lies, and not all round."""

import cv2
import numpy as np
import pytest
from skimage import data

from inpaint_studio.imaging.mask import grow
from inpaint_studio.proposals.effects import _alone, grown_to_effects
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
