"""The last step into the photo's depth: exact inside, feathered on the ring, untouched beyond."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.errors import ShapeMismatch
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.mask import ring


def scene(dtype: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    top = np.iinfo(dtype).max
    rng = np.random.default_rng(2)
    before = rng.integers(0, top // 2, (30, 40, 3)).astype(dtype)
    fill = rng.integers(top // 2, top, (30, 40, 3)).astype(dtype)
    mask = np.zeros((30, 40), dtype=bool)
    mask[10:20, 12:25] = True
    return before, fill, mask


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_fill_inside_photo_outside_between_on_the_ring(dtype: type) -> None:
    before, fill, mask = scene(dtype)
    edge = ring(mask, 3)
    after = composite(before, fill, mask, edge)
    assert after.dtype == dtype
    assert np.array_equal(after[mask], fill[mask])
    assert np.array_equal(after[~mask & ~edge], before[~mask & ~edge])
    assert (after[edge] > before[edge]).all() and (after[edge] < fill[edge]).all()


def test_alpha_falls_outwards() -> None:
    before = np.zeros((21, 21, 3), np.uint16)
    fill = np.full_like(before, 60000)
    mask = np.zeros((21, 21), dtype=bool)
    mask[8:13, 8:13] = True
    after = composite(before, fill, mask, ring(mask, 4))
    row = after[10, 12:18, 0].astype(int)
    assert row[0] == 60000 and row[-1] == 0
    assert (np.diff(row[:5]) < 0).all()


def test_without_a_ring_only_the_core_changes() -> None:
    before, fill, mask = scene(np.uint8)
    after = composite(before, fill, mask, np.zeros_like(mask))
    assert np.array_equal((after != before).any(axis=2), mask)


def test_arguments_are_left_alone_and_never_returned() -> None:
    before, fill, mask = scene(np.uint8)
    before.flags.writeable = False
    kept = before.copy()
    after = composite(before, fill, mask, ring(mask, 2))
    assert not np.shares_memory(after, before) and not np.shares_memory(after, fill)
    assert np.array_equal(before, kept) and after.flags.writeable


def test_a_ring_that_overlaps_the_core_does_not_thin_it() -> None:
    before, fill, mask = scene(np.uint8)
    after = composite(before, fill, mask, mask | ring(mask, 2))
    assert np.array_equal(after[mask], fill[mask])


def test_other_sizes_and_depths_are_refused() -> None:
    before, fill, mask = scene(np.uint8)
    with pytest.raises(ShapeMismatch, match="same size and depth"):
        composite(before, fill.astype(np.uint16), mask, ~mask)
    with pytest.raises(ShapeMismatch):
        composite(before, fill[1:], mask, ~mask)
    with pytest.raises(ShapeMismatch):
        composite(before, fill, mask[1:], ~mask)
