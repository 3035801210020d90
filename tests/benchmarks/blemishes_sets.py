"""The same sensor spots in several photos: found by their place, beside one photo at a time.

    python -m tests.benchmarks.blemishes_sets PHOTOS_FOLDER… [--sets 10] [--photos 8] [--seed 1]
        [--half 0|1] [--spots 4] [--bare]

A set: photos of one size, drawn by seed, with the same soft dark discs at the same places
(`tests.blemishes.plant_on_sensor`); --bare: the same photos without any. Recall: of the spots
that can be seen in a photo (and of all), those of which half is covered there; precision: of the
proposals, those of which a fifth lies on a spot. Cover: of a found spot, soft rim included.
By place: what several photos show at one place; alone: what `propose` makes of each photo;
both: as a batch proposes them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inpaint_studio.imaging.color import as_unit
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.repeated import find_places, light_of, merged
from inpaint_studio.vision.readers import Readers
from tests.benchmarks.blemishes import files_in, look
from tests.blemishes import Blemish, Rgb, plant_on_sensor


@dataclass
class Tally:
    """What one way found over all photos."""

    visible: int = 0
    planted: int = 0
    found: int = 0
    found_any: int = 0
    right: int = 0
    proposed: int = 0
    cover: list[float] = field(default_factory=list)

    def add(
        self, proposals: Sequence[Proposal], planted: Sequence[Blemish], shape: tuple[int, ...]
    ) -> None:
        masks = [item.full_mask(shape) for item in proposals]
        whole = np.logical_or.reduce([np.zeros(shape[:2], bool), *masks])
        near = np.logical_or.reduce([np.zeros(shape[:2], bool), *(one.touched for one in planted)])
        self.proposed += len(masks)
        self.right += sum(bool(near[mask].mean() >= 0.2) for mask in masks)
        for one in planted:
            hit = float(whole[one.core].mean()) >= 0.5
            self.planted += 1
            self.visible += one.visible
            self.found_any += hit
            self.found += hit and one.visible
            if hit:
                self.cover.append(float(whole[one.touched].mean()))

    def say(self, name: str) -> None:
        cover = np.array(self.cover or [0.0])
        print(
            f"{name:8s} recall of visible {self.found / max(1, self.visible):.2f} "
            f"({self.visible}), of all {self.found_any / max(1, self.planted):.2f} "
            f"({self.planted}), precision {self.right / max(1, self.proposed):.2f} "
            f"({self.proposed}), cover median {np.median(cover):.3f}, "
            f"95 % and more in {np.mean(cover >= 0.95):.2f}",
            flush=True,
        )


def drawn_set(files: list[Path], count: int, rng: np.random.Generator) -> list[Rgb]:
    """Return photos of one size (wide ones), each another one."""
    chosen: list[Rgb] = []
    for k in rng.permutation(len(files)):
        photo = np.asarray(Image.open(files[k]).convert("RGB"))
        if photo.shape[1] > photo.shape[0] and (not chosen or photo.shape == chosen[0].shape):
            chosen.append(photo)
        if len(chosen) == count:
            break
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos_in", type=Path, nargs="+")
    parser.add_argument("--sets", type=int, default=10)
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--spots", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    files = files_in(options.photos_in, options.half)
    rng = np.random.default_rng(options.seed)
    readers = Readers(threads=1)
    tallies, spent = {name: Tally() for name in ("by place", "alone", "both")}, 0.0
    on_spots = of_places = of_spots = 0
    for _ in range(options.sets):
        photos = drawn_set(files, options.photos, rng)
        shown, planted = photos, [[] for _photo in photos]
        if not options.bare:
            shown, planted = plant_on_sensor(photos, options.spots, rng)
        start = time.process_time()
        places = find_places([partial(as_unit, photo) for photo in shown])
        spent += time.process_time() - start
        spots = planted[0]
        right = sum(any(one.core[round(p.y), round(p.x)] for one in spots) for p in places)
        on_spots, of_places = on_spots + right, of_places + len(places)
        of_spots += len(spots)
        for photo, made in zip(shown, planted, strict=True):
            light, alone = light_of(as_unit(photo)), look(photo, readers)
            tallies["by place"].add(merged(light, places, []), made, photo.shape)
            tallies["alone"].add(alone, made, photo.shape)
            tallies["both"].add(merged(light, places, alone), made, photo.shape)
    print(f"{of_places} places, {on_spots} of them on one of {of_spots} spots")
    for name, tally in tallies.items():
        tally.say(name)
    print(f"CPU s a set {spent / options.sets:.2f}")


if __name__ == "__main__":
    main()
