"""A save over the original leaves the old file or the new one, whatever happens when."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.store.files import file_sha256
from tests.faults import recorder
from tests.faults.disk import Disk, Node
from tests.faults.power_cuts import parsed_acks, scratch_folder

pytestmark = pytest.mark.skipif(recorder.library() is None, reason="no C compiler, or not Linux")
FORMATS = ("jpg", "png", "tif")
SAVES = 6


@pytest.fixture
def scratch() -> Iterator[Path]:
    folder = scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def photos(folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    for suffix in FORMATS:
        Image.fromarray(pixels).save(folder / f"photo.{suffix}")
    return {path.name: path for path in folder.iterdir()}


def test_power_cuts_in_the_middle_of_saves(scratch: Path) -> None:
    root, log = scratch / "disk", scratch / "log"
    originals = photos(root / "photos")
    disk = Disk(root)
    disk.root.names["photos"] = folder = Node(is_folder=True)
    states: dict[str, list[str]] = {}
    for name, path in originals.items():
        folder.names[name] = Node(is_folder=False, sure=bytearray(path.read_bytes()))
        states[name] = [file_sha256(path)]
    result = subprocess.run(
        [sys.executable, "-m", "tests.faults.saves", str(root / "photos"), str(SAVES)],
        env=recorder.environment(root, log),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    names = sorted(originals)
    for number, sha256 in sorted(parsed_acks(result.stdout).items()):
        states[names[number % len(names)]].append(sha256)
    assert all(len(set(found)) == SAVES / len(FORMATS) + 1 for found in states.values())
    events = list(recorder.events(log))
    dice = random.Random(1)
    moments = Counter(dice.randrange(len(events) + 1) for _ in range(250))
    done = Counter[str]()
    for at in range(len(events) + 1):
        for _ in range(moments[at]):
            target = scratch / "state"
            target.mkdir()
            disk.cut(dice, target)
            for name in names:
                found = file_sha256(target / "photos" / name)
                allowed = states[name][done[name] : done[name] + 2]
                assert found in allowed, f"{name} is neither old nor new after event {at}"
            shutil.rmtree(target)
        if at < len(events):
            event = events[at]
            if event.op == "w" and (
                numbers := parsed_acks(event.data.decode("latin-1"), strict=True)
            ):
                done[names[max(numbers) % len(names)]] += 1
            else:
                disk.apply(event)


@pytest.mark.parametrize("left", [0, 100, 4096, 6_000])
def test_a_full_disk_keeps_the_original(tmp_path: Path, left: int) -> None:
    root = tmp_path / "disk"
    originals = {name: path.read_bytes() for name, path in photos(root / "photos").items()}
    result = subprocess.run(
        [sys.executable, "-m", "tests.faults.saves", str(root / "photos"), "3", str(left)],
        env=recorder.environment(root / "photos", None),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("the disk is full") == 3
    assert {p.name: p.read_bytes() for p in (root / "photos").iterdir()} == originals
    for name in originals:
        open_photo(root / "photos" / name)
