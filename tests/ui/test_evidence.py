"""What the overlay shows of a flagged edit: places that failed, and the one that is guessed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, QRectF
from pytestqt.qtbot import QtBot

from inpaint_studio.geometry import Box
from inpaint_studio.records import EditRecord, FillRecipe, Plan, Reading, Verdict
from inpaint_studio.ui import theme
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
    assert view._shown == ([] if accepted else [guess])
    ((words, _, _),) = evidence._tags([(guess, QRectF(0, 0, 5, 5))])
    assert words == "A guess: signs of a foreign thing"
    assert evidence._color(guess) == theme.active().color("warn") != theme.active().color("good")
