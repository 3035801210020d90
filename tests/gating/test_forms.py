"""The reading of forms: what is found around is none, half a thing in clean texture is one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.errors import Missing
from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.judge import judge
from inpaint_studio.gating.readings.forms import unseen_form
from inpaint_studio.gating.scene import make_scene
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.vision import backbone
from tests.gating.conftest import grainy, hole, sticker


def bricks() -> np.ndarray:
    """Return a wall: rows of bricks, every second one set off."""
    ground = grainy(sigma=4.0).astype(np.float32)
    height, width = ground.shape[:2]
    for row, top in enumerate(range(0, height, 16)):
        ground[top : top + 2] -= 60
        for left in range(row % 2 * 16, width, 32):
            ground[top : top + 16, left : left + 2] -= 60
    return np.clip(ground, 0, 255).astype(np.uint8)


def request(after: np.ndarray) -> JudgeRequest:
    return JudgeRequest(before=sticker(bricks(), hole()), after=after, mask=hole())


def with_a_piece_of_a_disc(wall: np.ndarray) -> np.ndarray:
    mask = hole()
    rows, columns = np.nonzero(mask)
    middle = (int(columns.mean()), int(rows.mean()))
    disc = cv2.ellipse(wall.copy(), middle, (14, 14), 0, 20, 260, (230, 90, 40), -1)
    return np.where(mask[..., None], disc, wall)


def test_half_a_thing_in_a_wall_is_a_form_that_nothing_has() -> None:
    wall = bricks()
    usual = unseen_form(make_scene(request(wall)))
    strange = unseen_form(make_scene(request(with_a_piece_of_a_disc(wall))))
    assert usual is not None and strange is not None
    assert strange.value > 1.5 * usual.value
    assert strange.also["form_excess"] > usual.also["form_excess"]
    assert strange.also["form_sum"] > usual.also["form_sum"]
    rows, columns = np.nonzero(hole())
    assert strange.box is not None
    assert strange.box.left < columns.mean() < strange.box.right
    assert strange.box.top < rows.mean() < strange.box.bottom


def test_the_map_lies_in_the_hole_and_every_bit_is_repeated() -> None:
    after = with_a_piece_of_a_disc(bricks())
    one, two = (unseen_form(make_scene(request(after))) for _ in range(2))
    assert one is not None and two is not None and one.map is not None and two.map is not None
    assert one.value == two.value and one.also == two.also
    assert one.map.tobytes() == two.map.tobytes()
    seen = make_scene(request(after))
    assert one.map.shape == seen.mask.shape and not one.map[~seen.mask].any()


def test_without_the_network_an_edit_is_judged_by_the_other_readings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_rgb: np.ndarray) -> None:
        raise Missing("The model is not there.")

    after = with_a_piece_of_a_disc(bricks())
    full = judge(request(after), None, RunToken()).verdict
    monkeypatch.setattr(backbone, "features", missing)
    rest = judge(request(after), None, RunToken()).verdict
    names = {reading.name for reading in full.readings}
    assert names - {reading.name for reading in rest.readings} == {"unseen_form"}
