"""A command as a script sees it: exit code and the one document on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.cli.main import main

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command with `--json` on a library of its own."""

    def run(*arguments: object) -> tuple[int, Any]:
        words = [str(word) for word in arguments]
        code = main([*words, "--json", "--library", str(tmp_path / "library")])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    from skimage import data

    found = Path(data.__path__[0]) / "coffee.png"
    path = tmp_path / "coffee.png"
    Image.open(found).convert("RGB").crop((0, 0, 360, 260)).save(path)
    return path


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    plane = np.zeros((260, 360), dtype=np.uint8)
    plane[20:46, 40:80] = 255
    path = tmp_path / "mask.png"
    Image.fromarray(plane).save(path)
    return path
