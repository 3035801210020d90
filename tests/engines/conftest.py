"""Tiny models of every family, built once a session, and a crop to fill."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from inpaint_studio.engines.base import FillRequest
from inpaint_studio.engines.generative import GenerativeEngine
from inpaint_studio.imaging.color import to_linear
from inpaint_studio.imaging.mask import ring
from inpaint_studio.records import Intent, RunOptions, Scalar
from inpaint_studio.weights.folder import ModelFolder

FAMILIES = ("sd9", "sd4", "lcm", "sdxl", "sd3", "flux-fill")
FILES = ("file-sd9", "file-sd4", "file-sdxl", "file-sd3", "file-flux-fill")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A models folder with every family as a diffusers folder and as a single file."""
    from tests import models_factory, single_files

    work = tmp_path_factory.mktemp("tiny")
    root = work / "models" / "diffusion"
    models_factory._quiet()
    for name in FAMILIES:
        pipe = models_factory.MAKERS[name](work)
        pipe.save_pretrained(root / name)
        if f"file-{name}" in FILES:
            single_files.save(name, pipe, root / name, root / f"file-{name}.safetensors")
    shutil.rmtree(work / "words")
    return ModelFolder(work / "models")


@pytest.fixture
def tiny_engine(tiny_models: ModelFolder) -> GenerativeEngine:
    return GenerativeEngine(tiny_models)


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket that is made or asked to connect is an error at once."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was used")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def scene(side: int = 128, hole: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """A photo crop (H, W, 3) uint8 and a mask with a square hole in the middle."""
    from skimage import data

    photo = np.ascontiguousarray(data.astronaut()[60 : 60 + side, 150 : 150 + side])
    mask = np.zeros((side, side), dtype=bool)
    middle = slice((side - hole) // 2, (side + hole) // 2)
    mask[middle, middle] = True
    return photo, mask


def request_for(
    engine: GenerativeEngine,
    model: str,
    *,
    seed: int = 3,
    prompt: str = "",
    intent: Intent = "remove",
    pixels: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    **parameters: Scalar,
) -> FillRequest:
    photo, hole = scene()
    photo = photo if pixels is None else pixels
    hole = hole if mask is None else mask
    values: dict[str, Scalar] = {"model": model, "steps": 2, "size": 128, "prefill": "none",
                                 "threads": 1}  # fmt: skip
    recipe = engine.recipe(
        RunOptions(
            engine=engine.name,
            seed=seed,
            prompt=prompt,
            intent=intent,
            parameters={**values, **parameters},
        ),
        hole,
    )
    return FillRequest(
        linear=to_linear(photo), mask=hole, ring=ring(hole, 2), recipe=recipe, threads=1
    )


@pytest.fixture(scope="session")
def models_path(tiny_models: ModelFolder) -> Path:
    return tiny_models.root
