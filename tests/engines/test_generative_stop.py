"""Cancel at any moment, run out of memory, fail: a sentence, and the next job is fine."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_studio.engines import generative_device, generative_load, generative_run
from inpaint_studio.engines.generative import GenerativeEngine
from inpaint_studio.engines.generative_device import DevicePlan, Memory, choose, lower
from inpaint_studio.errors import Cancelled, EngineFailed
from inpaint_studio.jobs.token import RunToken
from tests.engines.conftest import request_for

GB = 1000.0


def _bytes(engine: GenerativeEngine, **more: Any) -> str:
    return hashlib.sha256(
        engine.fill(request_for(engine, "sd9", **more), RunToken()).linear.tobytes()
    ).hexdigest()


def test_cancel_at_a_random_moment_is_quick_and_the_next_job_is_fine(
    tiny_engine: GenerativeEngine,
) -> None:
    expected = _bytes(tiny_engine, steps=12)
    request = request_for(tiny_engine, "sd9", steps=12)
    tiny_engine.fill(request, RunToken())
    began = time.monotonic()
    tiny_engine.fill(request, RunToken())
    whole = time.monotonic() - began
    draw = random.Random(8)
    cancelled = 0
    for _ in range(12):
        token = RunToken()
        asked: list[float] = []

        def stop(token: RunToken = token, asked: list[float] = asked) -> None:
            asked.append(time.monotonic())
            token.cancel()

        timer = threading.Timer(draw.random() * whole, stop)
        timer.start()
        try:
            tiny_engine.fill(request, token)
        except Cancelled:
            cancelled += 1
            assert time.monotonic() - asked[0] <= 1.0
        finally:
            timer.cancel()
            timer.join()
    assert cancelled >= 3
    assert _bytes(tiny_engine, steps=12) == expected


def test_cancel_is_heard_inside_a_step(tiny_engine: GenerativeEngine) -> None:
    tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())
    pipe = generative_run.warm_pipe()
    token = RunToken()
    seen = 0

    def cancel_in_the_middle(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            token.cancel()
            time.sleep(0.03)

    hook = pipe.unet.mid_block.resnets[0].conv1.register_forward_pre_hook(cancel_in_the_middle)
    try:
        with pytest.raises(Cancelled):
            tiny_engine.fill(request_for(tiny_engine, "sd9", steps=5), token)
    finally:
        hook.remove()
    assert seen == 1


def _fail_times(
    monkeypatch: pytest.MonkeyPatch, count: int, make: Callable[[], BaseException]
) -> list[tuple[int, int]]:
    """Make the first `count` passes run out of memory; return the sizes that were asked."""
    real = generative_run.answer_of
    sizes: list[tuple[int, int]] = []

    def answer_of(loaded: Any, picture: Any, *rest: Any, **more: Any) -> Any:
        sizes.append(picture.shape[:2])
        if len(sizes) <= count:
            raise make()
        return real(loaded, picture, *rest, **more)

    monkeypatch.setattr(generative_run, "answer_of", answer_of)
    return sizes


def _cuda_oom() -> BaseException:
    import torch

    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize(
    "make",
    [
        _cuda_oom,
        MemoryError,
        lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"),
        lambda: RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ],
)
def test_running_out_of_memory_changes_the_plan_visibly(
    make: Callable[[], BaseException],
    tiny_engine: GenerativeEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fail_times(monkeypatch, 1, make)
    fill = tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())
    assert fill.changes == (
        "The device ran out of memory: attention and decoding were done in pieces.",
    )
    assert fill.ran_with["tiling"] == "true"


def test_a_smaller_crop_comes_first(
    tiny_engine: GenerativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = _fail_times(monkeypatch, 1, _cuda_oom)
    photo = np.full((600, 600, 3), 90, np.uint8)
    mask = np.zeros((600, 600), dtype=bool)
    mask[290:310, 290:310] = True
    request = request_for(tiny_engine, "sd9", pixels=photo, mask=mask, size=512, steps=1)
    fill = tiny_engine.fill(request, RunToken())
    assert "smaller (768 -> 576 px)" in fill.changes[0]
    assert sizes[1] <= sizes[0]


def test_no_memory_on_any_rung_ends_with_a_reason(
    tiny_engine: GenerativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_times(monkeypatch, 99, _cuda_oom)
    with pytest.raises(EngineFailed, match="run the job again from the queue"):
        tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())
    assert generative_load.warm_model() == ""
    monkeypatch.undo()
    assert _bytes(tiny_engine) == _bytes(tiny_engine)


def test_a_library_error_is_an_engine_error_not_ours(
    tiny_engine: GenerativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())

    def explode(*_: object, **__: object) -> None:
        raise ValueError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(generative_run.warm_pipe().vae, "decode", explode)
    with pytest.raises(EngineFailed, match="mat1 and mat2"):
        tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())


def test_numbers_that_are_not_finite_never_come_out(
    tiny_engine: GenerativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = np.full((128, 128, 3), np.nan, np.float32)
    monkeypatch.setattr(generative_run, "answer_of", lambda *_, **__: bad)
    with pytest.raises(EngineFailed, match="not finite"):
        tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())


def test_half_precision_that_overflows_is_run_again_in_full(
    tiny_engine: GenerativeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = generative_run.answer_of
    count = 0

    def first_is_nan(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        made = real(*given, **more)
        return np.full_like(made, np.nan) if count == 1 else made

    monkeypatch.setattr(generative_run, "answer_of", first_is_nan)
    fill = tiny_engine.fill(request_for(tiny_engine, "sd9", dtype="bfloat16"), RunToken())
    assert fill.changes == ("The model overflowed in bfloat16; it ran in float32 instead.",)
    assert fill.ran_with["dtype"] == "float32"


def test_another_model_frees_the_one_before(tiny_engine: GenerativeEngine) -> None:
    import gc
    import weakref

    tiny_engine.fill(request_for(tiny_engine, "sd9"), RunToken())
    first = weakref.ref(generative_run.warm_pipe().unet)
    tiny_engine.fill(request_for(tiny_engine, "sd4"), RunToken())
    gc.collect()
    assert first() is None
    assert generative_load.warm_model() == "diffusion/sd4"


CUDA_24 = Memory(device="cuda", free_mb=24 * GB, ram_mb=64 * GB)
SD15, SDXL, FLUX = (1066, 860, 512), (3500, 2570, 1024), (16900, 11900, 1024)


@pytest.mark.parametrize(
    ("model", "memory", "device", "dtype", "offload", "pieces"),
    [
        (SD15, CUDA_24, "cuda", "float16", "", False),
        (SDXL, CUDA_24, "cuda", "float16", "", False),
        (SDXL, Memory(device="cuda", free_mb=12 * GB, ram_mb=64 * GB), "cuda", "float16", "", True),
        (SDXL, Memory(device="cuda", free_mb=9 * GB, ram_mb=64 * GB),
         "cuda", "float16", "model", True),
        (SDXL, Memory(device="cuda", free_mb=4 * GB, ram_mb=64 * GB),
         "cuda", "float16", "sequential", True),
        (SDXL, Memory(device="cuda", free_mb=1 * GB, ram_mb=64 * GB), "cpu", "float32", "", False),
        (FLUX, Memory(device="cuda", free_mb=78 * GB, ram_mb=128 * GB),
         "cuda", "float16", "", False),
        (SD15, Memory(device="cpu", free_mb=16 * GB, ram_mb=16 * GB), "cpu", "float32", "", False),
        (SD15, Memory(device="cpu", free_mb=6.5 * GB, ram_mb=6.5 * GB),
         "cpu", "float32", "", True),
        (SD15, Memory(device="cpu", free_mb=5 * GB, ram_mb=5 * GB), "cpu", "bfloat16", "", True),
        (SD15, Memory(device="mps", free_mb=11 * GB, ram_mb=16 * GB), "mps", "float16", "", False),
    ],
)  # fmt: skip
def test_the_plan_fits_the_free_memory(
    model: tuple[int, int, int], memory: Memory, device: str, dtype: str, offload: str,
    pieces: bool,
) -> None:  # fmt: skip
    plan = choose(model[0], model[1], model[2], memory)
    assert (plan.device, plan.dtype, plan.offload) == (device, dtype, offload)
    assert plan.tiling == plan.slicing == pieces


def test_a_model_that_fits_nowhere_is_refused_with_both_numbers() -> None:
    with pytest.raises(EngineFailed, match=r"needs about 33\.8 GB .* 8\.0 GB"):
        choose(*FLUX, Memory(device="cpu", free_mb=8 * GB, ram_mb=8 * GB))


def test_the_ladder_goes_down_in_order_and_ends() -> None:
    plan: DevicePlan = DevicePlan(device="cuda", dtype="float16", side_px=768)
    said = []
    for _ in range(20):
        step = lower(plan, CUDA_24)
        if step is None:
            break
        plan, sentence = step
        said.append(sentence)
    words = ("smaller", "in pieces", "wait in main", "layer by layer", "CPU took over")
    places = [next(i for i, text in enumerate(said) if word in text) for word in words]
    assert places == sorted(places)
    assert plan.device == "cpu" and lower(plan, CUDA_24) is None


def test_only_allocation_failures_count_as_out_of_memory() -> None:
    assert not generative_device.is_out_of_memory(RuntimeError("shape mismatch"))
    assert not generative_device.is_out_of_memory(ValueError("out of memory"))
    assert generative_device.is_out_of_memory(MemoryError())


def test_switching_models_gives_the_memory_back(tmp_path: Path) -> None:
    import psutil
    from diffusers import UNet2DConditionModel

    from inpaint_studio.weights.folder import ModelFolder
    from tests import models_factory

    models_factory._quiet()
    pipe = models_factory.sd(tmp_path)
    pipe.unet = UNet2DConditionModel(
        block_out_channels=(160, 320), norm_num_groups=8, layers_per_block=1, sample_size=16,
        in_channels=9, out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=8,
        cross_attention_dim=32,
    )  # fmt: skip
    weights_mb = sum(p.numel() for p in pipe.unet.parameters()) * 4 / 1e6
    pipe.save_pretrained(tmp_path / "models" / "diffusion" / "large")
    del pipe
    models_factory.save("sd4", tmp_path / "models" / "diffusion" / "small", tmp_path)
    engine = GenerativeEngine(ModelFolder(tmp_path / "models"))

    def held_mb(model: str) -> float:
        engine.fill(request_for(engine, model, steps=1), RunToken())
        return float(psutil.Process().memory_info().rss) / 1e6

    held_mb("small")
    large = held_mb("large")
    assert weights_mb > 40 and large - held_mb("small") > 0.7 * weights_mb
