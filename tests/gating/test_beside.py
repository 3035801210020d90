"""A thing cut off by its mask waits for a person, and the next mask is a wider one."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.beside import thing_left
from inpaint_studio.gating.judge import judge
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from tests.imaging.test_remainder import scene


def request(*, whole: bool, kind: str = "painted", asks_for_new: bool = False) -> JudgeRequest:
    """The thing's ground is put back, right to the pixel, where the mask is."""
    photo, ball, ear = scene((200, 60, 40))
    ground, *_ = scene(None)
    mask = grow(ball | ear if whole else ball, 3)
    after = np.where(mask[..., None], ground, photo)
    return JudgeRequest(before=photo, after=after, mask=mask, kind=kind, asks_for_new=asks_for_new)  # type: ignore[arg-type]


def test_how_far_the_rest_reaches_and_where() -> None:
    found = thing_left(request(whole=False))
    assert 15 < found.value < 35
    assert found.box is not None and found.box.left > 140
    assert thing_left(request(whole=True)).value == 0


def test_it_sends_an_edit_to_a_person_with_the_sentence_that_says_why() -> None:
    verdict = judge(request(whole=False), None, RunToken()).verdict
    reading = verdict.reading("thing_left")
    assert reading is not None and not reading.passed and not verdict.accepted
    assert verdict.reasons[0].startswith("thing_left_detected")
    assert verdict.summary == "Part of the removed thing stands beside the mask."


def test_a_mask_that_covers_it_all_passes() -> None:
    assert judge(request(whole=True), None, RunToken()).verdict.accepted


@pytest.mark.parametrize(("kind", "new"), [("text", False), ("logo", False), ("painted", True)])
def test_letters_and_new_things_are_not_asked(kind: str, new: bool) -> None:
    verdict = judge(request(whole=False, kind=kind, asks_for_new=new), None, RunToken()).verdict
    assert verdict.reading("thing_left") is None
