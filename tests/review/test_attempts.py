"""Readings of the old attempt and the new one, side by side."""

import pytest

from inpaint_studio.records import Reading
from inpaint_studio.review.attempts import badness, compare


def reading(value, low=None, high=None, passed=True, name="seam"):
    return Reading(name=name, value=value, low=low, high=high, passed=passed)


def test_badness_is_negative_inside_the_band_and_grows_outside():
    assert badness(reading(0.02, high=0.06)) < 0 < badness(reading(0.07, high=0.06))
    assert badness(reading(0.9, low=0.8)) < 0 < badness(reading(0.5, low=0.8))
    assert badness(reading(1.0, low=0.8, high=1.2)) == pytest.approx(-1)
    assert badness(reading(0.6, low=0.8, high=1.2)) == pytest.approx(1)


def test_old_and_new_stand_side_by_side():
    old = [reading(0.09, high=0.06, passed=False), reading(0.95, low=0.9, name="ssim"),
           reading(3.0, name="gone")]  # fmt: skip
    new = [reading(0.02, high=0.06), reading(0.80, low=0.9, passed=False, name="ssim")]
    rows = {row.name: row for row in compare(old, new)}
    assert set(rows) == {"seam", "ssim"}
    assert rows["seam"].change == "better"
    assert rows["ssim"].change == "worse"
    assert (rows["seam"].old, rows["seam"].new) == (0.09, 0.02)
    assert compare(old, old)[0].change == "same"
