"""kill -9 of the whole program: `python -m tests.faults.programs [KILLS] [SEED]` (50).

`inpaint-studio fill` runs on a real photo and is killed at a random moment, again and again on
the same library. What it printed must be in the library with all its artifacts, a flagged edit
must be in the queue, the output must be whole or absent, the original as it was.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.store.files import file_sha256
from inpaint_studio.store.library import Library


@dataclass
class Desk:
    """A photo, a mask, and the library that is filled and killed over and over."""

    folder: Path
    acknowledged: list[str] = field(default_factory=list)
    seconds: float = 6.0

    @property
    def photo(self) -> Path:
        return self.folder / "photo.png"

    @property
    def library(self) -> Path:
        return self.folder / "library"

    def lay(self) -> None:
        from skimage import data

        Image.fromarray(data.coffee()).save(self.photo)
        mask = np.zeros(data.coffee().shape[:2], np.uint8)
        mask[40:80, 60:120] = 255
        Image.fromarray(mask).save(self.folder / "mask.png")

    def fill(self, number: int, *, kill_after_s: float | None) -> list[str]:
        """Run `fill`, killed after a while (None: not); return what is wrong afterwards."""
        original = file_sha256(self.photo)
        out = self.folder / f"out{number}.png"
        command = [sys.executable, "-m", "inpaint_studio", "fill", str(self.photo)]
        command += ["--mask", str(self.folder / "mask.png"), "-o", str(out), "--json"]
        command += ["--library", str(self.library), "--seed", str(number), "--engine", "flat"]
        started = time.perf_counter()
        program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            told, said = program.communicate(timeout=kill_after_s)
        except subprocess.TimeoutExpired:
            program.kill()
            told, said = program.communicate()
        else:
            self.seconds = time.perf_counter() - started
            if program.returncode not in (0, 3):
                return [f"fill ended with {program.returncode}: {said}"]
        try:
            run = str(json.loads(told)["run"])
        except ValueError:
            run = ""  # It was killed before it told anything.
        wrong = [] if file_sha256(self.photo) == original else ["the original was changed"]
        if run:
            self.acknowledged.append(run)
            if not out.exists():
                wrong.append(f"{run} was told, its output is not there")
        if out.exists():
            open_photo(out)  # Raises where it is not whole.
        return wrong + self.look()

    def look(self) -> list[str]:
        """Open the library; return what is missing in it or does not fit together."""
        wrong = []
        with Library.open(self.library) as library:
            runs = {row.run_id for row in library.runs.recent(10_000)}
            wrong += [f"{run} was told and is lost" for run in self.acknowledged if run not in runs]
            waiting = {row.edit_id for row in library.reviews.select("waiting = 1")}
            for run in runs:
                for edit in library.runs.get(run).edits:
                    if edit.state == "queued" and edit.edit_id not in waiting:
                        wrong.append(f"{edit.edit_id} is flagged but not in the queue")
                    for stage in edit.stages:
                        if stage.sha256:
                            library.objects.get_bytes(stage.sha256)
            for name in library.wanted_objects():
                library.objects.get_bytes(name)
        return wrong


def kills(folder: Path, *, count: int, seed: int) -> Iterator[list[str]]:
    """Yield what was wrong after each of `count` kills, and after a last run that is let be."""
    dice = random.Random(seed)
    desk = Desk(folder)
    desk.lay()
    yield desk.fill(0, kill_after_s=None)
    for number in range(1, count + 1):
        # Mostly late: in the artifacts, the rows, the export.
        yield desk.fill(number, kill_after_s=desk.seconds * dice.triangular(0.1, 1.02, 0.9))
    yield desk.fill(count + 1, kill_after_s=None)


def main(count: int = 50, seed: int = 1) -> int:
    folder = Path(tempfile.mkdtemp(prefix="programs-"))
    try:
        bad = 0
        for number, wrong in enumerate(kills(folder, count=count, seed=seed)):
            bad += bool(wrong)
            for line in wrong:
                print(f"{number}: {line}")
        print(f"{count} kills of the program: {bad} with losses")
        return 1 if bad else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
