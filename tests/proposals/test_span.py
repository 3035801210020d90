"""A line whose strokes are not all there is no line to act on alone."""

import cv2
import numpy as np
import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.chosen import letters_lost
from inpaint_studio.proposals.span import emptiest, longest_gap
from inpaint_studio.vision.lines import Line


@pytest.mark.parametrize(
    ("again", "lost"),
    [("www.example.com", 0), ("w.example.com", 2), ("www.exam", 6), ("vww.exannple.com", 0)],
)
def test_letters_that_the_strokes_do_not_read_are_counted_at_the_ends(again: str, lost: int):
    assert letters_lost("www.example.com", again) == lost


@pytest.mark.parametrize(("missing", "gap"), [((0, 0), 0.0), ((80, 120), 2.0), ((0, 40), 2.0)])
def test_the_longest_stretch_without_strokes_is_measured_in_heights(missing, gap: float):
    quad = np.array([[10, 10], [210, 10], [210, 30], [10, 30]], np.float32)
    line = Line(quad, quad, 0.9, 20.0, 200.0, text="HHHHHHHHHH", score=0.95)
    core = np.zeros((40, 220), dtype=bool)
    core[12:28, 12:208:8] = True
    core[:, 10 + missing[0] : 10 + missing[1]] = False
    assert longest_gap(core[5:], Box(0, 5, 220, 40), line) == gap


def test_the_room_that_a_detector_leaves_past_the_last_letter_is_no_place_without_strokes():
    quad = np.array([[10, 10], [206, 10], [206, 30], [10, 30]], np.float32)
    line = Line(quad, quad, 0.9, 20.0, 196.0, text="HHHHHHHHHH", score=0.95)
    core = np.zeros((40, 220), dtype=bool)
    core[12:28, 12:188:8] = True
    assert longest_gap(core, Box(0, 0, 220, 40), line) == pytest.approx(0.8)


@pytest.mark.parametrize(("missing", "least", "most"), [((0, 0), 0.0, 0.75), ((60, 100), 1.0, 3.0)])
def test_letters_missing_from_a_slanting_line_are_seen_though_specks_stand_there(
    missing: tuple[int, int], least: float, most: float
) -> None:
    upright = np.zeros((40, 240), np.uint8)
    upright[12:28, 20:216:8] = 1
    upright[12:28, 21:217:8] = 1
    upright[:, 20 + missing[0] : 20 + missing[1]] = 0
    upright[20, 20:216:10] = 1
    turn = cv2.getRotationMatrix2D((120, 120), 30, 1)
    turn[:, 2] += 0, 100
    core = cv2.warpAffine(upright, turn, (260, 300), flags=cv2.INTER_NEAREST) > 0
    loose = np.array([[16, -4], [222, -4], [222, 44], [16, 44]], np.float32)
    quad = (loose @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    line = Line(quad, quad, 0.9, 48.0, 206.0, text="HHHHHHHHHH", score=0.95)
    assert longest_gap(core, Box(0, 0, 260, 300), line) < 1.0
    assert least <= emptiest(core, Box(0, 0, 260, 300), line) <= most


def test_a_speck_past_the_last_letter_is_no_letter() -> None:
    quad = np.array([[10, 10], [240, 10], [240, 30], [10, 30]], np.float32)
    line = Line(quad, quad, 0.9, 20.0, 230.0, text="HHHHHHHHHH", score=0.95)
    core = np.zeros((40, 260), dtype=bool)
    core[12:28, 12:188:8] = True
    core[18:20, 230:233] = True
    assert emptiest(core, Box(0, 0, 260, 40), line) < 0.75
