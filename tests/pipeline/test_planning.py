"""What a plan knows of a region: its subject where the policy asks, its surroundings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaint_studio.errors import BadSetting
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.mask import grow
from inpaint_studio.pipeline import RunRequest, road
from inpaint_studio.pipeline.checks import check_options
from inpaint_studio.pipeline.planning import reach_px, subject_of
from inpaint_studio.records import RunOptions
from inpaint_studio.routing.policy import user_policy
from tests.imaging.test_remainder import scene

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
OWN = """version = 1
[[rule]]
name = "people"
when = { subject = { is = ["person"] } }
engine = "flat"
because = "A {subject} goes."
[[rule]]
name = "rest"
when = {}
engine = "patch"
because = "The rest ({detail} levels of detail)."
"""


class Detector:
    """Sees a person where the mask lies and a table under everything; counts its looks."""

    def __init__(self, person: Box) -> None:
        self.person, self.looks = person, 0

    def letters(self, pixels: NDArray[np.generic]) -> list[tuple[Box, str, float]]:
        return []

    def objects(self, pixels: NDArray[np.generic]) -> list[tuple[Box, str, float]]:
        self.looks += 1
        return [(Box.of_shape(pixels.shape), "table", 0.9), (self.person, "person", 0.6)]


def test_the_detector_names_the_subject_only_where_the_policy_asks(
    coffee: Rgb, spot: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Detector(Box(24, 24, 58, 58))
    request = RunRequest(pixels=coffee, mask=spot)
    (_, plan), *_ = road.plans(request, semantic=detector)
    assert detector.looks == 0
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path))
    user_policy().parent.mkdir(parents=True)
    user_policy().write_text(OWN)
    (_, plan), *_ = road.plans(request, semantic=detector)
    assert (plan.engine, plan.reasons[0].text, detector.looks) == ("flat", "A person goes.", 1)
    assert road.plans(request)[0][1].engine == "patch"
    named = RunRequest(pixels=coffee, mask=spot, options=RunOptions(subject="car"))
    assert road.plans(named, semantic=detector)[0][1].engine == "patch"
    assert detector.looks == 1, "what the user said is not asked again"


def test_what_a_proposal_was_found_as_is_the_subject_and_saves_the_detectors_look(
    coffee: Rgb, spot: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path))
    user_policy().parent.mkdir(parents=True)
    user_policy().write_text(OWN)
    detector = Detector(Box(0, 0, 1, 1))
    elsewhere = (Box(0, 0, 9, 9), "car")
    found = RunRequest(
        pixels=coffee, mask=spot, things=(elsewhere, (Box(24, 24, 58, 58), "person"))
    )
    assert road.plans(found, semantic=detector)[0][1].reasons[0].text == "A person goes."
    assert road.plans(found)[0][1].engine == "flat" and detector.looks == 0
    astray = RunRequest(pixels=coffee, mask=spot, things=(elsewhere,))
    assert road.plans(astray, semantic=detector)[0][1].engine == "patch" and detector.looks == 1


def test_a_thing_that_the_mask_hardly_touches_is_not_its_subject(spot: Mask) -> None:
    whole = (Box.of_shape(spot.shape), "table")
    assert subject_of(spot, [whole, (Box(24, 24, 58, 58), "person")]) == "person"
    assert subject_of(spot, [whole, (Box(50, 24, 300, 200), "person")]) == ""


def test_the_reach_counts_what_the_mask_grows_by(spot: Mask) -> None:
    assert reach_px(spot, ("flat", "nonsense")) == 224
    assert reach_px(spot, ("flat",), 30) == 254 and reach_px(spot, ("flat",), -30) == 224


@pytest.mark.parametrize("wish", [{"kind": "x"}, {"intent": "x"}, {"tries": 0}, {"seed": True},
                                  {"parameters": {"far_cst": 1}}])  # fmt: skip
def test_options_that_make_no_sense_are_refused(wish: dict[str, object]) -> None:
    with pytest.raises(BadSetting):
        check_options(RunOptions(**wish))  # type: ignore[arg-type]


def test_a_parameter_of_another_engine_is_said_to_have_no_effect(coffee: Rgb, spot: Mask) -> None:
    options = RunOptions(parameters={"steps": 20, "far_cost": 1000})
    (_, plan), *_ = road.plans(RunRequest(pixels=coffee, mask=spot, options=options))
    said = [reason.text for reason in plan.reasons if reason.warns]
    assert plan.engine == "patch" and plan.recipe.parameters["far_cost"] == 1000
    assert said == ["Without effect: steps; the engine patch has no such parameter."]


def test_a_rules_parameter_that_its_engine_has_not_is_refused(
    coffee: Rgb, spot: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path))
    user_policy().parent.mkdir(parents=True)
    user_policy().write_text(
        OWN.replace('engine = "patch"', 'engine = "patch"\nparameters = { starst = 3 }')
    )
    with pytest.raises(BadSetting, match="'rest' sets 'starst', which the engine patch"):
        road.plans(RunRequest(pixels=coffee, mask=spot))


def test_a_mask_that_cuts_through_a_thing_is_said_before_the_fill() -> None:
    photo, ball, ear = scene((200, 60, 40))

    def said(mask: Mask, **wish: str) -> list[str]:
        request = RunRequest(pixels=photo, mask=mask, options=RunOptions(**wish))  # type: ignore[arg-type]
        return [r.text for r in road.plans(request)[0][1].reasons if r.warns]

    cut = said(grow(ball, 3))
    assert len(cut) == 1 and "px out of it" in cut[0]
    assert said(grow(ball | ear, 3)) == [] and said(grow(ball, 3), kind="text") == []
