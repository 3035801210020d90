"""A first pass over the photos of a batch: what only several of them together can tell.

It runs in a worker, before any photo is filled, and what it finds is written into the rows of
the photos it concerns, so that a batch that goes on tomorrow works on the same findings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path

from inpaint_studio.errors import InpaintError
from inpaint_studio.imaging.color import encode, space_of
from inpaint_studio.imaging.photo import Photo, open_photo
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals.several import Encoded, Load
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BatchItemRow

_WAIT_S = 0.2
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112


def prepare(
    library: Library,
    rows: Sequence[BatchItemRow],
    pool: WorkerPool,
    token: RunToken,
    *,
    finder: str,
    key: str,
    is_known: Callable[[str | None], bool],
) -> None:
    """Let `finder` compare the photos of a batch and write what it says of each under `key`.

    finder: the target of a job, (paths, objects, token) -> path: finding. Does nothing when what
    is stored is known already for all that wait. Raises: Cancelled, JobFailed.
    """
    waiting = [row for row in rows if row.state == "waiting"]
    if all(is_known(json.loads(row.data).get(key)) for row in waiting):
        return
    job = pool.submit(
        finder, [row.path for row in rows], str(library.objects.root), label="comparing photos"
    )
    while not job.wait(_WAIT_S):
        if token.is_cancelled:
            job.cancel()
        else:
            token.step(0.0, "comparing photos")
    found: dict[str, str] = job.value()
    with library.database.writing():
        for row in waiting:
            data = json.loads(row.data) | {key: found.get(row.path, "")}
            library.batches.set(row.batch_id, row.position, data=json.dumps(data))


def finding_of(row: BatchItemRow, key: str) -> str:
    """Return what a pass wrote into the row, "" when it found nothing there."""
    return str(json.loads(row.data).get(key, ""))


def over_groups(
    paths: Sequence[str],
    fewest: int,
    look: Callable[[Sequence[Load], RunToken], str],
    token: RunToken,
    *,
    by_camera: bool = False,
) -> dict[str, str]:
    """Return path -> what `look` finds over the photos of its size, where that is something.

    look: gives what is stored, "" for nothing. by_camera: compare photos of one camera alone.
    """
    alike = _grouped(paths, fewest, by_camera=by_camera)
    found: dict[str, str] = {}
    for number, group in enumerate(alike):
        part = token.within(number / len(alike), (number + 1) / len(alike), "comparing photos")
        try:
            finding = look([partial(_load, path) for path in group], part)
        except InpaintError:
            continue  # a photo that cannot be opened says so when its own turn comes
        if finding:
            found |= dict.fromkeys(group, finding)
    return found


def _grouped(paths: Sequence[str], fewest: int, *, by_camera: bool) -> list[list[str]]:
    """Return the photos of one size and orientation (and camera), where at least `fewest` are."""
    groups: dict[Hashable, list[str]] = {}
    for path in paths:
        head = _head(Path(path), by_camera=by_camera)
        if head is not None:
            groups.setdefault(head, []).append(path)
    return [group for group in groups.values() if len(group) >= fewest]


def encoded(photo: Photo) -> Encoded:
    """Return the photo as overlays are mixed into it: encoded values, 0..1."""
    return encode(space_of(photo.icc).to_linear(photo.pixels))


def _load(path: str) -> Encoded:
    """Open a photo for a comparison. Raises: InpaintError."""
    return encoded(open_photo(Path(path)))


def _head(path: Path, *, by_camera: bool) -> Hashable | None:
    """Width, height, orientation, camera from the file's head; None where they cannot be told."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            exif = image.getexif()
            size = (*image.size, int(exif.get(_ORIENTATION, 1)))
            if not by_camera:
                return size
            return (*size, str(exif.get(_MAKE, "")), str(exif.get(_MODEL, "")))
    except (OSError, ValueError, SyntaxError):
        return None
