"""The stories of `tests.ui.stories`, offscreen, with a worker that answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from inpaint_studio.app import Studio
from inpaint_studio.proposals.base import proposal
from inpaint_studio.ui import theme
from inpaint_studio.ui.retouch.welcome import sample_paths
from inpaint_studio.ui.shell import Shell
from tests.ui.conftest import InstantPool
from tests.ui.person import TestPerson
from tests.ui.stories import STORIES, Scene


@pytest.mark.parametrize("name", list(STORIES))
def test_a_story_goes_to_its_end(
    name: str, qapp: Any, studio: Studio, pool: InstantPool, qtbot: QtBot, tmp_path: Path
) -> None:
    photo = sample_paths()[0]
    theme.dress(qapp, "dark")
    letters = np.zeros((400, 600), bool)
    letters[40:60, 80:180] = True
    found = proposal(letters, kind="text", confidence=0.9, reason="Two readers agree.")
    pool.found = [found]
    shell = Shell(studio)
    shell.resize(1400, 860)
    shell.show()
    shell.start([])
    person = TestPerson(STORIES[name](Scene(shell, photo, tmp_path / "out.png")), shell)
    person.begin()
    qtbot.waitUntil(lambda: person.ended, timeout=120_000)
    shell.close()
    shell.deleteLater()
    assert person.failed == ""
    assert person.told[-1] == "the file holds what was shown"
