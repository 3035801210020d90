"""Read a folder of labelled edits: what the risk model is trained and tested on.

`labels.csv` has scene, engine, label (0 good, 1 doubtful, 2 bad), left, top, right, bottom;
beside it lie `SCENE_before`, `SCENE_mask` and `SCENE_ENGINE` (the fill cropped to that box).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadSetting
from inpaint_studio.gating.scene import Rgb8
from inpaint_studio.geometry import Box

GOOD, DOUBTFUL, BAD = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledEdit:
    """One edit with a person's verdict. `photo` groups edits that must not be split."""

    photo: str
    engine: str
    label: int
    before: Rgb8
    after: Rgb8
    mask: MaskBool


def read_edits(folder: Path) -> Iterator[LabelledEdit]:
    """Yield the folder's edits in the order of its table. Raises: BadSetting."""
    table = folder / "labels.csv"
    try:
        rows = list(csv.DictReader(table.read_text().splitlines()))
    except OSError as error:
        raise BadSetting(f"{table} cannot be read: {error.strerror}.") from error
    for number, row in enumerate(rows, start=2):
        try:
            box = Box(int(row["left"]), int(row["top"]), int(row["right"]), int(row["bottom"]))
            scene, engine, label = row["scene"], row["engine"], int(row["label"])
        except (KeyError, ValueError, TypeError) as error:
            raise BadSetting(f"Line {number} of {table} is no labelled edit: {error}.") from error
        before = _rgb(_find(folder, f"{scene}_before"))
        mask = _rgb(_find(folder, f"{scene}_mask"))[..., 0] > 127
        after = before.copy()
        patch = _rgb(_find(folder, f"{scene}_{engine}"))
        if patch.shape[:2] == box.shape and patch.shape != before.shape:
            part = after[box.slices]
            hole = mask[box.slices]
            part[hole] = patch[hole]
        else:
            after = patch
        yield LabelledEdit(
            photo=scene, engine=engine, label=label, before=before, after=after, mask=mask
        )


def _find(folder: Path, stem: str) -> Path:
    for suffix in (".webp", ".png", ".jpg"):
        if (folder / (stem + suffix)).exists():
            return folder / (stem + suffix)
    raise BadSetting(f"{folder} has no picture called {stem}; restore it or drop its line.")


def _rgb(path: Path) -> Rgb8:
    raw = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if raw is None:
        raise BadSetting(f"{path} cannot be decoded; restore it or drop its line.")
    pixels: Rgb8 = np.ascontiguousarray(raw[..., ::-1])
    return pixels
