"""A full disk is a sentence; nothing half-written stays, and work goes on when there is space."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import recorder


@pytest.mark.skipif(recorder.library() is None, reason="no C compiler, or not Linux")
def test_a_full_disk_at_every_kind_of_action(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "tests.faults.full_disk", str(root / "library"), "11", "60"],
        env=recorder.environment(root, None),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    *wrong, last = result.stdout.splitlines()
    assert wrong == []
    assert int(last.split()[1]) > 100
