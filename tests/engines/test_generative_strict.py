"""Models that are nearly right: what the libraries load without a word is refused here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from inpaint_studio.engines.generative_load import class_of, load
from inpaint_studio.errors import BadModel
from inpaint_studio.weights.families import BY_NAME
from inpaint_studio.weights.folder import ModelFolder

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


def _tensors(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path, metadata={"format": "pt"})


def _without(key: str) -> Callable[[dict[str, object]], object]:
    return lambda tensors: tensors.pop(next(name for name in tensors if key in name))


def _with_extra(tensors: dict[str, object]) -> None:
    import torch

    tensors["extra.weight"] = torch.zeros(3)


def _reshaped(tensors: dict[str, object]) -> None:
    import torch

    name = next(name for name in tensors if name.endswith("conv_out.bias") or "final" in name)
    tensors[name] = torch.zeros(77)


FOLDER_FAULTS: dict[str, tuple[str, Callable[[dict[str, object]], object]]] = {
    "the denoiser lacks a tensor": (UNET, _without("conv_in.weight")),
    "the VAE lacks a tensor": (VAE, _without("decoder.conv_out.weight")),
    "the text encoder lacks a tensor": (TEXT, _without("final_layer_norm.weight")),
    "the denoiser has one more": (UNET, _with_extra),
    "the VAE has one more": (VAE, _with_extra),
    "the text encoder has one more": (TEXT, _with_extra),
    "the denoiser has another shape": (UNET, _reshaped),
    "the text encoder has another shape": (TEXT, _reshaped),
}


@pytest.fixture
def copy_of(models_path: Path, tmp_path: Path) -> Callable[[str], ModelFolder]:
    def copied(name: str) -> ModelFolder:
        source = models_path / "diffusion"
        target = tmp_path / "models" / "diffusion"
        target.mkdir(parents=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy(source / name, target)
            stem = Path(name).stem
            shutil.copytree(source / stem, target / stem)
        return ModelFolder(tmp_path / "models")

    return copied


@pytest.mark.parametrize("name", FOLDER_FAULTS)
def test_a_folder_whose_tensors_do_not_fit_is_refused(
    name: str, copy_of: Callable[[str], ModelFolder]
) -> None:
    folder = copy_of("sd9")
    file, change = FOLDER_FAULTS[name]
    _tensors(folder.root / "diffusion" / "sd9" / file, change)
    _refused(folder)


@pytest.mark.parametrize(
    "key",
    [
        "model.diffusion_model.middle_block.1.norm.weight",
        "first_stage_model.decoder.conv_out.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.bias",
    ],
)
def test_a_single_file_that_lacks_a_tensor_is_refused(
    key: str, copy_of: Callable[[str], ModelFolder]
) -> None:
    folder = copy_of("file-sd9.safetensors")
    _tensors(folder.root / "diffusion" / "file-sd9.safetensors", _without(key))
    _refused(folder)


def test_a_single_file_without_settings_says_what_to_put_where(
    copy_of: Callable[[str], ModelFolder],
) -> None:
    folder = copy_of("file-sd9.safetensors")
    shutil.rmtree(folder.root / "diffusion" / "file-sd9")
    (entry,) = folder.entries()
    with pytest.raises(BadModel, match=r"put a folder named file-sd9 beside it.*model_index"):
        load(entry, BY_NAME["sd"])


def test_another_architecture_under_the_name_is_refused(
    copy_of: Callable[[str], ModelFolder], models_path: Path
) -> None:
    folder = copy_of("sd9")
    inside = folder.root / "diffusion" / "sd9" / "unet"
    shutil.rmtree(inside)
    shutil.copytree(models_path / "diffusion" / "sdxl" / "vae", inside)
    _refused(folder)


def test_settings_from_another_model_are_refused(
    copy_of: Callable[[str], ModelFolder], models_path: Path
) -> None:
    folder = copy_of("sd9")
    source = models_path / "diffusion" / "sd4" / "unet" / "config.json"
    shutil.copy(source, folder.root / "diffusion" / "sd9" / "unet" / "config.json")
    _refused(folder)


@pytest.mark.parametrize(
    ("library", "name"),
    [
        ("os", "system"),
        ("diffusers", "DiffusionPipeline"),
        ("diffusers", "utils"),
        ("diffusers", "__import__"),
        ("transformers", "pipeline"),
        ("transformers", "AutoModel.from_pretrained"),
    ],
)
def test_only_model_parts_are_ever_looked_up(library: str, name: str) -> None:
    with pytest.raises(BadModel):
        class_of(library, name)


def test_an_index_that_names_a_class_of_another_kind_is_refused(
    copy_of: Callable[[str], ModelFolder],
) -> None:
    folder = copy_of("sd9")
    path = folder.root / "diffusion" / "sd9" / "model_index.json"
    index = json.loads(path.read_text())
    index["unet"] = ["diffusers", "DiffusionPipeline"]
    path.write_text(json.dumps(index))
    _refused(folder)


def _refused(folder: ModelFolder) -> None:
    entry = next(entry for entry in folder.entries() if entry.kind == "diffusion")
    with pytest.raises(BadModel) as caught:
        load(entry, BY_NAME["sd"])
    text = str(caught.value)
    assert text.endswith(".") and len(text.split()) >= 5
