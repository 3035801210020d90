"""`batch --propose watermark`: one mark over a folder of photos of one size comes off each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.overlays import Rgb, compose, fonts, placed, text_alpha

Run = Callable[..., tuple[int, Any]]
SHAPE = (160, 260)
OPACITY = 0.4
PHOTOS = 5


def bare() -> list[Rgb]:
    """Five photos of one size, each of another scene."""
    whole = [data.coffee(), data.chelsea(), data.rocket(), data.astronaut(), data.retina()[400:]]
    return [np.ascontiguousarray(photo[80:240, 60:320]) for photo in whole]


def weight() -> np.ndarray:
    return placed(text_alpha("PROOF", fonts()[0], 44), SHAPE, 40, 50) * np.float32(OPACITY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "in"
    home.mkdir()
    white = np.full(3, 255.0, dtype=np.float32)
    for number, photo in enumerate(bare()):
        Image.fromarray(compose(photo, [(weight(), white)])).save(home / f"{number}.png")
    return home


@pytest.mark.timeout(600)
def test_the_mark_comes_off_every_photo_and_what_the_gates_doubt_waits(
    command: Run, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, document = command(
        "batch", folder, "-o", out, "--propose", "watermark", "--workers", 1, "--audit", 0,
        "--budget", "cheap",
    )  # fmt: skip
    counts = document["counts"]
    assert sum(counts.values()) == PHOTOS and not counts.get("failed")
    assert code == (3 if counts.get("flagged") else 0)
    _, waiting = command("review", "list")
    delivered = {path.name for path in out.glob("*.png")}
    assert all(item["kind"] == "watermark" for item in waiting)
    assert delivered.isdisjoint(Path(item["photo"]).name for item in waiting)
    assert len(delivered) + len(waiting) == PHOTOS
    for item in waiting:
        command("review", "accept", item["id"])
    command("batch", folder, "-o", out, "--deliver")
    under = weight() > 0.02
    near = cv2.dilate(under.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    for number, truth in enumerate(bare()):
        after = np.asarray(Image.open(out / f"{number}.png")).astype(float)
        shown = np.asarray(Image.open(folder / f"{number}.png")).astype(float)
        error = np.abs(after - truth)[under].mean()
        assert error < 0.2 * np.abs(shown - truth)[under].mean()
        assert np.array_equal(after[~near], truth[~near])
