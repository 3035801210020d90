"""Letters are filled from their own ground: by sources known in part, of the ground's colour."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.arrays import Linear, MaskBool
from inpaint_studio.engines import patch_distance_kernels
from inpaint_studio.engines.patch_ground import GAP, ground
from inpaint_studio.engines.patch_levels import (
    LEAST_KNOWN,
    REACH,
    SIDE,
    Level,
    make_level,
    with_texture,
)
from inpaint_studio.engines.patch_work import Rounds
from inpaint_studio.jobs.token import RunToken
from tests.engines.patch_fill import fill

SHAPE = (120, 200)
CARD = np.s_[36:86, 40:160]


def lines() -> MaskBool:
    """Return lines of text, merged to bars 8 px high and 5 px apart."""
    mask = np.zeros(SHAPE, bool)
    for top in range(37, 85, 13):
        for left in range(44, 156, 16):
            mask[top : top + 8, left : left + 15] = True
            mask[top + 2 : top + 6, left + 15] = True
    return mask


def card(seed: int) -> Linear:
    """Return a red card, seen between the lines alone, on a grey wall, with grain; linear light."""
    rng = np.random.default_rng(seed)
    image = np.full((*SHAPE, 3), 0.3, np.float32)
    image[CARD] = (0.45, 0.12, 0.1)
    return np.clip(image + rng.normal(0, 0.03, image.shape), 0, 1).astype(np.float32)


def level(partly: bool = True, source: MaskBool | None = None) -> Level:
    image, hole = card(0) * np.float32(255), lines()
    image[hole] = 0
    known = ~hole if source is None else source & ~hole
    return make_level(with_texture(image, hole), hole, known, scale=1, partly=partly)


@pytest.mark.parametrize("seed", range(3))
def test_a_card_seen_between_lines_alone_stays_a_card(seed: int) -> None:
    image, mask = card(seed), lines()
    made = fill(image, mask)
    grey = made[mask][:, 0] - made[mask][:, 1] < 0.1  # The card is 0.33 redder than green.
    assert grey.mean() < 0.06
    assert np.array_equal(made[~mask], image[~mask])


def test_whole_patches_alone_set_the_wall_into_the_card() -> None:
    made = fill(card(0), lines(), part=0)[lines()]
    assert (made[:, 0] - made[:, 1] < 0.1).mean() > 0.2, "or the test above shows nothing"


def test_the_same_bytes_with_any_number_of_threads() -> None:
    image = card(3)
    assert np.array_equal(fill(image, lines()), fill(image, lines(), threads=2))


def test_a_source_known_in_part_costs_the_mean_of_what_is_known() -> None:
    made = level()
    count, flat = made.parts.count, made.flat
    sy, sx = np.argwhere((made.far >= 0) & (count < SIDE * SIDE))[0]
    ty, tx = made.targets[np.abs(made.targets - (sy, sx)).max(axis=1) >= SIDE][0]
    picture = flat[: made.hole.size * 4].reshape(*SHAPE, 4).astype(np.int64)

    def patch(plane: np.ndarray, y: int, x: int) -> np.ndarray:
        return plane[y - REACH : y + REACH + 1, x - REACH : x + REACH + 1]

    known = patch(~made.hole, sy, sx)
    differs = (patch(picture, ty, tx) - patch(picture, sy, sx))[known]
    top = np.int32(2**31 - 1)

    def cost(bytes_: np.ndarray, y: int, x: int) -> int:
        return int(
            patch_distance_kernels.unlike(
                bytes_, made.parts.known, count, SHAPE[1], ty, tx, y, x, top
            )
        )

    assert known.sum() == count[sy, sx] >= LEAST_KNOWN
    assert cost(flat, sy, sx) == (differs**2).sum() * SIDE * SIDE // known.sum()
    other = flat.copy()
    hidden = made.hole & (np.abs(np.indices(SHAPE)[0] - sy) <= REACH)
    hidden &= np.abs(np.indices(SHAPE)[1] - sx) <= REACH
    other[: made.hole.size * 4].reshape(*SHAPE, 4)[hidden] ^= 255
    assert cost(other, sy, sx) == cost(flat, sy, sx), "what a source lacks does not count"


def test_a_source_known_in_part_never_overlaps_its_target() -> None:
    made = level()
    part = np.argwhere((made.far >= 0) & (made.parts.count < SIDE * SIDE))
    y, x = part[0]
    cost = patch_distance_kernels.unlike(
        made.flat, made.parts.known, made.parts.count, SHAPE[1], y + 1, x, y, x, np.int32(2**31 - 1)
    )
    assert cost == patch_distance_kernels.NO_MATCH


def test_only_known_pixels_are_copied() -> None:
    made = level()
    made.found[:] = np.argwhere(made.far >= 0)[-1]
    with Rounds(1, RunToken()) as work:
        work.search(made, salt=1, sweeps=4, reach=max(SHAPE))
        chosen = work.choose(made)
    itself = (chosen == made.holes).all(axis=1)
    assert itself.mean() < 0.05
    assert not made.hole[chosen[~itself, 0], chosen[~itself, 1]].any()


def test_what_must_not_be_copied_is_in_no_source() -> None:
    source = np.ones(SHAPE, bool)
    source[:, :100] = False
    made = level(source=source)
    places = np.argwhere(made.far >= 0)
    assert len(places) and (places[:, 1] - REACH >= 100).all()


def test_without_parts_sources_are_whole() -> None:
    assert np.array_equal(level(partly=False).far >= 0, level().whole)
    assert (level().far >= 0).sum() > level().whole.sum()


def test_the_ground_asks_near_the_rim_for_what_is_known_around() -> None:
    made = level()
    asked = ground(made, scale=1)
    inside = (made.targets >= (44, 50)).all(axis=1) & (made.targets < (78, 150)).all(axis=1)
    red, wall = asked.asked[inside, 1].astype(int), int(asked.mean[10, 10, 1])
    assert (np.abs(red - int(asked.mean[34 + REACH + 8, 100, 1])) < GAP).all()
    assert (red - wall > GAP).all(), "the card's colour, not the wall's"
    assert int(asked.say.min()) > 0
    assert int(ground(made, scale=32).say.max()) == SIDE * SIDE, "outside the hole"
    assert int(ground(made, scale=32).say.min()) == 0, "deep in it"
