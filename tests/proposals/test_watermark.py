"""A mark repeated over several photos is measured on all of them and taken off each."""

from __future__ import annotations

import numpy as np
from skimage import data

from inpaint_studio.proposals import watermark
from tests.overlays import compose, placed, text_alpha


def photos() -> list[np.ndarray]:
    whole = [data.coffee(), data.chelsea(), data.rocket(), data.astronaut(), data.retina()]
    crops = [picture[20:260, 20:400] for picture in whole]
    crops.append(data.coffee()[150:390, 150:530])
    crops.append(data.retina()[600:840, 600:980])
    return [np.ascontiguousarray(crop) for crop in crops]


def _mark(shape: tuple[int, ...]) -> np.ndarray:
    return placed(text_alpha("PROOF", None, 60), shape, 80, 90) * np.float32(0.45)


def marked() -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    plain = photos()
    weight = _mark(plain[0].shape)
    white = np.full(3, 255.0, dtype=np.float32)
    return plain, [compose(photo, [(weight, white)]) for photo in plain], weight


def test_the_mark_is_found_measured_and_lifted() -> None:
    plain, shown_all, weight = marked()
    mark = watermark.find(shown_all)
    assert mark is not None
    assert abs(mark.veil.opacity - 0.45) < 0.12
    assert (mark.veil.colour > 0.8).all()
    under = weight > 0.02
    assert mark.full_mask()[under].mean() > 0.85
    for photo, shown in zip(plain, shown_all):
        lifted = watermark.lifted(shown, mark)
        before = np.abs(shown.astype(float) - photo)[under].mean()
        after = np.abs(lifted.pixels.astype(float) - photo)[under].mean()
        assert after < 0.5 * before
        outside = ~mark.full_mask()
        assert np.array_equal(lifted.pixels[outside], shown[outside])


def test_a_mark_is_sure_where_both_witnesses_agree() -> None:
    _, shown, _ = marked()
    found = watermark.find(shown)
    assert found is not None
    assert watermark.is_sure(found)
    assert "7 photos" in watermark.reason_of(found)


def test_photos_without_a_mark_have_none() -> None:
    assert watermark.find(photos()) is None


def test_too_few_or_unequal_photos_have_none() -> None:
    plain = photos()
    assert watermark.find(plain[:3]) is None
    assert watermark.find([*plain, plain[0][:100]]) is None
