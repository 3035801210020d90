"""Finds the settings and word lists that a single-file model needs beside it."""

from __future__ import annotations

from pathlib import Path

from inpaint_studio.errors import BadModel
from inpaint_studio.weights.families import family_of_class
from inpaint_studio.weights.guard import check_folder_text, read_index, read_json
from inpaint_studio.weights.tensors import read_header

# The first convolution's weight, by which 4- and 9-channel models differ.
_FIRST = {
    "model.diffusion_model.input_blocks.0.0.weight": "unet",
    "conv_in.weight": "unet",
    "x_embedder.proj.weight": "transformer",
    "model.diffusion_model.x_embedder.proj.weight": "transformer",
    "x_embedder.weight": "transformer",
    "img_in.weight": "transformer",
    "model.diffusion_model.img_in.weight": "transformer",
}


def companion_of(file: Path, family: str) -> Path:
    """Return the folder with `model_index.json`, settings and word lists for a single file.

    Looked for: a folder named like the file, `FAMILY-settings`, then any model folder of the
    same family with as many input channels.
    Raises: BadModel: there is none; the sentence says what to put where.
    """
    channels = _channels(file)
    named = [file.with_suffix(""), file.parent / f"{family}-settings"]
    others = sorted(path for path in file.parent.iterdir() if path.is_dir() and path not in named)
    for folder in (*named, *others):
        if not (folder / "model_index.json").is_file():
            continue
        found = family_of_class(str(read_json(folder / "model_index.json").get("_class_name")))
        if found is None or found.name != family:
            continue
        if channels and _settings_channels(folder) not in (0, channels):
            continue
        read_index(folder)
        check_folder_text(folder)
        return folder
    raise BadModel(
        f"The settings of {file.name} are missing: put a folder named {file.stem} beside it, with "
        "model_index.json and the small .json and .txt files (no weights) of the same model."
    )


def _channels(file: Path) -> int:
    for tensor in read_header(file):
        if tensor.name in _FIRST and len(tensor.shape) > 1:
            return tensor.shape[1]
    return 0


def _settings_channels(folder: Path) -> int:
    for part in ("unet", "transformer"):
        path = folder / part / "config.json"
        if path.is_file():
            value = read_json(path).get("in_channels")
            return value if type(value) is int else 0
    return 0
