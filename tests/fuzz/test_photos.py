"""A few hundred mutated photos on every run; tens of thousands with `-m slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import photos


def test_mutated_files_are_opened_or_refused(tmp_path: Path) -> None:
    tally = photos.run(400, 11, tmp_path)
    assert tally.failures == []
    assert tally.opened > 50
    assert tally.refused > 50


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_thousand_mutated_files(tmp_path: Path) -> None:
    assert photos.run(20_000, 12, tmp_path).failures == []
