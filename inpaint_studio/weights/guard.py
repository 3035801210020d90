"""Decides, without loading anything, whether a model file may be touched at all.

Order: allowed extension -> no link out of the folder -> no pointer, no web page -> the
format's own rules. What could run code is refused; what is merely broken is called damaged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inpaint_studio.errors import BadModel
from inpaint_studio.weights.archives import check_plain_tensors, is_torchscript
from inpaint_studio.weights.entries import ModelKind
from inpaint_studio.weights.families import BY_CLASS
from inpaint_studio.weights.onnxfile import check_onnx
from inpaint_studio.weights.tensors import read_header

FILE_TYPES: dict[ModelKind, tuple[str, ...]] = {
    "text": (".onnx", ".pth"),
    "objects": (".onnx",),
    "erase": (".onnx", ".pt"),
    "segment": (".onnx",),
    "diffusion": (".safetensors",),
    "upscale": (".safetensors",),
}
# In a diffusers folder: weights, and the small text files around them.
FOLDER_TYPES = (".safetensors", ".json", ".txt", ".model", ".md")
# Twins of the weights that many folders carry; they are never opened and never copied.
UNUSED_TYPES = (".bin", ".ckpt", ".msgpack", ".h5", ".onnx", ".onnx_data", ".pb", ".xml",
                ".png", ".jpg", ".jpeg", ".webp", ".gif")  # fmt: skip
CODE_TYPES = (".py", ".pyc", ".so", ".dll", ".dylib", ".exe", ".sh", ".bat", ".ps1", ".js", ".pkl",
              ".pickle", ".pt", ".pth")  # fmt: skip
CONFIG_LIMIT = 64 << 20

LIBRARIES = ("diffusers", "transformers")
SKIPPED_PARTS = ("safety_checker", "feature_extractor", "image_encoder", "requires_safety_checker")


def check_file(path: Path, kind: ModelKind) -> None:
    """Refuse a single model file that is damaged or could run code.

    TorchScript passes here: whether its author is trusted is decided by its sum.
    Raises: BadModel.
    """
    if path.suffix.lower() not in FILE_TYPES[kind]:
        raise BadModel(
            f"{path.name} is refused: models of this kind are "
            f"{' or '.join(FILE_TYPES[kind])} files."
        )
    check_bytes(path)
    match path.suffix.lower():
        case ".safetensors":
            read_header(path)
        case ".onnx":
            check_onnx(path)
        case ".pt":
            if not is_torchscript(path):
                raise BadModel(
                    f"{path.name} is refused: it is a pickle, which can run code when it is "
                    "opened. Use a TorchScript, ONNX or safetensors file of the same model."
                )
        case ".pth":
            check_plain_tensors(path)


def check_bytes(path: Path) -> None:
    """Refuse what is no file, empty, a stand-in of Git LFS, or a saved web page."""
    if not path.is_file():
        raise BadModel(f"{path.name} is missing or no plain file. Copy the model again.")
    try:
        with path.open("rb") as file:
            head = file.read(200)
    except OSError as error:
        raise BadModel(f"{path.name} cannot be read ({error.strerror}).") from error
    if not head:
        raise BadModel(f"{path.name} is empty. Copy it again from where you got it.")
    if head.startswith(b"version https://git-lfs"):
        raise BadModel(
            f"{path.name} is only a Git LFS pointer of {path.stat().st_size} bytes, not the "
            "model. Run `git lfs pull` where it came from, or get the file itself."
        )
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        raise BadModel(f"{path.name} is a saved web page, not the model. Get the file itself.")


def check_folder(folder: Path) -> None:
    """Refuse a diffusers folder that is incomplete, damaged or could run code. Raises: BadModel."""
    check_folder_text(folder)
    for path in sorted(folder.rglob("*.safetensors")):
        check_bytes(path)
        read_header(path)
    _check_parts(folder, read_index(folder))


def check_folder_text(folder: Path) -> None:
    """Refuse links that leave the folder, program code, and settings that ask for code.

    Raises: BadModel.
    """
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise BadModel(f"{inside} is refused: it is a link to a place outside the model.")
        if path.is_dir():
            continue
        if path.suffix.lower() in CODE_TYPES:
            raise BadModel(f"{inside} is refused: a model folder must hold no program code.")
        if path.suffix.lower() == ".json":
            _check_config(path, inside)


def read_index(folder: Path) -> dict[str, Any]:
    """Return `model_index.json`. Raises: BadModel: there is none, or it names strange things."""
    index = read_json(folder / "model_index.json")
    name = index.get("_class_name")
    if not isinstance(name, str) or name not in BY_CLASS:
        raise BadModel(
            f"{folder.name} is refused: {str(name)[:60]} is no pipeline this program runs. "
            "Use an inpainting model of Stable Diffusion, SDXL, SD3 or FLUX."
        )
    for part, value in index.items():
        if part.startswith("_") or not isinstance(value, list) or part in SKIPPED_PARTS:
            continue
        if len(value) != 2 or any(item is not None and type(item) is not str for item in value):
            raise BadModel(f"{folder.name} is damaged: the entry {part} of its index is not valid.")
        if value[0] is not None and value[0] not in LIBRARIES:
            raise BadModel(
                f"{folder.name} is refused: its part {part} asks for code of its own "
                f"({str(value[0])[:60]})."
            )
    return index


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON table. Raises: BadModel."""
    check_bytes(path)
    if path.stat().st_size > CONFIG_LIMIT:
        raise BadModel(f"{path.name} is refused: it is too big for a table of settings.")
    try:
        table = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{path.name} is damaged: it is no JSON.") from error
    if not isinstance(table, dict):
        raise BadModel(f"{path.name} is damaged: it holds no table.")
    return table


def _check_config(path: Path, inside: Path) -> None:
    table = read_json(path)
    for key in ("auto_map", "custom_pipelines", "trust_remote_code"):
        if table.get(key):
            raise BadModel(f"{inside} is refused: it asks for code of its own ({key}).")
    weights = table.get("weight_map")
    if weights is None:
        return
    if not isinstance(weights, dict):
        raise BadModel(f"{inside} is damaged: its list of files is no table.")
    for name in set(map(str, weights.values())):
        if "/" in name or "\\" in name or name in ("", ".", ".."):
            raise BadModel(f"{inside} is refused: it names files outside its folder.")
        if path.name.endswith(".safetensors.index.json") and not (path.parent / name).is_file():
            raise BadModel(f"{path.parent.name}/{name} is missing. Copy the model again.")


def _check_parts(folder: Path, index: dict[str, Any]) -> None:
    for part, value in index.items():
        if part.startswith("_") or not isinstance(value, list) or value[0] is None:
            continue
        if part in SKIPPED_PARTS:
            continue
        inside = folder / part
        if not inside.is_dir():
            raise BadModel(f"{folder.name} is incomplete: the folder {part} is missing.")
        has_settings = any(inside.glob("*.json"))
        if not has_settings:
            raise BadModel(f"{folder.name} is incomplete: {part} holds no settings.")
        is_model = "Scheduler" not in str(value[1]) and "Tokenizer" not in str(value[1])
        if is_model and not any(inside.glob("*.safetensors")):
            others = [p.name for p in inside.iterdir() if p.suffix in (".bin", ".ckpt")]
            why = (
                f"holds its weights only as {others[0]}, a pickle that can run code"
                if others
                else "holds no weights"
            )
            raise BadModel(f"{folder.name} is refused: {part} {why}; safetensors are needed.")
