"""Read a folder of labelled edits: what the risk model is trained and tested on.

`labels.csv` has scene, engine, label (0 good, 1 doubtful, 2 bad), left, top, right, bottom, and
photo where one photo carries several scenes;
beside it lie `SCENE_before`, `SCENE_mask` and `SCENE_ENGINE` (the fill cropped to that box).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import BadSetting
from inpaint_studio.gating.scene import Rgb8, distance
from inpaint_studio.geometry import Box

GOOD, DOUBTFUL, BAD = 0, 1, 2
RIM_PX = 3.0
RIM_LEVELS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledEdit:
    """One edit with a person's verdict. `photo` groups edits that must not be split."""

    photo: str
    scene: str
    engine: str
    label: int
    before: Rgb8
    after: Rgb8
    mask: MaskBool
    truth: Rgb8 | None = None

    def with_after(self, after: Rgb8) -> LabelledEdit:
        return replace(self, after=after)


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
        after = _laid(before, mask, box, _rgb(_find(folder, f"{scene}_{engine}")))
        truth = next(folder.glob(f"{scene}_truth.*"), None)
        yield LabelledEdit(
            photo=row.get("photo") or scene,
            scene=scene,
            engine=engine,
            label=label,
            before=before,
            after=after,
            mask=mask,
            truth=None if truth is None else _perfect(before, mask, box, _rgb(truth)),
        )


def _perfect(before: Rgb8, mask: MaskBool, box: Box, truth: Rgb8) -> Rgb8 | None:
    """Return the photo with its true pixels, or None where the thing reaches past the mask.

    A mask that is too tight leaves something of the thing even around the truest fill.
    """
    rim = distance(~mask)[box.slices]
    rim_at = (rim > 0) & (rim <= RIM_PX)
    part = before[box.slices]
    if truth.shape == part.shape and rim_at.any():
        left = np.abs(truth[rim_at].astype(np.float32) - part[rim_at]).mean()
        if left > RIM_LEVELS:
            return None
    return _laid(before, mask, box, truth)


def _laid(before: Rgb8, mask: MaskBool, box: Box, patch: Rgb8) -> Rgb8:
    """Return the whole photo with a fill that was cropped to the mask's box (or is whole)."""
    if patch.shape == before.shape:
        return patch
    after = before.copy()
    hole = mask[box.slices]
    after[box.slices][hole] = patch[hole]
    return after


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
