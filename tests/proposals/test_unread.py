"""What the detector marks and nobody can read is suggested where it is shaped as text."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.table import propose
from inpaint_studio.proposals.unread import is_shaped_like_text, suggest_unread
from inpaint_studio.vision.lines import Line
from inpaint_studio.vision.readers import Readers
from tests.overlays import draw_foreign


@pytest.mark.parametrize("script", ["armenian", "georgian", "hebrew"])
def test_a_caption_in_an_unknown_script_is_suggested_and_not_taken_off(script: str) -> None:
    slope = np.linspace(60, 110, 240)[:, None, None]
    photo = np.broadcast_to(slope, (240, 360, 3)).astype(np.uint8)
    case = draw_foreign(photo, script, 3)
    if case is None:
        pytest.skip("no font here draws this script")
    found = propose(case.photo, ["text"], Readers(threads=1), RunToken())
    assert found
    mask = np.logical_or.reduce([item.full_mask(photo.shape) for item in found])
    assert mask[case.changed].mean() > 0.9
    assert not any(item.record.automatic for item in found)


def _line(length: float, height: float, *, curved: bool = False, found: float = 0.7) -> Line:
    quad = np.array([[20, 20], [20 + length, 20], [20 + length, 20 + height], [20, 20 + height]])
    quad = quad.astype(np.float32)
    return Line(quad, quad, found, height, length, curved=curved)


def test_a_thing_as_high_as_wide_or_of_half_the_frame_is_no_line_of_text() -> None:
    shape = (300, 400, 3)
    assert is_shaped_like_text(_line(120, 30), shape)
    assert not is_shaped_like_text(_line(60, 40), shape)
    assert not is_shaped_like_text(_line(350, 120), shape)
    assert not is_shaped_like_text(_line(40, 7), shape)
    assert not is_shaped_like_text(_line(120, 30, curved=True), shape)
    assert is_shaped_like_text(_line(120, 30, curved=True, found=0.9), shape)


def test_an_outline_without_strokes_is_suggested_only_while_it_is_small() -> None:
    plain = np.full((300, 400, 3), 120, dtype=np.uint8)

    def suggested(length: float, height: float) -> int:
        line = _line(length, height, found=0.9)
        return len(suggest_unread(plain, [line], [], lambda _: ("", 0.0)))

    assert suggested(200, 40) == 1
    assert suggested(330, 80) == 0
