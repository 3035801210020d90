"""One watermark over many photos of a batch: measured on all of them before any is filled.

A first pass, in a worker, compares the photos of each size. What it finds is written into the
rows of those photos, so that a batch that goes on tomorrow takes the same mark off, and each
run keeps its own part of it, so that the run replays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaint_studio.arrays import MaskBool
from inpaint_studio.geometry import Box
from inpaint_studio.imaging.photo import Photo
from inpaint_studio.imaging.veil import Veil
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals import watermark
from inpaint_studio.proposals.several import Load
from inpaint_studio.records import from_json, to_json
from inpaint_studio.review.comparing import encoded, finding_of, over_groups
from inpaint_studio.review.comparing import prepare as compare
from inpaint_studio.store.library import Library
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.store.rows import BatchItemRow

FINDER = "inpaint_studio.review.marks:find_job"
ON_IT, OFF_IT = (0.6, 1.6), 0.3
"""How much of the mark a photo must show to be sure of it; below the last it has none."""
KEY = "mark"


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


def prepare(
    library: Library, rows: Sequence[BatchItemRow], pool: WorkerPool, token: RunToken
) -> None:
    """Look for marks over the photos of a batch and write them into the waiting rows.

    Does nothing when it has been done for all that wait. Raises: Cancelled, JobFailed.
    """
    compare(
        library, rows, pool, token, finder=FINDER, key=KEY,
        is_known=lambda kept: _is_known(library, kept),
    )  # fmt: skip


def mark_of(row: BatchItemRow) -> str:
    """Return the row's mark as stored, "" when it has none."""
    return finding_of(row, KEY)


def _is_known(library: Library, kept: str | None) -> bool:
    if kept is None:
        return False
    return not kept or library.objects.has(Mark.loads(kept).weight)


def find_job(paths: Sequence[str], objects: str, token: RunToken) -> dict[str, str]:
    """Return path -> stored mark, for the photos of each size that share one."""
    store = ObjectStore(Path(objects))

    def look(loads: Sequence[Load], part: RunToken) -> str:
        mark = watermark.find_among(loads, part)
        return _stored(mark, store).dumps() if mark is not None else ""

    return over_groups(paths, watermark.FEWEST, look, token)


def _stored(mark: watermark.Watermark, store: ObjectStore) -> Mark:
    return Mark(
        shape=mark.shape, box=mark.box, weight=store.put_array(mark.veil.weight),
        numbers=tuple(float(value) for value in mark.veil.numbers()),
        sure=watermark.is_sure(mark), confidence=watermark.confidence_of(mark),
        reason=watermark.reason_of(mark),
    )  # fmt: skip
