"""The thin strokes of letters go with the thick ones they hang on."""

import numpy as np
import pytest

from inpaint_studio.proposals.ground import to_lab
from inpaint_studio.proposals.hairlines import with_hairlines
from tests.overlays import compose


def test_hairlines_of_the_ink_are_taken_along_and_things_of_another_colour_are_not() -> None:
    rng = np.random.default_rng(5)
    shown = np.clip(190 + 3 * rng.normal(size=(60, 160, 3)), 0, 255).astype(np.uint8)
    ink = np.zeros((60, 160), dtype=np.float32)
    for left in range(20, 140, 30):
        ink[12:48, left : left + 5] = 1.0
    core = ink > 0.5
    ink[20, 25:50] = 0.4
    loose = np.zeros_like(ink)
    loose[52, 20:60] = 0.4
    twig = np.zeros_like(ink)
    twig[40, 25:50] = 1.0
    dark, red = np.array([10, 20, 60], np.float32), np.array([200, 120, 110], np.float32)
    shown = compose(shown, [(ink + loose, dark), (twig, red)])
    mask = with_hairlines(to_lab(shown), core, np.ones_like(core))
    assert mask[20, 25:50].mean() > 0.95 and mask[core].all()
    assert not mask[40, 26:49].any() and not mask[52, 20:60].any()
    assert (mask & (ink == 0)).sum() < 10


@pytest.mark.parametrize(("gap", "taken"), [(1, True), (9, False)])
def test_a_hairline_lost_for_a_pixel_is_taken_along(gap: int, taken: bool) -> None:
    rng = np.random.default_rng(5)
    shown = np.clip(190 + 3 * rng.normal(size=(60, 160, 3)), 0, 255).astype(np.uint8)
    ink = np.zeros((60, 160), dtype=np.float32)
    ink[12:48, 20:25] = ink[12:48, 110:115] = 1.0
    core = ink > 0.5
    ink[30, 25 + gap : 60] = 0.5
    shown = compose(shown, [(ink, np.array([10, 20, 60], np.float32))])
    mask = with_hairlines(to_lab(shown), core, np.ones_like(core))
    assert (mask[30, 25 + gap : 60].mean() > 0.95) == taken


def test_a_line_of_the_ground_that_runs_off_a_letter_is_left():
    shown = np.full((80, 200, 3), 190, dtype=np.uint8)
    ink = np.zeros((80, 200), dtype=np.float32)
    ink[20:50, 20:25] = 1.0
    core = ink > 0.5
    ink[30, 25:38] = ink[44, 25:190] = 0.5
    lab = to_lab(compose(shown, [(ink, np.array([10, 20, 60], np.float32))]))
    mask = with_hairlines(lab, core, np.ones_like(core), 24.0)
    assert mask[30, 25:38].all() and not mask[44, 26:].any()
    assert with_hairlines(lab, core, np.ones_like(core))[44, 26:190].all()
