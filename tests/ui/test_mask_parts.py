"""The mask document, its line of undo, and the shapes tools make."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.ui.canvas.strokes import Dab
from inpaint_studio.ui.retouch import shapes
from inpaint_studio.ui.retouch.maskdoc import MaskDocument, MaskStep
from inpaint_studio.ui.retouch.timeline import Step, Timeline
from inpaint_studio.vision.segment import Outline, PromptNet


def stroke(
    document: MaskDocument, *points: tuple[float, float], add: bool = True
) -> MaskStep | None:
    document.begin()
    for start, end in pairwise(points):
        document.draw(Dab(*start, 9.0), Dab(*end, 9.0), add=add)
    return document.end("stroke")


def test_one_stroke_is_one_step_and_undo_gives_the_bits_back() -> None:
    document = MaskDocument((400, 600))
    step = stroke(document, (50, 60), (300, 200), (500, 90))
    assert step is not None
    painted = document.mask.copy()
    document.apply(step, forward=False)
    assert not document.mask.any()
    document.apply(step, forward=True)
    assert np.array_equal(document.mask, painted)


def test_500_random_steps_of_undo_and_redo_are_bit_exact() -> None:
    chance = random.Random(4)
    document, line = MaskDocument((300, 400)), Timeline()
    states = [document.mask.copy()]
    for _ in range(500):
        what = chance.random()
        if what < 0.4:
            points = [(chance.uniform(-20, 420), chance.uniform(-20, 320)) for _ in range(3)]
            step = stroke(document, *points, add=chance.random() < 0.7)
            if step is not None:
                line.push(Step("stroke", step))
                del states[line.cursor :]
                states.append(document.mask.copy())
        elif what < 0.7 and line.can_undo:
            back = line.back()
            assert back is not None and back.mask is not None
            document.apply(back.mask, forward=False)
        elif what < 0.95 and line.can_redo:
            forth = line.forth()
            assert forth is not None and forth.mask is not None
            document.apply(forth.mask, forward=True)
        else:
            again = MaskDocument((300, 400))
            line = Timeline.from_bytes(line.to_bytes())
            for kept in line.steps[: line.cursor]:
                assert kept.mask is not None
                again.apply(kept.mask, forward=True)
            document = again
        assert np.array_equal(document.mask, states[line.cursor])


def test_an_abandoned_stroke_leaves_no_trace() -> None:
    document = MaskDocument((300, 300))
    stroke(document, (20, 20), (200, 200))
    before = document.mask.copy()
    document.begin()
    document.draw(Dab(100, 20, 30), Dab(250, 280, 30), add=True)
    document.abandon()
    assert np.array_equal(document.mask, before)


def test_a_stroke_on_50_mp_costs_kilobytes() -> None:
    document = MaskDocument((5774, 8660))
    step = stroke(document, (100, 100), (8000, 5000))
    assert step is not None and step.size_bytes < 100_000


@pytest.mark.parametrize(
    ("how", "left", "right"),
    [("add", True, True), ("subtract", False, False), ("intersect", False, True)],
)
def test_shapes_combine_with_the_mask(how: str, left: bool, right: bool) -> None:
    document = MaskDocument((100, 100))
    document.put("a", Box(10, 10, 60, 60), np.ones((50, 50), bool))
    if how == "subtract":
        document.put("b", Box(0, 0, 100, 100), np.ones((100, 100), bool), how)
    else:
        document.put("b", Box(40, 40, 90, 90), np.ones((50, 50), bool), how)
    assert bool(document.mask[20, 20]) is (left or how == "add")
    assert bool(document.mask[50, 50]) is right


def test_a_line_that_names_other_edits_than_the_history_does_not_fit() -> None:
    line = Timeline()
    line.push(Step("edit", None, 0))
    assert line.fits(1, 1) and not line.fits(2, 2) and not line.fits(1, 0)
    with pytest.raises(ValueError, match="cannot be read"):
        Timeline.from_bytes(b"nonsense")


def test_rectangle_and_ellipse_cover_what_was_drawn() -> None:
    box, mask = shapes.rectangle((30.2, 40.9), (10.0, 20.0))
    assert box == Box(10, 20, 30, 41) and mask.all()
    box, mask = shapes.ellipse((0, 0), (100, 50))
    assert abs(mask.sum() / (np.pi * 50 * 25) - 1) < 0.01
    box, mask = shapes.rectangle((0, 0), (40, 10), square=True)
    assert box == Box(0, 0, 40, 40)


def test_an_outline_is_filled_and_two_points_are_none() -> None:
    _, mask = shapes.outline([(10, 10), (60, 10), (60, 60), (10, 60)])
    assert 2400 <= mask.sum() <= 2602
    assert shapes.outline([(1, 1), (5, 5)])[0].is_empty


def test_the_wand_takes_what_hangs_together_or_all_alike() -> None:
    screen = np.full((60, 80, 3), 30, np.uint8)
    screen[10:20, 10:20] = 200
    screen[40:50, 60:70] = 205
    joined = shapes.alike(screen, (15, 15), 10)
    everywhere = shapes.alike(screen, (15, 15), 10, joined=False)
    assert joined.sum() == 100 and everywhere.sum() == 200


def test_the_object_tool_cuts_out_the_thing_clicked() -> None:
    screen = np.random.default_rng(1).normal(90, 6, (240, 320, 3))
    yy, xx = np.ogrid[:240, :320]
    thing = (xx - 170) ** 2 + (yy - 120) ** 2 < 45**2
    screen[thing] += (110, 20, -60)
    found = shapes.thing(np.clip(screen, 0, 255).astype(np.uint8), [shapes.Click(170, 120, True)])
    overlap = (found & thing).sum() / (found | thing).sum()
    assert overlap > 0.9


def test_the_object_tool_asks_a_network_where_there_is_one() -> None:
    asked = []

    class Net(PromptNet):
        def why_not(self) -> str:
            return ""

        def ask(self, rgb, plus, minus=()):  # type: ignore[no-untyped-def]
            asked.append((list(plus), list(minus)))
            return Outline(rgb[..., 0] > 100, 0.9, "")

    screen = np.zeros((40, 60, 3), np.uint8)
    screen[10:20, 10:30] = 200
    clicks = [shapes.Click(15.4, 12, True), shapes.Click(50, 30, False)]
    found = shapes.thing(screen, clicks, Net())
    assert asked == [([(15, 12)], [(50, 30)])]
    assert np.array_equal(found, screen[..., 0] > 100)


def test_grow_and_shrink_and_holes() -> None:
    mask = np.zeros((60, 60), bool)
    mask[20:40, 20:40] = True
    assert shapes.grown(mask, 3)[17, 30] and not shapes.grown(mask, 3)[16, 30]
    assert not shapes.grown(mask, -3)[22, 30] and shapes.grown(mask, -3)[23, 30]
    holed = mask.copy()
    holed[28:32, 28:32] = False
    assert np.array_equal(shapes.without_holes(holed), mask)
