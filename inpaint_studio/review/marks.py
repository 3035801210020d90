"""One watermark over many photos of a batch: measured on all of them before any is filled.

A first pass, in a worker, compares the photos of each size. What it finds is written into the
rows of those photos, so that a batch that goes on tomorrow takes the same mark off, and each
run keeps its own part of it, so that the run replays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaint_studio.arrays import MaskBool
from inpaint_studio.errors import InpaintError
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.color import encode, space_of
from inpaint_studio.imaging.photo import Photo, open_photo
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals import watermark
from inpaint_studio.records import from_json, to_json
from inpaint_studio.store.library import Library
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import BatchItemRow

FINDER = "inpaint_studio.review.marks:find_job"
ON_IT, OFF_IT = (0.6, 1.6), 0.3
"""How much of the mark a photo must show to be sure of it; below the last it has none."""
_WAIT_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark over photos of `shape`. `weight` names the plane over `box` in the object store;
    `numbers` are the veil's. sure: two witnesses agreed that it is one."""

    shape: tuple[int, int]
    box: Box
    weight: str
    numbers: tuple[float, ...]
    sure: bool
    confidence: float
    reason: str

    def dumps(self) -> str:
        return json.dumps(to_json(self), sort_keys=True)

    @staticmethod
    def loads(text: str) -> Mark:
        return from_json(Mark, json.loads(text))


@dataclass(frozen=True, slots=True, eq=False)
class OnPhoto:
    """The mark on one photo: the veil and the mask over all of it, and whether it is sure."""

    veil: Veil
    mask: MaskBool
    is_sure: bool


def on_photo(photo: Photo, mark: Mark, objects: ObjectStore, *, sure: float) -> OnPhoto | None:
    """Return the mark as this photo carries it; None: it carries none.

    sure: confidence from which on it may be taken off unseen.
    """
    if photo.shape != mark.shape:
        return None
    numbers = np.array(mark.numbers, dtype=np.float32)
    part = Veil.of(objects.get_array(mark.weight), numbers)
    share = watermark.carried(encoded(photo)[mark.box.slices], part)
    if share < OFF_IT:
        return None
    weight = np.zeros(photo.shape, dtype=np.float32)
    weight[mark.box.slices] = part.weight
    is_sure = mark.sure and mark.confidence >= sure and ON_IT[0] <= share <= ON_IT[1]
    return OnPhoto(Veil.of(weight, numbers), weight > 0, is_sure)


def encoded(photo: Photo) -> NDArray[np.float32]:
    """Return the photo as overlays are mixed into it: encoded values, 0..1."""
    return encode(space_of(photo.icc).to_linear(photo.pixels))


def prepare(
    library: Library, rows: Sequence[BatchItemRow], pool: WorkerPool, token: RunToken
) -> None:
    """Look for marks over the photos of a batch and write them into the waiting rows.

    Does nothing when it has been done for all that wait. Raises: Cancelled, JobFailed.
    """
    if not any(row.state == "waiting" and not _is_known(library, row) for row in rows):
        return
    job = pool.submit(
        FINDER, [row.path for row in rows], str(library.objects.root), label="comparing photos"
    )
    while not job.wait(_WAIT_S):
        if token.is_cancelled:
            job.cancel()
        else:
            token.step(0.0, "comparing photos")
    found: dict[str, str] = job.value()
    with library.database.writing():
        for row in rows:
            if row.state == "waiting":
                data = json.loads(row.data) | {"mark": found.get(row.path, "")}
                library.batches.set(row.batch_id, row.position, data=json.dumps(data))


def mark_of(row: BatchItemRow) -> str:
    """Return the row's mark as stored, "" when it has none."""
    return str(json.loads(row.data).get("mark", ""))


def _is_known(library: Library, row: BatchItemRow) -> bool:
    known = json.loads(row.data).get("mark")
    if known is None:
        return False
    return not known or library.objects.has(Mark.loads(known).weight)


def find_job(paths: Sequence[str], objects: str, token: RunToken) -> dict[str, str]:
    """Return path -> stored mark, for the photos of each size that share one."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for path in paths:
        size = _size(Path(path))
        if size is not None:
            groups.setdefault(size, []).append(path)
    alike = [group for group in groups.values() if len(group) >= watermark.FEWEST]
    store = ObjectStore(Path(objects))
    found: dict[str, str] = {}
    for number, group in enumerate(alike):
        part = token.within(number / len(alike), (number + 1) / len(alike), "comparing photos")
        loads: list[Callable[[], NDArray[np.float32]]] = [partial(_load, path) for path in group]
        try:
            mark = watermark.find_among(loads, part)
        except InpaintError:
            continue  # a photo that cannot be opened says so when its own turn comes
        if mark is not None:
            found |= dict.fromkeys(group, _stored(mark, store).dumps())
    return found


def _load(path: str) -> NDArray[np.float32]:
    return encoded(open_photo(Path(path)))


def _stored(mark: watermark.Watermark, store: ObjectStore) -> Mark:
    return Mark(
        shape=mark.shape, box=mark.box, weight=store.put_array(mark.veil.weight),
        numbers=tuple(float(value) for value in mark.veil.numbers()),
        sure=watermark.is_sure(mark), confidence=watermark.confidence_of(mark),
        reason=watermark.reason_of(mark),
    )  # fmt: skip


def _size(path: Path) -> tuple[int, ...] | None:
    """Width, height and orientation from the file's head; None where it cannot be told."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return (*image.size, int(image.getexif().get(0x0112, 1)))
    except (OSError, ValueError, SyntaxError):
        return None
