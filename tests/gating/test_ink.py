"""A letter that stayed behind is seen by its ink and strokes, whether it can be read or not."""

import cv2
import numpy as np
import pytest

from inpaint_studio.gating.base import JudgeRequest
from inpaint_studio.gating.beside import readings_beside
from inpaint_studio.gating.ink import ink_left
from inpaint_studio.gating.letter_inks import inks_of
from inpaint_studio.gating.scene import to_lab
from inpaint_studio.imaging.mask import grow
from tests.overlays import as_jpeg, compose, fonts, placed, text_alpha

SHAPE = (140, 420)
BLACK = np.full(3, 12, dtype=np.float32)


def ground(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    plane = 150 + 30 * np.sin(x / 23) + 20 * np.sin(y / 9) + rng.normal(size=SHAPE) * 6
    return np.clip(np.repeat(plane[..., None], 3, axis=2), 0, 255).astype(np.uint8)


def drawn(text: str, left: int) -> np.ndarray:
    return placed(text_alpha(text, fonts()[0], 44), SHAPE, left, 50)


def request(seed: int, *, left_over: bool, quality: int = 0) -> JudgeRequest:
    """A caption of two parts taken off; its last letter, at one's wish, was not."""
    bare, word, last = ground(seed), drawn("MORNIN", 30), drawn("G", 245)
    before = compose(bare, [(np.maximum(word, last), BLACK)])
    before = as_jpeg(before, quality) if quality else before
    mask = grow(word > 0, 2) if left_over else grow(np.maximum(word, last) > 0, 2)
    after = before.copy()
    after[mask] = bare[mask]
    return JudgeRequest(before=before, after=after, mask=mask, kind="text")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("quality", [0, 85])
def test_a_letter_left_behind_is_found_at_its_place(seed: int, quality: int):
    measured = ink_left(request(seed, left_over=True, quality=quality))
    assert measured.value > 60 and measured.box is not None
    assert measured.box.left >= 240 and measured.box.top >= 45


@pytest.mark.parametrize(("gap", "seen"), [(0.5, True), (1.0, False)])
def test_a_sign_a_words_space_before_its_line_is_found_and_none_far_off(gap: float, seen: bool):
    bare, word = ground(2), drawn("MORNIN", 30)
    mask = grow(word > 0, 2)
    rows, columns = np.nonzero(mask)
    right = columns.max() + round(gap * np.ptp(rows))
    sign = drawn("c", right)
    before = as_jpeg(compose(bare, [(np.maximum(word, sign), BLACK)]), 90)
    after = before.copy()
    after[mask] = bare[mask]
    request = JudgeRequest(before=before, after=after, mask=mask, kind="text")
    assert (ink_left(request).value > 0) == seen


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("quality", [0, 85])
def test_a_clean_fill_has_no_ink_left(seed: int, quality: int):
    assert ink_left(request(seed, left_over=False, quality=quality)).value == 0


def test_it_is_read_for_text_alone_and_without_readers():
    left = request(1, left_over=True)
    found = readings_beside(left)
    names = [name for name, _, _ in found]
    assert names == ["ink_left", "specks_left", "overlay_left", "effect_carried", "traces_left"]
    painted = JudgeRequest(before=left.before, after=left.after, mask=left.mask)
    assert [name for name, _, _ in readings_beside(painted)] == ["thing_left"]


def test_ink_like_its_ground_tells_nothing():
    bare = ground(7)
    mask = np.zeros(SHAPE, dtype=bool)
    mask[40:80, 60:200:6] = True
    assert ink_left(JudgeRequest(before=bare, after=bare, mask=mask, kind="text")).value == 0


@pytest.mark.parametrize(("wide", "tall"), [(3.0, 18.0), (5.0, 12.0)])
def test_the_light_on_a_cup_beside_white_letters_is_no_letter(wide: float, tall: float):
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(np.float32)
    cup = np.clip((12 - np.abs(x - 264)) / 6, 0, 1)[..., None]
    shine = np.exp(-(((x - 264) / wide) ** 2) - ((y - 75) / tall) ** 2)[..., None]
    bare = ground(3) // 2 * (1 - cup) + (205 + 100 * shine) * cup
    bare = np.clip(bare, 0, 255).astype(np.uint8)
    word = drawn("MORNIN", 30)
    before = compose(bare, [(word, np.full(3, 255, dtype=np.float32))])
    mask = grow(word > 0, 2)
    after = before.copy()
    after[mask] = bare[mask]
    assert ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text")).value == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_scrap_that_the_mask_left_out_amid_a_letter_is_found(seed: int):
    bare, word = ground(seed), drawn("MORNING", 30)
    before = compose(bare, [(word, BLACK)])
    mask = grow(word > 0, 2)
    rows, columns = np.nonzero(word > 0.9)
    here = rows[len(rows) // 2], columns[len(rows) // 2]
    scrap = (slice(here[0] - 3, here[0] + 3), slice(here[1] - 3, here[1] + 3))
    mask[scrap] &= word[scrap] < 0.9
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert measured.value >= 10 and measured.box is not None
    assert abs(measured.box.left - here[1]) <= 8 and abs(measured.box.top - here[0]) <= 8


@pytest.mark.parametrize("left_over", [False, True])
def test_a_stripe_on_ground_nearly_of_the_inks_own_colour_is_found(left_over: bool):
    bare, word = ground(2), drawn("MORNING", 30)
    yellow = np.array([255, 240, 90], dtype=np.float32)
    rows, columns = np.nonzero(word > 0.99)
    place = columns == np.bincount(columns).argmax()
    top, column = int(rows[place].min()), int(columns[place][0])
    bare[top - 8 : top + 40, column - 8 : column + 9] = (225, 215, 90)
    before = compose(bare, [(word, yellow)])
    mask = grow(word > 0, 2)
    if left_over:
        mask[:, column - 1 : column + 2] = False
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert (measured.value > 0) == left_over


@pytest.mark.parametrize("glitters", [False, True])
def test_white_letters_on_glitter_wait_for_a_person(glitters: bool):
    bare = ground(4)
    spots = np.random.default_rng(8).random(SHAPE) < 0.02
    if glitters:
        bare[grow(spots, 1)] = 250
    word = drawn("MORNING", 30)
    before = compose(bare, [(word, np.full(3, 250, dtype=np.float32))])
    mask = grow(word > 0, 2)
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert (measured.value > 0) == glitters


def test_a_line_of_which_half_was_left_is_not_taken_for_the_photos_own():
    bare = ground(6)
    green = np.array([0, 60, 30], dtype=np.float32)
    word = drawn("MORNING NEWS", 30)
    before = compose(bare, [(word, green)])
    mask = grow(word > 0, 2)
    columns = np.nonzero(mask.any(axis=0))[0]
    mask[:, (columns[0] + columns[-1]) // 2 :] = False
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert measured.value > 100


@pytest.mark.parametrize("where", ["none", "beside", "everywhere"])
def test_specks_of_ink_beside_the_letters_tell_where_the_photo_has_none(where: str):
    yellow = np.array([255, 235, 60], dtype=np.float32)
    rng = np.random.default_rng(5)
    bare, word = ground(8), drawn("MORNING", 30)
    near = grow(word > 0, 4) & ~grow(word > 0, 2)
    room = {"none": np.zeros_like(near), "beside": near, "everywhere": np.ones_like(near)}[where]
    specks = 0.5 * (room & (rng.random(SHAPE) < 0.05))
    if where == "everywhere":
        bare = compose(bare, [(specks.astype(np.float32), yellow)])
        specks[:] = 0
    before = compose(bare, [(np.maximum(word, specks).astype(np.float32), yellow)])
    mask = grow(word > 0, 2)
    after = before.copy()
    after[mask] = bare[mask]
    measured = ink_left(JudgeRequest(before=before, after=after, mask=mask, kind="text"))
    assert (measured.value > 0) == (where == "beside")


PALETTE = ((230, 40, 40), (250, 200, 20), (60, 200, 80), (40, 120, 250))


def many_coloured(
    size: int, sign: str, colour: tuple[int, int, int], *, left_over: bool, space_px: int = 0
) -> JudgeRequest:
    """Letters of four colours taken off; a sign right before them, at one's wish, not."""
    bare = ground(4)
    word = placed(text_alpha("Studio Lumen", fonts()[0], size), SHAPE, 110, 50)
    columns = np.nonzero(word.max(axis=0) > 0)[0]
    cuts = np.linspace(columns.min(), columns.max() + 1, 5).astype(int)
    layers = []
    for number, ink in enumerate(PALETTE):
        part = np.zeros_like(word)
        part[:, cuts[number] : cuts[number + 1]] = word[:, cuts[number] : cuts[number + 1]]
        layers.append((part, np.array(ink, dtype=np.float32)))
    letter = text_alpha(sign, fonts()[0], size)
    lone = placed(letter, SHAPE, 110 - letter.shape[1] - space_px, 50)
    before = compose(bare, [*layers, (lone, np.array(colour, dtype=np.float32))])
    mask = grow((word if left_over else np.maximum(word, lone)) > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    return JudgeRequest(before=before, after=after, mask=mask, kind="text")


@pytest.mark.parametrize("size", [16, 36])
def test_a_sign_before_many_coloured_letters_is_found_in_an_ink_of_theirs(size: int):
    assert ink_left(many_coloured(size, "G", PALETTE[0], left_over=False)).value == 0
    found = ink_left(many_coloured(size, "G", PALETTE[0], left_over=True))
    assert found.value > 10 and found.box is not None and found.box.right <= 112


@pytest.mark.parametrize(("space_px", "seen"), [(24, True), (60, False)])
def test_a_sign_a_space_before_them_is_found_in_an_ink_of_theirs(space_px: int, seen: bool):
    left = many_coloured(24, "G", PALETTE[0], left_over=True, space_px=space_px)
    assert (ink_left(left).value > 0) == seen


def test_a_sign_of_a_further_colour_is_found_and_the_photo_s_own_colour_is_none():
    pink = (240, 90, 200)
    assert ink_left(many_coloured(36, "MG", pink, left_over=True)).value > 60
    request = many_coloured(36, "MG", pink, left_over=True)
    after = request.after.copy()
    after[0:30, 200:] = pink
    own = JudgeRequest(before=after, after=after, mask=request.mask, kind="text")
    assert ink_left(own).value == 0


def test_ink_within_a_letter_that_the_mask_left_out_is_seen_though_the_photo_has_its_colour():
    bare = ground(6)
    bare[100:130, 60:380:20] = 12
    word = drawn("MOON", 30)
    before = compose(bare, [(word, BLACK)])
    mask = grow(word > 0, 2)
    clean = mask.copy()
    rows, columns = np.nonzero(word == 1)
    at = len(rows) // 2
    mask[rows[at] - 2 : rows[at] + 3, columns[at] - 2 : columns[at] + 3] = False
    for part, is_seen in ((clean, False), (mask, True)):
        after = before.copy()
        after[part] = bare[part]
        request = JudgeRequest(before=before, after=after, mask=part, kind="text")
        assert (ink_left(request).value > 0) == is_seen


def test_letters_that_lie_in_part_on_ground_of_their_own_colour_wait():
    bare, word = ground(8), drawn("MORNING", 30)
    mask = grow(word > 0, 2)
    clean = bare.copy()
    bare[:, 200:] = 12
    for behind, is_seen in ((clean, False), (bare, True)):
        before = compose(behind, [(word, BLACK)])
        part = mask.copy()
        part[:, 200:] &= not is_seen
        after = before.copy()
        after[part] = behind[part]
        request = JudgeRequest(before=before, after=after, mask=part, kind="text")
        assert (ink_left(request).value > 0) == is_seen


@pytest.mark.parametrize("is_coloured", [True, False])
def test_letters_of_many_colours_are_told_from_outlined_ones_though_one_has_most(is_coloured: bool):
    bare, word = ground(4), drawn("MORNING", 30)
    start = np.nonzero(word.max(axis=0) > 0)[0].min()
    red, rest = word.copy(), word.copy()
    red[:, start + 45 :], rest[:, : start + 45] = 0, 0
    edge = cv2.dilate(word, np.ones((5, 5), np.uint8))
    outlined = [(edge, (0, 0, 0)), (word, PALETTE[1])]
    layers = [(rest, PALETTE[1]), (red, PALETTE[0])] if is_coloured else outlined
    before = compose(bare, [(part, np.array(colour, np.float32)) for part, colour in layers])
    mask = grow((word if is_coloured else edge) > 0, 1)
    after = before.copy()
    after[mask] = bare[mask]
    inks = inks_of(to_lab(before), to_lab(after), mask)
    assert len(inks) == (2 if is_coloured else 1)
