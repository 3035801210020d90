"""The history gives every byte back: over undo, redo, hiding, restarts, saves and damage."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.errors import BadSetting, LibraryError
from inpaint_studio.geometry import Box
from inpaint_studio.session import history as history_module
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.history import History
from inpaint_studio.store.library import Library
from tests.session.walk import Desk, change, walk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "library")
    yield made
    made.library.close()


@pytest.mark.parametrize("seed", range(6))
def test_random_walks_are_exact_over_restarts(tmp_path: Path, seed: int) -> None:
    """Against a model that keeps every whole picture (500: `python -m tests.session.walk`)."""
    walk(tmp_path, seed, 40)


def test_undo_says_what_changed_and_nothing_else_does(desk: Desk) -> None:
    box = Box(10, 20, 60, 90)
    inner = desk.history.commit("Remove", [change(desk.history, box, 1)])
    assert box.contains(inner)
    assert desk.history.undo() == inner
    assert desk.history.undo() is None
    assert desk.history.redo() == inner
    assert desk.history.redo() is None


def test_a_new_edit_after_undo_ends_the_redo(desk: Desk) -> None:
    for seed in range(3):
        desk.history.commit(f"edit {seed}", [change(desk.history, Box(0, 0, 50, 50), seed)])
    desk.history.jump(1)
    desk.history.commit("other", [change(desk.history, Box(9, 9, 40, 40), 9)])
    assert [entry.label for entry in desk.history.entries] == ["edit 0", "other"]
    desk.restart()
    assert [entry.label for entry in desk.history.entries] == ["edit 0", "other"]
    assert not desk.history.can_redo


def test_the_pixels_given_out_cannot_be_written(desk: Desk) -> None:
    with pytest.raises(ValueError, match="read-only"):
        desk.history.pixels[0, 0] = 1


def test_an_edit_made_on_other_pixels_is_refused(desk: Desk) -> None:
    late = change(desk.history, Box(0, 0, 50, 50), 1)
    desk.history.commit("first", [change(desk.history, Box(10, 10, 60, 60), 2)])
    before = desk.history.pixels.copy()
    with pytest.raises(LibraryError, match="has changed under this edit"):
        desk.history.commit("late", [late])
    assert (desk.history.pixels == before).all()
    assert len(desk.history.entries) == 1


def test_an_edit_of_several_regions_is_one_step(desk: Desk) -> None:
    parts = [change(desk.history, Box(n * 60, 0, n * 60 + 50, 50), n) for n in range(3)]
    whole = desk.history.commit("three captions", parts)
    assert whole == Box(0, 0, 170, 50)
    assert desk.history.undo() == whole
    assert (desk.history.pixels == desk.base).all()


def test_a_long_jump_takes_no_more_memory_than_the_photo(desk: Desk) -> None:
    pictures = [desk.base]
    for seed in range(12):
        box = Box(seed * 10, 0, seed * 10 + 180, 150)
        desk.history.commit(f"edit {seed}", [change(desk.history, box, seed)])
        pictures.append(desk.history.pixels.copy())
    assert desk.history.jump(0) == Box(0, 0, 290, 150)
    assert (desk.history.pixels == pictures[0]).all()
    tracemalloc.start()
    desk.history.jump(12)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (desk.history.pixels == pictures[12]).all()
    assert peak < 4.5 * desk.base.nbytes  # 12 edits of half the photo each, and their bytes.


def test_an_edit_that_changes_nothing_is_no_entry(desk: Desk) -> None:
    box = Box(0, 0, 30, 30)
    same = desk.history.pixels[box.slices].copy()
    assert desk.history.commit("nothing", [Pair(box, same, same.copy())]).is_empty
    assert desk.history.entries == ()


def test_hiding_takes_one_edit_out(desk: Desk) -> None:
    left, right = Box(0, 0, 50, 50), Box(100, 0, 150, 50)
    desk.history.commit("left", [change(desk.history, left, 1)])
    desk.history.commit("right", [change(desk.history, right, 2)])
    both = desk.history.pixels.copy()
    desk.history.hide(0)
    assert (desk.history.pixels[left.slices] == desk.base[left.slices]).all()
    assert (desk.history.pixels[right.slices] == both[right.slices]).all()
    desk.restart()
    assert desk.history.entries[0].hidden
    assert (desk.history.pixels[left.slices] == desk.base[left.slices]).all()
    desk.history.undo()
    desk.history.undo()
    assert (desk.history.pixels == desk.base).all()
    desk.history.jump(2)
    desk.history.hide(0, False)
    assert (desk.history.pixels == both).all()


def test_what_lies_under_another_edit_cannot_be_hidden(desk: Desk) -> None:
    desk.history.commit("low", [change(desk.history, Box(0, 0, 50, 50), 1)])
    desk.history.commit("high", [change(desk.history, Box(40, 40, 90, 90), 2)])
    with pytest.raises(BadSetting, match="high lies over low"):
        desk.history.hide(0)
    desk.history.hide(1)
    desk.history.hide(0)
    assert (desk.history.pixels == desk.base).all()
    desk.restart()
    assert (desk.history.pixels == desk.base).all()


def test_an_edit_is_not_redone_on_pixels_it_was_not_made_on(desk: Desk) -> None:
    """Found by the kill test's random work: undo, hide what lay beneath, redo."""
    desk.history.commit("low", [change(desk.history, Box(0, 0, 50, 50), 1)])
    desk.history.commit("high", [change(desk.history, Box(40, 40, 90, 90), 2)])
    both = desk.history.pixels.copy()
    desk.history.undo()
    desk.history.hide(0)
    with pytest.raises(BadSetting, match="high was made on top of low"):
        desk.history.redo()
    assert (desk.history.pixels == desk.base).all()
    assert desk.history.cursor == 1
    desk.restart()
    desk.history.hide(0, False)
    desk.history.redo()
    assert (desk.history.pixels == both).all()


def test_a_damaged_edit_keeps_the_ones_before_it(desk: Desk) -> None:
    for seed in range(3):
        desk.history.commit(f"edit {seed}", [change(desk.history, Box(0, 0, 50, 50), seed)])
    desk.history.jump(1)
    first = desk.history.pixels.copy()
    desk.history.jump(3)
    name = desk.history.entries[1].deltas[0].sha256
    path = desk.library.objects.root / name[:2] / name
    path.write_bytes(path.read_bytes()[:-9])
    now = desk.history.pixels.copy()
    with pytest.raises(LibraryError, match="damaged"):
        desk.history.jump(0)
    with pytest.raises(LibraryError, match="damaged"):
        desk.history.original(Box(0, 0, 9, 9))
    assert (desk.history.pixels == now).all()  # Not half-way.
    assert desk.history.cursor == 3
    desk.restart()
    assert "2 stored edits cannot be applied" in desk.history.problem
    assert desk.history.cursor == 1
    assert (desk.history.pixels == first).all()
    assert not desk.history.can_redo


def test_a_file_that_decodes_otherwise_is_noticed(desk: Desk) -> None:
    desk.history.commit("edit", [change(desk.history, Box(0, 0, 50, 50), 1)])
    desk.base = desk.base + 1
    desk.restart()
    assert "1 stored edits cannot be applied" in desk.history.problem
    assert (desk.history.pixels == desk.base).all()


def test_undo_reaches_back_behind_a_save(desk: Desk) -> None:
    original = desk.base
    pictures = [original]
    for seed in range(3):
        box = Box(seed * 20, 0, seed * 20 + 50, 50)
        desk.history.commit(f"edit {seed}", [change(desk.history, box, seed)])
        pictures.append(desk.history.pixels.copy())
    desk.history.undo()
    desk.save_over()
    assert (desk.history.pixels == pictures[2]).all()
    for at in (1, 0, 3, 2, 0):
        desk.history.jump(at)
        assert (desk.history.pixels == pictures[at]).all()
        desk.restart()
        assert desk.history.cursor == at
        assert (desk.history.pixels == pictures[at]).all()


def test_an_edit_on_top_of_an_undo_behind_a_save(desk: Desk) -> None:
    """What the file holds stays in the list; the new edit stands on an entry that undoes it."""
    pictures = [desk.base]
    for seed in range(3):
        box = Box(seed * 20, 0, seed * 20 + 50, 50)
        desk.history.commit(f"edit {seed}", [change(desk.history, box, seed)])
        pictures.append(desk.history.pixels.copy())
    desk.save_over()
    desk.history.jump(1)
    desk.history.commit("new", [change(desk.history, Box(5, 5, 200, 90), 7)])
    labels = ["edit 0", "edit 1", "edit 2", history_module.BRIDGE, "new"]
    assert [entry.label for entry in desk.history.entries] == labels
    newest = desk.history.pixels.copy()
    for _ in range(2):
        for at, picture in ((3, pictures[3]), (4, pictures[1]), (0, pictures[0]), (5, newest)):
            desk.history.jump(at)
            assert (desk.history.pixels == picture).all()
        desk.restart()
        assert (desk.history.pixels == newest).all()


def test_a_hidden_edit_stays_out_of_the_saved_file_and_can_come_back(desk: Desk) -> None:
    box = Box(0, 0, 50, 50)
    desk.history.commit("one", [change(desk.history, box, 1)])
    desk.history.commit("two", [change(desk.history, Box(100, 0, 150, 50), 2)])
    both = desk.history.pixels.copy()
    desk.history.hide(0)
    out = desk.history.pixels.copy()
    desk.save_over()
    assert (desk.history.pixels == out).all()
    desk.history.hide(0, False)
    assert (desk.history.pixels == both).all()
    desk.restart()
    assert (desk.history.pixels == both).all()
    assert desk.history.problem == ""
    desk.history.jump(1)
    desk.history.commit("three", [change(desk.history, Box(90, 9, 120, 30), 3)])
    now = desk.history.pixels.copy()
    desk.restart()
    assert (desk.history.pixels == now).all()
    assert desk.history.problem == ""


def test_two_hundred_edits_take_a_fiftieth_of_whole_copies(tmp_path: Path) -> None:
    """At the promised size of edit (1 % of the photo); the benchmark does it at 50 MP."""
    rng = np.random.default_rng(0)
    low = rng.integers(0, 255, (90, 120, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    base = low + rng.integers(0, 9, low.shape, dtype=np.uint8)
    side = int((0.01 * base.shape[0] * base.shape[1]) ** 0.5)
    with Library.open(tmp_path / "library") as library:
        row = library.photos.remember(tmp_path / "p", "aa", shape=base.shape[:2])
        history = History(library, row.photo_id, base)
        for step in range(200):
            left = int(rng.integers(0, base.shape[1] - side))
            top = int(rng.integers(0, base.shape[0] - side))
            box = Box(left, top, left + side, top + side)
            before = history.pixels[box.slices].copy()
            history.commit(f"{step}", [Pair(box, before, np.roll(before, 9, (0, 1)))])
        assert history.disk_bytes < 200 * base.nbytes / 50
