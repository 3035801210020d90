"""The page over a folder of judged edits."""

from __future__ import annotations

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.report import make_row, ordered, page, summary
from inpaint_studio.jobs.token import RunToken


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
