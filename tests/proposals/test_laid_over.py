"""Lettering laid over a photo is told from signs in the scene, by ink and by edges."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inpaint_studio.geometry import Box
from inpaint_studio.proposals.glyphs import Glyphs
from inpaint_studio.proposals.laid_over import (
    crispness,
    is_laid_over,
    unevenness,
    within_letters,
)
from inpaint_studio.proposals.text import _laid_over, _mates, _of_a_tiled_mark, _of_line
from inpaint_studio.vision.lines import Line
from tests.overlays import as_jpeg, compose, fonts, placed, text_alpha, turned
from tests.signs import draw_sign

SHAPE = (120, 360)


def scene(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 9) * 160
    return np.clip(90 + coarse[..., None] + rng.normal(size=(*SHAPE, 3)) * 3, 0, 255).astype("u1")


def lettering(size: int = 40) -> np.ndarray:
    return placed(text_alpha("Summer Sale", fonts()[0], size), SHAPE, 30, 40)


def glyphs(alpha: np.ndarray) -> Glyphs:
    core = alpha > 0.5
    return Glyphs(Box.of_shape(SHAPE), core, core, core, 1.0, "drawn", 3.0)


def line(turn_deg: float = 0.0) -> Line:
    run = np.array([np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))]) * 250
    quad = np.array([[30, 40], [30 + run[0], 40 + run[1]], [30 + run[0], 80 + run[1]], [30, 80]])
    quad = quad.astype(np.float32)
    return Line(quad, quad, 0.9, 40.0, 250.0, text="Summer Sale", score=1.0)


def written(alpha: np.ndarray, level: float = 245) -> np.ndarray:
    return compose(scene(), [(alpha, np.full(3, level, dtype=np.float32))])


@pytest.mark.parametrize("quality", [0, 90, 75])
def test_a_caption_is_laid_over_in_png_and_jpeg(quality: int):
    shown = written(lettering())
    shown = as_jpeg(shown, quality) if quality else shown
    assert is_laid_over(line(), glyphs(lettering()), shown)


def test_letters_of_many_colours_are_laid_over_each_of_one():
    alpha = lettering()
    palette = np.random.default_rng(5).uniform(0, 255, size=(6, 3)).astype(np.float32)
    starts = np.linspace(0, SHAPE[1], 7).astype(int)
    layers = []
    for number, colour in enumerate(palette):
        part = np.zeros_like(alpha)
        part[:, starts[number] : starts[number + 1]] = 1
        layers.append((alpha * part, colour))
    shown = compose(np.full((*SHAPE, 3), 128, dtype=np.uint8), layers)
    drawn = glyphs(alpha)
    assert unevenness(shown, drawn)[0] > 12 and within_letters(shown, drawn) < 1
    assert is_laid_over(line(), drawn, shown)


def test_soft_lit_grained_letters_are_a_sign():
    alpha = cv2.GaussianBlur(lettering(), (0, 0), 1.0)
    lit = written(alpha).astype(np.float32)
    lit *= np.linspace(0.8, 1.1, SHAPE[1])[None, :, None]
    lit += np.random.default_rng(3).normal(size=lit.shape) * 3
    shown = np.clip(lit, 0, 255).astype(np.uint8)
    drawn = glyphs(alpha)
    assert unevenness(shown, drawn)[0] > 2 and (crispness(shown, drawn) or 0) < 0.72
    assert not is_laid_over(line(), drawn, shown)


def test_crisp_letters_of_uneven_ink_are_a_sign():
    spots = np.random.default_rng(4).normal(size=SHAPE).astype(np.float32)
    worn = cv2.GaussianBlur(spots, (0, 0), 2) * 180
    shown = np.clip(written(lettering(), 190) + worn[..., None], 0, 255).astype(np.uint8)
    assert not is_laid_over(line(), glyphs(lettering()), shown)


def test_hairlines_are_laid_over_only_where_level_and_well_read():
    thin = lettering(16)
    thin_line = replace(line(), thickness_px=16.0)
    noise = np.random.default_rng(6).normal(size=(*SHAPE, 1)) * 2
    shown = (written(thin, 230) + noise * thin[..., None]).astype(np.uint8)
    drawn = glyphs(thin)
    assert unevenness(shown, drawn)[1] < 30
    assert is_laid_over(thin_line, drawn, shown)
    assert not is_laid_over(replace(line(5.0), thickness_px=16.0), drawn, shown)
    assert not is_laid_over(thin_line, replace(drawn, agreement=0.8), shown)


@pytest.mark.parametrize(("level", "grain", "is_over"), [(235, 0, True), (235, 4, False),
                                                         (255, 0, False)])  # fmt: skip
def test_thin_turned_letters_are_laid_over_where_some_have_one_ink_to_the_level(
    level: int, grain: float, is_over: bool
):
    thin = turned(text_alpha("New Arrival", fonts()[0], 15), 25)
    alpha = placed(thin, SHAPE, 30, 10)
    shown = written(alpha, level).astype(np.float32)
    noise = np.random.default_rng(2).normal(size=shown.shape) * grain
    shown = np.clip(shown + noise * alpha[..., None], 0, 255).astype(np.uint8)
    assert unevenness(shown, glyphs(alpha))[1] < 30
    assert is_laid_over(line(25), glyphs(alpha), shown) == is_over


def test_ink_as_light_as_its_ground_has_no_edges_to_tell_by():
    assert crispness(np.full((*SHAPE, 3), 90, dtype=np.uint8), glyphs(lettering())) is None


def test_drawn_signs_are_seldom_taken_for_overlays():
    taken = 0
    for seed in range(12):
        sign = draw_sign(np.tile(scene(seed), (3, 1, 1)), seed)
        box = Box.of_mask(sign.letters).pad(12).clamp(Box.of_shape(sign.letters.shape))
        core = sign.letters[box.slices]
        taken += is_laid_over(line(), Glyphs(box, core, core, core, 1.0, "drawn", 3.0), sign.photo)
    assert taken <= 1


def test_a_line_below_one_laid_over_in_its_ink_is_of_the_same_overlay():
    first, second = lettering(), np.roll(lettering(), 40, axis=0)
    soft = cv2.GaussianBlur(second, (0, 0), 1.3)
    shown = written(np.maximum(first, soft))
    down = np.array([0, 40], dtype=np.float32)
    below = replace(line(), polygon=line().polygon + down, quad=line().quad + down)
    both = [(line(), glyphs(first)), (below, glyphs(soft))]
    assert not is_laid_over(*both[1], shown)
    assert _laid_over(shown, both, _mates(shown, both)) == [True, True]
    far = replace(below, polygon=below.polygon + 5 * down, quad=below.quad + 5 * down)
    apart = [both[0], (far, both[1][1])]
    assert _laid_over(shown, apart, _mates(shown, apart)) == [True, False]


@pytest.mark.parametrize(("text", "grain", "automatic"), [("-50%", 0, True), ("-50%", 3, False),
                                                          ("-5%", 0, False)])  # fmt: skip
def test_two_figures_are_taken_off_unasked_only_in_ink_of_one_colour(
    text: str, grain: float, automatic: bool
):
    alpha = placed(text_alpha(text, fonts()[0], 40), SHAPE, 30, 40)
    shown = written(alpha, 235).astype(np.float32)
    noise = np.random.default_rng(2).normal(size=shown.shape) * grain
    shown = np.clip(shown + noise * alpha[..., None], 0, 255).astype(np.uint8)
    box = Box.of_mask(alpha > 0)
    quad = np.array([[box.left, box.top], [box.right, box.top], [box.right, box.bottom],
                     [box.left, box.bottom]], np.float32)  # fmt: skip
    found = Line(quad, quad, 0.9, float(box.height), float(box.width), text=text, score=0.98)
    made = _of_line(found, glyphs(alpha), shown, is_over=True)
    assert made is not None and made.record.automatic == automatic


def test_a_mark_that_stands_twice_may_stand_where_it_was_not_read():
    def said(text: str, *, down: float = 0.0) -> Line:
        move = np.array([0, down], dtype=np.float32)
        return replace(line(), polygon=line().polygon + move, quad=line().quad + move, text=text)

    tiles = [said("this"), said("this weekend", down=70), said("Only")]
    assert _of_a_tiled_mark(tiles) == 3 * [True]
    assert _of_a_tiled_mark([said("2 for 1"), said("for", down=70)]) == 2 * [False]
    assert _of_a_tiled_mark([said("over the lazy dog"), said("and the tide")]) == 2 * [False]
    made = _of_line(said("Summer Sale"), glyphs(lettering()), written(lettering()), is_over=True,
                    is_tile=True)  # fmt: skip
    assert made is not None and not made.record.automatic
