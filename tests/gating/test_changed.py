"""Where was the photo edited? For pairs that come without a mask."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.errors import BadMask
from inpaint_studio.gating.changed import changed_mask
from tests.gating.conftest import grainy, hole, sticker


def test_the_changed_pixels_are_the_mask_with_small_gaps_closed() -> None:
    mask = hole()
    before = sticker(grainy(), mask)
    after = before.copy()
    after[mask] = grainy(seed=1)[mask]
    after[80, 100] = before[80, 100]
    assert (changed_mask(before, after) == mask).all()
    wide = (side.astype(np.uint16) * 257 for side in (before, after))
    assert (changed_mask(*wide) == mask).all()


def test_an_edit_is_found_under_the_noise_of_a_jpeg_save() -> None:
    mask = hole()
    before = sticker(grainy(), mask)
    after = before.copy()
    after[mask] = grainy(seed=1)[mask]
    saved = cv2.imdecode(cv2.imencode(".jpg", after, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], 1)
    assert (saved != after).mean() > 0.3
    found = changed_mask(before, saved)
    assert (found & mask).sum() > 0.9 * mask.sum() and (found & ~mask).sum() < 0.15 * mask.sum()


def test_no_edit_and_another_photo_are_refused_with_a_sentence() -> None:
    with pytest.raises(BadMask, match="do not differ"):
        changed_mask(grainy(), grainy())
    with pytest.raises(BadMask, match="no local edit"):
        changed_mask(np.zeros((60, 60, 3), np.uint8), np.full((60, 60, 3), 200, np.uint8))
