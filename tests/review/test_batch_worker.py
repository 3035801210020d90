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
    assert next(doubt for *_, doubt in work) == ""
    assert "could not be read itself" in work[1][2]
    assert (work[1][1] == other).all()
