"""What the overlay shows of a flagged edit: places that failed, and the one that is guessed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, QRectF
from pytestqt.qtbot import QtBot

from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, FillRecipe, Plan, Reading, Verdict
from inpaint_studio.ui import places, theme
from inpaint_studio.ui.retouch import evidence


@pytest.mark.parametrize("accepted", [False, True])
def test_a_guess_is_shown_as_a_guess_without_being_asked_for(qtbot: QtBot, accepted: bool) -> None:
    guess = Reading(name="pasted_signs", value=-1.0, high=-0.5, label="Signs of a foreign thing",
                    box=Box(4, 4, 9, 9))  # fmt: skip
    fine = Reading(name="seam", value=1.0, high=8.0)
    edit = EditRecord(
        edit_id="e", box=Box(0, 0, 20, 20), kind="painted",
        plan=Plan(recipe=FillRecipe(engine="flat", engine_version=1)),
        verdict=Verdict(accepted=accepted, risk=0.6, readings=(fine, guess)),
    )  # fmt: skip
    canvas = SimpleNamespace(overlays=[], update=list, set_evidence=list)
    owner = QObject()
    view = evidence.EvidenceView(canvas, None, None, owner)  # type: ignore[arg-type]
    view.show_edit(edit)
    assert view._boxes.readings == ([] if accepted else [guess])
    assert canvas.overlays == ([] if accepted else [view._boxes])
    ((words, _, _),) = places._tags([(guess, QRectF(0, 0, 5, 5))])
    assert words == "A guess: signs of a foreign thing"
    assert places._color(guess) == theme.active().color("warn") != theme.active().color("good")


def test_what_decides_is_drawn_the_surest_first_and_the_rest_when_asked_for() -> None:
    def failed(name: str, value: float, high: float, *, decides: bool) -> Reading:
        return Reading(name=name, value=value, high=high, passed=False, decides=decides,
                       box=Box(2, 2, 5, 5))  # fmt: skip

    near = failed("pasted_signs", 0.4, -0.5, decides=True)
    sure = failed("letters_signs", 6.0, 3.2, decides=True)
    rest = failed("thing_left", 9.0, 0.0, decides=True)
    aside = failed("seam", 80.0, 8.0, decides=False)
    verdict = Verdict(accepted=False, risk=0.9, readings=(aside, near, sure, rest))
    assert places.shown_of(verdict) == [rest, sure, near]
    assert places.shown_of(verdict, "seam") == [aside]
    small = Verdict(accepted=False, risk=0.9, readings=(aside,))
    assert places.shown_of(small) == [aside]
    assert places.shown_of(None) == []
