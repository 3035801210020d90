"""Enlarging: by model or Lanczos, the photo is still the photo when scaled back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines.upscale import Upscaler, consistency, consistent
from inpaint_studio.errors import BadSetting, Cancelled, Missing
from inpaint_studio.imaging.color import encode, to_linear
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions, Scalar
from inpaint_studio.weights.folder import ModelFolder
from tests.engines.conftest import scene


@pytest.fixture(scope="module")
def upscaler(tmp_path_factory: pytest.TempPathFactory) -> Upscaler:
    from tests.models_factory import save

    work = tmp_path_factory.mktemp("up")
    save("upscaler", work / "models" / "upscale" / "tiny-x4-upscaler", work)
    return Upscaler(ModelFolder(work / "models"))


def _options(**parameters: Scalar) -> RunOptions:
    return RunOptions(seed=2, parameters={"steps": 2, "tile": 32, **parameters})


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_model_enlarges_repeats_and_stays_the_photo(factor: int, upscaler: Upscaler) -> None:
    photo, _ = scene(50)
    linear = to_linear(photo)
    recipe = upscaler.recipe(_options(factor=factor))
    assert recipe.model == "upscale/tiny-x4-upscaler" and recipe.model_sha256
    made = upscaler.enlarge(linear, recipe, RunToken())
    assert made.linear.shape == (50 * factor, 50 * factor, 3)
    assert np.array_equal(made.linear, upscaler.enlarge(linear, recipe, RunToken()).linear)
    assert made.readings[0].value < 0.05  # a model of noise; a real one is far below
    assert int(made.ran_with["tiles"]) > 1


def test_without_a_model_lanczos_does_it_and_says_so(tmp_path: Path) -> None:
    upscaler = Upscaler(ModelFolder(tmp_path))
    photo, _ = scene(60)
    state = upscaler.availability()
    assert state.ready and "Lanczos" in state.why
    made = upscaler.enlarge(to_linear(photo), upscaler.recipe(_options(factor=2)), RunToken())
    assert "Lanczos" in made.changes[0]
    assert made.readings[0].passed
    assert np.abs(encode(made.linear)[::2, ::2].mean() - encode(to_linear(photo)).mean()) < 0.01


def test_what_a_model_invents_in_the_low_band_is_taken_out() -> None:
    photo = np.full((32, 32, 3), 0.4, np.float32)
    answer = np.full((64, 64, 3), 0.55, np.float32)
    assert not consistency(answer, photo, 2).passed
    assert consistency(consistent(answer, photo, 2), photo, 2).passed


def test_bad_wishes_are_refused(upscaler: Upscaler) -> None:
    with pytest.raises(BadSetting):
        upscaler.recipe(_options(factor=5))
    with pytest.raises(BadSetting):
        upscaler.recipe(_options(sharpness=1))
    with pytest.raises(Missing):
        upscaler.recipe(_options(model="nobody"))


def test_cancel_is_heard(upscaler: Upscaler) -> None:
    photo, _ = scene(50)
    token = RunToken()
    token.cancel()
    with pytest.raises(Cancelled):
        upscaler.enlarge(to_linear(photo), upscaler.recipe(_options()), token)
