"""What was enlarged or made from nothing: real detail passes, planted faults do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from inpaint_studio.arrays import Pixels
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.invented import ASKED, judge_enlarged, judge_new
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.enlarge import consistent, enlarged, shrunk
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import Verdict


class Eyes:
    """Reads and sees what the test tells it to, by the picture's mean."""

    def __init__(
        self, texts: dict[int, list[str]] | None = None, things: dict[int, str] | None = None
    ) -> None:
        self.texts, self.things = texts or {}, things or {}

    def letters(self, pixels: Pixels) -> list[tuple[Box, str, float]]:
        said = self.texts.get(int(pixels[0, 0, 0]), [])
        return [(Box(10, 10, 60, 30), text, 0.9) for text in said]

    def objects(self, pixels: Pixels) -> list[tuple[Box, str, float]]:
        found = self.things.get(int(pixels[0, 0, 0]))
        side = pixels.shape[1]
        return [(Box(side // 4, 20, side * 3 // 4, 90), found, 0.9)] if found else []


@pytest.fixture(scope="module")
def real() -> Pixels:
    """A photo that is sharp at this size: the truth an upscaler should find."""
    return np.ascontiguousarray(data.astronaut()[100:400, 60:380])


@pytest.fixture(scope="module")
def plain(real: Pixels) -> Pixels:
    return enlarged(np.rint(shrunk(real, 2)).astype(np.uint8), 2)


def _judged(before: Pixels, after: Pixels, eyes: Eyes | None = None) -> Verdict:
    mask = np.ones(before.shape[:2], dtype=bool)
    request = JudgeRequest(before=before, after=after, mask=mask)
    return judge_enlarged(request, 2, eyes or Eyes(), RunToken()).verdict


def test_nothing_added_and_the_very_truth_are_accepted(real: Pixels, plain: Pixels) -> None:
    assert _judged(plain, plain).accepted
    truth = _judged(plain, real)
    assert truth.accepted, truth.reasons
    assert truth.risk < 0.5


def _noisy(plain: Pixels) -> Pixels:
    noise = np.random.default_rng(1).normal(0, 60, plain.shape)
    bright = np.clip(plain.astype(np.float32) + noise, 0, 255).astype(np.float32) / 255
    small = shrunk(plain, 2) / np.float32(255)
    # As the engine does it: scaled back it is the photo, so only the grain can tell.
    return np.rint(consistent(bright, small, 2) * 255).astype(np.uint8)


FAULTS = {
    "moved": lambda p: np.roll(p, 2, axis=1),
    "tinted": lambda p: np.clip(p.astype(int) + np.array([6, 0, -6]), 0, 255).astype(np.uint8),
    "another picture": lambda p: p[::-1, ::-1].copy(),
    "sharpened": lambda p: cv2.addWeighted(p, 3.0, cv2.GaussianBlur(p, (0, 0), 3), -2.0, 0),
    "thing painted in": lambda p: cv2.circle(p.copy(), (150, 150), 20, (200, 30, 30), -1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_the_old_photo_is_flagged(fault: str, plain: Pixels) -> None:
    verdict = _judged(plain, FAULTS[fault](plain))
    reading = verdict.reading("scaled_back")
    assert not verdict.accepted and reading is not None and not reading.passed
    assert verdict.risk >= 0.5 and "another picture" in verdict.summary


def test_noise_is_no_detail(plain: Pixels) -> None:
    verdict = _judged(plain, _noisy(plain))
    assert not verdict.accepted
    grain = verdict.reading("grain")
    assert grain is not None and not grain.passed


@pytest.mark.parametrize(
    ("before", "after", "accepted"),
    [
        (["SALE 50"], ["SALE 50"], True),
        (["SALE 50"], ["5ALF S0"], False),
        ([], ["BOAT"], False),
        (["SALE"], [], False),
    ],
)
def test_letters_must_read_as_before(
    before: list[str], after: list[str], accepted: bool, plain: Pixels
) -> None:
    other = plain.copy()
    other[0, 0, 0] ^= 1
    eyes = Eyes({int(plain[0, 0, 0]): before, int(other[0, 0, 0]): after})
    verdict = _judged(plain, other, eyes)
    reading = verdict.reading("changed_text")
    assert reading is not None and reading.passed == accepted == verdict.accepted


def test_a_new_object_is_flagged(plain: Pixels) -> None:
    class Sees(Eyes):
        def objects(self, pixels: Pixels) -> list[tuple[Box, str, float]]:
            height, width = pixels.shape[:2]
            whole = Box(0, 0, width, height)
            return [(whole, "bird", 0.9)] if (pixels == [1, 254, 3]).all(axis=2).any() else []

    other = plain.copy()
    other[150, 150] = [1, 254, 3]
    reading = _judged(plain, other, Sees()).reading("new_object")
    assert reading is not None and not reading.passed


def _new(after: Pixels, eyes: Eyes | None = None) -> Verdict:
    grey = np.full_like(after, 128)
    request = JudgeRequest(before=grey, after=after, mask=np.ones(after.shape[:2], dtype=bool))
    return judge_new(request, eyes, RunToken()).verdict


def test_a_new_picture_waits_whatever_it_looks_like(real: Pixels) -> None:
    good = _new(real)
    assert not good.accepted and good.reasons == (ASKED,) and all(r.passed for r in good.readings)
    blank = _new(np.full_like(real, 40))
    assert "one colour" in blank.summary
    noise = np.random.default_rng(2).integers(0, 256, real.shape, dtype=np.uint8)
    assert "noise" in _new(noise).summary
    assert "reads as text" in _new(real, Eyes({int(real[0, 0, 0]): ["LOREM"]})).summary
