"""The budget takes what nobody can miss, and never work that was not saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import SaveOptions
from inpaint_studio.session.budget import trim_histories
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.session import Session
from inpaint_studio.store.library import Library


def edited(library: Library, path: Path, edits: int) -> Session:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), dtype=np.uint8)).save(
        path
    )
    session = Session.open(library, path)
    for number in range(edits):
        box = Box(number, 0, number + 60, 60)
        before = session.pixels[box.slices].copy()
        session.commit(f"edit {number}", [Pair(box, before, 255 - before)])
    return session


def test_saved_work_goes_before_unsaved(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        saved = edited(library, tmp_path / "saved.png", 2)
        saved.save(tmp_path / "out.png", SaveOptions())
        unsaved = edited(library, tmp_path / "unsaved.png", 3)
        unsaved.history.undo()
        shown = unsaved.pixels.copy()
        plenty = library.edits.bytes()
        assert trim_histories(library, plenty).undone_entries == 0
        trimmed = trim_histories(library, 0)
        assert (trimmed.undone_entries, trimmed.histories) == (1, 1)
        assert trimmed.left == library.edits.bytes() > 0
        again = Session.open(library, tmp_path / "unsaved.png")
        assert (again.pixels == shown).all()
        assert len(again.history.entries) == 2
        assert Session.open(library, tmp_path / "saved.png").history.entries == ()


def test_an_open_photo_keeps_everything(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        session = edited(library, tmp_path / "p.png", 2)
        session.history.undo()
        session.save(tmp_path / "out.png", SaveOptions())
        before = library.edits.bytes()
        open_now = frozenset({session.row.photo_id})
        assert trim_histories(library, 0, open_photos=open_now).left == before
        session.history.redo()


def test_a_photo_saved_over_starts_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    with Library.open(tmp_path / "library") as library:
        session = edited(library, path, 2)
        session.save(path, SaveOptions(overwrite=True))
        shown = session.pixels.copy()
        trim_histories(library, 0)
        again = Session.open(library, path)
        assert (again.pixels == shown).all()
        assert again.history.entries == ()
        assert again.history.problem == ""


@pytest.mark.parametrize("edits", [0, 1])
def test_nothing_to_trim_is_no_error(tmp_path: Path, edits: int) -> None:
    with Library.open(tmp_path / "library") as library:
        edited(library, tmp_path / "p.png", edits)
        trim_histories(library, 0)
