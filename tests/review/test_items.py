"""What a review item says of itself: in the terminal's list, the queue and the report."""

import json

import pytest

from inpaint_studio.cli.review import headline
from inpaint_studio.review.items import why
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
