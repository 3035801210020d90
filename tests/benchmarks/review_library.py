"""A library with as many review items as wanted: synthetic rows over real edits of real photos."""

from __future__ import annotations

import json
import random
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from skimage import data

from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.pipeline.request import Delta
from inpaint_studio.records import (
    EditRecord,
    FillRecipe,
    Plan,
    Reading,
    Reason,
    RunOptions,
    RunRecord,
    Stage,
    Verdict,
)
from inpaint_studio.review.intake import Shares, take_in
from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import REVIEW, ReviewRow

GATES = ("seam", "texture_amplitude", "letters_left", "new_colour", "ghost", "residue",
         "ring_back", "edge_continuation")  # fmt: skip
ENGINES, KINDS = ("patch", "flat", "text"), ("text", "object", "logo", "blemish")


def big_photos(folder: Path, count: int, megapixels: float) -> list[Path]:
    """Real photos brought to a size, saved as JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = [data.coffee(), data.astronaut(), data.chelsea(), data.rocket()]
    paths = []
    for n in range(count):
        source = sources[n % len(sources)]
        scale = (megapixels * 1e6 / (source.shape[0] * source.shape[1])) ** 0.5
        size = (round(source.shape[1] * scale), round(source.shape[0] * scale))
        pixels = cv2.resize(source, size, interpolation=cv2.INTER_CUBIC)
        pixels[: 8 + n] = (pixels[: 8 + n] // 2) + n
        path = folder / f"photo_{n:03d}.jpg"
        Image.fromarray(pixels).save(path, quality=88)
        paths.append(path)
    return paths


def one_edit(library: Library, path: Path, n: int) -> ReviewRow:
    """Store one real edit (a blurred hole) with its artifacts; return its item."""
    rng = np.random.default_rng(n)
    photo = open_photo(path)
    row = library.photos.remember(path, photo.sha256, shape=photo.shape)
    height, width = photo.shape
    side = min(width, height) // 10
    left = int(rng.integers(side, width - 3 * side))
    top = int(rng.integers(side, height - 3 * side))
    hole = Box(left, top, left + 2 * side, top + side)
    box = hole.pad(224).clamp(Box.of_shape(photo.shape))
    pixels = np.ascontiguousarray(photo.pixels[box.slices])
    mask = np.zeros(box.shape, bool)
    mask[hole.relative_to(box).slices] = True
    after = photo.pixels[hole.slices].copy()
    after[:] = cv2.GaussianBlur(after, (0, 0), 12)
    put = library.objects.put_array
    heat = np.zeros(box.shape, np.float32)
    heat[hole.relative_to(box).slices] = 1.0
    readings = tuple(
        Reading(name=name, value=float(rng.uniform(0, 0.12)), high=0.06,
                passed=bool(k or n % 5 == 0), label=name.replace("_", " ").capitalize(),
                box=hole, map_sha256=put(heat) if k == 0 else "")
        for k, name in enumerate(GATES)
    )  # fmt: skip
    verdict = Verdict(accepted=False, risk=float(rng.uniform(0.5, 1)), readings=readings,
                      summary="Fill is smoother than its surroundings.", version="1")  # fmt: skip
    edit = EditRecord(
        edit_id=f"edit-{n:06d}", box=box, kind="text", verdict=verdict, delta_box=hole,
        plan=Plan(recipe=FillRecipe(engine=ENGINES[n % 3], engine_version=1),
                  reasons=(Reason(text="Texture is regular"),), fallbacks=("flat", "patch")),
        stages=(Stage(name="input", sha256=put(pixels)), Stage(name="mask", sha256=put(mask)),
                Stage(name="unusable", sha256=put(np.zeros(box.shape, bool))),
                Stage(name="blended", sha256=put(after))),
        seconds=float(rng.uniform(0.2, 3)),
    )  # fmt: skip
    record = RunRecord(run_id=f"run-{n:06d}", created="", options=RunOptions(kind="text"),
                       photo_name=str(path), photo_sha256=photo.sha256, edits=(edit,))  # fmt: skip
    delta = Delta(hole, photo.pixels[hole.slices].copy(), after)
    intake = take_in(record, (delta,), library.objects, photo_id=row.photo_id,
                     shares=Shares(blind=0.0), around=photo.pixels)  # fmt: skip
    library.runs.save(record, photo_id=row.photo_id, keep=intake.keep)
    ReviewQueue(library).add(*intake.items)
    return intake.items[0]


def many_rows(library: Library, real: list[ReviewRow], count: int) -> None:
    """Add synthetic rows that show the real edits."""
    rng = random.Random(1)
    folders = [f"/night/{name}" for name in ("mugs", "shoes", "hats", "bags", "lamps")]
    with library.database.writing() as tx:
        for n in range(count):
            base = real[n % len(real)]
            risk = rng.random()
            gate = rng.choice(GATES)
            REVIEW.insert(tx, ReviewRow(
                item_id=f"synthetic-{n:06d}", edit_id=base.edit_id, run_id=base.run_id,
                photo_id=base.photo_id, created=base.created - rng.random() * 3e5,
                content=f"{n:064x}", name=f"{rng.choice(folders)}/SKU-{n // 4:05d}_{n % 4}.jpg",
                folder=rng.choice(folders), engine=rng.choice(ENGINES), kind=rng.choice(KINDS),
                gate=gate, value=rng.uniform(0.06, 0.2), high=0.06, risk=risk, sort=-risk,
                group_key=f"{n // 6:016x}", thumb=base.thumb,
                data=json.dumps({"label": gate.replace("_", " ").capitalize(),
                                 "mask": f"m{n // 6}", "fingerprint": f"{n // 6:016x}"}),
            ))  # fmt: skip


def build(folder: Path, *, items: int, photos: int, megapixels: float, edits: int) -> Library:
    """Make the library; return it open."""
    paths = big_photos(folder / "photos", photos, megapixels)
    library = Library.open(folder / "library")
    real = [one_edit(library, paths[n % len(paths)], n) for n in range(edits)]
    if items > edits:
        many_rows(library, real, items - edits)
    return library
