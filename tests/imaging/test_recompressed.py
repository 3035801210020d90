"""How a photo was compressed last is told from its pixels, and what came later is no part of it."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from inpaint_studio.imaging.recompressed import Compression, compressed, last_compression
from tests.overlays import as_jpeg, compose, placed, text_alpha

LIGHT = np.full(3, 255, dtype=np.float32)


def photo() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[100:420, 60:440])


def letters(shape: tuple[int, ...]) -> np.ndarray:
    return placed(text_alpha("New Arrival", None, 40), shape, 60, 90)


@pytest.mark.parametrize("quality", [60, 75, 90])
@pytest.mark.parametrize(("cut", "subsampling"), [((0, 0), 2), ((5, 11), 2), ((3, 6), 0)])
def test_quality_chroma_and_grid_are_told_of_any_cut(
    quality: int, cut: tuple[int, int], subsampling: int
):
    ink = letters(photo().shape)
    shown = as_jpeg(compose(photo(), [(ink, LIGHT)]), quality, subsampling)
    down, right = cut
    part = np.ascontiguousarray(shown[down:, right:])
    found = last_compression(part, ink[down:, right:] > 0)
    assert found is not None
    assert (found.quality, found.sampling) == (quality, subsampling)
    grid = 16 if subsampling else 8
    assert (found.down % grid, found.right % grid) == (-down % grid, -right % grid)


def test_compressing_so_again_changes_less_than_any_other_way():
    shown = np.ascontiguousarray(as_jpeg(photo(), 80)[8:, 16:])

    def change(how: Compression) -> float:
        again = compressed(shown, how)
        assert again.shape == shown.shape
        return float((np.abs(again.astype(int) - shown) > 1).mean())

    others = [(70, 2, 8, 0), (90, 2, 8, 0), (80, 2, 8, 8), (80, 2, 5, 0), (80, 0, 0, 0)]
    assert change(Compression(80, 2, 8, 0)) < 0.8 * min(change(Compression(*how)) for how in others)


@pytest.mark.parametrize("quality", [0, 75, 90])
def test_letters_written_into_a_photo_that_was_saved_before_are_not_on_its_steps(quality: int):
    bare = as_jpeg(photo(), quality) if quality else photo()
    ink = letters(bare.shape)
    assert last_compression(compose(bare, [(ink, LIGHT)]), ink > 0) is None


def test_a_photo_made_smaller_after_it_was_saved_tells_nothing():
    ink = letters(photo().shape)
    shown = as_jpeg(compose(photo(), [(ink, LIGHT)]), 75)
    small = np.asarray(Image.fromarray(shown).resize((300, 250)))
    where = np.asarray(Image.fromarray(ink).resize((300, 250))) > 0
    assert last_compression(small, where) is None


def test_no_mask_and_too_small_a_photo_tell_nothing():
    shown = as_jpeg(photo(), 75)
    assert last_compression(shown, np.zeros(shown.shape[:2], dtype=bool)) is None
    assert last_compression(shown[:20, :20], np.ones((20, 20), dtype=bool)) is None
