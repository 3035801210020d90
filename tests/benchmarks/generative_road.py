"""What our road costs beside the bare pipeline call, and how quickly a run stops.

    python -m tests.benchmarks.generative_road overhead [--size 512] [--steps 3] [--full]
    python -m tests.benchmarks.generative_road step [--size 512]
    python -m tests.benchmarks.generative_road cancel [--times 100]
    python -m tests.benchmarks.generative_road verify [--gb 5] [--cold] [--where DIR]

`overhead --full` runs a random-weight network of Stable Diffusion 1.5's own size (3.3 GB of
memory and minutes on a CPU); without it the tiny one. All calls happen in the same process, in
turn, in processor seconds of one thread, so that the ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inpaint_studio.engines import generative_run
from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.generative import GenerativeEngine
from inpaint_studio.errors import Cancelled
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.jobs.token import Progress, RunToken
from inpaint_studio.records import RunOptions
from inpaint_studio.weights.folder import ModelFolder
from tests import models_factory


def _photo(side: int) -> tuple[np.ndarray, np.ndarray]:
    from skimage import data

    photo = np.ascontiguousarray(data.astronaut()[:side, :side])
    mask = np.zeros(photo.shape[:2], dtype=bool)
    mask[side // 3 : side // 2, side // 3 : side // 2] = True
    return photo, mask


def _full_size(work: Path) -> Any:
    """Stable Diffusion 1.5 inpainting at its own size, random weights."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    pipe = models_factory.sd(work)
    pipe.unet = UNet2DConditionModel(
        sample_size=64, in_channels=9, out_channels=4, cross_attention_dim=768
    ).eval()
    pipe.text_encoder = models_factory.clip_text(width=768)
    pipe.register_to_config(unet=("diffusers", "UNet2DConditionModel"))
    pipe.vae = _full_vae()
    return pipe


def _full_vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=[128, 256, 512, 512],
        layers_per_block=2,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=4,
        sample_size=512,
    ).eval()


def overhead(arguments: argparse.Namespace, work: Path) -> None:
    """Bare call, engine alone and whole road (plan, gates, artifacts) in turn, in CPU seconds.

    What a step costs is taken from the bare call's own steps; so a run of few steps says what
    share our part has of thirty.
    """
    import torch

    from inpaint_studio.pipeline import RunRequest
    from inpaint_studio.pipeline import run as whole_road
    from inpaint_studio.store.objects import ObjectStore
    from inpaint_studio.vision.readers import Readers

    models_factory._quiet()
    pipe = _full_size(work) if arguments.full else models_factory.sd(work)
    pipe.save_pretrained(work / "models" / "diffusion" / "sd")
    del pipe
    os.environ["INPAINT_STUDIO_MODELS"] = str(work / "models")
    engine = GenerativeEngine(ModelFolder(work / "models"))
    photo, mask = _photo(arguments.size)
    options = RunOptions(
        engine="generative",
        parameters={"size": arguments.size, "steps": arguments.steps, "threads": 1,
                    "prefill": arguments.prefill},
    )  # fmt: skip
    recipe = engine.recipe(options, mask)
    request = FillRequest(
        linear=to_linear(photo), mask=mask, ring=ring(mask, 2), recipe=recipe, threads=1
    )
    asked = RunRequest(pixels=photo, mask=mask, options=options, threads=1)
    store, readers = ObjectStore(work / "objects"), Readers()
    image = torch.from_numpy(photo.transpose(2, 0, 1) / np.float32(255))[None]
    hole = torch.from_numpy(mask.astype(np.float32))[None, None]
    ends: list[float] = []
    steps: list[float] = []

    def note(_: Any, __: int, ___: Any, kept: dict[str, Any]) -> dict[str, Any]:
        ends.append(time.process_time())
        return kept

    def bare() -> None:
        ends.clear()
        with torch.inference_mode():
            generative_run.warm_pipe()(
                prompt="", image=image, mask_image=hole, height=arguments.size,
                width=arguments.size, strength=0.99, guidance_scale=1.0,
                num_inference_steps=arguments.steps, output_type="np", callback_on_step_end=note,
                generator=torch.Generator("cpu").manual_seed(0),
            )  # fmt: skip
        steps.extend(np.diff(ends))

    runs: dict[str, Callable[[], object]] = {
        "bare call": bare,
        "engine": lambda: engine.fill(request, RunToken()),
        "whole road": lambda: whole_road(asked, RunToken(), store, semantic=readers),
    }
    began = time.process_time()
    runs["whole road"]()
    print(f"first run, with loading and compiling: {time.process_time() - began:.1f} CPU-s")
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(arguments.repeat):
        for name, once in runs.items():
            began = time.process_time()
            once()
            taken[name].append(time.process_time() - began)
    middle = {name: statistics.median(values) for name, values in taken.items()}
    step = statistics.median(steps)
    taken_steps = len(ends)
    thirty = middle["bare call"] + step * (29 - taken_steps)  # 30 steps at strength 0.99 are 29
    print(f"{arguments.size} px, {taken_steps} steps of {step:.2f} CPU-s, one thread")
    for name, seconds in middle.items():
        ours = seconds - middle["bare call"]
        print(f"{name:10} {seconds:7.2f} CPU-s; ours {ours:6.2f}: {ours / thirty:.2%} of 30 steps")


def step(arguments: argparse.Namespace, work: Path) -> None:
    """One step of Stable Diffusion 1.5's own network, without guidance, in CPU seconds."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.set_num_threads(1)
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, in_channels=9, out_channels=4, cross_attention_dim=768
        )
    unet = unet.to_empty(device="cpu").eval()
    taken = []
    with torch.inference_mode():
        for weights in unet.parameters():
            weights.fill_(0.001)
        side = arguments.size // 8
        noise, words = torch.ones(1, 9, side, side), torch.ones(1, 77, 768)
        for _ in range(arguments.repeat):
            began = time.process_time()
            unet(noise, 500, words)
            taken.append(time.process_time() - began)
    count = sum(weights.numel() for weights in unet.parameters()) / 1e6
    print(f"{count:.0f} million parameters, {arguments.size} px: {min(taken):.2f} CPU-s a step")


def cancel(arguments: argparse.Namespace, work: Path) -> None:
    models_factory.save("sd9", work / "models" / "diffusion" / "sd9", work)
    engine = GenerativeEngine(ModelFolder(work / "models"))
    photo, mask = _photo(256)
    options = RunOptions(
        engine="generative", parameters={"size": 256, "steps": 10, "prefill": "none", "threads": 1}
    )
    recipe = engine.recipe(options, mask)
    request = FillRequest(linear=to_linear(photo), mask=mask, ring=ring(mask, 2), recipe=recipe)
    expected = engine.fill(request, RunToken()).linear
    began = time.monotonic()
    engine.fill(request, RunToken())
    whole = time.monotonic() - began
    draw, waits, wrong = random.Random(1), [], 0
    for _ in range(arguments.times):
        token, asked = RunToken(), [0.0]

        def stop(token: RunToken = token, asked: list[float] = asked) -> None:
            asked[0] = time.monotonic()
            token.cancel()

        timer = threading.Timer(draw.random() * whole * 0.9, stop)
        timer.start()
        try:
            engine.fill(request, token)
        except Cancelled:
            waits.append(time.monotonic() - asked[0])
        timer.cancel()
        timer.join()
        wrong += not np.array_equal(engine.fill(request, RunToken()).linear, expected)
    print(f"{arguments.times} cancels ({whole:.2f} s a run): {len(waits)} hit, "
          f"median {statistics.median(waits) * 1000:.0f} ms, most {max(waits) * 1000:.0f} ms; "
          f"next jobs with other bytes: {wrong}")  # fmt: skip


def verify(arguments: argparse.Namespace, work: Path) -> None:
    from safetensors.numpy import save_file

    from inpaint_studio.weights.verify import verify as check

    folder = work / "models" / "diffusion"
    folder.mkdir(parents=True)
    block = np.random.default_rng(0).standard_normal((1 << 28,), np.float32).astype(np.float16)
    files = max(1, math.ceil(arguments.gb / 2))
    for index in range(files):
        name = "model.diffusion_model.input_blocks.0.0.weight"
        size = int(arguments.gb / files * 5e8 / 4)
        save_file({f"{name}.{n}" if n else name: block[: size] for n in range(4)},
                  folder / f"big{index}.safetensors")  # fmt: skip
    paths = sorted(folder.iterdir())
    total = sum(path.stat().st_size for path in paths) / 1e9

    def cold() -> None:
        """Let nothing of the files lie in memory, for which one must be root."""
        if arguments.cold:
            os.sync()
            Path("/proc/sys/vm/drop_caches").write_text("3")

    def outside(*command: str) -> tuple[float, float]:
        """Return seconds and processor seconds of another program over the same files."""
        cold()
        began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, *map(str, paths)], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        worked = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        return time.perf_counter() - began, worked

    def ours() -> tuple[float, float]:
        cold()
        began, worked = time.perf_counter(), time.process_time()
        states = [check(entry, RunToken(reports.append)).state
                  for entry in ModelFolder(work / "models").entries()]  # fmt: skip
        assert set(states) == {"ready"}, states
        return time.perf_counter() - began, time.process_time() - worked

    reports: list[Progress] = []
    runs = {"cat": lambda: outside("cat"), "sha256sum": lambda: outside("sha256sum"),
            "models verify": ours}  # fmt: skip
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(arguments.repeat):
        for name, run in runs.items():
            taken[name].append(run())
    for name, figures in taken.items():
        seconds, worked = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"{name:14} {seconds:6.2f} s {total / seconds:5.2f} GB/s, {worked:6.2f} CPU-s")
    best = {name: min(worked for _, worked in figures) for name, figures in taken.items()}
    ratio = best["models verify"] / best["sha256sum"]
    count = len(reports) // arguments.repeat
    print(f"{total:.1f} GB in {len(paths)} files, {count} reports; CPU-s of sha256sum: {ratio:.2f}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("overhead", "step", "cancel", "verify"))
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=3, help="at least 3: one is lost to strength")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--prefill", default="patch")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--gb", type=float, default=5.0)
    parser.add_argument("--cold", action="store_true", help="empty the page cache before each run")
    parser.add_argument("--where", type=Path, default=None)
    arguments = parser.parse_args(argv)
    if arguments.steps < 3:
        parser.error(
            "--steps must be 3 or more: strength 0.99 takes one, and time lies between two"
        )
    work = Path(tempfile.mkdtemp(dir=arguments.where))
    try:
        {"overhead": overhead, "step": step, "cancel": cancel, "verify": verify}[arguments.what](
            arguments, work
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
