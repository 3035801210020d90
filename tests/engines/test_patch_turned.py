"""Copies of the crop as sources: what is there turned, mirrored or in another size is found."""

from __future__ import annotations

import cv2
import numpy as np
import psutil
import pytest

from inpaint_studio.arrays import MaskBool, Pixels
from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.patch import PatchEngine
from inpaint_studio.engines.patch_turned import TURNS, copies, spread
from inpaint_studio.errors import EngineFailed
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar


def texture(height: int, width: int, seed: int = 5) -> Pixels:
    """Return soft blots, no two alike and none of them symmetric."""
    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3.0)
    return np.clip(128 + 45 * soft / soft.std(), 0, 255).astype(np.uint8)


def asked(pixels: Pixels, mask: MaskBool, **parameters: Scalar) -> FillRequest:
    recipe = PatchEngine().recipe(RunOptions(engine="patch", parameters=parameters), mask)
    return FillRequest(
        linear=to_linear(pixels), mask=mask, ring=np.zeros_like(mask), recipe=recipe, threads=2
    )


def error(pixels: Pixels, mask: MaskBool, **parameters: Scalar) -> float:
    """Return the mean absolute error of the fill in the hole, linear light."""
    request = asked(pixels, mask, **parameters)
    fill = PatchEngine().fill(request, RunToken())
    assert np.array_equal(fill.linear[~mask], request.linear[~mask])
    return float(np.abs(fill.linear - request.linear)[mask].mean())


def hole(shape: tuple[int, ...], top: int, left: int, side: int = 26) -> MaskBool:
    mask = np.zeros(shape[:2], dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_a_mirrored_half_is_found_only_where_mirrored_copies_are_sources() -> None:
    left = texture(96, 80)
    pixels = np.concatenate([left, left[:, ::-1]], axis=1)
    mask = hole(pixels.shape, 34, 115)
    assert error(pixels, mask, turned="mirrored") < 0.25 * error(pixels, mask)


def test_a_turned_quarter_is_found_at_the_border_of_the_crop_too() -> None:
    part = texture(80, 80)
    pixels = np.concatenate([part, np.rot90(part)], axis=1)
    mask = hole(pixels.shape, 30, pixels.shape[1] - 26)
    assert error(pixels, mask, turned="quarters") < 0.25 * error(pixels, mask)


def test_ground_in_another_size_is_found_where_scaled_copies_are_sources() -> None:
    part = texture(100, 100)
    small = cv2.resize(part, (80, 80), interpolation=cv2.INTER_AREA)
    pixels = np.concatenate([part, np.zeros((100, 80, 3), np.uint8)], axis=1)
    pixels[:80, 100:] = small
    pixels[80:, 100:] = texture(20, 80, seed=6)
    mask = hole(pixels.shape, 28, 126)
    assert error(pixels, mask, scaled=1) < 0.5 * error(pixels, mask)


@pytest.mark.parametrize("turned", list(TURNS))
def test_copies_hold_only_known_pixels_and_their_true_distance(turned: str) -> None:
    rng = np.random.default_rng(1)
    image = rng.random((50, 70, 4)).astype(np.float32)
    mask = hole((50, 70), 10, 12, 15)
    canvas = spread(image, mask, np.ones_like(mask), turned=turned, scaled=False)
    assert np.array_equal(canvas.crop(canvas.image), image)
    count = 1 + copies(turned, scaled=False)
    assert canvas.source.sum() == count * (~mask).sum()
    known = np.sort(image[~mask], axis=0)
    found = np.sort(canvas.image[canvas.source], axis=0)
    assert np.array_equal(found[::count], known) and np.array_equal(
        found[count - 1 :: count], known
    )
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)[~mask]
    assert np.array_equal(np.sort(canvas.away[canvas.source])[::count], np.sort(away))


def test_memory_for_the_copies_is_asked_for_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = texture(200, 200)
    mask = hole(pixels.shape, 80, 80)
    plain = PatchEngine().needs_mb(asked(pixels, mask))
    request = asked(pixels, mask, turned="all", scaled=1)
    needed = PatchEngine().needs_mb(request)
    assert needed > plain + 9 * 200 * 200 * 40 / 1e6
    memory = psutil.virtual_memory()._replace(available=int((plain + 1) * 1e6))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    with pytest.raises(EngineFailed, match="MB"):
        PatchEngine().fill(request, RunToken())
