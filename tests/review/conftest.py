"""A library with a few items waiting."""

import pytest

from inpaint_studio.review.queue import ReviewQueue
from inpaint_studio.store.library import Library
from inpaint_studio.store.rows import ReviewRow


def item(n, **fields):
    base = {
        "item_id": f"item{n}", "edit_id": f"edit{n}", "name": f"photo_{n}.png", "risk": n / 10,
        "engine": "patch", "kind": "text", "gate": "seam", "folder": "night", "value": 0.09,
        "high": 0.06,
    }  # fmt: skip
    return ReviewRow(**(base | fields))


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library") as library:
        yield library


@pytest.fixture
def queue(library):
    queue = ReviewQueue(library)
    queue.add(*(item(n) for n in range(1, 6)))
    return queue
