from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inpaint_studio.jobs.pool import WorkerPool


@pytest.fixture(autouse=True)
def _targets_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import `tests.jobs.targets` from where this process would."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    with WorkerPool() as made:
        yield made
