"""Pins of proposals give way to each other, so that each can be read and clicked."""

from __future__ import annotations

from itertools import combinations

from PySide6.QtCore import QRectF

from inpaint_studio.ui.retouch.smart_tools import _free


def test_pins_of_lines_close_together_do_not_lie_on_each_other() -> None:
    taken: list[QRectF] = []
    for left, top in ((100, 200), (120, 198), (140, 201), (110, 215), (400, 200)):
        taken.append(_free(QRectF(left, top, 60, 20), taken))
    assert not any(one.intersects(two) for one, two in combinations(taken, 2))
    assert taken[0] == QRectF(100, 200, 60, 20)
    assert taken[-1] == QRectF(400, 200, 60, 20)


def test_a_pin_goes_back_to_its_place_when_there_is_no_end_of_others() -> None:
    place = QRectF(0, 500, 60, 20)
    assert _free(place, [QRectF(0, top, 60, 20) for top in range(500, 0, -20)]) == place
