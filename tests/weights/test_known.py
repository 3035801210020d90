"""The table of well-known models: every file finds its own row, and no row is half filled."""

from __future__ import annotations

import pytest

from inpaint_studio.weights.entries import KINDS, ModelKind
from inpaint_studio.weights.families import BY_NAME
from inpaint_studio.weights.known import known_models, match


@pytest.mark.parametrize(
    ("file_name", "kind", "name"),
    [
        ("big-lama.pt", "erase", "Big LaMa (TorchScript)"),
        ("inpainting_lama_2025jan.onnx", "erase", "LaMa (ONNX, OpenCV's model zoo)"),
        ("lama_fp32.onnx", "erase", "LaMa (ONNX)"),
        ("migan_pipeline_v2.onnx", "erase", "MI-GAN (ONNX pipeline)"),
        ("stable-diffusion-inpainting", "diffusion", "Stable Diffusion 1.5 inpainting"),
        ("stable-diffusion-2-inpainting", "diffusion", "Stable Diffusion 2 inpainting"),
        ("stable-diffusion-xl-1.0-inpainting-0.1", "diffusion", "SDXL inpainting 0.1"),
        ("stable-diffusion-3.5-medium", "diffusion", "Stable Diffusion 3.5 medium"),
        ("FLUX.1-Fill-dev", "diffusion", "FLUX.1 Fill"),
        ("stable-diffusion-x4-upscaler", "upscale", "Stable Diffusion x4 upscaler"),
        ("my-own", "diffusion", ""),
    ],
)
def test_a_file_finds_its_row(file_name: str, kind: ModelKind, name: str) -> None:
    found = match(file_name, kind)
    assert (found.name if found else "") == name


def test_every_row_says_what_it_is_and_where_to_obtain_it() -> None:
    names = [known.name for known in known_models()]
    assert len(names) == len(set(names))
    for known in known_models():
        assert known.kind in KINDS and known.what and known.obtain and known.licence, known.name
        assert not known.sha256 or (len(known.sha256) == 64 and known.bytes), known.name
        if known.kind in ("diffusion", "upscale"):
            assert known.family in BY_NAME, known.name
