"""Simulated power cuts lose nothing; and would, were one safeguard missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_studio.store import library, migrations
from tests.faults import player, recorder
from tests.faults.power_cuts import cut, record, scratch_folder

pytestmark = pytest.mark.skipif(recorder.library() is None, reason="no C compiler, or not Linux")


@pytest.fixture
def scratch() -> Iterator[Path]:
    folder = scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_power_cuts_lose_nothing(scratch: Path) -> None:
    """10,000 of them: `python -m tests.faults.power_cuts`."""
    made = record(scratch, 7, lives=2, actions=50)
    assert len(made.keys) == 51
    results = list(cut(made, scratch, cuts=150, seed=7))
    assert [(where, wrong) for where, wrong in results if wrong] == []


def test_power_cuts_in_a_migration_lose_nothing(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = record(scratch, 8, lives=2, actions=20, newer=True)
    steps = (*migrations.MIGRATIONS, player.NEXT)
    for module in (migrations, library):
        monkeypatch.setattr(module, "MIGRATIONS", steps)
    results = list(cut(made, scratch, cuts=200, seed=8))
    assert [(where, wrong) for where, wrong in results if wrong] == []


@pytest.mark.parametrize("safeguard", ["commit", "names", "bytes"])
def test_a_missing_safeguard_would_be_seen(scratch: Path, safeguard: str) -> None:
    made = record(scratch, 7, lives=1, actions=40, weaken=safeguard)
    assert any(wrong for _, wrong in cut(made, scratch, cuts=400, seed=7))
