"""The command table, and the keys over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaint_studio.errors import BadSetting
from inpaint_studio.paths import resource
from inpaint_studio.ui.commands import COMMANDS, MENUS
from inpaint_studio.ui.dialogs.palette import score
from inpaint_studio.ui.keymap import Keymap, share_a_place


def test_ids_are_unique() -> None:
    ids = [item.id for item in COMMANDS]
    assert len(ids) == len(set(ids))


def test_no_key_means_two_things_in_one_place() -> None:
    for number, one in enumerate(COMMANDS):
        for other in COMMANDS[number + 1 :]:
            if share_a_place(one, other):
                assert not set(one.keys) & set(other.keys), (one.id, other.id)


def test_every_command_stands_in_a_menu_that_is_shown() -> None:
    assert {item.menu for item in COMMANDS} <= set(MENUS)


def test_every_icon_exists() -> None:
    for item in COMMANDS:
        if item.icon:
            assert resource("icons", f"{item.icon}.svg").exists(), item.icon


def test_a_taken_key_is_refused_with_the_name_of_its_owner(tmp_path: Path) -> None:
    keys = Keymap(tmp_path / "keys.json")
    with pytest.raises(BadSetting, match="Eraser"):
        keys.bind("tool.brush", ["E"])
    assert keys.keys("tool.brush") == ("B",)


def test_own_keys_outlive_a_restart_and_can_be_taken_back(tmp_path: Path) -> None:
    keys = Keymap(tmp_path / "keys.json")
    keys.bind("tool.brush", ["V"])
    again = Keymap(tmp_path / "keys.json")
    assert again.keys("tool.brush") == ("V",)
    again.bind("tool.eraser", ["B"])
    again.reset()
    assert Keymap(tmp_path / "keys.json").keys("tool.brush") == ("B",)


def test_a_damaged_key_file_is_said_and_the_usual_keys_hold(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{nonsense")
    keys = Keymap(tmp_path / "keys.json")
    assert "cannot be read" in keys.problem
    assert keys.keys("tool.brush") == ("B",)


def test_the_same_key_may_serve_in_two_workspaces(tmp_path: Path) -> None:
    keys = Keymap(tmp_path / "keys.json")
    assert keys.conflict("review.accept", "B") is not None
    assert keys.conflict("review.accept", "L") is None


def test_the_palette_puts_beginnings_first() -> None:
    assert score("Undo", "un") > score("Run", "un") > score("Feather unmasked", "zz")
    assert score("Fill holes", "fh") > 0
    assert score("Fill holes", "xq") == 0
