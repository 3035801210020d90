"""A mark over the photos of a batch is measured once and taken off each, and the runs replay."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.errors import BadSetting
from inpaint_studio.imaging.photo import open_photo
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import replay
from inpaint_studio.pipeline.worker import readers
from inpaint_studio.proposals.table import propose
from inpaint_studio.review import marks
from inpaint_studio.review.batch_plan import BatchOptions
from inpaint_studio.review.batch_worker import Order, process
from inpaint_studio.store.objects import ObjectStore
from inpaint_studio.vision.readers import Readers
from tests.proposals.test_watermark import marked, photos


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("in")
    for number, shown in enumerate(marked()[1]):
        Image.fromarray(shown).save(home / f"{number}.png")
    Image.fromarray(photos()[0]).save(home / "bare.png")
    Image.fromarray(photos()[0][:100]).save(home / "other.png")
    return home


@pytest.fixture(scope="module")
def found(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    objects = tmp_path_factory.mktemp("objects")
    paths = [str(path) for path in sorted(folder.iterdir())]
    return objects, marks.find_job(paths, str(objects), RunToken())


def test_photos_of_one_size_share_a_mark_and_another_size_has_none(folder, found):
    _, known = found
    assert set(known) == {str(path) for path in folder.iterdir() if path.name != "other.png"}
    assert len(set(known.values())) == 1
    mark = marks.Mark.loads(next(iter(known.values())))
    assert mark.sure and "8 photos" in mark.reason
    assert marks.Mark.loads(mark.dumps()) == mark


def test_a_photo_without_the_mark_is_left_alone(folder, found):
    objects, known = found
    mark = marks.Mark.loads(known[str(folder / "bare.png")])
    store = ObjectStore(objects)
    assert marks.on_photo(open_photo(folder / "bare.png"), mark, store, sure=0.8) is None
    shown = marks.on_photo(open_photo(folder / "1.png"), mark, store, sure=0.8)
    assert shown is not None and shown.is_sure
    careful = marks.on_photo(open_photo(folder / "1.png"), mark, store, sure=1.0)
    assert careful is not None and not careful.is_sure


def test_the_mark_is_taken_off_and_the_run_replays(folder, found, tmp_path):
    objects, known = found
    path = folder / "1.png"
    order = Order(
        batch_id="b", path=str(path), output=str(tmp_path / "1.png"), mark=known[str(path)],
        options=BatchOptions(propose=("watermark",), audit_share=0.0, blind_share=0.0),
    )  # fmt: skip
    outcome = process(order, str(objects), RunToken())
    assert outcome.parts
    record = outcome.parts[0].record
    assert {edit.kind for edit in record.edits} == {"watermark"}
    assert all("known from several photos" in " ".join(e.plan.changes) for e in record.edits)
    store = ObjectStore(objects)
    after = np.asarray(Image.open(path)).copy()
    for edit in record.edits:
        assert edit.delta_box is not None
        blended = edit.stage("blended")
        assert blended is not None
        after[edit.delta_box.slices] = store.get_array(blended.sha256)
    bare, shown, weight = photos()[1], marked()[1][1], marked()[2]
    under = weight > 0.02
    error = np.abs(after.astype(float) - bare)[under].mean()
    assert error < 0.5 * np.abs(shown.astype(float) - bare)[under].mean()
    again = replay(record, store, sink=ObjectStore(tmp_path / "scratch"), semantic=readers())
    assert again.identical, again.sentence


def test_one_photo_alone_has_no_watermark_to_propose():
    with pytest.raises(BadSetting, match="at least four photos"):
        propose(np.zeros((9, 9, 3), np.uint8), ["watermark"], Readers(), RunToken())


def test_the_mark_survives_in_the_row():
    from inpaint_studio.review.batch_worker import Outcome, data_of

    before = json.dumps({"size": 1, "mark": "x", "engine": "patch"})
    outcome = Outcome(ending="clean", sha256="", shape=(1, 1))
    assert json.loads(data_of(outcome, before))["mark"] == "x"
