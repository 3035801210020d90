"""The hand-drawn outlines that object masks are measured against are fit to measure with."""

import json

import numpy as np

from tests.benchmarks.object_masks import OUTLINES, iou, loose, stroke


def test_every_outline_is_a_polygon_of_some_size() -> None:
    outlines = json.loads(OUTLINES.read_text())
    assert len({name.split()[0] for name in outlines}) >= 20
    for points in outlines.values():
        corners = np.array(points)
        assert len(points) >= 12 and np.ptp(corners, axis=0).min() > 20


def test_the_drawn_box_holds_the_thing_and_the_stroke_lies_on_it() -> None:
    truth = np.zeros((120, 200), dtype=bool)
    truth[30:90, 40:160] = True
    box = loose(truth, 1)
    assert truth[box.slices].sum() > 0.95 * truth.sum()
    drawn = stroke(truth)
    assert drawn.any() and not (drawn & ~truth).any()
    assert iou(truth, truth) == 1.0 and iou(truth, ~truth) == 0.0
