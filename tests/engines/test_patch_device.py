"""The patch search in torch, on torch's CPU device: no graphics card was at hand to run it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from skimage import data

from inpaint_studio.engines import patch, patch_device, patch_held
from inpaint_studio.engines.base import FillRequest, check_fill
from inpaint_studio.engines.patch import PatchEngine, on_card
from inpaint_studio.engines.patch_device import DeviceRounds
from inpaint_studio.engines.patch_guide import draw_all, guide
from inpaint_studio.engines.patch_held import mix
from inpaint_studio.engines.patch_levels import Level, make_level, with_texture
from inpaint_studio.engines.patch_lines import find_lines
from inpaint_studio.engines.patch_rounds import synthesise
from inpaint_studio.engines.patch_work import Rounds, weights
from inpaint_studio.errors import BadSetting, Cancelled, Missing
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions

Make = Callable[[int, RunToken], Rounds]
ON_TORCH: Make = partial(DeviceRounds, device="cpu")
PIECES: Make = partial(DeviceRounds, device="cpu", piece=150)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small steps are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def crop() -> tuple[np.ndarray, np.ndarray]:
    """A corner of the coffee photo, levels, and a hole in it."""
    image = np.ascontiguousarray(data.coffee()[120:164, 200:244]).astype(np.float32)
    hole = np.zeros(image.shape[:2], bool)
    hole[16:28, 14:26] = True
    image[hole] = 0
    return image, hole


def searched(make: Make, *, rounds: int = 3) -> Level:
    """One level after some rounds of search and vote, from matches drawn at random."""
    image, hole = crop()
    level = make_level(with_texture(image, hole), hole, ~hole, scale=1)
    usable = np.argwhere(level.far >= 0).astype(np.int32)
    level.found[:] = usable[np.random.default_rng(0).integers(0, len(usable), len(level.found))]
    with make(1, RunToken()) as work:
        for turn in range(rounds):
            work.search(level, salt=turn, sweeps=2, reach=44)
            if turn < rounds - 1:
                work.vote(level, level.holes, weights(level))
    return level


def filled(make: Make, token: RunToken | None = None, seed: int = 0) -> np.ndarray:
    image, hole = crop()
    done = synthesise(
        image, hole, ~hole, seed=seed, threads=1, token=token or RunToken(), make_rounds=make
    )
    assert done is not None
    return done


def test_the_hash_spreads_evenly_and_hangs_on_every_part() -> None:
    points = torch.from_numpy(np.argwhere(np.ones((64, 64)))).int()
    found = [mix(points, c, d) for c, d in ((0, 0), (0, 1), (1, 0))]
    for chance in found:
        assert len(set(chance.tolist())) == 64 * 64
        for part in (chance & 0xFFFF, chance >> 16):
            counts = torch.bincount(part % 9, minlength=9)
            assert counts.min() > 390 and counts.max() < 520
    assert len({tuple(chance.tolist()) for chance in found}) == 3


def test_costs_votes_and_choices_are_the_kernels_own_to_the_last_bit() -> None:
    level = searched(Rounds)
    found, cost, image = level.found.copy(), level.cost.copy(), level.image.copy()
    results = []
    for make in (Rounds, ON_TORCH, PIECES):
        level.found[:], level.cost[:] = found, cost
        level.put(level.holes, image[level.hole])
        with make(1, RunToken()) as work:
            work.measure(level)
            measured = level.cost.copy()
            at = work.choose(level)
            work.vote(level, level.holes, weights(level))
        results.append((measured.tobytes(), at.tobytes(), level.image.tobytes()))
    assert results[0] == results[1] == results[2]


def lined() -> Level:
    """An edge between two grainy halves that a hole interrupts, and the guide along it."""
    image = np.random.default_rng(0).normal(90, 3, (60, 90, 3)).astype(np.float32)
    image[30:] += 90
    hole = np.zeros((60, 90), bool)
    hole[22:38, 36:54] = True
    crossing = find_lines(image, hole, RunToken())
    textured = with_texture(image, hole)
    (drawing,) = draw_all(textured, hole, crossing, 1, RunToken())
    level = make_level(textured, hole, ~hole, scale=1)
    level.guide = guide(level, drawing, crossing, scale=1)
    usable = np.argwhere(level.far >= 0).astype(np.int32)
    level.found[:] = usable[np.random.default_rng(1).integers(0, len(usable), len(level.found))]
    return level


def test_a_line_across_the_hole_costs_the_same_and_is_kept() -> None:
    level = lined()
    on = level.guide.on >= 0
    assert on.any()
    costs = []
    for make in (Rounds, ON_TORCH, PIECES):
        with make(1, RunToken()) as work:
            work.measure(level)
        costs.append(level.cost.tobytes())
    assert costs[0] == costs[1] == costs[2]
    with ON_TORCH(1, RunToken()) as work:
        work.search(level, salt=1, sweeps=1, reach=90)
    above = level.targets[on][:, 0] - 30
    assert np.abs(level.found[on][:, 0] - 30 - above).mean() < 1


def test_the_search_finds_about_as_good_matches_as_the_kernels() -> None:
    device, kernels = searched(ON_TORCH), searched(Rounds)
    assert np.mean(device.cost) < 1.1 * np.mean(kernels.cost)
    with Rounds(1, RunToken()) as work:
        kept = device.cost.copy()
        work.measure(device)
    assert (device.cost == kept).all() and (device.far[tuple(device.found.T)] >= 0).all()


def test_the_same_bytes_whatever_the_pieces_and_no_pixel_outside_the_hole() -> None:
    image, hole = crop()
    one = filled(ON_TORCH)
    assert one.tobytes() == filled(ON_TORCH).tobytes() == filled(PIECES).tobytes()
    assert one.tobytes() != filled(ON_TORCH, seed=1).tobytes()
    assert np.array_equal(one[~hole], image[~hole]) and np.isfinite(one).all()


def test_no_more_is_compared_at_once_than_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    whole = patch_held.Held.patches

    def counted(held: patch_held.Held, centres: torch.Tensor) -> torch.Tensor:
        sizes.append(len(centres))
        return whole(held, centres)

    monkeypatch.setattr(patch_held.Held, "patches", counted)
    filled(PIECES)
    assert sizes and max(sizes) <= 150


def test_a_wish_to_stop_is_heard_before_every_comparison() -> None:
    asked = 0

    def is_cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 400

    with pytest.raises(Cancelled):
        filled(ON_TORCH, RunToken(is_cancelled=is_cancelled))
    assert asked == 401


def request(**parameters: str) -> FillRequest:
    photo = np.ascontiguousarray(data.coffee()[120:164, 200:244])
    _, hole = crop()
    recipe = PatchEngine().recipe(RunOptions(), hole)
    return FillRequest(
        linear=to_linear(photo), mask=hole, ring=ring(hole, 2), threads=1,
        recipe=replace(recipe, parameters={**recipe.parameters, **parameters}),
    )  # fmt: skip


@pytest.mark.parametrize("fault", [torch.OutOfMemoryError("CUDA out of memory. Tried\nmore"), None])
def test_where_the_card_fails_or_is_gone_the_cpu_fills_and_that_is_said(
    fault: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Rounds:
        assert fault is not None
        raise fault

    if fault is not None:
        monkeypatch.setattr(patch, "cuda_card", lambda: "a card")
        monkeypatch.setattr(patch_device.DeviceRounds, "_on_device", broken)
    asked = request(device="cuda")
    fill = PatchEngine().fill(asked, RunToken())
    check_fill(fill, asked)
    (change,) = fill.changes
    assert ("CUDA out of memory. Tried)" if fault else "it is not there") in change
    assert fill.ran_with == {"device": "cpu"}
    plain = PatchEngine().fill(request(), RunToken())
    assert fill.linear.tobytes() == plain.linear.tobytes() and plain.ran_with == {}


def test_what_ran_is_recorded() -> None:
    image, hole = crop()
    search = partial(synthesise, image, hole, ~hole, seed=0, threads=1, token=RunToken())
    solved, ran_with, changes = on_card(search, "cpu")
    assert solved is not None and solved.tobytes() == filled(ON_TORCH).tobytes()
    assert ran_with["device"] == "cpu" and ran_with["torch"] == torch.__version__.split("+")[0]
    assert changes == ()


def test_a_card_is_used_by_wish_alone_and_where_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, large = PatchEngine(), np.ones((400, 400), bool)

    def device(wish: str | None = None) -> object:
        parameters = {} if wish is None else {"device": wish}
        return engine.recipe(RunOptions(parameters=parameters), large).parameters.get("device")

    monkeypatch.setattr(patch, "cuda_card", lambda: "")
    assert device() is device("cpu") is None
    with pytest.raises(Missing, match="No graphics card"):
        device("cuda")
    with pytest.raises(BadSetting, match="must be one of cpu, cuda"):
        device("gpu")
    monkeypatch.setattr(patch, "cuda_card", lambda: "a card")
    assert device() is None and device("cuda") == "cuda"
