"""A random walk through a history, checked against a model that keeps every whole picture.

`python -m tests.session.walk [WALKS] [STEPS]` makes 500 of 60 steps.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import Pixels, as_pixels
from inpaint_studio.geometry import Box
from inpaint_studio.session.delta import Pair
from inpaint_studio.session.history import History
from inpaint_studio.store.library import Library

SHAPE = (200, 300, 3)
ACTIONS = ("edit", "edit", "edit", "undo", "redo", "jump", "restart", "look", "save")


def photo(dtype: str = "uint8") -> Pixels:
    top = np.iinfo(dtype).max
    return as_pixels(np.random.default_rng(3).integers(0, top, SHAPE, dtype=dtype))


def change(history: History, box: Box, seed: int) -> Pair:
    before = history.pixels[box.slices].copy()
    after = np.random.default_rng(seed).integers(0, 255, before.shape).astype(before.dtype)
    return Pair(box, before, as_pixels(after))


class Desk:
    """A library that can be closed and opened again, with one photo in it."""

    def __init__(self, folder: Path, dtype: str = "uint8") -> None:
        self.folder = folder
        self.base = photo(dtype)
        self.saves = 0
        self.library = Library.open(folder)
        row = self.library.photos.remember(folder / "p.png", "aa", shape=SHAPE[:2])
        self.photo_id = row.photo_id
        self.history = self.open()

    def open(self) -> History:
        return History(self.library, self.photo_id, self.base)

    def restart(self) -> None:
        self.library.close()
        self.library = Library.open(self.folder)
        self.history = self.open()

    def save_over(self) -> None:
        """The file now holds what the history shows, as after a lossless save."""
        self.saves += 1
        row = self.library.photos.remember(
            self.folder / "p.png", f"saved {self.saves}", shape=SHAPE[:2]
        )
        self.library.edits.follow(self.photo_id, row.photo_id)
        self.photo_id, self.base = row.photo_id, self.history.pixels.copy()
        self.restart()


def walk(folder: Path, seed: int, steps: int) -> None:
    """Make one walk. Raises: AssertionError: a byte differs from the model's."""
    dice = random.Random(seed)
    desk = Desk(folder / "library", dice.choice(["uint8", "uint16"]))
    original = desk.base
    pictures, at, base = [desk.base], 0, 0
    for step in range(steps):
        what = dice.choice(ACTIONS)
        if what == "edit":
            left, top = dice.randrange(280), dice.randrange(180)
            box = Box(left, top, left + dice.randint(1, 160), top + dice.randint(1, 160))
            box = box.clamp(Box.of_shape(SHAPE))
            now = pictures[at]
            desk.history.commit(f"edit {step}", [change(desk.history, box, step)])
            if at < base:  # What the file holds stays; an entry on top takes it back.
                pictures, at = [*pictures[: base + 1], now], base + 1
            pictures = [*pictures[: at + 1], desk.history.pixels.copy()]
            at += 1
        elif what == "undo":
            desk.history.undo()
            at = max(0, at - 1)
        elif what == "redo":
            desk.history.redo()
            at = min(len(pictures) - 1, at + 1)
        elif what == "jump":
            at = dice.randrange(len(pictures))
            desk.history.jump(at)
        elif what == "restart":
            desk.restart()
        elif what == "save":
            desk.save_over()
            base = at
        assert desk.history.problem == ""
        assert desk.history.cursor == at, (seed, step, what)
        assert len(desk.history.entries) == len(pictures) - 1, (seed, step, what)
        assert (desk.history.pixels == pictures[at]).all(), (seed, step, what)
        if what == "look":
            assert (desk.history.original(Box.of_shape(SHAPE)) == original).all()
    desk.library.close()


def main(walks: int = 500, steps: int = 60) -> None:
    for seed in range(walks):
        with tempfile.TemporaryDirectory(prefix="walk-") as folder:
            walk(Path(folder), seed, steps)
    print(f"{walks} walks of {steps} steps: every picture identical to the bit")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
