import numpy as np

from inpaint_studio.geometry import Box


def test_a_box_is_half_open() -> None:
    box = Box(2, 3, 5, 9)
    assert (box.width, box.height, box.area, box.shape) == (3, 6, 18, (6, 3))
    assert np.zeros((20, 20))[box.slices].shape == (6, 3)


def test_clamp_keeps_what_lies_inside_and_never_turns_inside_out() -> None:
    bounds = Box(0, 0, 10, 10)
    assert Box(-5, 4, 20, 6).clamp(bounds) == Box(0, 4, 10, 6)
    outside = Box(30, 30, 40, 40).clamp(bounds)
    assert outside.is_empty and bounds.contains(outside)


def test_of_mask_is_tight_and_empty_for_an_empty_mask() -> None:
    mask = np.zeros((8, 9), dtype=bool)
    assert Box.of_mask(mask).is_empty
    mask[2, 3] = mask[5, 7] = True
    assert Box.of_mask(mask) == Box(3, 2, 8, 6)


def test_union_ignores_empty_boxes() -> None:
    assert Box(0, 0, 0, 0).union(Box(4, 4, 6, 6)) == Box(4, 4, 6, 6)
    assert Box.around([Box(1, 1, 2, 2), Box(8, 0, 9, 1)]) == Box(1, 0, 9, 2)


def test_shifting_in_and_out_of_a_crop_is_exact() -> None:
    outer, inner = Box(10, 20, 100, 90), Box(15, 25, 30, 40)
    assert inner.relative_to(outer).shift(outer.left, outer.top) == inner
