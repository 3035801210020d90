"""`upscale` and `generate` from the outside, and a fill that asks for something new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inpaint_studio.imaging.enlarge import shrunk

QUICK = ("--set", "steps=2", "--set", "threads=1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.models_factory import save

    work = tmp_path_factory.mktemp("made")
    save("upscaler", work / "models" / "upscale" / "tiny-up", work)
    save("sd4", work / "models" / "diffusion" / "tiny-sd", work)
    return work / "models"


def _pixels(path: Path) -> Any:
    return np.asarray(Image.open(path).convert("RGB"))


def test_without_a_model_the_photo_is_enlarged_and_accepted(
    command: Any, photo: Path, tmp_path: Path
) -> None:
    code, data = command("upscale", photo, "-o", tmp_path / "big.png", "--scale", 2)
    assert code == 0 and data["accepted"], data["verdict"]
    assert data["recipe"]["model"] == "lanczos"
    assert any("Lanczos" in change for change in data["plan"]["changes"])
    names = {reading["name"] for reading in data["readings"]}
    assert {"scaled_back", "grain", "changed_text", "new_object"} <= names
    big = _pixels(tmp_path / "big.png")
    assert big.shape == (520, 720, 3)
    assert np.percentile(np.abs(shrunk(big, 2) - _pixels(photo)), 99) <= 1.0
    code, again = command("replay", data["run"])
    assert (code, again["answer"]) == (0, "identical")


def test_a_model_adds_detail_inside_the_mask_alone(
    command: Any, photo: Path, mask: Path, tmp_path: Path, models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    command("upscale", photo, "-o", tmp_path / "plain.png")
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(models))
    out = tmp_path / "detail.png"
    code, data = command("upscale", photo, "--mask", mask, "-o", out, *QUICK, "--set", "tile=32")
    assert code == (0 if data["accepted"] else 3)
    assert data["recipe"]["model"] == "upscale/tiny-up"
    changed = (_pixels(out) != _pixels(tmp_path / "plain.png")).any(axis=2)
    inside = np.zeros_like(changed)
    inside[40 - 4 : 92 + 4, 80 - 4 : 160 + 4] = True
    assert changed[inside].mean() > 0.3 and not changed[~inside].any()


def test_a_new_picture_always_waits_for_a_person(
    command: Any, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(models))
    out = tmp_path / "new.png"
    asked = ("generate", "--size", "96x64", "--prompt", "a meadow", *QUICK)
    code, data = command(*asked, "-o", out)
    assert code == 3 and data["review_items"]
    assert data["recipe"]["intent"] == "generate" and data["recipe"]["prompt"] == "a meadow"
    assert _pixels(out).shape == (64, 96, 3) and _pixels(out).std() > 1
    code, _ = command(*asked, "-o", tmp_path / "again.png", "--force")
    assert code == 0 and np.array_equal(_pixels(tmp_path / "again.png"), _pixels(out))
    assert command("replay", data["run"])[1]["answer"] == "identical"
    assert command(*asked, "--seed", 9, "-o", tmp_path / "other.png")[0] == 3
    assert not np.array_equal(_pixels(tmp_path / "other.png"), _pixels(out))


def test_something_new_is_made_in_a_hole(
    command: Any, photo: Path, mask: Path, tmp_path: Path, models: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("INPAINT_STUDIO_MODELS", str(models))
    code, data = command(
        "fill", photo, "--mask", mask, "-o", tmp_path / "o.png", "--intent", "generate",
        "--prompt", "a red boat", *QUICK, "--set", "size=128",
    )  # fmt: skip
    assert code in (0, 3) and data["plan"]["engine"] == "generative"
    assert "new_object" not in {reading["name"] for reading in data["readings"]}


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (("--size", "big"), 2, "768x512"),
        (("--size", "8x8"), 2, "16 to"),
        (("--size", "64x64"), 4, "models import"),
        (("--size", "64x64", "--seed", "-1"), 2, "seed"),
        (("--size", "64x64", "--quality", "0"), 2, "quality"),
        (("--size", "64x64", "--set", "steps"), 4, ""),
    ],
)
def test_bad_wishes_are_sentences(
    words: tuple[str, ...], exit_code: int, says: str, command: Any, tmp_path: Path
) -> None:
    code, data = command("generate", "--prompt", "x", "-o", tmp_path / "o.png", *words)
    assert code == exit_code and says in data["error"]


def test_generating_in_a_hole_without_a_model_removes_nothing(
    command: Any, photo: Path, mask: Path, tmp_path: Path
) -> None:
    code, data = command("fill", photo, "--mask", mask, "-o", tmp_path / "o.png", "--intent",
                         "generate")  # fmt: skip
    assert code == 4 and not (tmp_path / "o.png").exists() and "diffusion model" in data["error"]
