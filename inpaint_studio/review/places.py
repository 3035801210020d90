"""Sensor spots over the photos of a batch: seen at one place in several, proposed in each.

The places are found before any photo is filled. A photo gets a proposal where it shows the spot
itself; what no other photo confirms stays the suggestion that one photo is worth.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from inpaint_studio.imaging.photo import Photo
from inpaint_studio.jobs.pool import WorkerPool
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.proposals import repeated
from inpaint_studio.proposals.base import Proposal
from inpaint_studio.proposals.repeated import Place
from inpaint_studio.proposals.several import Load
from inpaint_studio.records import from_json, to_json
from inpaint_studio.review.comparing import encoded, finding_of, over_groups
from inpaint_studio.review.comparing import prepare as compare
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import BatchItemRow

FINDER = "inpaint_studio.review.places:find_job"
KEY = "spots"


def prepare(
    library: Library, rows: Sequence[BatchItemRow], pool: WorkerPool, token: RunToken
) -> None:
    """Look for spots over the photos of a batch. Raises: Cancelled, JobFailed."""
    compare(
        library, rows, pool, token, finder=FINDER, key=KEY, is_known=lambda kept: kept is not None
    )


def places_of(row: BatchItemRow) -> str:
    """Return the places of the row's photo as stored, "" when there are none."""
    return finding_of(row, KEY)


def find_job(paths: Sequence[str], objects: str, token: RunToken) -> dict[str, str]:
    """Return path -> stored places, for the photos of each size and camera that share some."""
    del objects

    def look(loads: Sequence[Load], part: RunToken) -> str:
        places = repeated.find_places(loads, part)
        return dumps(places) if places else ""

    return over_groups(paths, repeated.FEWEST, look, token, by_camera=True)


def dumps(places: Sequence[Place]) -> str:
    return json.dumps([to_json(place) for place in places])


def with_places(photo: Photo, stored: str, found: Sequence[Proposal]) -> list[Proposal]:
    """Return a photo's proposals with the spots it shares with others, which come first.

    A proposal of this photo alone that such a spot covers gives way to it.
    """
    if not stored:
        return list(found)
    places = [from_json(Place, row) for row in json.loads(stored)]
    return repeated.merged(repeated.light_of(encoded(photo)), places, found)
