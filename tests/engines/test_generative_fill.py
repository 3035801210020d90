"""Every family, from folder and single file: same seed same bytes, nothing outside, no socket."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines.base import check_fill
from inpaint_studio.engines.generative import GenerativeEngine, variations
from inpaint_studio.errors import BadSetting, Missing
from inpaint_studio.imaging.blend import composite
from inpaint_studio.imaging.color import from_linear, to_linear
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.weights.folder import ModelFolder
from tests.engines.conftest import FAMILIES, FILES, request_for, scene

ROOT = Path(__file__).parents[2]
EVERY = (*FAMILIES, *FILES)
_FIRST: dict[str, str] = {}
"""What this process made of each model, so that the restart need not make it all again."""


def _sum(engine: GenerativeEngine, model: str, **more: object) -> str:
    request = request_for(engine, model, **more)  # type: ignore[arg-type]
    fill = engine.fill(request, RunToken())
    check_fill(fill, request)
    changed = (fill.linear != request.linear).any(axis=-1)
    assert not (changed & ~(request.mask | request.ring)).any()
    assert changed[request.mask].mean() > 0.9
    return hashlib.sha256(fill.linear.tobytes()).hexdigest()


@pytest.mark.parametrize("model", EVERY)
def test_same_seed_same_bytes_other_seed_other_bytes(
    model: str, tiny_engine: GenerativeEngine, no_sockets: None
) -> None:
    first = _FIRST[model] = _sum(tiny_engine, model)
    assert _sum(tiny_engine, model) == first
    assert _sum(tiny_engine, model, seed=4) != first


_AFTER_RESTART = """
import hashlib, json, sys
from pathlib import Path
from inpaint_studio.engines.generative import GenerativeEngine
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.weights.folder import ModelFolder
from tests.engines.conftest import request_for
engine = GenerativeEngine(ModelFolder(Path(sys.argv[1])))
for model in sys.argv[2:]:
    fill = engine.fill(request_for(engine, model), RunToken())
    print(json.dumps([model, hashlib.sha256(fill.linear.tobytes()).hexdigest()]))
"""


@pytest.mark.timeout(900)
def test_the_same_bytes_after_a_restart_and_in_another_order(
    tiny_engine: GenerativeEngine, models_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _AFTER_RESTART, str(models_path), *EVERY[::-1]],
        capture_output=True, text=True, check=True, cwd=ROOT, timeout=850,
    )  # fmt: skip
    restarted = dict(json.loads(line) for line in done.stdout.splitlines() if line[:1] == "[")
    here = {model: _FIRST.get(model) or _sum(tiny_engine, model) for model in EVERY}
    assert restarted == here


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_outside_mask_and_ring_every_byte_stays(
    dtype: type[np.unsignedinteger], tiny_engine: GenerativeEngine
) -> None:
    photo, _ = scene()
    pixels = photo.astype(dtype) * (257 if dtype is np.uint16 else 1)
    if dtype is np.uint16:
        pixels = pixels + np.arange(128, dtype=np.uint16)[:, None, None]  # no multiple of 257
    request = request_for(tiny_engine, "sd9", pixels=pixels)
    fill = tiny_engine.fill(request, RunToken())
    after = composite(pixels, from_linear(fill.linear, pixels.dtype), request.mask, request.ring)
    outside = ~(request.mask | request.ring)
    assert np.array_equal(after[outside], pixels[outside])
    assert not np.array_equal(after[request.mask], pixels[request.mask])


def test_words_change_the_fill_and_none_are_needed(tiny_engine: GenerativeEngine) -> None:
    plain = _sum(tiny_engine, "sd9", intent="fill")
    assert _sum(tiny_engine, "sd9", intent="fill", prompt="a red boat", guidance=7.5) != plain


def test_guidance_without_words_is_left_out_because_it_changes_nothing(
    tiny_engine: GenerativeEngine,
) -> None:
    assert _sum(tiny_engine, "sd9", guidance=9.0) == _sum(tiny_engine, "sd9", guidance=1.0)


def test_variations_differ_in_the_seed_alone(tiny_engine: GenerativeEngine) -> None:
    _, mask = scene()
    recipe = tiny_engine.recipe(RunOptions(seed=7, parameters={"model": "sd9"}), mask)
    made = variations(recipe, 3)
    assert made[0] == recipe
    assert [replace(one, seed=7) for one in made] == [recipe] * 3
    assert len({one.seed for one in made}) == 3


def test_a_hole_bigger_than_the_model_is_refined_in_tiles_and_it_is_said(
    tiny_engine: GenerativeEngine,
) -> None:
    photo, mask = scene(256, 180)
    request = request_for(tiny_engine, "sd9", pixels=photo, mask=mask)
    fill = tiny_engine.fill(request, RunToken())
    check_fill(fill, request)
    assert any("refined in" in change for change in fill.changes)
    assert int(fill.ran_with["passes"]) > 2
    coarse = tiny_engine.fill(
        request_for(tiny_engine, "sd9", pixels=photo, mask=mask, refine=False), RunToken()
    )
    assert any("of size" in change for change in coarse.changes)
    assert not np.array_equal(coarse.linear, fill.linear)


def test_a_picture_is_generated_on_an_empty_canvas(tiny_engine: GenerativeEngine) -> None:
    canvas = np.full((96, 128, 3), 128, np.uint8)
    every = np.ones(canvas.shape[:2], dtype=bool)
    request = request_for(
        tiny_engine, "sd4", pixels=canvas, mask=every, intent="generate", prompt="a meadow"
    )
    fill = tiny_engine.fill(replace(request, ring=np.zeros_like(every)), RunToken())
    assert np.isfinite(fill.linear).all() and fill.linear.std() > 0.01


def test_the_recipe_pins_the_model(tiny_engine: GenerativeEngine) -> None:
    request = request_for(tiny_engine, "sd9")
    other = replace(request, recipe=replace(request.recipe, model_sha256="0" * 64))
    with pytest.raises(Missing, match="put the first one back"):
        tiny_engine.fill(other, RunToken())


def test_what_decides_bits_beside_the_recipe_is_written_down(
    tiny_engine: GenerativeEngine,
) -> None:
    request = request_for(tiny_engine, "sd9")
    assert {"torch", "diffusers", "transformers", "numpy"} <= set(request.recipe.fingerprint)
    ran = tiny_engine.fill(request, RunToken()).ran_with
    assert {"device", "dtype", "threads", "cpu", "offload", "tiling"} <= set(ran)


@pytest.mark.parametrize(
    "parameters",
    [{"steps": 0}, {"steps": 2.5}, {"guidance": float("nan")}, {"prefill": "magic"}, {"lora": 1}],
)
def test_bad_parameters_are_refused_with_a_sentence(
    parameters: dict[str, float], tiny_engine: GenerativeEngine
) -> None:
    with pytest.raises(BadSetting, match=r"parameter .*\."):
        request_for(tiny_engine, "sd9", **parameters)


def test_without_a_model_the_sentence_says_what_to_put_where(tmp_path: Path) -> None:
    engine = GenerativeEngine(ModelFolder(tmp_path / "none"))
    state = engine.availability()
    assert not state.ready
    assert str(tmp_path / "none" / "diffusion") in state.how and "models import" in state.how
    _, mask = scene()
    with pytest.raises(Missing) as caught:
        engine.recipe(RunOptions(), mask)
    assert caught.value.exit_code == 4


def test_the_prefill_starts_from_the_patch_engine(tiny_engine: GenerativeEngine) -> None:
    assert _sum(tiny_engine, "sd4", prefill="patch") != _sum(tiny_engine, "sd4", prefill="none")


def test_few_steps_and_little_strength_still_run(tiny_engine: GenerativeEngine) -> None:
    _sum(tiny_engine, "sd9", steps=1, strength=0.05)


@pytest.mark.parametrize("sampler", ["ddim", "euler", "euler-a", "dpm++", "unipc", "lcm"])
def test_every_sampler_runs_and_repeats(sampler: str, tiny_engine: GenerativeEngine) -> None:
    assert _sum(tiny_engine, "sd9", sampler=sampler) == _sum(tiny_engine, "sd9", sampler=sampler)


def test_linear_crop_is_not_written_to(tiny_engine: GenerativeEngine) -> None:
    photo, _ = scene()
    request = request_for(tiny_engine, "sd9")
    request.linear.flags.writeable = False
    tiny_engine.fill(request, RunToken())
    assert np.array_equal(request.linear, to_linear(photo))
