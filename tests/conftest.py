"""Guards for the whole suite: offline, nothing left running, nothing in the user's own folders."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How fast examples come says how busy the machine is, nothing about the program.
settings.register_profile("studio", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("studio")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["HF_HUB_OFFLINE"] = "1"

_CONNECTIONS: list[str] = []
_LOCAL = ("127.", "::1", "localhost")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every connection that leaves this machine, from any thread, whoever made it."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith(_LOCAL):
            _CONNECTIONS.append(f"connect {address}")
    elif event == "socket.getaddrinfo":
        host = str(arguments[0] or "localhost")
        if not host.startswith(_LOCAL):
            _CONNECTIONS.append(f"look up {arguments[0]}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _offline() -> Iterator[None]:
    """The program never opens a connection; a test that made it do so fails."""
    before = len(_CONNECTIONS)
    yield
    assert _CONNECTIONS[before:] == [], "a connection was opened"


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, models and libraries of the tests lie apart from the user's."""
    monkeypatch.setenv("INPAINT_STUDIO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """A test that leaves a thread of ours behind fails (libraries' own pools are not ours)."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3.0
    while left := [t for t in threading.enumerate() if t not in before and _is_ours(t)]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left behind: {[t.name for t in left]}")
        left[0].join(0.1)


def _is_ours(thread: threading.Thread) -> bool:
    return not thread.name.startswith(("ThreadPoolExecutor", "asyncio", "pymp", "Dummy", "tqdm"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of test photos beside the checkout; the test is skipped where it is not there."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.exists():
        pytest.skip("the shared test photos are not beside this checkout")
    return folder
