"""Lines across a hole: found where they are sure, kept in place, and nothing changed elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from inpaint_studio.engines import patch_kernels
from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.engines.patch_distance_kernels import mix
from inpaint_studio.engines.patch_lines import find_lines
from inpaint_studio.errors import Cancelled
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from tests.benchmarks.lines_measures import line_error, straight

SIDE = 128
HOLE = np.s_[42:86, 44:84]


def slanted(*, at: float = 62.3, slope: float = 0.21, ends: int = SIDE) -> np.ndarray:
    """A picture (SIDE, SIDE, 3), 0..255, darker under y = at + slope x up to x = `ends`."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    under = np.clip(y - at - slope * x + 0.5, 0, 1) * (x < ends)
    noise = np.random.default_rng(0).normal(0, 2, (SIDE, SIDE, 3))
    return 170 + noise - under[..., None] * np.array([90.0, 60.0, 20.0])


def hole() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[HOLE] = True
    return mask


def found(picture: np.ndarray) -> list[object]:
    return list(find_lines(picture.astype(np.float32), hole(), RunToken()))


def filled(picture: np.ndarray, *, threads: int = 1, **parameters: int) -> np.ndarray:
    codes = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    codes[hole()] = 255
    asked = FillRequest(
        linear=to_linear(codes),
        mask=hole(),
        ring=np.zeros_like(hole()),
        recipe=PatchEngine().recipe(RunOptions(parameters=dict(parameters)), hole()),
        threads=threads,
    )
    return from_linear(PatchEngine().fill(asked, RunToken()).linear, np.uint8)


@pytest.mark.parametrize("at, slope", [(62.3, 0.0), (48.7, 0.21), (75.5, -0.3), (10.2, 0.9)])
def test_a_line_is_found_to_a_fraction_of_a_pixel(at: float, slope: float) -> None:
    (line,) = find_lines(slanted(at=at, slope=slope).astype(np.float32), hole(), RunToken())
    x = np.linspace(46, 82, 9)
    y = at + slope * x
    inside = hole()[np.rint(y).astype(int), np.rint(x).astype(int)]
    _, beside = line.frame(x[inside], y[inside])
    assert np.abs(beside).max() < 0.4


def test_a_gentle_bend_is_followed() -> None:
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    bent = 60 + 0.0018 * np.square(x - 64)
    picture = np.where((y > bent)[..., None], 80.0, 160.0) * np.ones(3)
    (line,) = find_lines(picture.astype(np.float32), hole(), RunToken())
    _, beside = line.frame(np.array([64.0]), np.array([60.0]))
    assert abs(beside[0]) < 0.8


def test_what_lies_under_the_hole_has_no_say() -> None:
    picture = slanted().astype(np.float32)
    other = picture.copy()
    other[HOLE] = np.random.default_rng(1).uniform(0, 255, other[HOLE].shape)
    lines = [find_lines(p, hole(), RunToken()) for p in (picture, other)]
    assert len(lines[0]) == len(lines[1]) == 1
    assert np.array_equal(lines[0][0].origin, lines[1][0].origin)
    assert np.array_equal(lines[0][0].bend, lines[1][0].bend)


def test_an_edge_that_ends_in_the_hole_guides_nothing() -> None:
    assert found(slanted())
    assert not found(slanted(ends=64))


def test_edges_that_do_not_meet_guide_nothing() -> None:
    picture = slanted(slope=0.0)
    picture[:, 64:] = slanted(at=69.3, slope=0.0)[:, 64:]
    assert not found(picture)


def test_the_courses_of_a_wall_are_left_alone() -> None:
    """Drawing them would take their joints away."""
    y, x = np.mgrid[:SIDE, :SIDE]
    joint = (y % 18 < 3) | ((x + 17 * (y // 18 % 2)) % 34 < 3)
    planks = y % 18 < 3
    for wall, expected in ((planks, True), (joint, False)):
        picture = np.where(wall[..., None], 190.0, 90.0) * np.ones(3)
        assert bool(found(picture)) is expected


def test_without_lines_the_bytes_are_the_old_ones() -> None:
    plain = np.random.default_rng(3).normal(128, 30, (SIDE, SIDE, 3))
    assert not found(plain)
    assert np.array_equal(filled(plain), filled(plain, lines=0))


def test_a_line_stays_in_place() -> None:
    """Over a texture on which the unguided fill loses it."""
    picture = slanted(at=48.7)
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    wavy = 14 * np.sin(x / 2.3 + 2 * np.sin(y / 5)) * np.cos(y / 3.1)
    truth = np.clip(np.rint(picture + wavy[..., None]), 0, 255).astype(np.uint8)
    way = straight(np.array([2.0, 48.7 + 0.42]), np.array([125.0, 48.7 + 0.21 * 125]))
    guided = line_error(filled(truth), truth, way, hole())
    assert guided.continues
    assert guided.off_px <= line_error(filled(truth, lines=0), truth, way, hole()).off_px


def test_threads_do_not_decide_where_lines_guide() -> None:
    picture = slanted()
    one = filled(picture, threads=1)
    assert not np.array_equal(one, filled(picture, lines=0))
    assert np.array_equal(one, filled(picture, threads=4))


def test_looking_for_lines_can_be_cancelled() -> None:
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        find_lines(slanted().astype(np.float32), hole(), token)


def test_places_along_a_line_lie_beside_its_known_ends() -> None:
    """The hash has 64 bits in compiled code: taken for 32 no place lay in any picture."""
    before, gap, after = 12.0, 20.0, 30.0
    level = np.array([[40.0, 50.0, 1.0, 0.0, 0.0, 0.0, 0.0, gap, before, after]])
    places = [
        patch_kernels.along(level, 0, 53, 44, np.uint64(mix(53, 44, turn, 64)))
        for turn in range(200)
    ]
    rows, columns = np.transpose(places)
    u = columns - 40
    first, last = (u >= -before) & (u <= 0), (u >= gap) & (u <= gap + after)
    assert (rows == 53).all() and (first | last).all()
    assert 0.15 < first.mean() < 0.45
