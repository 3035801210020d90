"""The plate under letters is suggested where it is closed and plain; open ground never is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.plates import _whole, plates_around
from inpaint_studio.vision.lines import Line

SHAPE = (200, 300)


def ground() -> np.ndarray:
    rng = np.random.default_rng(1)
    fine = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 2) * 120
    return np.clip(110 + fine, 0, 255)[..., None].repeat(3, 2).astype(np.uint8)


def line() -> Line:
    quad = np.array([[110, 90], [190, 90], [190, 112], [110, 112]], np.float32)
    return Line(quad, quad, 0.9, 22.0, 80.0, text="SALE", score=0.95)


def written(photo: np.ndarray) -> np.ndarray:
    cv2.putText(photo, "SALE", (113, 110), cv2.FONT_HERSHEY_SIMPLEX, 0.85, (10, 10, 10), 2)
    return photo


def plate(form: str, grown: int = 0) -> np.ndarray:
    canvas = np.zeros(SHAPE, np.uint8)
    if form == "ellipse":
        cv2.ellipse(canvas, (150, 101), (70 + grown, 34 + grown), 0, 0, 360, 1, -1)
    else:
        points = np.array([[98, 80], [204, 76], [206, 124], [96, 126]])
        cv2.fillConvexPoly(canvas, points, 1)
        canvas = cv2.dilate(canvas, np.ones((2 * grown + 1,) * 2, np.uint8))
    return canvas > 0


@pytest.mark.parametrize("form", ["ellipse", "quadrangle"])
@pytest.mark.parametrize("border", [0, 4])
def test_a_plate_is_suggested_as_a_whole_with_its_border(form: str, border: int) -> None:
    photo = ground()
    whole = plate(form, border)
    photo[whole] = (40, 60, 160)
    photo[plate(form)] = (240, 225, 60)
    (found,) = plates_around(written(photo), [line()])
    mask = found.full_mask(SHAPE)
    assert (mask & whole).sum() / (mask | whole).sum() > 0.85
    assert mask[whole].mean() > 0.98
    assert found.record.kind == "logo" and not found.record.automatic
    assert "SALE" in found.record.reason


def test_bold_letters_that_cover_half_of_their_place_do_not_tell_the_plates_colour() -> None:
    photo = ground()
    whole = plate("quadrangle")
    photo[whole] = (240, 225, 60)
    for left in range(115, 182, 12):
        photo[94:109, left : left + 9] = (10, 10, 10)
    (found,) = plates_around(photo, [line()])
    assert found.full_mask(SHAPE)[whole].mean() > 0.98


def test_even_ground_around_a_plate_is_no_border_of_it() -> None:
    photo = ground()
    fade = np.linspace(90, 60, SHAPE[0])[:, None, None] + np.linspace(0, 26, SHAPE[1])[:, None]
    photo[:] = fade.astype(np.uint8)
    whole = plate("quadrangle")
    photo[whole] = (240, 225, 60)
    (found,) = plates_around(written(photo), [line()])
    mask = found.full_mask(SHAPE)
    assert (mask & whole).sum() / (mask | whole).sum() > 0.85


def test_letters_on_open_ground_have_no_plate() -> None:
    assert plates_around(written(ground()), [line()]) == []
    even = np.full((*SHAPE, 3), 200, np.uint8)
    assert plates_around(written(even), [line()]) == []


def test_an_even_patch_without_a_plain_form_is_no_plate() -> None:
    photo = ground()
    photo[plate("quadrangle")] = (240, 225, 60)
    photo[60:90, 40:110] = (240, 225, 60)
    photo[110:160, 190:215] = (240, 225, 60)
    assert plates_around(written(photo), [line()]) == []


def test_two_lines_on_one_plate_give_one_suggestion() -> None:
    photo = ground()
    photo[plate("ellipse")] = (240, 225, 60)
    assert len(plates_around(written(photo), [line(), line()])) == 1


def test_a_mask_grows_where_its_border_stands_out_past_it_and_else_stays() -> None:
    photo = ground()
    whole = plate("quadrangle", 4)
    photo[whole] = (240, 225, 60)
    lab = to_lab(photo)
    short = plate("quadrangle", 2)
    assert _whole(lab, short)[whole].all() and not short[whole].all()
    past = plate("quadrangle", 6)
    assert np.array_equal(_whole(lab, past), past)
