"""What a batch's worker makes of proposals: the sure ones may pass, the others say why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.base import proposal
from inpaint_studio.review import batch_worker
from inpaint_studio.review.batch_plan import BatchOptions
from inpaint_studio.routing.policy import user_policy

PEOPLE = """version = 1
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


def test_what_could_not_be_read_waits_for_a_person_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(tmp_path / "a.png")
    mask = np.zeros((40, 60), np.bool_)
    mask[5:9, 5:20] = True
    other = np.roll(mask, 20, axis=0)
    sure = proposal(mask, kind="text", confidence=0.95, reason="reads “A”", automatic=True)
    unread = proposal(other, kind="text", confidence=0.3, reason="could not be read itself")
    monkeypatch.setattr(batch_worker, "propose", lambda *_: [sure, unread])
    photo = open_photo(tmp_path / "a.png")
    work = batch_worker._work(photo, BatchOptions(propose=("text",)), RunToken())
    assert work[0].doubt == ""
    assert "could not be read itself" in work[1].doubt
    assert (work[1].mask == other).all()


def test_what_an_object_was_found_as_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule about persons must hold in a batch too, however the crop looks to the detector."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (60, 80, 3), np.uint8)).save(tmp_path / "a.png")
    mask = np.zeros((60, 80), np.bool_)
    mask[20:34, 20:30] = True
    person = proposal(
        mask, kind="object", confidence=0.9, reason="looks like a person", text="person",
        automatic=True,
    )  # fmt: skip
    monkeypatch.setattr(batch_worker, "propose", lambda *_: [person])
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path))
    user_policy().parent.mkdir(parents=True)
    user_policy().write_text(PEOPLE)
    order = batch_worker.Order(
        batch_id="b", path=str(tmp_path / "a.png"), output=str(tmp_path / "out" / "a.png"),
        options=BatchOptions(propose=("object",)),
    )  # fmt: skip
    outcome = batch_worker.process(order, str(tmp_path / "objects"), RunToken())
    plan = outcome.parts[0].record.edits[0].plan
    assert plan.reasons[0].text == "A person goes." and plan.engine == "flat"
