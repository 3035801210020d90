"""Every engine of the table, down the whole road: what is outside mask and ring stays.

And a model's colour step, which every VAE has, leaves no seam on flat ground.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_studio.engines import generative_run
from inpaint_studio.engines.table import ENGINES
from inpaint_studio.imaging.mask import grow
from inpaint_studio.jobs.token import RunToken
from inpaint_studio.pipeline import RunRequest, run
from inpaint_studio.records import RunOptions, Scalar
from tests.engines.conftest import scene
from tests.models_factory import onnx_net, save

WISHES: dict[str, dict[str, Any]] = {
    "text": {"kind": "text"},
    "generative": {"parameters": {"steps": 2, "size": 128, "prefill": "flat", "threads": 1}},
    "learned": {"parameters": {"threads": 1}},
    "upscale": {"intent": "upscale",
                "parameters": {"steps": 1, "tile": 64, "threads": 1}},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("table")
    save("sd9", work / "models" / "diffusion" / "sd9", work)
    save("upscaler", work / "models" / "upscale" / "up", work)
    onnx_net(work / "models" / "erase" / "lama_fp32.onnx")
    return work / "models"


@pytest.fixture(autouse=True)
def _models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(folder))


def _deep(photo: np.ndarray, dtype: type[np.unsignedinteger]) -> np.ndarray:
    if dtype is np.uint8:
        return photo
    # No multiple of 257: the low byte of 16 bits must be kept too.
    return photo.astype(np.uint16) * 255 + np.arange(photo.shape[1], dtype=np.uint16)[None, :, None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ENGINES)
def test_nothing_outside_changes(name: str, dtype: type[np.unsignedinteger]) -> None:
    photo, mask = scene(160)
    pixels = _deep(photo, dtype)
    options = RunOptions(
        engine=name, seed=5, force=True, budget="cheap", grow_px=0, feather_px=3,
        **WISHES.get(name, {}),
    )  # fmt: skip
    result = run(RunRequest(pixels=pixels, mask=mask, options=options), RunToken())
    (edit,) = result.record.edits
    assert edit.plan.engine == name, edit.plan.changes
    after = pixels.copy()
    for delta in result.deltas:
        assert delta is not None
        delta.apply(after)
    assert after.dtype == dtype
    changed = (after != pixels).any(axis=2)
    assert changed[mask].mean() > 0.5
    assert int((changed & ~grow(mask, 3)).sum()) == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_models_colour_step_leaves_no_seam_on_flat_ground(
    dtype: type[np.unsignedinteger], monkeypatch: pytest.MonkeyPatch
) -> None:
    def off_in_colour(_loaded: Any, picture: np.ndarray, *_: Any, **__: Any) -> np.ndarray:
        """What a VAE makes of a flat picture: another colour, slowly changing over it."""
        slope = np.linspace(-0.01, 0.02, picture.shape[1], dtype=np.float32)[None, :, None]
        step = np.array([0.035, -0.02, 0.05], np.float32)
        return np.clip(picture + step + slope, 0, 1).astype(np.float32)

    monkeypatch.setattr(generative_run, "answer_of", off_in_colour)
    flat = _deep(np.full((200, 200, 3), [180, 120, 90], np.uint8), dtype)
    mask = np.zeros((200, 200), dtype=bool)
    mask[70:131, 60:140] = True
    values: dict[str, Scalar] = {**WISHES["generative"]["parameters"], "prefill": "none"}
    options = RunOptions(engine="generative", force=True, budget="cheap", parameters=values)
    result = run(RunRequest(pixels=flat, mask=mask, options=options), RunToken())
    (delta,) = result.deltas
    assert delta is not None
    full = float(np.iinfo(dtype).max)
    shift = (delta.after.astype(np.float64) - delta.before) / full
    assert np.abs(shift.mean(axis=(0, 1))).max() < 0.25 / 255
    assert np.abs(shift).max() <= 1 / 255
    values["match"] = False
    options = RunOptions(engine="generative", force=True, budget="cheap", parameters=values)
    plain = run(RunRequest(pixels=flat, mask=mask, options=options), RunToken()).deltas[0]
    assert plain is not None
    assert np.abs(plain.after.astype(np.float64) - plain.before).max() / full > 5 / 255
