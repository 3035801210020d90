"""The work shops have, drawn by seed: what is to be removed, from which ground, in equal parts.

studio: a plain, sloping or vignetted drawn ground with grain, things and captions on it.
sky: the plainest window of a photo (sky, wall), a thing in it.
thing: an object, a brush stroke or a rectangle anywhere in a photo.
scratch: thin scratches and specks over a whole photo.
caption: opaque lettering over a photo. mark: the same half transparent (a watermark).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_studio.geometry import Box
from inpaint_studio.records import Kind
from tests import overlays
from tests.benchmarks import flat
from tests.benchmarks.engines_cases import draw, load

OF_PHOTOS = ("sky", "thing", "scratch", "caption", "mark")
THINGS = ("blob", "rect", "brush")
LETTERING = {
    "caption": ("caption", "outlined", "price", "paragraph", "title"),
    "mark": ("translucent", "tiled"),
}
LONGEST_PX = 640
PAD_PX = 224
Picture = np.ndarray[Any, np.dtype[np.uint8]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Work:
    """One hole. name: the same for the same pixels only; truth: what lies behind; shown: what the
    program is given; all cropped to what an attempt sees."""

    name: str
    photo: str
    part: str
    kind: Kind
    truth: Picture
    shown: Picture
    mask: Bools


def works(photos: list[Path], *, studio: int, seed: int) -> Iterator[Work]:
    """Yield a hole in every photo, the parts in turn, and in `studio` drawn grounds."""
    for number in range(studio):
        yield _studio(number, seed)
    for number, path in enumerate(photos):
        part = OF_PHOTOS[(number + seed) % len(OF_PHOTOS)]
        made = _of_photo(path, part, number, seed)
        if made is not None:
            yield made


def _studio(number: int, seed: int) -> Work:
    rng = np.random.default_rng([97, seed, number])
    light = flat.LIGHTS[number % len(flat.LIGHTS)]
    grain = flat.GRAINS[int(rng.integers(len(flat.GRAINS)))]
    truth = flat.drawn(light, grain, rng)
    mask = flat.hole(flat.HOLES[int(rng.integers(len(flat.HOLES)))], rng)
    shown = _hidden(truth, mask, rng)
    return _work(f"studio{number}", "studio", "painted", truth, shown, mask, f"{number}-{seed}")


def _of_photo(path: Path, part: str, number: int, seed: int) -> Work | None:
    rng = np.random.default_rng([seed, number])
    truth, draw_name = load(path, LONGEST_PX), f"{number}-{seed}"
    if part in LETTERING:
        kinds = LETTERING[part]
        drawn = overlays.draw(truth, kinds[int(rng.integers(len(kinds)))], 1000 * seed + number)
        mask = cv2.dilate(drawn.changed.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if not mask.any():
            return None
        return _work(path.stem, part, "text", truth, drawn.photo, mask, draw_name)
    if part == "scratch":
        mask = draw("scratch", truth.shape[:2], rng)
    else:
        thing = THINGS[int(rng.integers(len(THINGS)))]
        mask = _small(thing, truth.shape[:2], rng, plainest(truth) if part == "sky" else None)
    return _work(path.stem, part, "painted", truth, _hidden(truth, mask, rng), mask, draw_name)


def _work(
    photo: str, part: str, kind: Kind, truth: Picture, shown: Picture, mask: Bools, draw_name: str
) -> Work:
    box = Box.of_mask(mask).pad(PAD_PX).clamp(Box.of_shape(mask.shape))
    cut = [np.ascontiguousarray(plane[box.slices]) for plane in (truth, shown, mask)]
    return Work(f"{photo}-{part}-{draw_name}", photo, part, kind, *cut)


def _hidden(truth: Picture, mask: Bools, rng: np.random.Generator) -> Picture:
    shown = truth.copy()
    shown[mask] = rng.integers(0, 256, 3, dtype=np.uint8)
    return shown


def _small(
    thing: str, shape: tuple[int, ...], rng: np.random.Generator, spot: tuple[int, int] | None
) -> Bools:
    """A thing drawn for half the photo's size, at `spot` (x, y) or anywhere."""
    height, width = shape[0] // 2, shape[1] // 2
    mask = np.zeros(shape[:2], dtype=np.bool_)
    left, top = spot or (int(rng.integers(0, width)), int(rng.integers(0, height)))
    mask[top : top + height, left : left + width] = draw(thing, (height, width), rng)
    return mask


def plainest(photo: Picture) -> tuple[int, int]:
    """Return where (left, top) a window of half the photo's size has the least detail."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = np.minimum(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 6)), 20)
    height, width = grey.shape[0] // 2, grey.shape[1] // 2
    total = cv2.integral(detail)
    sums = (
        total[height:, width:] - total[:-height, width:]
        - total[height:, :-width] + total[:-height, :-width]
    )  # fmt: skip
    top, left = np.unravel_index(int(sums.argmin()), sums.shape)
    return int(left), int(top)
