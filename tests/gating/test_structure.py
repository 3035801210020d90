"""Lines that end or step, things that float: readings that see them, faults that try them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.labelled import GOOD, LabelledEdit
from inpaint_studio.gating.planted import STRUCTURE, plant
from inpaint_studio.gating.readings.copies import copied_piece
from inpaint_studio.gating.readings.lines import line_break
from inpaint_studio.gating.readings.rim import rim_break
from inpaint_studio.gating.readings.shapes import closed_shape
from inpaint_studio.gating.samples import collect, mirrored
from inpaint_studio.gating.scene import Scene, make_scene
from inpaint_studio.geometry import Box
from tests.gating.conftest import grainy, hole, sticker


def edge(down_px: int = 0) -> np.ndarray:
    """Dark above light, a soft edge across the middle of the hole."""
    rows = np.arange(160, dtype=np.float32)[:, None, None]
    ground = np.where(rows < 80 + down_px, 60, 190) * np.ones((160, 200, 3), np.float32)
    return np.rint(cv2.GaussianBlur(ground.astype(np.float32), (0, 0), 1.0)).astype(np.uint8)


def edited(after: np.ndarray, mask: np.ndarray, ground: np.ndarray) -> Scene:
    shown = ground.copy()
    shown[mask] = after[mask]
    return make_scene(JudgeRequest(before=sticker(ground, mask), after=shown, mask=mask))


def test_an_edge_that_goes_on_is_no_fault_and_one_that_ends_is() -> None:
    mask, ground = hole(), edge()
    flat = np.full_like(ground, 190)
    goes_on, ends = (line_break(edited(fill, mask, ground)) for fill in (ground, flat))
    assert goes_on.value < 0.1 < 0.6 < ends.value
    assert goes_on.also["line_lost_1"] < 0.1 < 0.8 < ends.also["line_lost_1"]
    at = Box(68, 74, 74, 86)  # where the edge meets the left side of the hole
    assert ends.box is not None and (ends.box.overlaps(at) or ends.box.overlaps(at.shift(60, 0)))


def test_an_edge_that_begins_at_the_contour_leads_nowhere() -> None:
    mask, ground = hole(), np.full((160, 200, 3), 190, np.uint8)
    begun = line_break(edited(edge(), mask, ground)).also
    assert begun["line_begun_1_top"] > 0.5
    assert line_break(edited(ground, mask, ground)).also["line_begun_1_top"] == 0


@pytest.mark.parametrize("step", [2, 3])
def test_a_step_is_told_in_pixels(step: int) -> None:
    mask, ground = hole(), edge()
    moved = line_break(edited(edge(step), mask, ground))
    # The nearest px outside are blurred over the contour: they lie between both places.
    assert 0.6 * step < moved.also["line_step"] < step + 0.2
    assert line_break(edited(ground, mask, ground)).also["line_step"] < 0.2


def test_a_closed_shape_is_told_from_grain_and_is_nothing_new_where_others_lie() -> None:
    mask, ground = hole(), grainy(sigma=3)
    ball = ground.copy()
    cv2.circle(ball, (100, 80), 9, (200, 60, 60), -1)
    alone = closed_shape(edited(ball, mask, ground))
    clean = closed_shape(edited(grainy(sigma=3, seed=1), mask, ground))
    assert alone.value > 3 * max(clean.value, 5)
    assert alone.box is not None and Box(91, 71, 109, 89).overlaps(alone.box)
    assert alone.also["shape_closed"] > 0.9 and alone.also["shape_beyond"] > 2
    among = ground.copy()
    cv2.circle(among, (100, 47), 7, (200, 60, 60), -1)
    usual = closed_shape(edited(ball, mask, among)).also
    assert abs(usual["shape_beyond_near"]) < 1 < 2 < alone.also["shape_beyond_near"]


@pytest.mark.parametrize("fault", STRUCTURE)
def test_faults_of_structure_stay_in_the_mask_and_need_structure(fault: str) -> None:
    mask, ground = hole(), edge()
    ground[:40, :50] = (30, 200, 60)  # something of another colour, to take a piece from
    made = plant(sticker(ground, mask), ground, mask, fault, seed=3)
    again = plant(sticker(ground, mask), ground, mask, fault, seed=3)
    assert made.visible and np.array_equal(made.after, again.after)
    assert np.array_equal(made.after[~mask], ground[~mask])
    plain = np.full_like(ground, 128)
    assert not plant(sticker(plain, mask), plain, mask, fault, seed=3).visible


def test_readings_of_lines_rise_when_a_line_is_broken_or_stepped() -> None:
    mask, ground = hole(), edge()
    before = sticker(ground, mask)

    def seen(fault: str) -> dict[str, float]:
        after = plant(before, ground, mask, fault, seed=3).after
        found = line_break(make_scene(JudgeRequest(before=before, after=after, mask=mask)))
        return {"value": found.value, **found.also}

    assert seen("ending")["value"] > 0.3
    assert seen("stepped")["line_step"] > 0.7


def test_a_true_photo_turned_over_is_a_second_perfect_edit() -> None:
    mask, ground = hole(left=20), edge()
    ground[:, 150:] = 20
    edit = LabelledEdit(
        photo="p", scene="s", engine="e", label=GOOD, before=sticker(ground, mask), after=ground,
        mask=mask, truth=ground,
    )  # fmt: skip
    other = mirrored(edit)
    assert other is not None
    assert np.array_equal(other.after, ground[:, ::-1])
    assert np.array_equal(other.before[mask], edit.before[mask])
    assert np.array_equal(other.before[~mask], other.after[~mask])
    clean = [s for s in collect([edit]) if s.is_clean]
    assert [s.origin for s in clean] == ["label", "truth", "truth"]
    assert mirrored(edit.with_after(ground)) is not None


def test_a_copied_piece_is_foreign_where_it_is_joined_to_nothing() -> None:
    mask, ground = hole(), grainy(sigma=6)
    ground[:40, :50] = np.clip(grainy(sigma=6, seed=2)[:40, :50] // 2 + (90, 0, 0), 0, 255)
    own = ground.copy()
    own[60:100, 80:120] = ground[110:150, 80:120]  # the same ground from elsewhere
    piece = own.copy()
    piece[74:88, 90:106] = ground[12:26, 20:36]
    assert copied_piece(edited(ground, mask, ground)).value == 0
    joined = copied_piece(edited(own, mask, ground))
    assert joined.value < 2 and joined.also["copied_share"] > 0.5
    alone = copied_piece(edited(piece, mask, ground))
    assert alone.value > 20 and alone.also["copied_alone"] > 0.9
    assert alone.box is not None and alone.map is not None
    at = edited(piece, mask, ground).to_request(alone.box)
    assert at.intersect(Box(90, 74, 106, 88)).area > 0.9 * at.area


def test_a_copied_piece_is_found_and_placed_in_a_scene_made_smaller() -> None:
    rng = np.random.default_rng(5)
    ground = rng.integers(90, 130, (1100, 1100, 3), dtype=np.uint8)
    ground[:100, :100] //= 2
    mask = np.zeros((1100, 1100), dtype=bool)
    mask[150:950, 150:950] = True
    after = ground.copy()
    after[500:540, 600:640] = ground[30:70, 30:70]
    scene = make_scene(JudgeRequest(before=sticker(ground, mask), after=after, mask=mask))
    found = copied_piece(scene)
    assert scene.scale > 1 and found.value > 20 and found.box is not None
    at = scene.to_request(found.box)
    assert at.intersect(Box(600, 500, 640, 540)).area > 0.7 * at.area


@pytest.mark.parametrize("slant", [0, 40])
def test_the_worst_stretch_of_the_edge_is_where_a_line_ends(slant: int) -> None:
    mask = hole()
    rows, columns = np.mgrid[:160, :200]
    above = rows < 80 + slant * (columns - 100) / 100
    ground = np.where(above[..., None], 60, 190) * np.ones((160, 200, 3), np.float32)
    ground = np.rint(cv2.GaussianBlur(ground.astype(np.float32), (0, 0), 1.0)).astype(np.uint8)
    goes_on = rim_break(edited(ground, mask, ground))
    ended = plant(sticker(ground, mask), ground, mask, "ending", seed=3)
    ends = rim_break(edited(ended.after, mask, ground))
    assert goes_on.value < 0.5 < 1 < ends.value
    assert ends.also["rim_local"] > goes_on.also["rim_local"] + 0.5
    scene = edited(ended.after, mask, ground)
    assert ends.box is not None and scene.to_request(ends.box).overlaps(ended.box)


def test_a_changed_feather_is_stepped_over_by_the_worst_stretch() -> None:
    mask, ground = hole(), grainy(sigma=4)
    after = np.clip(ground.astype(int) + 60, 0, 255).astype(np.uint8)
    shown = ground.copy()
    shown[mask] = after[mask]
    ring = (cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~mask
    shown[ring] = (ground[ring].astype(int) + 30).astype(np.uint8)
    scene = make_scene(
        JudgeRequest(before=sticker(ground, mask), after=shown, mask=mask, ring_px=2)
    )
    assert rim_break(scene).value > 1
