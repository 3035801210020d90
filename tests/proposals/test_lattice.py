"""The grid of a repeated mark is found though few of its tiles are sure by themselves."""

import numpy as np

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.lattice import on_grid
from inpaint_studio.proposals.tiles import Tile, carried, is_one_place, joined

MARK = (20, 40)
HERE = (60, 70)


def followed(*, tiles: bool) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """A map of how well each place follows a mark, and the peaks of it: tiles every (30, 25) and
    (0, 50), and chance."""
    rng = np.random.default_rng(1)
    score = (0.03 * rng.normal(size=(160, 240))).astype(np.float32)
    places = [
        (HERE[0] + 30 * j, HERE[1] + 25 * j + 50 * i) for i in range(-6, 7) for j in range(-3, 4)
    ]
    inside = [(y, x) for y, x in places if 0 <= y < 160 and 0 <= x < 240 and (y, x) != HERE]
    for y, x in inside if tiles else ():
        score[y, x] = 0.28
    chance = [(int(y), int(x)) for y, x in zip(rng.integers(0, 160, 6), rng.integers(0, 240, 6))]
    for y, x in chance:
        score[y, x] = 0.3
    return score, [*chance, *inside[::3]]


def test_all_tiles_of_a_grid_are_found_and_those_that_the_frame_cuts():
    score, likely = followed(tiles=True)
    found = {(y, x): alike for y, x, alike in on_grid(score, HERE, likely, MARK)}
    assert found[(90, 95)] == np.float32(0.28) and (60, 120) in found and (30, 45) in found
    assert (60, -30) not in found and (-0, 20) in found
    assert any(x >= 240 or y >= 160 or x < 0 or y < 0 for y, x in found)
    assert HERE not in found


def test_chance_makes_no_grid():
    score, likely = followed(tiles=False)
    assert not on_grid(score, HERE, likely, MARK)


def test_a_part_read_in_one_tile_is_carried_to_all_of_them_and_cut_at_the_frame():
    mask = np.ones((4, 10), dtype=bool)
    box = Box(30, 20, 40, 24)
    tiles = [Tile(Box(0, 0, 1, 1), mask, 0.6, (10, 15))]
    places = {tile.box for tile in carried(mask, box, tiles, (32, 100))}
    assert places == {Box(45, 30, 55, 32), Box(15, 10, 25, 14)}
    assert not carried(mask, box, [Tile(box, mask, 0.6)], (32, 100))


def test_parts_of_a_mark_in_one_place_are_joined_to_one():
    one = Tile(Box(10, 10, 14, 12), np.ones((2, 4), dtype=bool), 0.6)
    two = Tile(Box(12, 9, 17, 11), np.ones((2, 5), dtype=bool), 0.4)
    assert not is_one_place(one.box, two.box)
    assert is_one_place(one.box, Box(11, 10, 15, 13))
    both = joined(one, two)
    assert both.box == Box(10, 9, 17, 12) and both.alike == 0.6
    assert both.mask.sum() == 8 + 10 - 2
