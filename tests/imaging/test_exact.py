"""Ink of one colour to the level is found whole, and told from what the photo has itself."""

import numpy as np
import pytest

from inpaint_studio.imaging.exact import exact_ink, exact_inks, never_of, of_exact_ink, other_inks
from inpaint_studio.proposals.ground import to_lab

SHAPE = (60, 160)


def scene(colour: tuple[int, int, int], *, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A rough photo with four bars in one ink, and where they are."""
    rng = np.random.default_rng(3)
    photo = rng.integers(90, 160, (*SHAPE, 3)).astype(np.float32)
    bars = np.zeros(SHAPE, dtype=bool)
    for left in (20, 50, 80, 110):
        bars[20:40, left : left + 4] = True
    photo[bars] = np.array(colour) + noise * rng.normal(size=(int(bars.sum()), 3))
    return np.clip(photo, 0, 255).astype(np.uint8), bars


def test_a_bar_that_was_lost_is_found_by_its_ink():
    photo, bars = scene((20, 200, 90))
    known = bars.copy()
    known[:, 100:] = False
    lab = to_lab(photo)
    ink = exact_ink(lab, known)
    assert ink is not None
    room = np.zeros(SHAPE, dtype=bool)
    room[10:50] = True
    found = of_exact_ink(lab, ink, room, ~room)
    assert (found == bars).all()


def test_ink_that_varies_as_a_scene_does_is_not_of_one_colour():
    photo, bars = scene((20, 200, 90), noise=6.0)
    assert exact_ink(to_lab(photo), bars) is None


def test_ink_that_the_photo_has_elsewhere_tells_nothing():
    photo, bars = scene((20, 200, 90))
    photo[2:5, 10:60] = (20, 200, 90)
    room = np.zeros(SHAPE, dtype=bool)
    room[10:50] = True
    lab = to_lab(photo)
    ink = exact_ink(lab, bars)
    assert ink is not None and not of_exact_ink(lab, ink, room, ~room).any()


def many_coloured() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a scene of four bars, each of a colour of its own, and the bars but for one."""
    photo, bars = scene((20, 200, 90))
    palette = [(230, 40, 40), (250, 200, 20), (60, 200, 80), (40, 120, 250)]
    for left, colour in zip((20, 50, 80, 110), palette):
        photo[:, left : left + 4][bars[:, left : left + 4]] = colour
    known = bars.copy()
    known[:, 45:75] = False
    return photo, bars, known


def test_a_colour_of_which_no_letter_was_found_is_found_by_the_others():
    photo, bars, known = many_coloured()
    lab = to_lab(photo)
    inks = exact_inks(lab, known)
    room = np.zeros(SHAPE, dtype=bool)
    room[10:50] = True
    more = other_inks(lab, inks, known, room)
    assert len(inks) == 3 and len(more) == 1
    assert (of_exact_ink(lab, more[0], room, ~room) == (bars & ~known)).all()
    assert not other_inks(lab, inks[:1], known, room)


def test_a_common_colour_of_the_photo_does_not_hide_a_further_ink():
    photo, bars, known = many_coloured()
    noise = np.random.default_rng(3).integers(0, 3, (12, 40, 3))
    photo[12:24, 5:45] = np.where(bars[12:24, 5:45, None], photo[12:24, 5:45], 90 + noise)
    lab = to_lab(photo)
    room = np.zeros(SHAPE, dtype=bool)
    room[10:50] = True
    more = other_inks(lab, exact_inks(lab, known), known, room)
    assert len(more) == 1 and (of_exact_ink(lab, more[0], room, ~room) == (bars & ~known)).all()


@pytest.mark.parametrize("fades", [False, True])
def test_a_light_that_clips_is_no_white_ink(fades: bool):
    photo, _ = scene((255, 255, 255))
    if fades:
        y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
        light = 330 * np.exp(-(((x - 140) / 14) ** 2) - ((y - 30) / 14) ** 2)
        photo = np.maximum(photo, np.clip(light, 0, 255)[..., None].astype(np.uint8))
    else:
        photo[25:35, 138:142] = 255
    room = np.zeros(SHAPE, dtype=bool)
    room[10:50] = True
    lab = to_lab(photo)
    found = of_exact_ink(lab, np.array([100, 0, 0], dtype=np.float32), room, ~room)
    assert found[25:35, 138:142].any() != fades


def test_a_wide_form_that_shows_the_ink_nowhere_is_none_of_it_but_hairlines_and_edges_are():
    photo, bars = scene((20, 200, 90))
    form, hairline = np.zeros(SHAPE, dtype=bool), np.zeros(SHAPE, dtype=bool)
    form[5:50, 130:134] = True
    hairline[30, 54:80] = True
    photo[form | hairline] = (60, 160, 90)
    found = never_of(to_lab(photo), [to_lab(photo)[30, 21]], bars | form | hairline)
    assert (found == form).all()
