"""What lies around strokes is sorted by distance, cell and direction."""

import numpy as np

from inpaint_studio.imaging.around import around, letter_height


def test_each_pixel_knows_its_nearest_stroke_and_the_way_from_it() -> None:
    strokes = np.zeros((40, 60), dtype=bool)
    strokes[20, 10] = strokes[20, 50] = True
    beside = around(strokes, 20.0)
    assert beside.distance[20, 14] == 4 and beside.distance[20, 10] == 0
    assert beside.cell[5, 12] == beside.cell[35, 8] != beside.cell[20, 45]
    sectors = [beside.sector[20 + dy, 10 + dx] for dx, dy in ((5, 0), (5, 5), (0, 5), (-5, 0))]
    assert sectors == [0, 1, 2, 4]


def test_letters_are_measured_by_the_side_asked_for_and_specks_are_not() -> None:
    strokes = np.zeros((40, 80), dtype=bool)
    for left in (5, 25, 45):
        strokes[10:30, left : left + 6] = True
    strokes[2:4, 70:72] = True
    assert letter_height(strokes, longer_side=True, least_px=8) == 20
    assert letter_height(strokes, longer_side=False, least_px=8) == 6
    assert letter_height(np.zeros_like(strokes), longer_side=True) == 0
