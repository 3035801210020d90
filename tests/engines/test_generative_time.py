"""The guess of a fill's time: more for more work, in words a person reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inpaint_studio.engines.generative_time import about, gigaflops
from inpaint_studio.weights.folder import ModelFolder
from inpaint_studio.weights.memory import estimate_seconds, with_memory


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    path = tmp_path / "diffusion" / "m.safetensors"
    path.parent.mkdir(parents=True)
    name = "model.diffusion_model.input_blocks.0.0.weight"
    save_file({name: np.zeros((1000, 860), np.float16)}, path)
    return ModelFolder(tmp_path)


def test_the_guess_follows_the_work(folder: ModelFolder) -> None:
    (entry,) = folder.entries()

    def guess(pixels: int = 512 * 512, steps: int = 30, has_words: bool = True) -> float:
        return estimate_seconds(
            entry, pixels=pixels, steps=steps, has_words=has_words, gigaflops=100.0
        )

    # A thousandth of Stable Diffusion 1.5: 1.6 TFLOP a step, 30 steps, at 100 GFLOP/s.
    assert guess() == pytest.approx(1.6 * 1000 / 100 * 30 / 1000, rel=0.01)
    assert guess(steps=60) == pytest.approx(2 * guess())
    assert guess(pixels=1024 * 1024) == pytest.approx(4 * guess())
    assert guess(has_words=False) == pytest.approx(guess() / 2)


def test_a_model_that_can_never_fit_says_so(folder: ModelFolder) -> None:
    (entry,) = folder.entries()
    assert with_memory(entry) == entry
    small = with_memory(entry, total_mb=1.0)
    assert small.state == "memory" and not small.is_usable
    assert "Use a smaller model" in small.advice


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, ""), (7.2, "about 7 s"), (44, "about 40 s"), (95, "about 2 min"), (600, "about 10 min")],
)
def test_the_words_are_round(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_this_machine_computes_at_all() -> None:
    assert gigaflops() > 0.1
