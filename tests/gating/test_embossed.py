"""A relief that a mask left standing waits for a person, and the next mask is a wider one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.embossed import relief_left
from inpaint_studio.gating.judge import judge
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from tests.overlays import SURFACES, emboss, surface


def request(kind: str, *, whole: bool, times: int = 1, asks_for_new: bool = False) -> JudgeRequest:
    """A logo whose ground is put back to the pixel, under all of it or all but its right end."""
    case = emboss(surface(kind, 21), 21)
    mask = grow(case.changed, 4)
    if not whole:
        right = int(np.nonzero(case.changed)[1].max())
        mask[:, right - 8 :] = False
    after = np.where(mask[..., None], case.behind, case.photo)
    size = mask.shape[1] * times, mask.shape[0] * times
    before, after = (
        cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in (case.photo, after)
    )
    mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return JudgeRequest(
        before=before, after=after, mask=mask, kind="logo", asks_for_new=asks_for_new
    )


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", SURFACES)
def test_a_rim_left_standing_is_seen_in_its_place_and_none_where_all_is_gone(
    kind: str, times: int
) -> None:
    part = request(kind, whole=False, times=times)
    found = relief_left(part)
    right = int(np.nonzero(part.mask)[1].max())
    assert found.value > 0 and found.box is not None
    assert found.box.left - 10 * times <= right <= found.box.right
    assert relief_left(request(kind, whole=True, times=times)).value == 0


def test_nothing_is_said_on_uneven_ground() -> None:
    part = request("skin", whole=False)
    busy = part.after.copy()
    for number in range(0, busy.shape[1], 40):
        cv2.line(busy, (number, 0), (number + 60, busy.shape[0]), (40, 40, 40), 3)
    after = np.where(part.mask[..., None], part.after, busy)
    assert relief_left(JudgeRequest(before=part.before, after=after, mask=part.mask)).value == 0


def test_it_sends_an_edit_to_a_person_unless_something_new_was_asked_for() -> None:
    verdict = judge(request("skin", whole=False), None, RunToken()).verdict
    reading = verdict.reading("relief_left")
    assert reading is not None and reading.decides and not reading.passed and not verdict.accepted
    new = judge(request("skin", whole=False, asks_for_new=True), None, RunToken()).verdict
    assert new.reading("relief_left") is None
