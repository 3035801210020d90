"""An open photo survives restarts with its edits, its mask and its view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.errors import BadPhoto, StorageError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import SaveOptions, open_photo, save_photo
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.session import Session
from inpaint_studio.store.library import Library

SIZE = (120, 160)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    pixels = np.random.default_rng(1).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def invert(session: Session, box: Box, label: str = "Remove") -> None:
    before = session.pixels[box.slices].copy()
    session.commit(label, [Pair(box, before, 255 - before), None])


def test_edits_mask_and_view_survive_a_restart(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    invert(session, Box(5, 5, 50, 60))
    mask = np.random.default_rng(0).random(SIZE) < 0.2
    session.keep_mask(mask)
    session.keep_view({"zoom": 2.5, "left": 7})
    shown = session.pixels.copy()
    again = Session.open(library, file)
    assert (again.pixels == shown).all()
    kept = again.kept_mask()
    assert kept is not None and (kept == mask).all()
    assert again.kept_view() == {"zoom": 2.5, "left": 7}
    again.keep_mask(np.zeros(SIZE, bool))
    assert Session.open(library, file).kept_mask() is None


def test_a_snapshot_does_not_change_with_later_edits(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    taken, live = session.snapshot(), session.photo
    before = taken.pixels.copy()
    invert(session, Box(0, 0, 40, 40))
    assert (taken.pixels == before).all()
    assert (live.pixels == session.pixels).all()


def test_export_holds_the_edits_and_leaves_the_original(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    assert session.is_saved
    original = file.read_bytes()
    invert(session, Box(5, 5, 50, 60))
    assert not session.is_saved
    target = file.with_name("export.png")
    assert session.statement(target, SaveOptions()).is_lossless
    session.save(target, SaveOptions())
    assert session.is_saved
    assert file.read_bytes() == original
    assert (open_photo(target).pixels == session.pixels).all()
    session.history.undo()
    assert not session.is_saved


def test_a_failed_save_is_not_counted_as_saved(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    invert(session, Box(5, 5, 50, 60))
    with pytest.raises(StorageError):
        session.save(file.parent / "gone" / "x.png", SaveOptions())
    assert not session.is_saved


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_undo_reaches_behind_a_save_over_the_original(
    library: Library, file: Path, suffix: str
) -> None:
    path = file.with_suffix(f".{suffix}")
    if suffix == "jpg":
        Image.open(file).save(path, quality=90)
    session = Session.open(library, path)
    original = session.pixels.copy()
    invert(session, Box(16, 16, 64, 64))
    session.save(path, SaveOptions(overwrite=True))
    assert session.is_saved
    again = Session.open(library, path)
    assert again.is_saved
    assert (again.pixels == open_photo(path).pixels).all()
    while again.history.can_undo:
        again.history.undo()
    assert (again.pixels == original).all()
    once_more = Session.open(library, path)
    assert (once_more.pixels == original).all()
    assert not once_more.is_saved


def test_a_change_on_the_disk_is_noticed(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    data = file.read_bytes()
    assert not session.changed_on_disk()
    file.write_bytes(data)  # Touched, with the same bytes.
    assert not session.changed_on_disk()
    file.write_bytes(data + b"\0")
    assert session.changed_on_disk()
    file.unlink()
    assert session.changed_on_disk()


def test_another_file_at_the_same_path_has_its_own_history(library: Library, file: Path) -> None:
    session = Session.open(library, file)
    invert(session, Box(5, 5, 50, 60))
    Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(file)
    other = Session.open(library, file)
    assert other.history.entries == ()
    assert not other.pixels.any()


def test_a_program_that_died_right_after_saving_over_still_knows_its_edits(
    library: Library, file: Path
) -> None:
    session = Session.open(library, file)
    original = session.pixels.copy()
    invert(session, Box(5, 5, 50, 60))
    invert(session, Box(20, 20, 90, 90))
    save_photo(session.photo, file, SaveOptions(overwrite=True))  # And not a word after it.
    again = Session.open(library, file)
    assert (again.pixels == session.pixels).all()
    assert len(again.history.entries) == 2
    again.history.jump(0)
    assert (again.pixels == original).all()


def test_a_photo_without_a_file_is_refused(library: Library, file: Path) -> None:
    from dataclasses import replace

    with pytest.raises(BadPhoto, match="without a file"):
        Session.of(library, replace(open_photo(file), path=None))
