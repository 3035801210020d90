"""A see-through mark that lies over a photo again and again is measured from all its places."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.imaging.tiled import PLACES, Repeated, measure_repeated, shifts_of
from inpaint_studio.imaging.veil import Veil, lift
from tests.overlays import compose, placed, text_alpha

OPACITY = 0.45


def _tiled(
    words: tuple[str, ...] = ("Lake 27",),
    *,
    colour: tuple[float, float, float] = (255.0, 255.0, 255.0),
    size: int = 22,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (photo, shown, weight, mask); rows are shifted by half a period, odd in whole px."""
    photo = np.ascontiguousarray(data.coffee()[:390, :590])
    weight = np.zeros(photo.shape[:2], dtype=np.float32)
    drawn = [text_alpha(word, None, size) for word in words]
    number = 0
    for row, top in enumerate(range(-10, photo.shape[0], 77)):
        for left in range(-60 - 66 * (row % 2), photo.shape[1], 133):
            alpha = drawn[number % len(drawn)]
            weight = np.maximum(weight, placed(alpha, photo.shape, left, top))
            number += 1
    weight *= np.float32(OPACITY)
    shown = compose(photo, [(weight, np.array(colour, dtype=np.float32))])
    return photo, shown, weight, grow(weight > 0.02, 1)


def _measured(shown: np.ndarray, mask: np.ndarray) -> Repeated | None:
    encoded = shown.astype(np.float32) / 255
    return measure_repeated(lambda box: encoded[box.slices], mask)


@pytest.mark.parametrize("colour", [(255.0, 255.0, 255.0), (0.0, 0.0, 0.0), (60.0, 120.0, 250.0)])
def test_a_tiled_mark_is_measured_to_a_hundredth_rims_included(
    colour: tuple[float, float, float],
) -> None:
    photo, shown, weight, mask = _tiled(colour=colour)
    found = _measured(shown, mask)
    assert found is not None
    told = found.places >= PLACES
    assert told[mask].mean() > 0.9
    assert np.abs(found.weight - weight)[told].mean() < 0.02
    veil = found.veil()
    assert veil is not None
    assert abs(veil.opacity - OPACITY) < 0.05
    back = lift(shown.astype(np.float32) / 255, veil) * 255
    before = np.abs(shown.astype(np.float32) - photo)[told].mean()
    assert np.abs(back - photo)[told].mean() < 0.07 * before


def test_nothing_is_measured_where_nothing_lies_again() -> None:
    _, shown, _, mask = _tiled()
    once = np.zeros_like(mask)
    once[:90, 60:190] = mask[:90, 60:190]
    assert _measured(shown, once) is None
    assert shifts_of(np.zeros_like(mask)) == []


def test_other_words_at_the_same_places_tell_nothing_of_each_other() -> None:
    words = ("Lake 27", "Ohio", "RIVER", "gypsum", "Mt. Fox", "quay", "BBC", "jelly", "Why", "zone")
    _, shown, _, mask = _tiled((*words, "Ant", "hum", "Koi", "wax", "Pod", "Emu", "sky"))
    found = _measured(shown, mask)
    assert found is None or (found.places >= PLACES)[mask].mean() < 0.2


def test_where_too_few_places_tell_a_weight_all_is_hidden_for_good() -> None:
    _, shown, _, mask = _tiled()
    lone = text_alpha("@", None, 40)
    other = placed(lone, shown.shape, 300, 330) > 0.02
    found = _measured(shown, mask | other)
    assert found is not None
    veil = found.veil()
    assert veil is not None
    few = (found.places > 0) & (found.places < PLACES)
    assert few.any()
    assert (veil.weight[few] == 1).all()
    assert (veil.weight[~(mask | other)] == 0).all()


def test_a_mark_in_a_large_photo_is_found_on_whole_pixels() -> None:
    alpha = placed(text_alpha("Lake", None, 60), (1500, 1500, 3), 0, 0) > 0.1
    part = Box.of_mask(alpha)
    mask = np.zeros((1500, 1500), dtype=np.bool_)
    for top in (40, 543):
        for left in (30, 437, 844):
            mask[top : top + part.height, left : left + part.width] |= alpha[part.slices]
    assert {(0, 407), (0, 814), (503, 0)} <= set(shifts_of(mask))


@pytest.mark.parametrize("places", [0, 7])
def test_a_stored_veil_is_the_same_again(places: int) -> None:
    weight = np.full((3, 4), 0.4, dtype=np.float32)
    veil = Veil(weight, np.ones(3, dtype=np.float32), 0.4, 0.0, places)
    numbers = veil.numbers()
    assert len(numbers) == (6 if places else 5)
    again = Veil.of(weight, numbers)
    assert again.places == places
    assert again.opacity == pytest.approx(0.4)
