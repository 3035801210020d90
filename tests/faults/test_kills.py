"""kill -9 in the middle of work loses nothing that was acknowledged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.kills import kills


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_kills_lose_nothing(tmp_path: Path) -> None:
    """1,000 of them: `python -m tests.faults.kills`."""
    outcomes = list(kills(tmp_path, count=12, seed=3))
    assert [kill.wrong for kill in outcomes if kill.wrong] == []
    assert max(kill.seconds for kill in outcomes) < 2.0
    assert max(kill.acknowledged for kill in outcomes) >= 3
