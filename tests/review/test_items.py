"""What a review item says of itself: in the terminal's list, the queue and the report."""

import json

import pytest

from inpaint_studio.cli.review import headline
from inpaint_studio.geometry import Box
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    RunOptions,
    RunRecord,
    Verdict,
)
from inpaint_studio.review.items import item_for, why
from inpaint_studio.store.rows import ReviewRow
from inpaint_studio.ui.review.row_words import status_words

SUM = "Several small signs together speak against this fill; foremost: A seam shows."


def item(gate="", value=None, high=None, **data):
    return ReviewRow(
        item_id="item-1", edit_id="e", run_id="r", created=0.0, gate=gate, value=value, high=high,
        data=json.dumps(data),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (item("seam", 0.09, 0.06, label="As called then", summary=SUM), "As called then"),
        (item("seam", 0.09, 0.06, summary=SUM), "Step across the edge"),
        (item(summary=SUM), SUM),
        (item(), ""),
    ],
)
def test_an_item_says_why_it_waits(row, said):
    assert why(row) == said


def test_an_edit_flagged_by_small_signs_alone_is_explained_everywhere():
    row = item(label="", summary=SUM)
    assert headline(row) == SUM
    assert status_words(row) == SUM


def test_nothing_is_given_away_before_a_blind_decision():
    row = item(label="", summary=SUM, blind=True)
    assert SUM not in headline(row) + status_words(row)


@pytest.mark.parametrize(("sign", "is_guess"), [(0.2, True), (-9.0, False)])
def test_a_guess_is_said_before_a_reading_that_decides_nothing(sign, is_guess):
    verdict = Verdict(
        accepted=False, risk=0.6, summary="Most likely: a ghost.",
        readings=(
            Reading(name="seam", value=9.0, high=8.0, passed=False, decides=False,
                    label="Step across the edge"),
            Reading(name="ghost_signs", value=sign, high=0.6, decides=False),
        ),
    )  # fmt: skip
    plan = Plan(recipe=FillRecipe(engine="flat", engine_version=1))
    edit = EditRecord(edit_id="e", box=Box(0, 0, 4, 4), kind="painted", plan=plan, verdict=verdict)
    record = RunRecord(run_id="r", created="", options=RunOptions(), edits=(edit,))
    row = item_for(record, edit, None)
    said = "A guess: signs of a ghost" if is_guess else "Step across the edge 9 > 8"
    assert headline(row) == status_words(row) == said
    assert row.gate == ("ghost_signs" if is_guess else "seam")
