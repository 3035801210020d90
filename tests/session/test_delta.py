"""A delta is exact both ways, small, and never fits other pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_studio.arrays import Pixels
from inpaint_studio.errors import LibraryError, ShapeMismatch
from inpaint_studio.geometry import Box
from inpaint_studio.session.delta import Pair, applied, pack, store, unpack
from inpaint_studio.store.objects import ObjectStore


def noise(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@settings(max_examples=60)
@given(
    left=st.integers(0, 300),
    top=st.integers(0, 300),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    dtype=st.sampled_from(["uint8", "uint16"]),
    share=st.sampled_from([0.0, 0.001, 1.0]),
    seed=st.integers(0, 1000),
)
def test_forward_and_back_are_exact(
    left: int, top: int, width: int, height: int, dtype: str, share: float, seed: int
) -> None:
    box = Box(left, top, left + width, top + height)
    before = noise((height, width, 3), dtype, seed)
    touched = np.random.default_rng(seed).random((height, width, 1)) < share
    after = np.where(touched, noise(before.shape, dtype, seed + 1), before)
    delta = unpack(pack(box, before, after))
    assert delta.box == box
    assert (applied(delta, before, forward=True) == after).all()
    assert (applied(delta, after, forward=False) == before).all()
    for tile in delta.tiles:
        assert box.contains(tile)
        assert (tile.left // 128, tile.top // 128) == (
            (tile.right - 1) // 128,
            (tile.bottom - 1) // 128,
        )


def test_only_changed_tiles_are_kept() -> None:
    before = noise((1000, 1000, 3))
    after = before.copy()
    after[500:510, 700:710] ^= 255
    packed = pack(Box.of_shape(before.shape), before, after)
    assert len(unpack(packed).tiles) == 1
    assert len(packed) < 1500


def test_store_trims_the_box_to_what_changed(tmp_path) -> None:
    objects = ObjectStore(tmp_path)
    before = noise((300, 400, 3))
    after = before.copy()
    after[100:120, 50:90] += 1
    (stored,) = store(objects, [Pair(Box(10, 20, 410, 320), before, after)])
    assert stored.box == Box(60, 120, 100, 140)
    assert store(objects, [Pair(Box(0, 0, 400, 300), before, before.copy())]) == ()


def test_what_does_not_fit_is_refused(tmp_path) -> None:
    before = noise((30, 40, 3))
    for box, after in (
        (Box(0, 0, 40, 31), before),
        (Box(0, 0, 40, 30), before[:, :39]),
        (Box(0, 0, 40, 30), before.astype(np.uint16)),
    ):
        with pytest.raises(ShapeMismatch, match="does not fit"):
            pack(box, before, after)
    with pytest.raises(LibraryError, match="cannot be read"):
        unpack(b"PK\3\4 something else")
