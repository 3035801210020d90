"""The page over a folder of judged edits."""

from __future__ import annotations

import cv2
import numpy as np

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.report import (
    SHOWN_PAD_PX,
    THUMB_PX,
    make_row,
    ordered,
    page,
    summary,
)
from inpaint_studio.geometry import Box
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Reading, Verdict


def test_flagged_edits_come_first_and_the_page_stands_alone(
    perfect: JudgeRequest, smeared: JudgeRequest
) -> None:
    rows = []
    for name, request in (("good.png", perfect), ("b<d>.png", smeared)):
        verdict = judge(request, None, RunToken()).verdict
        rows.append(make_row(name, request.before, request.after, request.mask, verdict))
    assert [row.name for row in ordered(rows)] == ["b<d>.png", "good.png"]
    assert summary(rows).startswith("1 of 2 edits are flagged; look first at b<d>.png")
    text = page(rows)
    assert "b&lt;d&gt;.png" in text and "<script" not in text and "http" not in text
    assert text.count("data:image/png;base64,") == 6
    cells = rows[1].cells()
    assert cells["verdict"] == "flagged" and isinstance(cells["texture_amplitude"], float)
    assert summary([]) == "No edits were judged."


def test_all_places_that_decide_are_marked(perfect: JudgeRequest) -> None:
    mask = perfect.mask
    hole = Box.of_mask(mask)
    first, second = (
        Box(x, hole.top + 2, x + 6, hole.top + 8) for x in (hole.left + 1, hole.right - 8)
    )
    readings = tuple(
        Reading(name=name, value=2.0, high=1.0, passed=False, decides=True, box=box)
        for name, box in (("pasted_signs", first), ("letters_signs", second))
    )
    verdict = Verdict(accepted=False, risk=0.9, readings=readings, box=first)
    _, _, marked = make_row("a", perfect.before, perfect.after, mask, verdict).pictures
    shown = cv2.imdecode(np.frombuffer(marked, np.uint8), cv2.IMREAD_COLOR)
    view = hole.pad(SHOWN_PAD_PX).clamp(Box.of_shape(mask.shape))
    assert max(view.width, view.height) <= THUMB_PX
    for box in (first, second):
        at = shown[box.bottom - 1 - view.top, box.left + 2 - view.left]
        assert at.tolist() == [64, 64, 255]
