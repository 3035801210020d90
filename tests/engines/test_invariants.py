"""What every engine of the table must keep, over masks and photos that break careless ones."""

from __future__ import annotations

import time
import zlib

import numpy as np
import pytest

from inpaint_studio.engines.base import Engine, Fill, FillRequest, check_fill
from inpaint_studio.engines.table import ENGINES, engine
from inpaint_studio.errors import BadSetting, Cancelled
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions

OWN = ("flat", "patch")
"""Engines that need nothing but pixels; the others' own tests bring what they need."""
SIDE = 72


def photo(dtype: type = np.uint8) -> np.ndarray:
    from skimage import data

    crop = np.ascontiguousarray(data.coffee()[120 : 120 + SIDE, 200 : 200 + SIDE])
    return crop if dtype is np.uint8 else crop.astype(np.uint16) * 257


def masks() -> dict[str, np.ndarray]:
    def empty() -> np.ndarray:
        return np.zeros((SIDE, SIDE), dtype=bool)

    made = {name: empty() for name in ("middle", "dot", "left", "right", "top", "bottom")}
    made["middle"][25:45, 28:48] = True
    made["dot"][36, 36] = True
    made["left"][20:40, :12] = True
    made["right"][20:40, -12:] = True
    made["top"][:12, 20:40] = True
    made["bottom"][-12:, 20:40] = True
    made["stripe"] = empty()
    made["stripe"][30:38] = True
    made["corners"] = empty()
    made["corners"][:9, :9] = made["corners"][-9:, -9:] = True
    made["scratch"] = np.eye(SIDE, dtype=bool)
    made["specks"] = np.random.default_rng(5).random((SIDE, SIDE)) < 0.05
    made["most"] = ~empty()
    made["most"][:10, :10] = False
    made["all but one"] = ~empty()
    made["all but one"][40, 3] = False
    made["frame"] = ~empty()
    made["frame"][12:-12, 12:-12] = False
    made["60 %"] = empty()
    made["60 %"][:, : int(SIDE * 0.6)] = True
    return made


def request(
    mask: np.ndarray, pixels: np.ndarray, name: str, seed: int = 0, threads: int = 1
) -> FillRequest:
    recipe = engine(name).recipe(RunOptions(seed=seed), mask)
    return FillRequest(
        linear=to_linear(pixels), mask=mask, ring=ring(mask, 2), recipe=recipe, threads=threads
    )


def run(asked: FillRequest) -> Fill:
    fill = engine(asked.recipe.engine).fill(asked, RunToken())
    check_fill(fill, asked)
    return fill


def digest(fill: Fill) -> int:
    return zlib.crc32(fill.linear.tobytes())


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("hole", masks())
def test_fills_every_mask_and_nothing_else(name: str, hole: str) -> None:
    pixels, mask = photo(), masks()[hole]
    asked = request(mask, pixels, name)
    fill = run(asked)
    outside = ~(mask | asked.ring)
    assert np.array_equal(fill.linear[outside], asked.linear[outside])
    after = composite(pixels, from_linear(fill.linear, np.dtype(np.uint8)), mask, asked.ring)
    assert np.array_equal(after[outside], pixels[outside])
    assert fill.linear[mask].min() >= 0 and fill.linear[mask].max() < 1.5


@pytest.mark.parametrize("name", OWN)
def test_what_lies_under_the_mask_does_not_matter(name: str) -> None:
    pixels, mask = photo(), masks()["middle"]
    painted = pixels.copy()
    painted[mask] = (255, 0, 255)
    asked, other = request(mask, pixels, name), request(mask, painted, name)
    assert np.array_equal(run(asked).linear[mask], run(other).linear[mask])


@pytest.mark.parametrize("name", OWN)
def test_nan_under_the_mask_stays_there(name: str) -> None:
    mask = masks()["middle"]
    asked = request(mask, photo(), name)
    poisoned = asked.linear.copy()
    poisoned[mask] = np.nan
    fill = run(FillRequest(linear=poisoned, mask=mask, ring=asked.ring, recipe=asked.recipe))
    assert np.isfinite(fill.linear).all()


@pytest.mark.parametrize("name", OWN)
def test_same_request_same_bytes_for_any_thread_count(name: str) -> None:
    from skimage import data

    pixels = np.ascontiguousarray(data.astronaut()[:200, 100:300])
    mask = np.zeros((200, 200), dtype=bool)
    mask[40:130, 50:140] = True
    found = {digest(run(request(mask, pixels, name, threads=threads))) for threads in (1, 2, 4, 1)}
    assert len(found) == 1


@pytest.mark.parametrize("name", OWN)
def test_seeds_decide(name: str) -> None:
    pixels, mask = photo(), masks()["middle"]
    assert digest(run(request(mask, pixels, name, 1))) != digest(
        run(request(mask, pixels, name, 2))
    )


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_uniform_photos_stay_uniform(name: str, value: int) -> None:
    pixels = np.full((SIDE, SIDE, 3), value, np.uint8)
    mask = masks()["middle"]
    after = from_linear(run(request(mask, pixels, name)).linear, np.dtype(np.uint8))
    assert np.array_equal(after, pixels)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (2, 2), (6, 40), (7, 7), (20, 300)])
def test_odd_shapes(name: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[shape[0] // 2, shape[1] // 2 :] = True
    if mask.all():
        mask[0, 0] = False
    run(request(mask, pixels, name))


@pytest.mark.parametrize("name", OWN)
def test_sources_outside_the_sampling_area_are_not_used(name: str) -> None:
    pixels = np.full((SIDE, SIDE, 3), 200, np.uint8)
    pixels[:, SIDE // 2 :] = (20, 20, 220)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[30:40, 8:18] = True
    source = np.zeros_like(mask)
    source[:, : SIDE // 2 - 4] = True
    asked = request(mask, pixels, name)
    fill = run(
        FillRequest(
            linear=asked.linear,
            mask=mask,
            ring=asked.ring,
            recipe=asked.recipe,
            source=source & ~mask,
        )
    )
    assert np.abs(from_linear(fill.linear, np.dtype(np.uint8))[mask].astype(int) - 200).max() <= 2


@pytest.mark.parametrize("name", OWN)
def test_tiny_sampling_area(name: str) -> None:
    mask = masks()["middle"]
    source = np.zeros_like(mask)
    source[2:5, 2:5] = True
    asked = request(mask, photo(), name)
    run(
        FillRequest(
            linear=asked.linear, mask=mask, ring=asked.ring, recipe=asked.recipe, source=source
        )
    )


@pytest.mark.parametrize("name", OWN)
def test_sixteen_bits_stay_sixteen(name: str) -> None:
    ramp = np.linspace(9000, 52000, SIDE * SIDE * 3).reshape(SIDE, SIDE, 3)
    noise = np.random.default_rng(3).normal(0, 60, ramp.shape)
    pixels = (ramp + noise).astype(np.uint16)
    mask = masks()["middle"]
    asked = request(mask, pixels, name)
    after = composite(pixels, from_linear(run(asked).linear, np.dtype(np.uint16)), mask, asked.ring)
    assert after.dtype == np.uint16
    low = np.bincount(after[mask].ravel() & 15, minlength=16)
    # 12 significant bits: the lowest four of sixteen are spread, not stuck.
    assert (low > 0).all()


@pytest.mark.parametrize("name", OWN)
def test_cancel_comes_within_a_fifth_of_a_second(name: str) -> None:
    from skimage import data

    pixels = np.ascontiguousarray(data.astronaut())
    mask = np.zeros((512, 512), dtype=bool)
    mask[100:400, 120:420] = True
    asked = request(mask, pixels, name, threads=2)
    run(request(masks()["middle"], photo(), name))  # kernels are compiled

    for checks in (1, 5, 20, 80, 300):
        count = 0
        since = float("nan")

        def stop(checks: int = checks) -> bool:
            nonlocal count, since
            count += 1
            if count == checks:
                since = time.monotonic()
            return count >= checks

        try:
            engine(name).fill(asked, RunToken(is_cancelled=stop))
        except Cancelled:
            assert time.monotonic() - since < 0.2
        else:
            assert count < checks


def test_the_table_lists_every_engine_once() -> None:
    assert list(ENGINES) == [
        "flat", "patch", "text", "generative", "learned", "upscale"
    ]  # fmt: skip
    for name, listed in ENGINES.items():
        assert listed.name == name
        available = listed.availability()
        assert available.ready or (available.why and available.how)


def test_an_unknown_engine_is_a_sentence() -> None:
    with pytest.raises(BadSetting, match="choose one of flat, patch"):
        engine("magic")


def test_engines_fit_the_protocol() -> None:
    for listed in ENGINES.values():
        typed: Engine = listed
        assert typed.context_px(masks()["middle"]) >= 0
        assert typed.estimate_mb((512, 512), 1000) >= 0
