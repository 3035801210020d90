"""A batch compares its photos for sensor spots first, and its worker proposes those it shows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.review import batch_worker, places
from inpaint_studio.review.batch_plan import BatchOptions
from tests.proposals.test_repeated import AT, scenes, spotted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("in")
    for number, photo in enumerate(spotted(scenes(7))):
        Image.fromarray(photo).save(home / f"{number}.png")
    Image.fromarray(scenes(8)[7]).save(home / "bare.png")
    other = Image.Exif()
    other[0x0110] = "another camera"
    Image.fromarray(spotted(scenes(9))[8]).save(home / "other.png", exif=other)
    (home / "broken.png").write_bytes(b"no photo")
    return home


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, str]:
    paths = [str(path) for path in sorted(folder.iterdir())]
    return places.find_job(paths, "", RunToken())


def test_photos_of_one_size_and_camera_share_their_spots(folder, found):
    expected = {str(p) for p in folder.iterdir() if p.name not in ("other.png", "broken.png")}
    assert set(found) == expected
    (place,) = json.loads(found[str(folder / "0.png")])
    assert place["photos"] == 8 and place["seen"] >= 3


def test_the_shared_spot_may_pass_unseen_where_the_photo_shows_it(folder, found):
    def work(name: str) -> list[batch_worker.Work]:
        path = folder / name
        return batch_worker._work(
            open_photo(path), BatchOptions(propose=("blemish",)), RunToken(),
            places=found[str(path)],
        )  # fmt: skip

    sure = [item for item in work("0.png") if not item.doubt]
    assert len(sure) == 1 and sure[0].kind == "blemish"
    assert sure[0].mask[AT[1], AT[0]] and sure[0].mask.sum() < 1000
    assert not any(item.mask[AT[1], AT[0]] for item in work("bare.png") if not item.doubt)


def test_nothing_shared_changes_nothing(folder):
    photo = open_photo(folder / "bare.png")
    assert places.with_places(photo, "", []) == []
    assert np.asarray(photo.pixels).ndim == 3
