"""The edit note names what made the edits a photo shows, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.app import Studio
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.note import edit_note, history_note
from inpaint_studio.session.session import Session


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    ramp = np.linspace(40, 200, 96).astype(np.uint8)
    Image.fromarray(np.dstack([np.tile(ramp, (80, 1))] * 3)).save(path)
    return path


def test_the_note_names_engine_seed_and_run_of_what_is_shown(studio: Studio, file: Path) -> None:
    photo, row = studio.open_file(file)
    mask = np.zeros(photo.shape, bool)
    mask[30:40, 30:44] = True
    options = RunOptions(engine="flat", seed=7)
    record = studio.run(studio.request(photo, mask, options), RunToken(), photo=row).record
    session = Session.of(studio.library, photo)
    assert history_note(studio.library, session.history) == ""
    box = Box(0, 0, 5, 5)
    old = session.pixels[box.slices].copy()
    edit = record.edits[0].edit_id
    session.commit("Remove", [Pair(box, old, 255 - old)], edit_id=edit, run_id=record.run_id)
    note = history_note(studio.library, session.history)
    assert note == edit_note(record)
    assert f"flat, seed 7, {record.run_id}" in note
    out = file.with_name("noted.png")
    save_photo(session.photo, out, SaveOptions(note=note))
    assert record.run_id.encode() in (open_photo(out).xmp or b"")
    spot = Box(10, 10, 14, 14)
    old = session.pixels[spot.slices].copy()
    session.commit("Stroke", [Pair(spot, old, 255 - old)])
    assert history_note(studio.library, session.history).endswith("; by hand")
    session.history.hide(0)
    assert record.run_id not in history_note(studio.library, session.history)
    session.history.hide(0, hidden=False)
    session.history.undo()
    assert history_note(studio.library, session.history) == note


def test_a_run_that_is_not_in_the_library_is_named_by_its_number(
    studio: Studio, file: Path
) -> None:
    session = Session.of(studio.library, open_photo(file))
    box = Box(0, 0, 5, 5)
    old = session.pixels[box.slices].copy()
    session.commit("Remove", [Pair(box, old, 255 - old)], run_id="r-gone")
    assert history_note(studio.library, session.history).endswith(": r-gone")
